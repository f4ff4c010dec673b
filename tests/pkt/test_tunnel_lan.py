#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A LAN behind tunnels, where tandem is a router: hosts that it finds and does not find, VLANs,
and what is for itself."""
import unittest

from scapy.all import (ARP, ICMP, Dot1Q, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6ND_NA,
                       ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig)
from secure_call import GCM128
from tandem_pkt import IP, UDP, Ether, IPv6, Raw
from tunnel_bed import (HOST, HOST6, HOST_MAC, USER, USER6, TunnelTest, back, echo, echo6, hop, in4,
                        in6, syn, tunnel_config)

OTHER, OTHER6, OTHER_MAC = '10.8.0.99', 'fd00:8::99', '02:00:00:00:00:99'
ALL = 'ff:ff:ff:ff:ff:ff'
OWN, OWN6 = '10.8.0.1', 'fd00:8::1'


class Neighbours(TunnelTest):
    def asked(self, packets, ip):
        """Is there a question for this address among what left by the LAN?"""
        return [p for p in packets if (ARP in p and p[ARP].op == 1 and p[ARP].pdst == ip) or
                (ICMPv6ND_NS in p and p[ICMPv6ND_NS].tgt == ip)]

    def answer(self, ip):
        mac = self.mac('inn')
        if ':' in ip:
            return (Ether(src=OTHER_MAC, dst=mac) / IPv6(src=ip, dst=OWN6, hlim=255) /
                    ICMPv6ND_NA(tgt=ip, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=OTHER_MAC))
        return (Ether(src=OTHER_MAC, dst=mac) /
                ARP(op=2, hwsrc=OTHER_MAC, psrc=ip, hwdst=mac, pdst=OWN))

    def out(self, packet):
        return Ether(src=self.mac('inn'), dst=OTHER_MAC) / hop(packet)

    def test_a_host_is_found(self):
        self.tunnel()
        for make, ip in ((in4, OTHER), (in6, OTHER6)):
            waiting = [make(dst=ip)]
            self.far_end_sends(*waiting)
            got = self.h.tx('inn')
            self.assertEqual(len(self.asked(got, ip)), 1, got)
            self.assertEqual(len(got), 1)
            self.h.rx('inn', [self.answer(ip)])
            self.assert_packets(self.h.tx('inn'), [self.out(p) for p in waiting])
            self.far_end_sends(*waiting * 3)
            self.assert_packets(self.h.tx('inn'), [self.out(p) for p in waiting * 3])
        self.assert_drops({})

    def test_nobody_answers(self):
        self.tunnel()
        self.far_end_sends(in4(dst=OTHER), in6(dst=OTHER6))
        self.sent()
        self.h.advance(4000)
        self.far_end_sends(in4(dst=OTHER), in6(dst=OTHER6))
        told = [g[2] for g in self.sent() if len(g[2]) > 1]
        four = [IP(t) for t in told if t[0] >> 4 == 4]
        six = [IPv6(t) for t in told if t[0] >> 4 == 6]
        self.assertEqual({(p.src, p.dst, p[ICMP].type, p[ICMP].code) for p in four},
                         {(OWN, USER, 3, 1)})
        self.assertEqual({(p.src, p.dst, p[ICMPv6DestUnreach].code) for p in six},
                         {(OWN6, USER6, 3)})

    def test_nowhere_on_this_link(self):
        self.tunnel()
        self.far_end_sends(in4(dst='10.50.0.1'), in6(dst='fd00:50::1'))
        told = [g[2] for g in self.sent()]
        self.assertEqual(len(told), 2)
        four, six = IP(told[0]), IPv6(told[1])
        self.assertEqual((four.dst, four[ICMP].type, four[ICMP].code), (USER, 3, 0))
        self.assertEqual((six.dst, six[ICMPv6DestUnreach].code), (USER6, 0))
        self.assertEqual(self.h.tx('inn'), [])


class Gateway(TunnelTest):
    conf = tunnel_config()
    conf['addresses'][-2]['gateway'] = HOST
    conf['addresses'][-1]['gateway'] = HOST6

    def test_what_is_not_on_the_link(self):
        self.tunnel()
        packets = in4(dst='192.0.2.200'), in6(dst='2001:db8:50::1'), in4()
        self.far_end_sends(*packets)
        self.comes_out(*packets)


class Ours(TunnelTest):
    """What a host on the LAN wants of tandem itself goes into no tunnel."""

    def setUp(self):
        super().setUp()
        self.tunnel(networks=['0.0.0.0/0', '::/0'])
        self.frame = Ether(src=HOST_MAC, dst=self.mac('inn'))

    def test_arp(self):
        self.h.rx('inn', [Ether(src=HOST_MAC, dst=ALL) /
                          ARP(op=1, hwsrc=HOST_MAC, psrc=HOST, pdst=OWN)])
        got = self.h.tx('inn')
        self.assertEqual([(p.dst, p[ARP].op, p[ARP].psrc, p[ARP].hwsrc) for p in got],
                         [(HOST_MAC, 2, OWN, self.mac('inn'))])
        self.assertEqual(self.sent(), [])

    def test_neighbour_discovery(self):
        self.h.rx('inn', [Ether(src=HOST_MAC, dst='33:33:ff:00:00:01') /
                          IPv6(src=HOST6, dst='ff02::1:ff00:1', hlim=255) /
                          ICMPv6ND_NS(tgt=OWN6) / ICMPv6NDOptSrcLLAddr(lladdr=HOST_MAC)])
        got = self.h.tx('inn')
        self.assertEqual([(p.dst, p[IPv6].src, p[ICMPv6ND_NA].tgt) for p in got],
                         [(HOST_MAC, OWN6, OWN6)])
        self.assertEqual(self.sent(), [])

    def test_ping(self):
        self.h.rx('inn', [self.frame / IP(src=HOST, dst=OWN) / echo(),
                          self.frame / IPv6(src=HOST6, dst=OWN6) / echo6()])
        got = self.h.tx('inn')
        self.assertEqual([(p.dst, p.payload.src, p.payload.dst) for p in got],
                         [(HOST_MAC, OWN, HOST), (HOST_MAC, OWN6, HOST6)])
        self.assertEqual(self.sent(), [])

    def test_other_frames(self):
        """For another router, by another protocol, to all."""
        self.host_sends(back(in4()), dst='02:00:00:00:00:77')
        self.host_sends(back(in4()), dst=ALL)
        self.h.rx('inn', [Ether(src=HOST_MAC, dst=self.mac('inn'), type=0x88cc) / bytes(46)])
        self.host_sends(Dot1Q(vlan=7) / back(in4()))
        self.h.rx('inn', [bytes(self.frame)[:13]])
        self.assertEqual(self.sent(), [])
        self.assert_drops({'not_ours': 1, 'inner_group': 1, 'ethertype': 1, 'vlan': 1,
                           'truncated': 1})


class OursFromInside(TunnelTest):
    """What a far end wants of tandem itself, by its address on the LAN."""

    def setUp(self):
        super().setUp()
        self.tunnel(profile=GCM128)

    def test_ping(self):
        for n in range(3):
            self.far_end_sends(in4(echo(n), dst=OWN), in6(echo6(n), dst=OWN6))
            got = [g[2] for g in self.sent()]
            self.assertEqual(len(got), 2)
            four, six = IP(got[0]), IPv6(got[1])
            self.assertEqual((four.src, four.dst, four[ICMP].type, four[ICMP].seq),
                             (OWN, USER, 0, n))
            self.assertEqual(bytes(four[ICMP].payload), b'e' * 8)
            self.assertEqual((six.src, six.dst, six[ICMPv6EchoReply].seq), (OWN6, USER6, n))
        self.assertEqual(self.h.tx('inn'), [])
        self.assert_drops({})

    def test_all_else(self):
        """Is dropped by a name, and nobody is asked for an address of our own."""
        self.far_end_sends(in4(dst=OWN), in6(dst=OWN6), in4(syn(), dst=OWN), in6(syn(), dst=OWN6),
                           in4(Raw(b'f' * 40), dst=OWN, proto=17, flags='MF', id=3),
                           in4(Raw(b'?'), dst=OWN, proto=47))
        self.assertEqual(self.sent() + self.h.tx('inn'), [])
        self.assert_drops({'no_flow': 2, 'protocol': 3, 'fragment': 1})

    def test_no_more_than_so_many(self):
        self.far_end_sends(*[in4(echo(n), dst=OWN) for n in range(300)])
        answered = len(self.sent())
        self.assertGreaterEqual(answered, 90)
        self.assertLessEqual(answered, 110)


class BetweenTunnels(TunnelTest):
    """From one tunnel into another: what can't go on is told to where it came from."""

    def setUp(self):
        super().setUp()
        self.tunnel('t2', networks=['10.9.1.0/24', 'fd00:91::/64'], port=4002, mtu=1300)
        self.tunnel()

    def told(self):
        got = self.sent()
        self.assertEqual([g[0][UDP].dport for g in got], [self.port] * len(got))
        self.assertEqual(self.h.tx('inn'), [])
        return [g[2] for g in got]

    def test_too_big(self):
        self.far_end_sends(in4(echo(size=1400 - 28), dst='10.9.1.2', flags='DF'),
                           in6(echo6(size=1400 - 48), dst='fd00:91::2'))
        got = self.told()
        self.assertEqual(len(got), 2)
        four, six = IP(got[0]), IPv6(got[1])
        self.assertEqual((four.src, four.dst, four[ICMP].type, four[ICMP].code,
                          four[ICMP].nexthopmtu), (OWN, USER, 3, 4, 1300))
        self.assertEqual((six.src, six.dst, six[ICMPv6PacketTooBig].mtu), (OWN6, USER6, 1300))
        self.assert_drops({'tunnel_too_big': 2})

    def test_hops(self):
        self.far_end_sends(in4(dst='10.9.1.2', ttl=1), in6(dst='fd00:91::2', hlim=1))
        got = self.told()
        self.assertEqual([(IP(got[0]).dst, IP(got[0])[ICMP].type), IPv6(got[1]).dst],
                         [(USER, 11), USER6])
        self.assert_drops({'tunnel_hops': 2})


