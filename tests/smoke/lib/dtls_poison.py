#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dtls_poison.py PID: 10,000 poisoned ClientHellos a second while 200 good handshakes run.

The poison goes to the same ports as the good handshakes, from strangers, and to as many other
sessions, from their far ends. Each good party itself sends some, of all kinds that nobody answers
with a ServerHello, just before it begins. Every good handshake must end well, and prove it by a
packet; memory must stay where it was.
"""
import os
import random
import select
import struct
import subprocess
import sys
import time

import netns
from dtls_client import Identity, Party
from media import Endpoint, check, done, equal, settle
from tandem import Client

LIB = os.path.dirname(os.path.abspath(__file__))
TMP = os.environ['SMOKE_TMP']
GOOD = VICTIMS = 200
RATE = 10000
SPREAD_S = 8  # over which the good handshakes begin
CM80 = 'AES_CM_128_HMAC_SHA1_80'


def extension(kind, data):
    return struct.pack('!HH', kind, len(data)) + data


def vector(size, data):
    return len(data).to_bytes(size, 'big') + data


def hello_body(rnd, version=0xfefd, ciphers=(0xc02b,), srtp=(1,), more=b''):
    extensions = (extension(10, vector(2, b'\0\x17')) + extension(11, vector(1, b'\0')) +
                  extension(13, vector(2, b'\4\3')) +
                  (extension(14, vector(2, struct.pack(f'!{len(srtp)}H', *srtp)) + b'\0')
                   if srtp else b'') + more)
    return (struct.pack('!H', version) + rnd.randbytes(32) + b'\0\0' +
            vector(2, struct.pack(f'!{len(ciphers)}H', *ciphers)) + b'\1\0' +
            vector(2, extensions))


def record(handshake, version=0xfeff, epoch=0, number=0, kind=22, length=None):
    return struct.pack('!BHHHIH', kind, version, epoch, 0, number,
                       len(handshake) if length is None else length) + handshake


def handshake(body, kind=1, total=None, offset=0, length=None, number=0):
    total, length = len(body) if total is None else total, len(body) if length is None else length
    return (bytes([kind]) + total.to_bytes(3, 'big') + struct.pack('!H', number) +
            offset.to_bytes(3, 'big') + length.to_bytes(3, 'big') + body)


def poisons(rnd):
    """One of each kind; the last two may look good."""
    body = hello_body(rnd)
    half = len(body) // 2
    mutated = bytearray(record(handshake(body)))
    for _ in range(4):
        mutated[rnd.randrange(13, len(mutated))] = rnd.randrange(256)
    return [
        record(handshake(hello_body(rnd, ciphers=(0x0001, 0x002f)))),        # no usable cipher
        record(handshake(hello_body(rnd, version=0xfeff))),                  # DTLS 1.0
        record(handshake(hello_body(rnd, srtp=()))),                         # no use_srtp
        record(handshake(hello_body(rnd, srtp=(0x7777,)))),                  # no usable profile
        record(handshake(body[:half], total=len(body))),                     # half of it
        record(handshake(body[half:], total=len(body) + 1, offset=half)),    # another's other half
        record(handshake(body, total=0xffffff)),                             # of 16 MiB
        record(handshake(body[:60], total=60, offset=0, length=0xfffff0)),   # longer than it is
        record(handshake(body), length=0xffff),                              # record too
        record(handshake(hello_body(rnd, more=struct.pack('!HH', 16, 60000)))),
        record(rnd.randbytes(200)),                                          # noise
        record(handshake(body), epoch=1),                                    # as if encrypted
        record(rnd.randbytes(40), kind=20 + rnd.randrange(5)),
        record(handshake(body))[:rnd.randrange(1, 60)],                      # cut
        bytes(mutated),
        record(handshake(body)),                                             # never goes on
    ]


class Sessions:
    def __init__(self, client, identity):
        context = identity.context([CM80])
        self.client = client
        self.b = Endpoint('b', '192.0.2.2', 6000)
        self.parties, self.locals = [], []
        for i in range(GOOD):
            party = Party('a', '10.0.0.2', 4000 + i, context)
            self.parties.append(party)
            self.locals.append(self.create(f'good-{i}', party.address, identity))
        self.victims = [((f'10.0.0.{3 + i // 100}', 5000 + i), self.create(
            f'victim-{i}', {'ip': f'10.0.0.{3 + i // 100}', 'port': 5000 + i}, identity))
            for i in range(VICTIMS)]

    def create(self, call_id, remote, identity):
        return self.client.call('session.create', id=call_id, legs=[
            {'address': 'lan4', 'remote': remote, 'rtcp': 'mux', 'security': {
                'type': 'dtls', 'setup': 'passive', 'profiles': [CM80],
                'fingerprint': identity.fingerprint}},
            {'address': 'wan4', 'remote': self.b.address}])['legs'][0]['local']

    def shake_hands(self, what, poisoned=None):
        """All parties, one after the other; prints how long they took. With `poisoned`, a random
        generator, each is preceded by poison of its own."""
        waiting, begun, bad, started, api = {}, 0, 0, time.monotonic() + 0.2, []
        while begun < GOOD or waiting:
            now = time.monotonic()
            while poisoned and bad < GOOD and now >= started - 0.2 + bad * SPREAD_S / GOOD:
                for poison in poisons(poisoned)[:-2]:
                    to = self.locals[bad]
                    self.parties[bad].socket.sendto(poison, (to['ip'], to['port']))
                bad += 1
            if begun < GOOD and now >= started + begun * SPREAD_S / GOOD:
                party = self.parties[begun]
                party.read()  # what it was told about its poison
                party.begin(self.locals[begun])
                waiting[party.socket] = party
                begun += 1
                if begun % 10 == 0:
                    at = time.monotonic()
                    self.client.call('session.get', id=f'good-{begun - 1}')
                    api.append(time.monotonic() - at)
            for sock in select.select(waiting, [], [], 0.01)[0]:
                waiting[sock].read()
            for sock, party in list(waiting.items()):
                if not party.step():
                    check(party.keys, f'{what}: {party.port}: {party.failed!r}')
                    del waiting[sock]
                check(now - party.started < 20, f'{what}: {party.port}: no end')
        took = sorted(p.finished - p.started for p in self.parties)
        print(f'{what}: {GOOD} of {GOOD}, median {1000 * took[GOOD // 2]:.0f} ms, longest '
              f'{1000 * took[-1]:.0f} ms, sent again {sum(p.retransmits for p in self.parties)}, '
              f'API answers at most {1000 * max(api):.0f} ms', flush=True)
        return sorted(api)

    def prove(self, what):
        """A packet each, which tandem can open and B gets."""
        before = self.b.count()
        for i, party in enumerate(self.parties):
            equal(self.state(i), 'connected', f'{what}: good-{i}')
            party.send(self.locals[i])
        settle([self.b], 200)
        equal(self.b.count() - before, GOOD, f'{what}: packets at B')

    def state(self, i):
        return self.client.call('session.get', id=f'good-{i}')['legs'][0]['security']['state']


def write_frames(sessions, mac, path):
    """Half from strangers to the good parties' sessions, half to the victims."""
    rnd = random.Random(6)
    raw = netns.Raw('x')
    frames = []
    while len(frames) < 4 * RATE:
        for poison in poisons(rnd):
            i = rnd.randrange(GOOD)
            local = sessions.locals[i]['ip'], sessions.locals[i]['port']
            if rnd.randrange(2):
                src = f'10.0.0.{rnd.randrange(66, 250)}', rnd.randrange(1024, 65536)
            else:
                src, victim = sessions.victims[i]
                local = victim['ip'], victim['port']
            frames.append(raw.frame(mac, src, local, poison))
    with open(path, 'wb') as f:
        for frame in frames:
            f.write(struct.pack('!H', len(frame)) + frame)


