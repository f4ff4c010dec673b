#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""IP packets into and out of tunnels, byte for byte: what passes, what does not, and how it is cut,
marked, answered and protected on the way."""
import itertools
import unittest

from scapy.all import (ICMP, TCP, ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6TimeExceeded, IPOption_NOP,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN)
from secure_call import CM80, GCM128
from tandem_pkt import A_MAC, IP, UDP, Ether, IPv6, Raw
from tunnel_bed import (HOST, HOST6, HOST_MAC, KEEPALIVE, OUTER, USER, USER6, TunnelTest, back,
                        echo, echo6, hop, in4, in6, syn)


class Passes(TunnelTest):
    PACKETS = [in4(), in6(), in4(echo()), in6(echo6()), in4(UDP(sport=1, dport=2) / Raw(b'')),
               in4(TCP(sport=1, dport=2, flags='A') / Raw(b'x' * 1300)),
               in4(Raw(b'any protocol'), proto=200), in4(Raw(b''), proto=50),
               in4(UDP() / Raw(b'options'), options=[IPOption_NOP()]),
               in4(Raw(b'f' * 64), proto=17, flags='MF', id=9),
               in4(Raw(b'f' * 30), proto=17, frag=8, id=9),
               in6(IPv6ExtHdrHopByHop(options=[PadN(optdata=b'\0' * 4)]) / UDP() / Raw(b'hop')),
               in6(IPv6ExtHdrDestOpt() / UDP() / Raw(b'options')),
               in6(IPv6ExtHdrFragment(offset=3, m=1, id=7, nh=17) / Raw(b'f' * 16)),
               in6(Raw(b''), nh=59)]

    def both_ways(self):
        packets = [type(p)(bytes(p)) for p in self.PACKETS]
        self.far_end_sends(*packets)
        self.comes_out(*packets)
        packets = [back(p) for p in packets]
        self.host_sends(*packets)
        self.goes_in(*packets)
        self.assert_drops({})

    def test_plain_over_ipv4(self):
        self.tunnel()
        self.both_ways()

    def test_plain_over_ipv6(self):
        self.tunnel(address='lan6')
        self.both_ways()

    def test_srtp(self):
        for profile, address in itertools.product((CM80, GCM128), OUTER):
            with self.subTest(profile=profile, address=address):
                self.tunnel(profile=profile, address=address)
                self.both_ways()
                self.h.rpc('tunnel.delete', id='t1')

    def test_counters(self):
        self.tunnel()
        packets = [in4(), in6(), in4(echo(size=500))]
        self.far_end_sends(*packets, KEEPALIVE)
        self.host_sends(*[back(p) for p in packets[:2]])
        inner = self.far_end()['inner']
        self.assertEqual(inner['rx'], {'packets': 3, 'bytes': sum(len(p) for p in packets)})
        self.assertEqual(inner['tx'], {'packets': 2, 'bytes': sum(len(p) for p in packets[:2])})
        changed = self.h.changes('worker.')
        self.assertEqual((changed['worker.tunnel_in'], changed['worker.tunnel_out'],
                          changed['worker.keepalive_in']), (3, 2, 1))


class Header(TunnelTest):
    """What is around an inner packet."""

    def test_sequence_timestamp_and_ssrc(self):
        self.tunnel()
        got = []
        for _ in range(5):
            self.host_sends(back(in4()))
            got += self.sent()
            self.h.advance(100)
        rtp = [g[1] for g in got]
        self.assertEqual({r[:2] for r in rtp}, {(0x80, 97)})
        self.assertEqual(len({r[4] for r in rtp}), 1)
        for a, b in zip(rtp, rtp[1:]):
            self.assertEqual((b[2] - a[2]) & 0xffff, 1)
            self.assertAlmostEqual((b[3] - a[3]) & 0xffffffff, 800, delta=40)

    def test_random_beginnings(self):
        seen = set()
        for i in range(4):
            self.tunnel(f't{i}', networks=[f'10.9.{i}.0/24'], port=4000 + 2 * i)
            self.host_sends(back(in4(src=f'10.9.{i}.2')))
            seen.add(self.sent()[0][1][2:])
        for field in zip(*seen):
            self.assertEqual(len(set(field)), 4)

    def test_outer_headers(self):
        for address, (own, party) in OUTER.items():
            self.tunnel(address=address)
            packet = back(in4(echo(), tos=46 << 2 | 2))
            self.host_sends(packet)
            outer = self.goes_in(packet)[0][0]
            l3 = outer[IPv6] if ':' in own else outer[IP]
            self.assertEqual((l3.src, l3.dst, outer[UDP].sport, outer[UDP].dport),
                             (own, party, self.local, self.port))
            self.assertEqual(l3.tc if ':' in own else l3.tos, 46 << 2 | 2)
            self.assertEqual(outer.dst, A_MAC)
            again = Ether(bytes(outer))
            del again[UDP].chksum
            if ':' not in own:
                self.assertTrue(outer[IP].flags.DF)
                del again[IP].chksum
            self.assert_packets([outer], [Ether(bytes(again))])
            self.h.rpc('tunnel.delete', id='t1')

    def test_dscp_of_its_own(self):
        self.tunnel(dscp=34)
        self.host_sends(back(in4(tos=46 << 2 | 1)), back(in6(tc=3)))
        self.assertEqual([g[0][IP].tos for g in self.sent()], [34 << 2 | 1, 34 << 2 | 3])

    def test_payload_type(self):
        self.tunnel(payload_type=111)
        self.host_sends(back(in4()))
        self.assertEqual(self.sent()[0][1][1], 111)
        self.far_end_sends(in4(), pt=111)
        self.comes_out(in4())
        self.far_end_sends(in4(), in4(), pt=97)
        self.comes_out()
        self.assert_drops({'tunnel_payload_type': 2})

    def test_any_payload_type(self):
        self.tunnel(pt_strict=False)
        self.far_end_sends(in4(), pt=0)
        self.far_end_sends(in4(), pt=127)
        self.comes_out(in4(), in4())
        self.assert_drops({})

    def test_what_rtp_may_have(self):
        """CSRC list, extension, marker; padding of four; then its payload has bytes behind."""
        self.tunnel()
        inner = bytes(in4())
        self.far_end_sends(inner, first=0x82, more=b'CSRCcsrc')
        self.far_end_sends(inner, first=0x90, more=b'\xbe\xde\0\1ext!')
        self.far_end_sends(inner, pt=0x80 | 97)
        self.far_end_sends(inner + b'\0\0\0\4', first=0xa0)
        self.far_end_sends(inner + b'behind it')
        self.comes_out(*[in4()] * 5)
        self.assert_drops({})


class Faults(TunnelTest):
    """What a far end may send that is no packet for anybody."""

    def refused(self, drops, *payloads, **how):
        self.far_end_sends(*payloads, **how)
        self.comes_out()
        self.assert_drops(drops)

    def test_framing(self):
        self.tunnel()
        inner = bytes(in4())
        self.refused({'tunnel_framing': 6}, b'', b'\1', b'\0\0', b'\x55' + inner[1:],
                     b'\xf0' + inner[1:], b'\0' * 40)

    def test_lengths(self):
        self.tunnel()
        inner, inner6 = bytes(in4()), bytes(in6())
        self.refused({'tunnel_truncated': 6}, inner[:-1], inner[:20], inner[:19], inner[:1] + b'',
                     inner6[:-1], inner6[:39])
        self.refused({'tunnel_header': 3}, b'\x44' + inner[1:], b'\x4f' + inner[1:],
                     inner[:2] + b'\0\x13' + inner[4:])

    def test_addresses_of_no_packet(self):
        self.tunnel()
        mapped = in6(src='::ffff:10.9.0.2')
        self.refused({'tunnel_header': 2}, mapped, in6(dst='::ffff:10.8.0.7'))
        bad = bytearray(bytes(in4()))
        bad[10] ^= 1
        self.refused({'tunnel_header': 1}, bytes(bad))

    def test_sources(self):
        self.tunnel()
        self.refused({'tunnel_source': 4}, in4(src='10.9.1.2'), in4(src='10.8.0.7'),
                     in4(src='192.0.2.1'), in6(src='fd00:8::7'))
        self.refused({'tunnel_header': 8}, *[in4(src=a) for a in (
            '0.0.0.0', '127.0.0.1', '169.254.0.1', '224.0.0.1', '255.255.255.255')],
            in4(dst='127.0.0.1'), in6(src='fe80::1'), in6(src='::1'))

    def test_groups(self):
        self.tunnel()
        self.refused({'tunnel_group': 4}, in4(dst='224.0.0.251'), in4(dst='255.255.255.255'),
                     in6(dst='ff02::1'), in6(dst='ff0e::1'))

    def test_families(self):
        self.tunnel(families='ipv4', networks=['10.9.0.0/24'])
        self.refused({'tunnel_family': 1}, in6())
        self.far_end_sends(in4())
        self.comes_out(in4())

    def test_a_stranger(self):
        self.tunnel(latch='strict')
        self.h.rx('lan', [self.wrapped(in4(), src='10.0.0.66'), self.wrapped(in4(), port=4001)])
        self.comes_out()
        self.assert_drops({'source': 2})

    def test_from_the_lan(self):
        self.tunnel()
        cut = Ether(bytes(Ether(src=HOST_MAC, dst=self.mac('inn')) / back(in4()))[:-3])
        self.h.rx('inn', [cut])
        self.host_sends(back(in4(src='10.10.0.1')), back(in6(src='fd00:a::1')))
        self.host_sends(in4(src=HOST, dst='224.0.0.5'), in6(src=HOST6, dst='ff02::5'),
                        dst='01:00:5e:00:00:05')
        self.host_sends(in4(src='127.0.0.1', dst=USER), in6(src='fe80::7', dst=USER6))
        self.assertEqual(self.sent(), [])
        self.assert_drops({'truncated': 1, 'inner_no_route': 2, 'inner_group': 2,
                           'inner_address': 2})

    def test_no_route(self):
        """Told to whoever sent it, as a router tells it; not to what no error may answer."""
        self.tunnel()
        four, six = back(in4(src='10.10.0.1')), back(in6(src='fd00:a::1'))
        self.host_sends(four, six,
                        back(in4(ICMP(type=3, code=1) / Raw(b'q' * 28), src='10.10.0.1')),
                        back(in4(Raw(b'f' * 40), src='10.10.0.1', proto=17, frag=20)),
                        back(in6(ICMPv6TimeExceeded() / Raw(b'q' * 48), src='fd00:a::1')))
        want4 = (Ether(src=self.mac('inn'), dst=HOST_MAC) /
                 IP(src='10.8.0.1', dst=HOST, ttl=64, tos=0xc0, flags='DF', id=0) /
                 ICMP(type=3, code=0) / Raw(bytes(four)))
        want6 = (Ether(src=self.mac('inn'), dst=HOST_MAC) /
                 IPv6(src='fd00:8::1', dst=HOST6, hlim=64, tc=0xc0) /
                 ICMPv6DestUnreach(code=0) / Raw(bytes(six)))
        self.assert_packets(self.h.tx('inn'), [want4, want6])
        self.assertEqual(self.sent(), [])
        self.assert_drops({'inner_no_route': 5})

    def test_no_route_no_more_than_so_many(self):
        self.host_sends(*[back(in4(src='10.10.0.1'))] * 200)
        self.assertEqual(len(self.h.tx('inn')), 16)
        self.assert_drops({'inner_no_route': 200, 'punt_limited': 180})

    def test_hops(self):
        self.tunnel()
        self.far_end_sends(in4(ttl=1), in6(hlim=1), in4(ttl=2))
        self.comes_out(in4(ttl=2))
        told = [g[2] for g in self.sent()]
        self.assertEqual(len(told), 2)
        four, six = IP(told[0]), IPv6(told[1])
        self.assertEqual((four.dst, four[ICMP].type, four[ICMP].code), (USER, 11, 0))
        self.assertEqual((four.src, six.src), ('10.8.0.1', 'fd00:8::1'))
        self.assertEqual(six.dst, USER6)
        self.assertIn(ICMPv6TimeExceeded, six)
        self.assert_drops({'tunnel_hops': 2})


class Congestion(TunnelTest):
    """RFC 6040 figure 4."""
    NOT, ECT1, ECT0, CE = range(4)

    def test_out_of_the_tunnel(self):
        self.tunnel()
        for inner, outer in itertools.product(range(4), repeat=2):
            want = {self.NOT: self.NOT, self.CE: self.CE}.get(inner, inner)
            if inner in (self.ECT0, self.ECT1) and outer == self.CE:
                want = self.CE
            if inner == self.ECT0 and outer == self.ECT1:
                want = self.ECT1
            with self.subTest(inner=inner, outer=outer):
                self.far_end_sends(in4(tos=10 << 2 | inner), in6(tc=10 << 2 | inner), tos=outer)
                if inner == self.NOT and outer == self.CE:
                    self.comes_out()
                    self.assert_drops({'tunnel_ecn': 2})
                else:
                    self.comes_out(in4(tos=10 << 2 | want), in6(tc=10 << 2 | want))
                    self.assert_drops({})

    def test_into_the_tunnel(self):
        self.tunnel()
        for ecn in range(4):
            self.host_sends(back(in4(tos=ecn)), back(in6(tc=ecn)))
            self.assertEqual([g[0][IP].tos for g in self.sent()], [ecn, ecn])


class Size(TunnelTest):
    def test_as_large_as_fits(self):
        self.tunnel(mtu=1400)
        packets = [back(in4(echo(size=1400 - 28), flags='DF')), back(in6(echo6(size=1400 - 48)))]
        self.host_sends(*packets)
        self.goes_in(*packets)
        self.assert_drops({})

    def test_told_to_send_less(self):
        self.tunnel(mtu=1400)
        four = back(in4(echo(size=1401 - 28), flags='DF'))
        six = back(in6(echo6(size=1401 - 48)))
        self.host_sends(four, six)
        self.assertEqual(self.sent(), [])
        got = self.h.tx('inn')
        want4 = (Ether(src=self.mac('inn'), dst=HOST_MAC) /
                 IP(src='10.8.0.1', dst=HOST, ttl=64, tos=0xc0, flags='DF', id=0) /
                 ICMP(type=3, code=4, nexthopmtu=1400) / Raw(bytes(four)[:576 - 28]))
        want6 = (Ether(src=self.mac('inn'), dst=HOST_MAC) /
                 IPv6(src='fd00:8::1', dst=HOST6, hlim=64, tc=0xc0) /
                 ICMPv6PacketTooBig(mtu=1400) / Raw(bytes(six)[:1280 - 48]))
        self.assert_packets(got, [want4, want6])
        self.assert_drops({'tunnel_too_big': 2})

    def test_what_is_never_told(self):
        self.tunnel(mtu=1400)
        self.host_sends(back(in4(ICMP(type=3, code=1) / Raw(b'q' * 1500), flags='DF')),
                        back(in4(Raw(b'f' * 1480), proto=17, flags='DF', frag=200)),
                        back(in6(ICMPv6PacketTooBig(mtu=1280) / Raw(b'q' * 1400))))
        self.assertEqual(self.sent() + self.h.tx('inn'), [])
        self.assert_drops({'tunnel_too_big': 3})

    def reassembled(self, pieces):
        """By the book; a hole or an overlap would show."""
        data, last = {}, None
        for p in pieces:
            body = bytes(p)[4 * p.ihl:]
            data[8 * p.frag] = body
            if not p.flags.MF:
                last = 8 * p.frag + len(body)
        whole, at = b'', 0
        while at in data:
            whole += data[at]
            at += len(data[at])
        self.assertEqual((len(data), len(whole)), (len(pieces), last))
        return whole

    def test_cut_where_it_may_be(self):
        self.tunnel(mtu=600)
        for size in (601 - 28, 1500 - 28, 1900):
            packet = back(in4(echo(size=size), flags=0, id=77))
            self.host_sends(packet)
            pieces = [IP(g[2]) for g in self.sent()]
            self.assertGreater(len(pieces), 1)
            self.assertEqual({(p.id, p.src, p.dst, p.ttl, p.proto) for p in pieces},
                             {(77, HOST, USER, 63, 1)})
            for p in pieces:
                self.assertLessEqual(len(p), 600)
                self.assertEqual(p.len, len(p))
                sum_of = p.chksum
                del p.chksum
                self.assertEqual(IP(bytes(p)).chksum, sum_of)
            self.assertEqual(self.reassembled(pieces), bytes(packet)[20:])
        self.assert_drops({})
        inner = self.far_end()['inner']
        self.assertEqual((inner['tx']['packets'], inner['fragments']), (3, 2 + 3 + 4))

    def test_outer_packets_fit_the_link(self):
        """What fits by `auto` fits with all that is around it."""
        for profile, address in itertools.product((None, CM80, GCM128), OUTER):
            self.tunnel(profile=profile, address=address)
            mtu = self.far_end()['mtu']
            tag = {None: 0, CM80: 10, GCM128: 16}[profile]
            want = 1500 - (60 if address == 'lan6' else 40) - tag
            with self.subTest(profile=profile, address=address):
                self.assertEqual(mtu, want)
                self.host_sends(back(in4(echo(size=mtu - 28), flags='DF')))
                got = self.sent()
                self.assertEqual(len(bytes(got[0][0])) - 14, 1500)
            self.h.rpc('tunnel.delete', id='t1')

    def test_mss_both_ways(self):
        self.tunnel(mtu=1300)
        want = {in4: 1260, in6: 1240}
        for make, mss in want.items():
            for flags in ('S', 'SA'):
                self.far_end_sends(make(syn(flags=flags)))
                self.comes_out(make(syn(mss, flags=flags)))
                self.host_sends(back(make(syn(flags=flags))))
                self.goes_in(back(make(syn(mss, flags=flags))))
            self.host_sends(back(make(syn(500))), back(make(syn(flags='A'))))
            self.goes_in(back(make(syn(500))), back(make(syn(flags='A'))))

    def test_mss_left_alone(self):
        self.tunnel(mtu=1300, mss_clamp=False)
        self.host_sends(back(in4(syn())))
        self.goes_in(back(in4(syn())))


if __name__ == '__main__':
    unittest.main()
