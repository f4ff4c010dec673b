#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What somebody on the way sees of a tunnel: tunnel_seen.py PCAP ADDRESS PORT, of UDP there.

By its first bytes as RFC 7983 has it, and without any of tandem's code.
"""
import json
import struct
import sys

from scapy.all import IP, UDP, IPv6, Raw, rdpcap

RTP_HLEN = 12


def kind_of(data):
    first = data[0] if data else 255
    if first < 4 and data[4:8] == b'\x21\x12\xa4\x42':
        return 'stun'
    if 20 <= first <= 63:
        return 'dtls'
    return 'rtp' if 128 <= first <= 191 and len(data) > RTP_HLEN else 'other'


def is_inner(payload):
    """A whole IP packet, by what its header says of its length."""
    if payload[0] >> 4 == 4 and len(payload) >= 20:
        return struct.unpack_from('!H', payload, 2)[0] == len(payload)
    return (payload[0] >> 4 == 6 and len(payload) >= 40 and
            struct.unpack_from('!H', payload, 4)[0] + 40 == len(payload))


def pauses(idle):
    """Milliseconds between keep-alives of a direction that follow each other directly."""
    ms = [round(1000 * float(b - a)) for a, b in zip(idle, idle[1:]) if a and b]
    return {'least': min(ms), 'most': max(ms)} if ms else None


def main():
    address, port = sys.argv[2], int(sys.argv[3])
    seen = dict.fromkeys(('stun', 'dtls', 'rtp', 'other', 'inner', 'keepalives'), 0)
    order, runs = [], {}
    for p in rdpcap(sys.argv[1]):
        ip = p.getlayer(IP) or p.getlayer(IPv6)
        if ip is None or UDP not in p or (address, port) not in ((ip.src, p[UDP].sport),
                                                                 (ip.dst, p[UDP].dport)):
            continue
        data = bytes(p[Raw].load) if Raw in p else b''
        kind = kind_of(data)
        seen[kind] += 1
        if kind not in order:
            order.append(kind)
        if kind != 'rtp':
            continue
        payload = data[RTP_HLEN:]
        seen['inner'] += is_inner(payload)
        seen['keepalives'] += payload == b'\0'
        # A packet between two of them ends a run.
        runs.setdefault(ip.src, []).append(p.time if payload == b'\0' else None)
    all_ms = [pauses(run) for run in runs.values()]
    all_ms = [ms for ms in all_ms if ms]
    seen['keepalive_ms'] = {'least': min(ms['least'] for ms in all_ms),
                            'most': max(ms['most'] for ms in all_ms)} if all_ms else None
    print(json.dumps({**seen, 'order': order}))


if __name__ == '__main__':
    main()