class SmallLan(TunnelTest):
    """Its packets are smaller than those that tunnels carry."""
    conf = tunnel_config()
    conf['interfaces'][-1]['mtu'] = 1280

    def test_cut_where_it_may_be(self):
        self.tunnel(profile=GCM128)
        for size in (1281, 1400):
            packet = in4(echo(size=size - 28), flags=0, id=77)
            self.far_end_sends(packet)
            got = self.h.tx('inn')
            self.assertEqual({(p.dst, p.src) for p in got}, {(HOST_MAC, self.mac('inn'))})
            pieces = [IP(bytes(p[IP])) for p in got]
            self.assertEqual(len(pieces), 2)
            self.assertEqual({(p.id, p.src, p.dst, p.ttl, p.proto) for p in pieces},
                             {(77, USER, HOST, 63, 1)})
            self.assertEqual((pieces[0].frag, str(pieces[0].flags), len(pieces[0]),
                              pieces[1].frag, str(pieces[1].flags)), (0, 'MF', 1276, 157, ''))
            for p in pieces:
                sum_of = p.chksum
                del p.chksum
                self.assertEqual(IP(bytes(p)).chksum, sum_of)
            self.assertEqual(b''.join(bytes(p.payload) for p in pieces), bytes(packet)[20:])
        self.assert_drops({})
        inner = self.far_end()['inner']
        self.assertEqual((inner['rx']['packets'], inner['fragments']), (2, 4))

    def test_else_its_source_is_told(self):
        self.tunnel()
        self.far_end_sends(in4(echo(size=1281 - 28), flags='DF'), in6(echo6(size=1281 - 48)))
        got = [g[2] for g in self.sent()]
        self.assertEqual(len(got), 2)
        four, six = IP(got[0]), IPv6(got[1])
        self.assertEqual((four.dst, four[ICMP].type, four[ICMP].code, four[ICMP].nexthopmtu),
                         (USER, 3, 4, 1280))
        self.assertEqual((six.dst, six[ICMPv6PacketTooBig].mtu), (USER6, 1280))
        self.assertEqual(self.h.tx('inn'), [])
        self.assert_drops({'tunnel_too_big': 2})


class Tagged(TunnelTest):
    conf = tunnel_config()
    conf['interfaces'][-1]['vlan'] = 100

    def test_both_ways(self):
        self.tunnel()
        for packet in (in4(), in6(), in4(echo(size=1400))):
            self.far_end_sends(packet)
            self.assert_packets(self.h.tx('inn'), [
                Ether(src=self.mac('inn'), dst=HOST_MAC) / Dot1Q(vlan=100) / hop(packet)])
            self.host_sends(Dot1Q(vlan=100) / back(packet))
            self.goes_in(back(packet))
        self.host_sends(back(in4()))
        self.assert_drops({'vlan': 1})


if __name__ == '__main__':
    unittest.main()
