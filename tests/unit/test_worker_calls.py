#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing on the packet path calls the kernel, allocates, locks or logs.

Reads what the packet path's object files want from outside, from the archive given, and fails
on everything that is not on the short list of what they may call.
"""
import re
import subprocess
import sys

FILES = ('stage_parse', 'stage_lookup', 'stage_accept', 'stage_open', 'stage_measure',
         'stage_rewrite', 'stage_seal', 'stage_bundle', 'stage_extra', 'copy', 'dtmf', 'make',
         'pace', 'resize', 'stage_dispose', 'stage_encap', 'stage_decap', 'link', 'tunnel_send',
         'tunnel_cut', 'keepalive', 'feedback', 'worker', 'tx', 'handoff', 'punt')

ALLOWED = re.compile(r"""^(
    stage_\w+ | tx_frames | tx_flush | handoff_add | handoff_flush | punt_packet | punt_leg_take |
    event_post |
    worker_drop | worker_poll_once | packet_admit | packet_drop_feedback |
    packet_parse_ours | link_parse | tunnel_\w+ | keepalive_run | wire_inner_clamp_\w+ |
    wire_fragment_start | wire_fragment_next | make_around |
    packet_rewrite | media_rt | make_packet | make_room | make_send | pace_leg | pace_run |
    copy_packet | dtmf_packet | resize_packet | resize_due |
    dp_pool |                                         # a pointer, read
    srtp_open | srtp_seal | srtp_keys_growth | dp_ports | dp_tx_ready_flag | dp_note_offset |
    rte_eth_fp_ops | rte_eth_call_[rt]x_callbacks |   # a device's burst functions, called inline
    __rte_panic |                                     # rte_mempool's check of its ops index
    rte_pktmbuf_free_bulk | rte_mempool_ops_table | rte_mempool_\w*cache\w* | __rte_pktmbuf\w+ |
    per_lcore__lcore_id |
    memcpy | memset | memcmp | memmove |
    _GLOBAL_OFFSET_TABLE_ | __stack_chk_fail | __tls_get_addr |
    __(asan|ubsan|tsan|msan|sancov)_\w+ | __sanitizer_\w+
)$""", re.X)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def main():
    archive = sys.argv[1]
    seen = {re.sub(r'\.c\.o$', '', member.rsplit('/', 1)[-1]).rsplit('dataplane_', 1)[-1]
            for member in run('ar', 't', archive)}
    bad = []
    for line in run('nm', '-u', '-A', archive):
        m = re.search(r'(\w+)\.c\.o\S*\s+U (\S+)$', line)
        if m and m.group(1) in FILES and not ALLOWED.match(m.group(2)):
            bad.append(f'{m.group(1)}.c calls {m.group(2)}')
    missing = set(FILES) - seen
    if missing:
        sys.exit(f'not looked at: {", ".join(sorted(missing))}')
    if bad:
        sys.exit('on the packet path:\n' + '\n'.join(bad))


main()
