#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Parties of record-play.sh: record.py record|play|bad|full.

A is at leg 0 (IPv4), B at leg 1 (IPv6). What tshark is to read is left to the script, which finds
in $SMOKE_TMP/sent how many RTP packets each party has sent.
"""
import glob
import os
import random
import socket
import struct
import sys
import time

import netns
from media import Endpoint, check, done, equal, paced, rtp, settle
from srtp_hand import Secured
from tandem import Client, RpcError

TMP = os.environ['SMOKE_TMP']
RATE, SECONDS, RTCP = 200, 1.5, 5
SO_TIMESTAMPNS = 35


def rtcp(ssrc):
    """A receiver report without reports."""
    return struct.pack('!BBHI', 0x80, 201, 1, ssrc)


class Party(Endpoint):
    """With an RTCP socket; keeps the packets that it has sent."""

    def __init__(self, ns, ip, port):
        super().__init__(ns, ip, port)
        self.rtcp = netns.udp(ns, ip, port + 1)
        self.sent = []

    def send(self, to, n=1, size=160):
        for _ in range(n):
            data = rtp(self.next, self.tag, self.ssrc, size=size)
            self.socket.sendto(data, (to['ip'], to['port']))
            self.sent.append(data)
            self.next += 1

    def send_rtcp(self, to):
        self.rtcp.sendto(rtcp(self.ssrc), (to['ip'], to['port']))


class Events:
    def __init__(self):
        self.client = Client()
        self.client.call('events.subscribe', types=['record.', 'capture.', 'play.'])
        self.kept = []

    def wait(self, kind, **want):
        """The next event of this type that has these members; others are kept."""
        def fits(e):
            return e['type'] == kind and all(e.get(k) == v for k, v in want.items())

        for e in self.kept:
            if fits(e):
                self.kept.remove(e)
                return e
        while True:
            try:
                e = self.client.read_event()
            except TimeoutError:
                raise SystemExit(f'FAILED: no {kind} {want}; there were {self.kept}')
            if fits(e):
                return e
            self.kept.append(e)


def create(client, name, a, b, **more):
    legs = [{'address': 'lan4', 'remote': a.address}, {'address': 'wan6', 'remote': b.address}]
    for leg, key in ((0, 'security_a'), (1, 'security_b')):
        if key in more:
            legs[leg]['security'] = more[key]
    return client.call('session.create', id=name, legs=legs)['legs']


def fault(client, error, where, method, **params):
    try:
        client.call(method, **params)
    except RpcError as e:
        equal((e.name, e.path), (error, where), f'error of {method} {params}')
    else:
        check(False, f'{method} {params} is carried out')


def read_rtp_file(path):
    """rtpproxy's layout: [(source ip, port, time, packet)]."""
    with open(path, 'rb') as f:
        data = f.read()
    out, at = [], 0
    while at < len(data):
        family, = struct.unpack_from('=H', data, at)
        port, = struct.unpack_from('!H', data, at + 2)
        ip = socket.inet_ntop(family, data[at + 4:at + (8 if family == socket.AF_INET else 20)])
        when, length = struct.unpack_from('=dH', data, at + 20)
        out.append((ip, port, when, data[at + 30:at + 30 + length]))
        at += 30 + length
    return out


# ---- recording ------------------------------------------------------------------------------

def talk(a, b, local, seconds=SECONDS):
    for i in paced(RATE, seconds, a, b):
        a.send(local[0]['local'])
        b.send(local[1]['local'])
    settle([a, b])


