#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Calls of two baresip, after the other, through the B2BUA with SDES; every packet on the links
is opened by an SRTP of our own, and both baresip say what they got."""
import json
import math
import os
import re
import struct
import time
import wave

from media import check, done, equal
from srtp_peers import log_of, path, spawn, wait_for
from srtp_ref import Keys
from wiretap import Tap, verify

TALK_S = 3
CONFIG = '''
poll_method epoll
sip_listen {sip}
call_max_calls 4
audio_source aufile,{folder}/tone.wav
audio_player aubridge,nil
audio_alert aubridge,nil
audio_level no
net_interface eth0
rtp_ports {port}-{port_max}
rtp_stats yes
jitter_buffer_type fixed
jitter_buffer_delay 1-5
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module srtp.so
module_tmp account.so
module_app menu.so
{more}
'''
# With AES_CM_128_HMAC_SHA1_32 baresip 1.0 cuts SRTCP's tags to 32 bits too; RFC 4568 §6.2 says 80.
CALLS = [('srtp-mand', 'AEAD_AES_256_GCM'), ('srtp-mand', 'none'),
         (None, 'AEAD_AES_128_GCM')]


class Baresip:
    def __init__(self, name, ns, sip, tone, port, encryption, *args, more='', account='',
                 codec='PCMA/8000/1', talk_s=TALK_S, before=()):
        folder = path(name)
        os.mkdir(folder)
        with open(f'{folder}/config', 'w') as f:
            f.write(CONFIG.format(sip=sip, folder=folder, port=port, port_max=port + 100,
                                  more=more))
        # A hangs up at the end of its file.
        with wave.open(f'{folder}/tone.wav', 'wb') as f:
            f.setparams((1, 2, 8000, 0, 'NONE', None))
            second = b''.join(struct.pack('<h', round(9000 * math.sin(tone * i * math.tau / 8000)))
                              for i in range(8000))
            f.writeframes(second * (talk_s * (1 + (ns == 'b'))))
        with open(f'{folder}/accounts', 'w') as f:
            f.write(f'<sip:{ns}@{sip};transport=tcp>;regint=0;audio_codecs={codec};'
                    'answermode=auto' + (f';mediaenc={encryption}' if encryption else '') +
                    account + '\n')
        self.name = name
        self.process = spawn(name, [*before, 'baresip', '-f', folder, *args], ns)


def received_by(name):
    """For each call that has ended: packets sent, received, errors of both."""
    return [tuple(map(int, m)) for m in re.findall(
        r'packets: +(\d+) +(\d+)\s+avg[^\n]*\nerrors: +(\d+) +(\d+)', log_of(name))]


def keys_of(crypto):
    if not crypto:
        return None
    _, profile, params = crypto.split()[:3]
    return Keys(profile, params.removeprefix('inline:').split('|')[0])


def judge(n, report, taps):
    party = [tuple(report['a']), tuple(report['b'])]
    local = [tuple(x) for x in report['local']]
    counts = []
    for i, ns in enumerate('ab'):
        leg, dropped = report['report']['legs'][i], 0
        for rtcp in False, True:
            # B may be heard before its answer is: it is nobody yet. And its last packet and its
            # RTCP BYE may come when the session is over.
            plain, unsent = verify(
                f'call {n} from {ns}{", RTCP" if rtcp else ""}', taps[i], taps[1 - i],
                ((party[i][0], party[i][1] + rtcp), (local[i][0], local[i][1] + rtcp)),
                ((local[1 - i][0], local[1 - i][1] + rtcp),
                 (party[1 - i][0], party[1 - i][1] + rtcp)),
                keys_of(report['remote_crypto'][i]), keys_of(report['local_crypto'][1 - i]),
                rtcp, leg['drops'].get('source', 0) + 1)
            counts.append(len(plain))
            dropped += unsent
        # Its first RTCP, before it has keys, and its RTCP BYE baresip sends as plain text.
        check(dropped - 2 <= sum(leg['drops'].values()) <= dropped,
              f'call {n}: leg {i} has {dropped} less, but drops are {leg["drops"]}')
        check(set(leg['drops']) <= {'source', 'srtp_auth', 'srtp_malformed'},
              f'call {n}: leg {i} drops {leg["drops"]}')
        equal(leg['rx']['lost'], 0, f'call {n}: lost on leg {i}')
        check(counts[-2] > TALK_S * 50 * 0.9, f'call {n}: only {counts[-2]} packets from {ns}')
        check(counts[-1] > 0 or leg['drops'].get('source'), f'call {n}: no RTCP from {ns}')
    print(f'call {n}: from A {counts[0]}+{counts[1]}, from B {counts[2]}+{counts[3]}', flush=True)
    return counts[2], counts[0]


def judge_baresip(name, call, got):
    """By its own account: it had all that was sent to it before the call was over, by its own
    SRTP, and no errors."""
    _, received, _, errors = received_by(name)[call]
    check(got - 5 <= received <= got, f'{name}: received {received} of {got}')
    equal(errors, 0, f'{name}: errors')
    equal(log_of(name).count('failed to decrypt'), 0, f'{name}: failed to decrypt')


def reports():
    with open(path('reports.json')) as f:
        return [json.loads(line) for line in f]


def main():
    taps = [Tap(ns) for ns in 'ab']
    for n, (encryption, _) in enumerate(CALLS):
        a = Baresip(f'baresip-a{n}', 'a', '198.51.100.2:5060', 400 + 100 * n, 4000 + 200 * n,
                    encryption, '-4', '-t', f'{TALK_S + 2}', '-e',
                    'd sip:b@198.51.100.1:5060;transport=tcp')
        wait_for('the end of the call', lambda: len(reports()) > n, TALK_S + 5)
        a.process.wait(10)
    time.sleep(0.1)
    for tap in taps:
        tap.stop()
    for n, report in enumerate(reports()):
        equal([bool(x) for x in report['remote_crypto']],
              [bool(CALLS[n][0]), CALLS[n][1] != 'none'], f'call {n}: who is encrypted')
        at_a, at_b = judge(n, report, taps)
        judge_baresip(f'baresip-a{n}', 0, at_a)
        judge_baresip('baresip-b', n, at_b)
    done()


if __name__ == '__main__':
    main()
