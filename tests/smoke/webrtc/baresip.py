#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Calls of two baresip through the B2BUA that leaves SDP to tandem: SDES and DTLS, with ICE and
without. Both baresip say what they got, and the links what tandem passed on.
"""
import json
import os
import sys

import netns
from calls import plain, webrtc
from media import check, done, equal
from srtp_baresip import TALK_S, Baresip, received_by
from srtp_peers import LIB, log_of, path, spawn, wait_for
from wiretap import Tap

MORE = 'module ice.so\nmodule dtls_srtp.so\nrtcp_mux yes'


def tls(address, ice='remove', **more):
    return webrtc(address, ice=ice, transport='UDP/TLS/RTP/SAVP', **more)


def sdes(address):
    return plain(address, transport='RTP/SAVP')


# A: encryption, account; tandem's profile for it; the same of B.
CALLS = [
    (('srtp-mand', ''), sdes('lan4'), ('dtls_srtp', ''), tls('wan6')),
    (('dtls_srtp', ';medianat=ice'), tls('lan4', 'lite'), (None, ''), plain('wan6')),
    ((None, ''), plain('lan4'), ('dtls_srtp', ';medianat=ice'), tls('wan6', 'full')),
]
DTLS_LEGS, ICE = [1, 0, 1], [None, 'lite', 'full']


def count(tap, src, dst):
    return sum(d.src == src and d.dst == dst and 128 <= d.payload[0] < 192 and not d.rtcp
               for d in tap.datagrams)


def judge(n, report, taps):
    party = [tuple(report['a']), tuple(report['b'])]
    local = [tuple(x) for x in report['local']]
    got = []
    for i in (0, 1):
        came = count(taps[i], party[i], local[i])
        went = count(taps[1 - i], local[1 - i], party[1 - i])
        leg = report['report']['legs'][i]
        # What comes before there are keys, or an answer, is nobody's; the last one may come when
        # the session is over.
        early = sum(leg['drops'].get(x, 0) for x in ('source', 'srtp_key', 'no_remote'))
        check(went <= came <= went + early + 1,
              f'call {n}: from leg {i}: {came} came, {went} went, drops {leg["drops"]}')
        # Also where DTLS begins before the answer is here.
        check(went > TALK_S * 50 * 0.9, f'call {n}: only {went} packets from leg {i}')
        equal(leg['rx']['lost'], 0, f'call {n}: lost on leg {i}')
        got.append(went)
    leg = report['report']['legs'][DTLS_LEGS[n]]
    equal(leg['security']['type'], 'dtls', f'call {n}: security')
    equal(leg.get('ice', {}).get('mode'), ICE[n], f'call {n}: ICE')
    print(f'call {n}: from A {got[0]}, from B {got[1]}', flush=True)
    return got[1], got[0]


def judge_baresip(name, got):
    _, received, _, errors = received_by(name)[0]
    check(got - 5 <= received <= got, f'{name}: received {received} of {got}')
    equal(errors, 0, f'{name}: errors')
    equal(log_of(name).count('failed to decrypt'), 0, f'{name}: failed to decrypt')


def wait_listens():
    def listens():
        with netns.inside('b'):
            with open('/proc/thread-self/net/tcp6', encoding='ascii') as f:
                return f':{5060:04X} ' in f.read()
    wait_for('party B listens', listens, 10)


def one_call(n, side_a, profile_a, side_b, profile_b):
    """All three programs anew, since each knows one kind of call."""
    taps = [Tap(ns) for ns in 'ab']
    b = Baresip(f'baresip-b{n}', 'b', '[fd00:51::2]:5060', 700, 6000 + 200 * n, side_b[0], '-6',
                more=MORE, account=side_b[1])
    wait_listens()
    environment = {**os.environ, 'SMOKE_PROFILES': json.dumps([
        {'from': profile_a, 'to': profile_b}])}
    with open(path(f'reports{n}.json'), 'w', encoding='utf-8') as out:
        b2bua = spawn(f'b2bua{n}', [sys.executable, f'{LIB}/b2bua_sdp.py', os.environ['SMOKE_SOCKET'],
                                    '198.51.100.1:5060', 'fd00:51::2', '5060'],
                      'p', stdout=out, env=environment)
    wait_for('the B2BUA', lambda: 'ready' in log_of(f'b2bua{n}'), 10)
    a = Baresip(f'baresip-a{n}', 'a', '198.51.100.2:5060', 400 + 100 * n, 4000 + 200 * n,
                side_a[0], '-4', '-t', f'{TALK_S + 4}', '-e',
                'd sip:b@198.51.100.1:5060;transport=tcp', more=MORE, account=side_a[1])

    def reported():
        with open(path(f'reports{n}.json'), encoding='utf-8') as f:
            return f.read()
    wait_for(f'the end of call {n}', reported, TALK_S + 10)
    for p in a, b, b2bua:
        p = getattr(p, 'process', p)
        p.terminate()
        p.wait(10)
    for tap in taps:
        tap.stop()
    at_a, at_b = judge(n, json.loads(reported()), taps)
    judge_baresip(f'baresip-a{n}', at_a)
    judge_baresip(f'baresip-b{n}', at_b)


def main():
    for n, call in enumerate(CALLS):
        one_call(n, *call)
    done()


if __name__ == '__main__':
    main()