def record():
    client, events = Client(), Events()
    a, b = Party('a', '10.0.0.2', 4000), Party('b', '2001:db8::2', 6000)
    copies = [netns.udp('t', '127.0.0.1', 9000), netns.udp('t', '127.0.0.1', 9001)]
    far_copies = [netns.udp('a', '10.0.0.2', 9100), netns.udp('a', '10.0.0.2', 9101)]
    local = create(client, 'plain', a, b)
    start = [
        ('record.start', {'file': 'plain'}),
        ('record.start', {'name': 'raw', 'file': 'plain', 'format': 'rtp'}),
        ('record.start', {'name': 'both', 'file': 'both', 'format': 'pcapng', 'one_file': True}),
        ('record.start', {'name': 'copy', 'udp': {'ip': '127.0.0.1', 'port': 9000}}),
        ('record.start', {'name': 'far', 'leg': 0, 'udp': {'ip': '10.0.0.2', 'port': 9100}}),
        ('capture.start', {'name': 'small', 'file': 'small', 'max_bytes': 8192}),
        ('capture.start', {'name': 'short', 'file': 'short', 'max_s': 1}),
    ]
    for method, params in start:
        answer = client.call(method, id='plain', **params)
        equal(answer['created'], True, f'created {params}')
        again = client.call(method, id='plain', **params)
        equal(again['created'], False, f'created again {params}')
        if params.get('name') == 'copy':
            equal(answer['local']['ip'], '127.0.0.1', 'where the kernel sends from')
        if params.get('name') == 'far':
            equal(answer['local'], local[0]['local'], 'where tandem sends from')
    for _ in range(RTCP):
        a.send_rtcp(local[0]['rtcp'])
        b.send_rtcp(local[1]['rtcp'])
    before = time.time()
    talk(a, b, local)
    after = time.time()
    equal((a.count(), b.count()), (b.next, a.next), 'packets relayed while they are recorded')
    equal(events.wait('capture.ended', name='small')['reason'], 'limit', 'the small one ends by')
    equal(events.wait('capture.ended', name='short')['reason'], 'limit', 'the short one ends by')
    equal(client.call('record.stop', id='plain')['stopped'], 5, 'sinks stopped')
    ended = {n: events.wait('record.ended', name=n)
             for n in ('record', 'raw', 'both', 'copy', 'far')}
    for n, e in ended.items():
        sides = 1 if n == 'far' else 2
        equal((e['packets'], e['lost'], e['reason']), (sides * (a.next + RTCP), 0, 'stopped'),
              f'packets of {n}, lost, reason')
        equal(len(e['files']), {'record': 4, 'raw': 4, 'both': 1}.get(n, 0), f'files of {n}')
    for path in ended['record']['files'] + ended['raw']['files'] + ended['both']['files']:
        check(os.path.dirname(path) == f'{TMP}/done' and os.path.exists(path), path)
    check_raw(a, b, before, after)
    check_copies(copies, [*a.sent, *b.sent], 2 * RTCP, {'127.0.0.1'})
    check_copies(far_copies, a.sent, RTCP, {'10.0.0.1'})
    counters = client.call('stats.get', names=['media.', 'worker.copy_lost'])['counters']
    equal((counters['media.sinks'], counters['media.files'], counters['media.lost'],
           counters['worker.copy_lost']), (0, 0, 0, 0), 'what is left, and lost')
    # The session goes on, and nothing of it is recorded any more.
    a.clear(), b.clear()
    talk(a, b, local, 0.2)
    client.call('session.delete', id='plain')
    with open(f'{TMP}/sent', 'w') as f:
        f.write(str(round(RATE * SECONDS)))
    record_secret(client, events)
    done()


def check_raw(a, b, before, after):
    for party, side in ((a, 'o'), (b, 'a')):
        got = read_rtp_file(f'{TMP}/done/plain.{side}.rtp')
        equal([p for _, _, _, p in got], party.sent, f'packets in plain.{side}.rtp')
        equal({(ip, port) for ip, port, _, _ in got}, {(party.ip, party.port)}, 'their sender')
        times = [t for _, _, t, _ in got]
        check(before - 0.1 < times[0] and times[-1] < after + 0.1 and times == sorted(times),
              f'times {times[0]} to {times[-1]}, it was {before} to {after}')
        got = read_rtp_file(f'{TMP}/done/plain.{side}.rtcp')
        equal([p for _, _, _, p in got], [rtcp(party.ssrc)] * RTCP, f'plain.{side}.rtcp')


