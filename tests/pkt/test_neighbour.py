#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The NIC is ours: ARP, neighbour discovery, echo, gateways, and packets that wait for a MAC."""
import unittest

from tandem_pkt import (A_IP, A_LOCAL, A_MAC, ARP, B_IP, B_LOCAL, B_MAC, Ether, ICMPv6ND_NA,
                        ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IP, IPv6,
                        PacketTest, Raw, UDP, config, rtp)
from scapy.all import ICMP, ICMPv6EchoReply, ICMPv6EchoRequest

BROADCAST = 'ff:ff:ff:ff:ff:ff'


def arps(packets):
    return [p for p in packets if ARP in p]


class Answers(PacketTest):
    def test_arp(self):
        self.h.rx('lan', [Ether(src=A_MAC, dst=BROADCAST) /
                          ARP(op=1, hwsrc=A_MAC, psrc=A_IP, pdst=A_LOCAL)])
        mac = self.mac('lan')
        want = Ether(src=mac, dst=A_MAC) / ARP(op=2, hwsrc=mac, psrc=A_LOCAL, hwdst=A_MAC,
                                               pdst=A_IP)
        got = self.h.tx('lan')
        self.assertEqual(len(got), 1)
        self.assertEqual(bytes(got[0])[:42].hex(), bytes(want).hex())

    def test_arp_for_others_is_left_alone(self):
        self.h.rx('lan', [Ether(src=A_MAC, dst=BROADCAST) /
                          ARP(op=1, hwsrc=A_MAC, psrc=A_IP, pdst='10.0.0.77')])
        self.assertEqual(self.h.tx('lan'), [])
        self.assert_drops({'not_ours': 1})

    def test_neighbour_solicitation(self):
        self.h.rx('wan', [Ether(src=B_MAC, dst='33:33:ff:00:00:01') /
                          IPv6(src=B_IP, dst='ff02::1:ff00:1', hlim=255) /
                          ICMPv6ND_NS(tgt=B_LOCAL) / ICMPv6NDOptSrcLLAddr(lladdr=B_MAC)])
        mac = self.mac('wan')
        got = self.h.tx('wan')
        self.assertEqual(len(got), 1)
        na = got[0][ICMPv6ND_NA]
        self.assertEqual((got[0].dst, got[0][IPv6].src, got[0][IPv6].dst, got[0][IPv6].hlim),
                         (B_MAC, B_LOCAL, B_IP, 255))
        self.assertEqual((na.tgt, na.S, na.R), (B_LOCAL, 1, 0))
        self.assertEqual(got[0][ICMPv6NDOptDstLLAddr].lladdr, mac)
        again = got[0].copy()
        del again[ICMPv6ND_NA].cksum
        self.assertEqual(Ether(bytes(again))[ICMPv6ND_NA].cksum, na.cksum)

    def test_solicitations_from_beyond_the_link(self):
        self.h.rx('wan', [Ether(src=B_MAC, dst='33:33:ff:00:00:01') /
                          IPv6(src=B_IP, dst='ff02::1:ff00:1', hlim=254) /
                          ICMPv6ND_NS(tgt=B_LOCAL) / ICMPv6NDOptSrcLLAddr(lladdr=B_MAC)])
        self.assertEqual(self.h.tx('wan'), [])

    def test_echo(self):
        self.h.rx('lan', [Ether(src=A_MAC, dst=self.mac('lan')) / IP(src=A_IP, dst=A_LOCAL) /
                          ICMP(id=7, seq=3) / Raw(b'hello')])
        got = self.h.tx('lan')
        self.assertEqual(len(got), 1)
        self.assertEqual((got[0].dst, got[0][IP].src, got[0][IP].dst), (A_MAC, A_LOCAL, A_IP))
        self.assertEqual((got[0][ICMP].type, got[0][ICMP].id, got[0][ICMP].seq,
                          bytes(got[0][ICMP].payload)[:5]), (0, 7, 3, b'hello'))

    def test_echo6(self):
        self.h.rx('wan', [Ether(src=B_MAC, dst=self.mac('wan')) / IPv6(src=B_IP, dst=B_LOCAL) /
                          ICMPv6EchoRequest(id=7, seq=3, data=b'hello')])
        got = self.h.tx('wan')
        self.assertEqual(len(got), 1)
        r = got[0][ICMPv6EchoReply]
        self.assertEqual((r.id, r.seq, r.data[:5]), (7, 3, b'hello'))

    def test_a_flood_is_limited(self):
        ask = Ether(src=A_MAC, dst=BROADCAST) / ARP(op=1, hwsrc=A_MAC, psrc=A_IP, pdst=A_LOCAL)
        self.h.rx('lan', [ask] * 4000)
        answered = len(self.h.tx('lan'))
        drops = self.h.changes()
        self.assertLess(answered, 1000)
        self.assertGreater(drops['drop.punt_limited'], 3000)
        self.h.advance(1000)
        self.h.rx('lan', [ask])
        self.assertEqual(len(self.h.tx('lan')), 1)