def rss_kib(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))


def full(pid):
    """Memory when all that the flood can fill is full: it grows by no more than 0.5 MiB in 2 s."""
    was, now = 0, rss_kib(pid)
    for _ in range(15):
        if now - was < 512:
            return now
        time.sleep(2)
        was, now = now, rss_kib(pid)
    raise SystemExit(f'FAILED: memory grows on and on, to {now} KiB')


def counters(client, prefix):
    return {k: v for k, v in client.call('stats.get')['counters'].items() if k.startswith(prefix)}


def main():
    pid = int(sys.argv[1])
    client = Client()
    identity = Identity()
    mac = {i['name']: i['mac'] for i in client.call('interface.list')['interfaces']}['lan']
    sessions = Sessions(client, identity)
    write_frames(sessions, bytes.fromhex(mac.replace(':', '')), f'{TMP}/poison')
    sessions.shake_hands('in peace')
    sessions.prove('in peace')

    # A little more than it is measured by, which includes its start.
    flood = subprocess.Popen([sys.executable, f'{LIB}/flood.py', 'x', f'{TMP}/poison',
                              f'{round(1.05 * RATE)}'], stdout=subprocess.PIPE, text=True,
                             preexec_fn=netns.die_with_parent)
    started = time.monotonic()
    before = full(pid)
    api = sessions.shake_hands('under poison', random.Random(7))
    growth = rss_kib(pid) - before
    flood.terminate()
    sent = int(flood.communicate(timeout=10)[0])
    rate = sent / (time.monotonic() - started)
    sessions.prove('under poison')
    print(f'{sent} poisoned, {rate:.0f} a second; memory {before} KiB, then {growth:+} KiB')
    print(counters(client, 'dtls.'), counters(client, 'drop.punt'), flush=True)
    check(rate > RATE, f'only {rate:.0f} poisoned a second')
    check(growth < 4096, f'memory has grown by {growth} KiB')
    check(api[int(0.9 * len(api))] < 0.05, f'API answers took {api}')
    for i in range(GOOD):
        client.call('session.delete', id=f'good-{i}')
        client.call('session.delete', id=f'victim-{i}')
    done()


if __name__ == '__main__':
    main()