def check_copies(sockets, sent, rtcp_count, senders):
    got = [[], []]
    for i, s in enumerate(sockets):
        while True:
            try:
                data, source = s.recvfrom(2048)
            except BlockingIOError:
                break
            got[i].append(data)
            check(source[0] in senders, f'a copy from {source}')
    equal(sorted(got[0]), sorted(sent), f'copies of RTP from {senders}')
    equal(len(got[1]), rtcp_count, f'copies of RTCP from {senders}')


def record_secret(client, events):
    """A speaks SRTP, B doesn't: what is recorded of both is plain. Ends with the session."""
    a = Secured('a', '10.0.0.2', 4100, 'AES_CM_128_HMAC_SHA1_80')
    b = Party('b', '2001:db8::2', 6100)
    local = create(client, 'secret', a, b, security_a=a.security)
    client.call('record.start', id='secret', file='secret')
    talk(a, b, local)
    equal((a.count(), b.count()), (b.next, a.next), 'packets relayed while SRTP is recorded')
    client.call('session.delete', id='secret')
    e = events.wait('record.ended', id='secret')
    equal((e['packets'], e['lost'], e['reason']), (2 * b.next, 0, 'session'), 'recorded of SRTP')


# ---- playing --------------------------------------------------------------------------------

class Listener(Endpoint):
    """Keeps whole packets and the kernel's time of them."""

    def __init__(self, ns, ip, port):
        super().__init__(ns, ip, port)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.packets = []

    def read(self):
        while True:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(2048, 64)
            except BlockingIOError:
                return self.packets
            s, ns = struct.unpack('qq', ancillary[0][2])
            self.packets.append((s + ns / 1e9, data))

    def take(self):
        self.read()
        packets, self.packets = self.packets, []
        return packets


def check_stream(packets, payload, pt, what):
    """One stream of RTP, as it should be; its jitter (RFC 3550) in ms."""
    heads = [struct.unpack('!BBHII', d[:12]) for _, d in packets]
    check(b''.join(d[12:] for _, d in packets) == payload,
          f'{what}: {len(packets)} packets with another payload than what was played')
    equal({(h[0], h[1] & 0x7f) for h in heads}, {(0x80, pt)}, f'{what}: version, payload type')
    equal([h[1] >> 7 for h in heads], [1] + [0] * (len(heads) - 1), f'{what}: marker')
    equal([(h[2] - heads[0][2]) & 0xffff for h in heads], list(range(len(heads))),
          f'{what}: sequence numbers')
    equal([(h[3] - heads[0][3]) & 0xffffffff for h in heads],
          [160 * i for i in range(len(heads))], f'{what}: timestamps')
    equal(len({h[4] for h in heads}), 1, f'{what}: SSRCs')
    jitter = 0.0
    for i in range(1, len(packets)):
        d = (packets[i][0] - packets[i - 1][0]) * 1000 - 20
        jitter += (abs(d) - jitter) / 16
    return jitter


