#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Calls with one SRTP leg under forgeries, replays and changes of keys."""
import os
import random
import struct
import subprocess
import sys
import time

from media import Endpoint, check, done, equal, paced, settle
from netns import Raw, die_with_parent
from srtp_hand import Secured
from tandem import Client

LIB = os.path.dirname(os.path.abspath(__file__))
CM80, GCM128 = 'AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'


class Call:
    def __init__(self, client, name, profile, family=4, first_seq=0, latch='strict'):
        self.client, self.name = client, name
        self.a = Secured('a', '10.0.0.2' if family == 4 else 'fd00:a::2', 4000, profile,
                         first_seq)
        self.b = Endpoint('b', '2001:db8::2', 6000)
        where = {'remote': self.a.address} if latch == 'strict' else {'latch': latch}
        legs = client.call('session.create', id=name, legs=[
            {'address': f'lan{family}', 'security': self.a.security, **where},
            {'address': 'wan6', 'remote': self.b.address}])['legs']
        self.local = [x['local'] for x in legs]
        mac = {i['name']: i['mac'] for i in client.call('interface.list')['interfaces']}['lan']
        self.mac = bytes.fromhex(mac.replace(':', ''))

    def tick(self):
        self.a.send(self.local[0])
        self.b.send(self.local[1])

    def end(self):
        settle([self.a, self.b])
        return self.client.call('session.delete', id=self.name)

    def lived(self, report):
        """All packets both ways, each once, in order."""
        equal(self.b.numbers(), list(range(self.a.next)), f'{self.name}: from A, at B')
        equal(self.a.numbers(), list(range(self.b.next)), f'{self.name}: from B, at A')
        equal(self.a.bad, 0, f'{self.name}: packets that A cannot open')
        equal(report['legs'][1]['drops'], {}, f"{self.name}: drops on B's leg")
        for leg, party in zip(report['legs'], (self.a, self.b)):
            equal((leg['rx']['packets'], leg['rx']['lost'], leg['rx']['duplicate']),
                  (party.next, 0, 0), f'{self.name}: accepted, lost and twice, by the report')
            party.socket.close()


def forgeries(call, n=512):
    """Of each kind: a packet of A's with a byte changed, with another sequence number, of
    another SSRC, cut, with its last bytes made up; noise; RTP as it would be without keys."""
    rnd = random.Random(4)
    out = []
    for i in range(n):
        p = bytearray(rnd.choice(call.a.sealed))
        kind = i % 7
        if kind == 0:
            p[rnd.randrange(12, len(p))] ^= rnd.randrange(1, 256)
        elif kind == 1:
            struct.pack_into('!H', p, 2, struct.unpack_from('!H', p, 2)[0] + rnd.randrange(1, 30000)
                             & 0xffff)
        elif kind == 2:
            struct.pack_into('!I', p, 8, rnd.getrandbits(32))
        elif kind == 3:
            del p[rnd.randrange(40, len(p)):]
        elif kind == 4:
            p[-10:] = rnd.randbytes(10)
        elif kind == 5:
            p[12:] = rnd.randbytes(len(p) - 12)
        else:
            p[2:4] = rnd.randbytes(2)
            p[12:] = b'evil' * 43
        out.append(bytes(p))
    return out