class Asks(PacketTest):
    conf = config(neighbours=[{'interface': 'wan', 'ip': B_IP, 'mac': B_MAC}])

    def create(self, ip='10.0.0.50', port=4000):
        answer = self.h.rpc('session.create', id='c', legs=[
            {'address': 'lan4', 'remote': {'ip': ip, 'port': port}},
            {'address': 'wan6', 'remote': {'ip': B_IP, 'port': 5004}}])
        return [leg['local']['port'] for leg in answer['legs']]

    def from_b(self, local, seq):
        return (Ether(src=B_MAC, dst=self.mac('wan')) / IPv6(src=B_IP, dst=B_LOCAL, hlim=64) /
                UDP(sport=5004, dport=local[1]) / Raw(rtp(seq)))

    def reply(self, mac='02:00:00:00:00:50', ip='10.0.0.50'):
        return (Ether(src=mac, dst=self.mac('lan')) /
                ARP(op=2, hwsrc=mac, psrc=ip, hwdst=self.mac('lan'), pdst=A_LOCAL))

    def state(self, ip='10.0.0.50'):
        for n in self.h.rpc('neighbour.list')['neighbours']:
            if n['ip'] == ip:
                return n
        return None

    def test_at_creation_and_packets_wait(self):
        local = self.create()
        got = self.h.tx('lan')
        self.assertEqual(len(got), 1)
        self.assertEqual((got[0].dst, got[0][ARP].op, got[0][ARP].pdst, got[0][ARP].psrc),
                         (BROADCAST, 1, '10.0.0.50', A_LOCAL))
        self.h.rx('wan', [self.from_b(local, i) for i in range(5)])
        self.assertEqual([p for p in self.h.tx('lan') if IP in p], [])
        self.h.rx('lan', [self.reply()])
        got = [p for p in self.h.tx('lan') if IP in p]
        self.assertEqual([bytes(p[UDP].payload) for p in got], [rtp(i) for i in range(5)])
        self.assertEqual({p.dst for p in got}, {'02:00:00:00:00:50'})
        self.assertEqual(self.state()['state'], 'reachable')

    def test_nobody_answers(self):
        self.create()
        self.h.advance(10000)
        self.assertGreaterEqual(len(arps(self.h.tx('lan'))), 3)
        self.assertEqual(self.state()['state'], 'failed')
        # It is asked again now and then, and comes back; an answer long after is none.
        for _ in range(400):
            self.h.advance(100)
            if arps(self.h.tx('lan')):
                break
        else:
            self.fail('not asked again within 40 s')
        self.h.rx('lan', [self.reply()])
        self.assertEqual(self.state()['state'], 'reachable')

    def test_nothing_is_learned_unasked(self):
        self.h.rx('lan', [self.reply(), self.reply(ip='10.0.0.51')])
        self.h.rx('lan', [Ether(src=A_MAC, dst=BROADCAST) /
                          ARP(op=1, hwsrc=A_MAC, psrc='10.0.0.52', pdst=A_LOCAL)])
        self.assertEqual([n['ip'] for n in self.h.rpc('neighbour.list')['neighbours']], [B_IP])

    def test_an_answer_nobody_asked_for_moves_nothing(self):
        self.create()
        self.h.rx('lan', [self.reply()])
        self.h.tx('lan')
        self.h.rx('lan', [self.reply(mac='02:00:00:00:00:66')])
        self.assertEqual(self.state()['mac'], '02:00:00:00:00:50')

    def test_it_is_asked_again_before_it_grows_old(self):
        self.create()
        self.h.rx('lan', [self.reply()])
        self.h.tx('lan')
        self.h.advance(45000)
        got = arps(self.h.tx('lan'))
        self.assertGreaterEqual(len(got), 1)
        self.assertEqual(got[0].dst, '02:00:00:00:00:50')

    def test_the_session_ends_and_the_entry_goes_when_unused(self):
        self.create()
        self.h.rx('lan', [self.reply()])
        self.assertEqual(self.state()['refs'] > 0, True)
        self.h.rpc('session.delete', id='c')
        self.h.advance(1)
        state = self.state()
        self.assertTrue(state is None or state['refs'] == 0)


class Gateway(PacketTest):
    conf = config(
        addresses=[{'name': 'lan4', 'interface': 'lan', 'ip': A_LOCAL + '/24',
                    'gateway': '10.0.0.254', 'ports': {'min': 20000, 'max': 20999}},
                   {'name': 'wan6', 'interface': 'wan', 'ip': B_LOCAL + '/64',
                    'gateway': 'fe80::1', 'ports': {'min': 30000, 'max': 30999}}],
        routes=[{'interface': 'lan', 'prefix': '172.16.0.0/12', 'gateway': '10.0.0.253'}],
        neighbours=[])

    def asked(self, a, b):
        self.h.rpc('session.create', id=a + b, legs=[
            {'address': 'lan4', 'remote': {'ip': a, 'port': 4000}},
            {'address': 'wan6', 'remote': {'ip': b, 'port': 5004}}])
        return ([p[ARP].pdst for p in self.h.tx('lan') if ARP in p],
                [p[ICMPv6ND_NS].tgt for p in self.h.tx('wan') if ICMPv6ND_NS in p])

    def test_who_is_asked(self):
        self.assertEqual(self.asked('10.0.0.9', '2001:db8::77'), (['10.0.0.9'], ['2001:db8::77']))
        self.assertEqual(self.asked('198.51.100.1', '2001:db8:1::1'), (['10.0.0.254'], ['fe80::1']))
        self.assertEqual(self.asked('172.16.5.5', '2001:db8:2::1'), (['10.0.0.253'], []))


if __name__ == '__main__':
    unittest.main()
