#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The RTP-bleed table (CVE-2025-53399): {strict, once, follow} x {before, during, after}.

The stranger sends from A's link: from his own address and port, from his own address with A's
port, with A's address and another port, from an address that nobody has with A's port, and
RTCP too. (What he sends with A's own address and port nobody can tell apart without SRTP.)
Where the latch may be taken over, the table shows that it was, which also proves that the
attack is one.
"""
import struct

from media import Endpoint, check, done, equal, paced, rtp, settle
from netns import Raw
from tandem import Client

TICKS = 30
A_PORT = 4000


def rtcp(number):
    """A receiver report with one block, the tag where RTP has it."""
    return (struct.pack('!BBHII', 0x81, 201, 7, 0x666, 0x1234) + b'evil' +
            struct.pack('!I', number) + bytes(12))


class Stranger:
    def __init__(self, family, mac, leg):
        self.ip = '10.0.0.66' if family == 4 else 'fd00:a::66'
        self.nobody = '10.0.0.99' if family == 4 else 'fd00:a::99'
        self.a_ip = '10.0.0.2' if family == 4 else 'fd00:a::2'
        self.own = Endpoint('x', self.ip, 6666, b'evil')
        self.as_a = Endpoint('x', self.ip, A_PORT, b'evil')
        self.own_rtcp = Endpoint('x', self.ip, 6667, b'evil')
        self.raw = Raw('x')
        self.mac = bytes.fromhex(mac.replace(':', ''))
        self.target, self.rtcp = leg['local'], leg['rtcp']
        self.sent = 0

    def attack(self):
        """One packet of each kind, the one that would bring answers to him first and last."""
        target = (self.target['ip'], self.target['port'])
        self.own.send(self.target)
        self.as_a.send(self.target)
        for source in (self.a_ip, 4444), (self.nobody, A_PORT):
            self.raw.send_udp(self.mac, source, target, rtp(self.sent, b'evil'))
        self.own_rtcp.socket.sendto(rtcp(self.sent), (self.rtcp['ip'], self.rtcp['port']))
        self.own.send(self.target)
        self.sent += 6

    @property
    def endpoints(self):
        return self.own, self.as_a, self.own_rtcp

    def heard(self):
        return sum(len(e.read()) for e in self.endpoints)

    def close(self):
        for e in self.endpoints:
            e.socket.close()
        self.raw.socket.close()


class Cell:
    def __init__(self, client, family, latch, when):
        mac = {i['name']: i['mac'] for i in client.call('interface.list')['interfaces']}['lan']
        self.client, self.id = client, f'{latch}-{when}-{family}'
        self.a = Endpoint('a', '10.0.0.2' if family == 4 else 'fd00:a::2', A_PORT)
        self.b = Endpoint('b', '2001:db8::2', 6000)
        self.b_rtcp = Endpoint('b', '2001:db8::2', 6001)
        legs = client.call('session.create', id=self.id, legs=[
            {'address': f'lan{family}', 'remote': self.a.address, 'latch': latch},
            {'address': 'wan6', 'remote': self.b.address}])['legs']
        self.local = [leg['local'] for leg in legs]
        self.stranger = Stranger(family, mac, legs[0])

    def talk(self, stranger=False):
        for i in paced(150, TICKS / 150, self.a, self.b):
            self.a.send(self.local[0])
            if stranger:
                self.stranger.attack()
            self.b.send(self.local[1])

    def before(self):
        for _ in range(5):
            self.stranger.attack()
        settle([self.b])
        self.talk()

    def during(self):
        self.a.send(self.local[0])
        self.stranger.attack()  # at once: control cannot have heard of A's packet yet
        self.talk(stranger=True)

    def after(self):
        self.talk()
        settle([self.a, self.b])
        self.talk(stranger=True)

    def run(self, when):
        getattr(self, when)()
        settle([self.a, self.b, self.b_rtcp, *self.stranger.endpoints])
        report = self.client.call('session.delete', id=self.id)
        self.evil = self.b.count(b'evil') + len(self.b_rtcp.read()) + self.a.count(b'evil')
        self.to_stranger = self.stranger.heard()
        self.a_sent, self.at_b = self.a.next, self.b.count()
        self.b_sent, self.at_a = self.b.next, self.a.count()
        self.dropped = report['legs'][0]['drops'].get('source', 0)
        for e in self.a, self.b, self.b_rtcp:
            e.socket.close()
        self.stranger.close()


def main():
    client = Client()
    row = '{:7} {:8} {:3} {:>10} {:>11} {:>11} {:>11} {:>11}  {}'
    print(row.format('latch', 'stranger', 'IP', 'he sent', 'at a party', 'he heard', 'A to B',
                     'B to A', ''))
    for family in 4, 6:
        for latch in 'strict', 'once', 'follow':
            for when in 'before', 'during', 'after':
                cell = Cell(client, family, latch, when)
                cell.run(when)
                safe = latch == 'strict' or (latch == 'once' and when != 'before')
                print(row.format(latch, when, f'v{family}', cell.stranger.sent, cell.evil,
                                 cell.to_stranger, f'{cell.at_b}/{cell.a_sent}',
                                 f'{cell.at_a}/{cell.b_sent}',
                                 'safe' if safe else 'open by its nature'), flush=True)
                if safe:
                    equal(cell.evil, 0, f"{cell.id}: stranger's packets at a party")
                    equal(cell.to_stranger, 0, f'{cell.id}: packets of the call at the stranger')
                    equal(cell.at_b, cell.a_sent, f'{cell.id}: from A to B')
                    equal(cell.at_a, cell.b_sent, f'{cell.id}: from B to A')
                    check(cell.dropped > 0, f'{cell.id}: drops are not counted')
                else:
                    check(cell.evil > 0, f'{cell.id}: the attack is none')
    done()


if __name__ == '__main__':
    main()