class Flood:
    """From A's own address and port, in A's own namespace."""

    def __init__(self, call, rate):
        raw = Raw('a')
        to = call.local[0]['ip'], call.local[0]['port']
        self.path = os.path.join(os.environ['SMOKE_TMP'], 'flood')
        with open(self.path, 'wb') as f:
            for p in forgeries(call):
                frame = raw.frame(call.mac, (call.a.ip, call.a.port), to, p)
                f.write(struct.pack('!H', len(frame)) + frame)
        raw.socket.close()
        self.process = subprocess.Popen([sys.executable, f'{LIB}/flood.py', 'a', self.path,
                                         f'{rate}'],
                                        stdout=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        self.start = time.monotonic()

    def end(self):
        self.process.terminate()
        self.sent = int(self.process.communicate(timeout=10)[0])
        self.rate = self.sent / (time.monotonic() - self.start)


def flood(client, family, profile, rate):
    """Was the call unharmed? Where it was not, frames must be missing that tandem never had."""
    call = Call(client, f'flood-v{family}', profile, family)
    for _ in paced(50, 0.5, call.a, call.b):
        call.tick()
    settle([call.a, call.b])
    before = client.call('session.get', id=call.name)['legs'][0]
    equal(before['drops'], {}, f'{call.name}: drops before the flood')
    attack = Flood(call, rate)
    for _ in paced(50, 3, call.a, call.b):
        call.tick()
    attack.end()
    settle([call.a, call.b])
    time.sleep(0.3)
    after = client.call('session.get', id=call.name)['legs'][0]
    equal((after['learned'], after['remote']), (before['learned'], before['remote']),
          f'{call.name}: where the leg is')
    report = call.end()
    leg, got = report['legs'][0], call.b.numbers()
    drops = leg['drops']
    missed = attack.sent + call.a.next - sum(drops.values()) - leg['rx']['packets']
    equal(set(drops), {'srtp_auth', 'srtp_replay'}, f'{call.name}: names of drops')
    check(min(drops.values()) > 1000, f'{call.name}: {drops} is no flood')
    check(missed >= 0, f'{call.name}: {drops}, but only {attack.sent} were forged')
    equal(got, sorted(set(got)), f'{call.name}: order at B')
    equal(len(got), leg['rx']['packets'], f'{call.name}: what tandem accepted, at B')
    print(f'v{family}: {attack.rate:.0f} forged packets a second, dropped as {drops}, {missed} '
          f'frames lost on the link; the call: {len(got)} of {call.a.next} and '
          f'{call.a.count()} of {call.b.next}', flush=True)
    if len(got) < call.a.next:
        check(missed >= call.a.next - len(got), f'{call.name}: packets lost inside')
        call.a.socket.close()
        call.b.socket.close()
        return False
    call.lived(report)
    return True


def highest_flood(client, family, profile):
    """As fast as the link goes without losing frames by itself, which depends on the machine."""
    unharmed = any(flood(client, family, profile, rate) for rate in (0, 50000, 20000, 8000))
    check(unharmed, f'v{family}: the call was harmed at each rate')


def replay(client, profile):
    """All that A has sent comes again: at once, later, all of it at the end; from A's address and
    port too. B has each packet once."""
    call = Call(client, 'replay', profile, first_seq=0x10000 - 100)
    raw, rnd = Raw('a'), random.Random(5)
    to = call.local[0]['ip'], call.local[0]['port']
    again = 0

    def once_more(p):
        nonlocal again
        raw.send_udp(call.mac, (call.a.ip, call.a.port), to, p)
        again += 1

    for _ in paced(200, 2, call.a, call.b):
        call.tick()
        once_more(call.a.sealed[-1])
        once_more(rnd.choice(call.a.sealed))
    settle([call.a, call.b])
    for p in call.a.sealed:
        once_more(p)
    report = call.end()
    raw.socket.close()
    call.lived(report)
    drops = report['legs'][0]['drops']
    # What is older than the replay window may be taken for the next round of the sequence
    # numbers, and then it is not authentic.
    equal(set(drops) - {'srtp_auth'}, {'srtp_replay'}, 'drops of replayed packets')
    equal(sum(drops.values()), again, 'replayed packets, dropped')
    print(f'{again} replayed packets, dropped as {drops}', flush=True)


def latch(client, mode, profile):
    """A stranger is first and last, and goes on all the time; he is never learned. A is."""
    call = Call(client, f'latch-{mode}', profile, latch=mode)
    stranger = Endpoint('x', '10.0.0.66', 6666)
    to = call.local[0]['ip'], call.local[0]['port']
    rnd, made = random.Random(6), 0

    def attack():
        nonlocal made
        for p in [b'\x80\x08' + rnd.randbytes(170), *rnd.choices(call.a.sealed or [b''])]:
            if not p:
                continue
            stranger.socket.sendto(p, to)
            made += 1
    for _ in range(20):
        attack()
    time.sleep(0.1)
    leg = client.call('session.get', id=call.name)['legs'][0]
    equal((leg['learned'], leg['latched']), (None, False), f'{call.name}: before A')
    call.a.send(call.local[0])
    settle([call.b])
    for _ in paced(100, 1, call.a, call.b, stranger):
        call.tick()
        attack()
    settle([call.a, call.b, stranger])
    leg = client.call('session.get', id=call.name)['legs'][0]
    equal(leg['learned'], call.a.address, f'{call.name}: learned')
    report = call.end()
    call.lived(report)
    equal(len(stranger.got), 0, f'{call.name}: packets at the stranger')
    drops = report['legs'][0]['drops']
    equal(set(drops) - {'srtp_auth', 'srtp_replay', 'source'}, set(), f'{call.name}: drops')
    equal(sum(drops.values()), made, f"{call.name}: the stranger's packets, dropped")
    stranger.socket.close()
    print(f"{call.name}: {made} of the stranger's, dropped as {drops}", flush=True)


def rekey(client, profiles):
    """New keys, and another profile, every 0.2 s; A goes on under the old ones for a while."""
    call = Call(client, 'rekey', profiles[0], first_seq=0x10000 - 200)
    changes = 0
    for i in paced(200, 4, call.a, call.b):
        if i % 40 == 10:
            changes += 1
            call.a.new_keys(profiles[changes % len(profiles)])
            client.call('session.update', id=call.name, legs=[{'security': call.a.security}, {}])
        if i % 40 == 10 + changes % 20 and changes:
            call.a.switch()
        call.tick()
    report = call.end()
    call.lived(report)
    equal(report['legs'][0]['drops'], {}, 'drops while keys change')
    print(f'{changes} changes of keys: {call.a.next} and {call.b.next} packets, none lost')


def main():
    client = Client()
    highest_flood(client, 4, CM80)
    highest_flood(client, 6, GCM128)
    replay(client, CM80)
    for mode in 'once', 'follow':
        latch(client, mode, CM80)
    rekey(client, [CM80])
    rekey(client, [CM80, GCM128, 'AES_256_CM_HMAC_SHA1_32'])
    done()


if __name__ == '__main__':
    main()