def play():
    client, events = Client(), Events()
    a, b = Listener('a', '10.0.0.2', 4000), Listener('b', '2001:db8::2', 6000)
    local = create(client, 'moh', a, b)
    sound = random.Random(7).randbytes(160 * 75)
    for pt, tail in ((8, b'xyz'), (3, b'')):
        with open(f'{TMP}/sounds/hold.{pt}', 'wb') as f:
            f.write((sound[:33 * 50] if pt == 3 else sound) + tail)

    # Nobody has sent yet: the list of codecs says what to play.
    client.call('play.start', id='moh', leg=1, file='hold', codecs=[18, 101, 8, 3])
    time.sleep(0.1)
    for _ in paced(50, 1.8, b):
        a.send(local[0]['local'])
    e = events.wait('play.ended', leg=1)
    equal((e['reason'], e['packets'], e['file']), ('end', 75, 'hold'), 'the end of playing')
    settle([b])
    packets = b.take()
    played = packets[:75]
    jitter = check_stream(played, sound, 8, 'played once')
    took = played[-1][0] - played[0][0]
    load = os.getloadavg()[0]
    print(f'jitter of what is played: {jitter:.3f} ms, with a load of {load:.1f}')
    # A machine that others use holds up workers for as long as it likes.
    check(jitter < 1 or load > 1, f'jitter {jitter:.2f} ms')
    check(abs(took - 74 * 0.02) < (0.05 if load <= 1 else 0.5), f'75 packets took {took:.3f} s')
    check({struct.unpack('!I', d[8:12])[0] for _, d in packets[75:]} <= {a.ssrc},
          'something else follows')
    for _ in range(40):
        counted = client.call('session.get', id='moh')['legs'][0]['rx']['packets']
        if counted == a.next:
            break
        time.sleep(0.05)
    equal(counted, a.next, 'counted while it is muted')

    # A is heard again afterwards; then the default codec is what B sends.
    for _ in range(10):
        a.send(local[0]['local'])
        b.send(local[1]['local'])
    settle([a, b])
    equal(len(b.take()), 10, 'packets of A after playing')
    a.take()
    client.call('play.start', id='moh', leg=1, file='hold', repeats=2)
    equal(events.wait('play.ended', leg=1)['packets'], 150, 'played twice')
    settle([b])
    check_stream(b.take(), sound * 2, 8, 'played twice')

    # For ever, replaced by another, stopped, and again until the session ends.
    client.call('play.start', id='moh', leg=0, file='hold', codecs=[8], repeats=-1)
    time.sleep(0.3)
    client.call('play.start', id='moh', leg=0, file='hold', codecs=[3], repeats=-1)
    equal(events.wait('play.ended', leg=0)['reason'], 'stopped', 'the replaced one ends by')
    time.sleep(0.3)
    equal(client.call('play.stop', id='moh')['stopped'], 1, 'legs stopped')
    e = events.wait('play.ended', leg=0)
    equal(e['reason'], 'stopped', 'the stopped one ends by')
    equal(client.call('play.stop', id='moh')['stopped'], 0, 'legs stopped again')
    settle([a])
    types = [d[1] & 0x7f for _, d in a.take()]
    check(8 in types and types[-1] == 3, f'payload types {types}')
    b.send(local[1]['local'])
    settle([a])
    equal(len(a.take()), 1, 'B is heard again')
    client.call('play.start', id='moh', leg=0, file='hold', codecs=[3], repeats=-1)
    time.sleep(0.1)
    client.call('session.delete', id='moh')
    equal(events.wait('play.ended', leg=0)['reason'], 'session', 'it ends with the session')
    equal(client.call('stats.get', names=['media.players'])['counters']['media.players'], 0,
          'players left')
    done()


# ---- faults ---------------------------------------------------------------------------------

