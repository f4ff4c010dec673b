#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""GStreamer and ffmpeg through tandem, all calls at the same time.

Each call is judged three times: by the parties (what they got is, byte for byte, what the other
was given to send), by the links (every packet that went out is the packet that came in, which
an SRTP of our own opens), and by tandem's report.
"""
import json
import os
import random
import subprocess
import sys
import time

import netns
from media import check, done, equal
from srtp_ref import Keys, key_of
from tandem import Client
from wiretap import Tap, verify

TMP = os.environ['SMOKE_TMP']
LIB = os.path.dirname(os.path.abspath(__file__))
IP = {'lan4': '10.0.0.2', 'lan6': 'fd00:a::2', 'wan4': '192.0.2.2', 'wan6': '2001:db8::2'}
PACKETS = 250


def path(name):
    return os.path.join(TMP, name)


def spawn(name, command, ns=None, **more):
    if ns:
        command = ['ip', 'netns', 'exec', f'{os.environ["SMOKE_PREFIX"]}-{ns}', *command]
    with open(path(f'{name}.log'), 'w') as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log,
                                stdout=more.pop('stdout', log), text=True, **more)


def log_of(name):
    with open(path(f'{name}.log')) as f:
        return f.read()


class Party:
    """One side of a call: a leg of tandem's, keys of both directions, a program."""

    def __init__(self, address, profile=None):
        self.address, self.profile, self.ip = address, profile, IP[address]
        self.ns = 'a' if address.startswith('lan') else 'b'
        # By the party's own view: out is what it sends under.
        self.out, self.into = [profile and {'profile': profile, 'key': key_of(profile)}
                               for _ in range(2)]

    def leg(self):
        leg = {'address': self.address, 'remote': {'ip': self.ip, 'port': self.port}}
        if self.profile:
            leg['security'] = {'type': 'sdes', 'profile': self.profile,
                               'local_key': self.into['key'], 'remote_key': self.out['key']}
        return leg

    def keys(self, out):
        k = self.out if out else self.into
        return k and Keys(k['profile'], k['key'])


class Gst(Party):
    """Sends and receives."""
    both_ways = True

    def open(self, name):
        self.name = name
        self.sockets = [netns.udp(self.ns, self.ip, 0)]
        self.port = self.sockets[0].getsockname()[1]
        self.sockets.append(netns.udp(self.ns, self.ip, self.port + 1))
        for s in self.sockets:
            s.setsockopt(netns.socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        self.sent, self.got = path(f'{name}.sent'), path(f'{name}.got')

    def start(self, to, rtcp_to, packets, samples=96, rate=12000, seq=None):
        with open(self.sent, 'wb') as f:
            f.write(os.urandom(2 * samples * packets))
        self.to = to
        self.process = spawn(self.name, [sys.executable, f'{LIB}/srtp_gst.py', json.dumps({
            'fds': [s.fileno() for s in self.sockets], 'to': [*to, rtcp_to[1]],
            'send': self.sent, 'receive': self.got, 'rate': rate, 'samples': samples,
            'seq': random.randrange(30000) if seq is None else seq,
            'out': self.out, 'in': self.into})],
            pass_fds=[s.fileno() for s in self.sockets], stdout=subprocess.PIPE)
        return self

    def has(self, size):
        return os.path.exists(self.got) and os.path.getsize(self.got) >= size

    def end(self):
        self.process.terminate()
        text = self.process.communicate(timeout=10)[0]
        check(self.process.returncode == 0, f'{self.name} failed: {log_of(self.name)}')
        self.report = json.loads(text)
        for s in self.sockets:
            s.close()


def contents(name):
    with open(name, 'rb') as f:
        return f.read()


class Call:
    def __init__(self, client, name, a, b):
        self.client, self.name, self.parties = client, name, (a, b)
        for p, side in zip(self.parties, 'ab'):
            p.open(f'{name}-{side}')
        legs = client.call('session.create', id=name, legs=[p.leg() for p in self.parties])['legs']
        self.rtp = [(x['local']['ip'], x['local']['port']) for x in legs]
        self.rtcp = [(x['rtcp']['ip'], x['rtcp']['port']) for x in legs]

    def start(self, packets=PACKETS, **how):
        for i, p in enumerate(self.parties):
            p.start(self.rtp[i], self.rtcp[i], packets, **how)

    def finished(self):
        a, b = self.parties
        return all(x.has(os.path.getsize(y.sent)) for x, y in ((a, b), (b, a)))

    def end(self):
        for p in self.parties:
            p.end()
        self.report = self.client.call('session.delete', id=self.name)

    def judge_parties(self):
        for me, other in self.parties, self.parties[::-1]:
            check(contents(me.got) == contents(other.sent),
                  f'{self.name}: {me.name} did not get what {other.name} sent')
            check(me.report['reports'] > 0, f'{me.name}: no sender report from the other')
            check(me.report['round_trip'], f'{me.name}: no report on what it sent')

    def judge_links(self, taps):
        counts = []
        for i, me in enumerate(self.parties):
            other = self.parties[1 - i]
            for rtcp, local in (False, self.rtp), (True, self.rtcp):
                counts.append(len(verify(
                    f'{self.name}, from {me.name}{", RTCP" if rtcp else ""}',
                    taps[me.ns], taps[other.ns], ((me.ip, me.port + rtcp), local[i]),
                    (local[1 - i], (other.ip, other.port + rtcp)), me.keys(True),
                    other.keys(False), rtcp)))
        return counts

    def judge_report(self):
        for i, leg in enumerate(self.report['legs']):
            equal((leg['rx']['lost'], leg['rx']['duplicate'], leg['rx']['reordered'], leg['drops']),
                  (0, 0, 0, {}), f'{self.name}: leg {i}, lost, twice, out of order, drops')


def wait_for(what, condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f'{what}: not after {seconds} s')
        time.sleep(0.05)


def gst_calls(client):
    return [Call(client, name, Gst(*a), Gst(*b)) for name, a, b in (
        ('cm80-plain-46', ('lan4', 'AES_CM_128_HMAC_SHA1_80'), ('wan6',)),
        ('cm32-plain-64', ('lan6', 'AES_CM_128_HMAC_SHA1_32'), ('wan4',)),
        ('plain-cm256-44', ('lan4',), ('wan4', 'AES_256_CM_HMAC_SHA1_80')),
        ('plain-gcm128-66', ('lan6',), ('wan6', 'AEAD_AES_128_GCM')),
        ('gcm256-cm80-46', ('lan4', 'AEAD_AES_256_GCM'), ('wan6', 'AES_CM_128_HMAC_SHA1_80')),
        ('cm80-cm80-66', ('lan6', 'AES_CM_128_HMAC_SHA1_80'),
         ('wan6', 'AES_CM_128_HMAC_SHA1_80')))]


def main():
    client = Client()
    taps = {ns: Tap(ns) for ns in 'ab'}
    calls = gst_calls(client)
    for call in calls:
        call.start()
    for call in calls:
        wait_for(f'{call.name}: all payload', call.finished, 15)
    time.sleep(0.5)
    for call in calls:
        call.end()
    time.sleep(0.1)
    for ns in taps:
        taps[ns].stop().write_pcap(path(f'{ns}.pcap'))
    for call in calls:
        call.judge_parties()
        counts = call.judge_links(taps)
        call.judge_report()
        print(f'{call.name:18} RTP {counts[0]} and {counts[2]}, RTCP {counts[1]} and {counts[3]}')
    done()


if __name__ == '__main__':
    main()
