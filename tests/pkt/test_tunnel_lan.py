#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A LAN behind tunnels, where tandem is a router: hosts that it finds and does not find, VLANs,
and what is for itself."""
import unittest

from scapy.all import (ARP, ICMP, Dot1Q, ICMPv6DestUnreach, ICMPv6ND_NA, ICMPv6ND_NS,
                       ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr)
from tandem_pkt import IP, Ether, IPv6
from tunnel_bed import (HOST, HOST6, HOST_MAC, USER, USER6, TunnelTest, back, echo, echo6, hop, in4,
                        in6, tunnel_config)

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