def bad():
    client, events = Client(), Events()
    a, b = Party('a', '10.0.0.2', 4000), Party('b', '2001:db8::2', 6000)
    local = create(client, 'bad', a, b)
    for method in ('record.start', 'record.stop', 'capture.start', 'capture.stop', 'play.stop'):
        fault(client, 'not_found', '/params/id', method, id='nobody')
    fault(client, 'not_found', '/params/id', 'play.start', id='nobody', leg=0, file='x')
    fault(client, 'not_found', '/params/name', 'record.stop', id='bad', name='x')
    fault(client, 'invalid_params', '/params/file', 'play.start', id='bad', leg=0, file='none',
          codecs=[8])
    fault(client, 'invalid_params', '/params/codecs', 'play.start', id='bad', leg=0, file='hold')
    for f in ('../done/x', '/etc/passwd', 'x/../../y', '..'):
        fault(client, 'invalid_params', '/params/file', 'play.start', id='bad', leg=0, file=f,
              codecs=[8])
    fault(client, 'invalid_params', '/params/repeats', 'play.start', id='bad', leg=0,
          file='hold', codecs=[8], repeats=0)
    fault(client, 'invalid_params', '/params/leg', 'play.start', id='bad', leg=2, file='hold')
    fault(client, 'invalid_params', '/params/one_file', 'record.start', id='bad', format='rtp',
          one_file=True)
    fault(client, 'invalid_params', '/params/udp/ip', 'record.start', id='bad',
          udp={'ip': '224.0.0.1', 'port': 5000})
    fault(client, 'invalid_params', '/params/udp', 'record.start', id='bad', file='x',
          udp={'ip': '127.0.0.1', 'port': 5000})
    client.call('record.start', id='bad', file='a')
    fault(client, 'conflict', '/params/name', 'record.start', id='bad', file='b')
    for i in range(7):
        client.call('record.start', id='bad', name=f'n{i}', file='a', one_file=True)
    fault(client, 'limit', None, 'record.start', id='bad', name='nine', one_file=True)
    client.call('record.stop', id='bad')
    for _ in range(8):
        events.wait('record.ended')

    # Names that are ways to somewhere else end in the record directory, and in no other.
    names = ['../evil', '/tmp/evil', '..', '.', 'a/b', '-rf', 'x' * 500, '\x1b[2J', 'ü ö']
    for i, name in enumerate(names):
        client.call('record.start', id='bad', file=name, one_file=True)
        talk(a, b, local, 0.05)
        client.call('record.stop', id='bad')
        files = events.wait('record.ended')['files']
        equal(len(files), 1, f'files for the name {name!r}')
        check(os.path.dirname(files[0]) == f'{TMP}/done' and os.path.isfile(files[0]) and
              files[0].isascii() and files[0].isprintable(), files[0])
    # The same name again writes over nothing.
    before = len(glob.glob(f'{TMP}/done/*'))
    client.call('record.start', id='bad', file='a/b', one_file=True)
    talk(a, b, local, 0.05)
    client.call('record.stop', id='bad')
    equal(events.wait('record.ended')['files'], [f'{TMP}/done/a%2Fb-2.pcap'], 'a second file')
    equal(len(glob.glob(f'{TMP}/done/*')), before + 1, 'files')

    # The record directory goes away and comes back: what came meanwhile is lost and counted.
    os.rename(f'{TMP}/spool', f'{TMP}/away')
    a.next = b.next = 0
    a.clear(), b.clear()
    client.call('record.start', id='bad', file='gone', one_file=True)
    talk(a, b, local, 0.5)
    os.rename(f'{TMP}/away', f'{TMP}/spool')
    talk(a, b, local, 2.5)
    equal((a.count(), b.count()), (b.next, a.next), 'packets relayed without a directory')
    client.call('record.stop', id='bad')
    e = events.wait('record.ended')
    equal(e['packets'] + e['lost'], a.next + b.next, 'recorded and lost')
    check(e['lost'] >= 150 and e['packets'] >= 300, f'{e}')
    client.call('session.delete', id='bad')
    done()


def full():
    client, events = Client(), Events()
    a, b = Party('a', '10.0.0.2', 4000), Party('b', '2001:db8::2', 6000)
    local = create(client, 'full', a, b)
    client.call('record.start', id='full', file='full')
    for _ in paced(RATE, 4, a, b):
        a.send(local[0]['local'], size=1000)
        b.send(local[1]['local'], size=1000)
    settle([a, b])
    equal((a.count(), b.count()), (b.next, a.next), 'packets relayed with a full disk')
    client.call('record.stop', id='full')
    e = events.wait('record.ended')
    equal(e['packets'] + e['lost'], a.next + b.next, 'recorded and lost')
    check(e['lost'] > 1000 and e['packets'] > 50, f'{e}')
    counters = client.call('stats.get', names=['media.'])['counters']
    equal(counters['media.lost'], e['lost'], 'lost in all')
    report = client.call('session.delete', id='full')
    for leg in report['legs']:
        equal((leg['rx']['lost'], leg['drops']), (0, {}), 'lost and dropped by the call')
    done()


if __name__ == '__main__':
    {'record': record, 'play': play, 'bad': bad, 'full': full}[sys.argv[1]]()
