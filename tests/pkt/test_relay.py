#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What goes out for what comes in: families, ports, headers, RTCP's ways, hold, MTU, VLAN."""
import itertools
import unittest

from tandem_pkt import (A_IP, A_LOCAL, A_MAC, B4_IP, B4_LOCAL, B_IP, B_LOCAL, B_MAC, Dot1Q, Ether,
                        IP, IPv6, PacketTest, Raw, UDP, config, rtcp, rtp)
from scapy.all import ICMP, ICMPv6PacketTooBig

# address: (its own ip, party's ip, party's MAC, port)
SIDES = {
    'lan4': (A_LOCAL, A_IP, A_MAC, 'lan'),
    'lan6': ('fd00::1', 'fd00::2', A_MAC, 'lan'),
    'wan4': (B4_LOCAL, B4_IP, B_MAC, 'wan'),
    'wan6': (B_LOCAL, B_IP, B_MAC, 'wan'),
}


class CallTest(PacketTest):
    def call(self, a='lan4', b='wan6', leg_a=None, leg_b=None, session='call-1',
             **more_params):
        legs = []
        for address, more, port in ((a, leg_a, 4000), (b, leg_b, 5004)):
            leg = {'address': address, 'remote': {'ip': SIDES[address][1], 'port': port}}
            leg.update(more or {})
            legs.append(leg)
        answer = self.h.rpc('session.create', id=session, legs=legs, **more_params)
        self.sides = (a, b)
        self.local = [leg['local']['port'] for leg in answer['legs']]
        self.party = [4000, 5004]
        return answer

    def packet_in(self, leg, payload, ttl=64, tos=0, df=True, ident=0, rtcp_port=False, **udp):
        """From the party of a leg to tandem."""
        own, party, mac, port = SIDES[self.sides[leg]]
        off = 1 if rtcp_port else 0
        l3 = (IPv6(src=party, dst=own, hlim=ttl, tc=tos) if ':' in own else
              IP(src=party, dst=own, ttl=ttl, tos=tos, flags='DF' if df else 0, id=ident))
        return (Ether(src=mac, dst=self.mac(port)) / l3 /
                UDP(**{'sport': self.party[leg] + off, 'dport': self.local[leg] + off, **udp}) /
                Raw(payload))

    def packet_out(self, leg, payload, ttl=63, tos=0, df=True, ident=0, from_port=None,
                   to_port=None, **udp):
        """From tandem to the party of a leg."""
        own, party, mac, port = SIDES[self.sides[leg]]
        l3 = (IPv6(src=own, dst=party, hlim=ttl, tc=tos) if ':' in own else
              IP(src=own, dst=party, ttl=ttl, tos=tos, flags='DF' if df else 0, id=ident))
        return (Ether(src=self.mac(port), dst=mac) / l3 /
                UDP(sport=from_port or self.local[leg], dport=to_port or self.party[leg], **udp) /
                Raw(payload))

    def device(self, leg):
        return SIDES[self.sides[leg]][3]

    def send(self, leg, *packets):
        self.h.rx(self.device(leg), packets)

    def expect(self, leg, *packets):
        self.assert_packets(self.h.tx(self.device(leg)), packets)


class Families(CallTest):
    def test_every_pair_of_families_both_ways(self):
        for a, b in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            with self.subTest(a=a, b=b):
                self.call(a, b)
                for payload in (rtp(1), rtp(2, payload=b'y' * 7), rtp(3, payload=b'')):
                    df = a != 'lan6' or b != 'wan4'
                    self.send(0, self.packet_in(0, payload))
                    got = self.h.tx('wan')
                    self.assertEqual(len(got), 1)
                    ident = got[0][IP].id if IP in got[0] else 0
                    self.assert_packets(got, [self.packet_out(1, payload, df=df, ident=ident)])
                    self.send(1, self.packet_in(1, payload))
                    df = b != 'wan6' or a != 'lan4'
                    got = self.h.tx('lan')
                    ident = got[0][IP].id if IP in got[0] else 0
                    self.assert_packets(got, [self.packet_out(0, payload, df=df, ident=ident)])
                self.h.rpc('session.delete', id='call-1')
                self.assert_drops({})

    def test_one_interface_both_legs(self):
        self.call('wan4', 'wan6')
        self.send(0, self.packet_in(0, rtp(1)))
        self.expect(1, self.packet_out(1, rtp(1)))


class Headers(CallTest):
    def test_hop_limit_counts_down(self):
        self.call('lan4', 'wan4')
        self.send(0, *[self.packet_in(0, rtp(i), ttl=ttl) for i, ttl in ((1, 255), (2, 2))])
        self.expect(1, self.packet_out(1, rtp(1), ttl=254), self.packet_out(1, rtp(2), ttl=1))
        self.send(0, self.packet_in(0, rtp(3), ttl=1), self.packet_in(0, rtp(4), ttl=0))
        self.expect(1)
        self.assert_drops({'ttl': 2})

    def test_dscp_and_ecn_are_kept(self):
        self.call()
        tos = [46 << 2 | 1, 34 << 2 | 3, 2, 0]
        self.send(0, *[self.packet_in(0, rtp(i), tos=t) for i, t in enumerate(tos)])
        self.expect(1, *[self.packet_out(1, rtp(i), tos=t) for i, t in enumerate(tos)])

    def test_dscp_of_a_leg_is_what_it_is_sent(self):
        self.call(leg_a={'dscp': 10}, leg_b={'dscp': 46})
        self.send(0, self.packet_in(0, rtp(1), tos=8 << 2 | 3))
        self.expect(1, self.packet_out(1, rtp(1), tos=46 << 2 | 3))
        self.send(1, self.packet_in(1, rtp(1), tos=1))
        got = self.h.tx('lan')
        self.assertEqual((got[0][IP].tos, got[0][UDP].chksum), (10 << 2 | 1, self.checksum(got[0])))

    @staticmethod
    def checksum(p):
        want = p.copy()
        del want[UDP].chksum
        return Ether(bytes(want))[UDP].chksum

    def test_dont_fragment_is_kept(self):
        self.call('lan4', 'wan4')
        self.send(0, self.packet_in(0, rtp(1), df=False, ident=77))
        got = self.h.tx('wan')
        self.assertEqual(str(got[0][IP].flags), '')
        self.assert_packets(got, [self.packet_out(1, rtp(1), df=False, ident=got[0][IP].id)])

    def test_no_udp_checksum(self):
        """IPv4 may go without; IPv6 may not, so one is made."""
        self.call('lan4', 'wan6')
        self.send(0, self.packet_in(0, rtp(1), chksum=0))
        self.expect(1, self.packet_out(1, rtp(1)))
        self.h.rpc('session.delete', id='call-1')
        self.call('lan4', 'wan4')
        self.send(0, self.packet_in(0, rtp(1), chksum=0))
        self.expect(1, self.packet_out(1, rtp(1), chksum=0))

    def test_checksum_that_comes_out_as_zero_is_sent_as_ones(self):
        self.call('lan4', 'wan4')
        payload = rtp(1, payload=b'\0\0')
        base = UDP(bytes(self.packet_out(1, payload)[UDP])).chksum
        payload = rtp(1, payload=base.to_bytes(2, 'big'))
        self.send(0, self.packet_in(0, payload))
        got = self.h.tx('wan')
        self.assertEqual(got[0][UDP].chksum, 0xffff)
        self.assert_packets(got, [self.packet_out(1, payload)])

    def test_link_padding_is_not_sent_on(self):
        self.call()
        p = Ether(bytes(self.packet_in(0, rtp(1, payload=b''))) + b'\xee' * 20)
        self.send(0, p)
        self.expect(1, self.packet_out(1, rtp(1, payload=b'')))

    def test_udp_length_shorter_than_ip(self):
        """What follows the UDP datagram inside the IP packet belongs to nobody."""
        self.call('lan4', 'wan4')
        p = self.packet_in(0, rtp(1))
        inner = Ether(bytes(p))
        inner[IP].len += 4
        del inner[IP].chksum
        self.send(0, Ether(bytes(inner) + b'junk'))
        self.expect(1, self.packet_out(1, rtp(1)))
        self.h.rpc('session.delete', id='call-1')
        self.call('lan6', 'wan6')
        inner = Ether(bytes(self.packet_in(0, rtp(1))))
        inner[IPv6].plen += 4
        self.send(0, Ether(bytes(inner) + b'junk'))
        self.expect(1, self.packet_out(1, rtp(1)))


class Rtcp(CallTest):
    def relay_rtcp(self, mode_a, mode_b):
        self.call(leg_a={'rtcp': mode_a}, leg_b={'rtcp': mode_b})
        for frm, to, mode_from, mode_to in ((0, 1, mode_a, mode_b), (1, 0, mode_b, mode_a)):
            self.send(frm, self.packet_in(frm, rtp(1)))
            self.assertEqual(len(self.h.tx(self.device(to))), 1)
            if mode_from == 'none':
                continue
            self.send(frm, self.packet_in(frm, rtcp(), rtcp_port=mode_from == 'next'))
            got = self.h.tx(self.device(to))
            if mode_to == 'none':
                self.assert_packets(got, [])
                self.assert_drops({'rtcp_unwanted': 1})
                continue
            off = 1 if mode_to == 'next' else 0
            ident = got[0][IP].id if IP in got[0] else 0
            self.assert_packets(got, [self.packet_out(
                to, rtcp(), from_port=self.local[to] + off, to_port=self.party[to] + off,
                df=to == 1, ident=ident)])
        self.assert_drops({})
        self.h.rpc('session.delete', id='call-1')

    def test_every_mix(self):
        for a, b in itertools.product(('next', 'mux', 'none'), repeat=2):
            with self.subTest(a=a, b=b):
                self.relay_rtcp(a, b)

    def test_explicit_rtcp_port(self):
        self.call(leg_b={'remote': {'ip': B_IP, 'port': 5004, 'rtcp_port': 6001}})
        self.send(0, self.packet_in(0, rtcp(), rtcp_port=True))
        self.expect(1, self.packet_out(1, rtcp(), from_port=self.local[1] + 1, to_port=6001))

    def test_rtp_at_the_rtcp_port(self):
        self.call()
        self.send(0, self.packet_in(0, rtp(1), rtcp_port=True))
        self.expect(1)
        self.assert_drops({'rtp_on_rtcp': 1})


class Kinds(CallTest):
    # What shares a port with RTP (RFC 7983) and passes: STUN, DTLS.
    STUN = bytes.fromhex('000100002112a442') + bytes(12)
    DTLS = bytes.fromhex('16feff0000000000000000') + b'\0\4' + b'abcd'

    def test_rtp_takes_media_only(self):
        self.call()
        good = [rtp(1), self.STUN, self.DTLS]
        bad = [b'', b'\x80', b'hello world, this is no media', b'\x40' * 40, b'\0' * 40]
        self.send(0, *[self.packet_in(0, p) for p in good + bad])
        self.expect(1, *[self.packet_out(1, p) for p in good])
        self.assert_drops({'not_media': len(bad)})

    def test_udp_takes_everything(self):
        self.call(kind='udp', leg_a={'rtcp': 'none'}, leg_b={'rtcp': 'none'})
        payloads = [b'', b'\0', b'UDPTL', rtp(1), rtcp(), b'\x80' * 3]
        self.send(0, *[self.packet_in(0, p) for p in payloads])
        self.expect(1, *[self.packet_out(1, p) for p in payloads])
        self.assert_drops({})


class State(CallTest):
    def test_hold_and_back(self):
        self.call(leg_b={'hold': True})
        self.send(0, self.packet_in(0, rtp(1)))
        self.send(1, self.packet_in(1, rtp(1)))
        self.expect(1)
        self.assertEqual(len(self.h.tx('lan')), 1)
        self.assert_drops({'hold': 1})
        self.h.rpc('session.update', id='call-1', legs=[{}, {'hold': False}])
        self.send(0, self.packet_in(0, rtp(2)))
        self.expect(1, self.packet_out(1, rtp(2)))

    def test_far_end_not_known_yet(self):
        self.call()
        self.h.rpc('session.delete', id='call-1')
        answer = self.h.rpc('session.create', id='call-1', legs=[
            {'address': 'lan4', 'remote': {'ip': A_IP, 'port': 4000}}, {'address': 'wan6'}])
        self.local = [leg['local']['port'] for leg in answer['legs']]
        self.send(0, self.packet_in(0, rtp(1)))
        self.send(1, self.packet_in(1, rtp(1)))
        self.expect(1)
        self.expect(0)
        self.assert_drops({'no_remote': 1, 'source': 1})
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': B_IP, 'port': 5004}}])
        self.send(0, self.packet_in(0, rtp(2)))
        self.expect(1, self.packet_out(1, rtp(2)))

    def test_after_delete_nothing_passes(self):
        self.call()
        self.send(0, self.packet_in(0, rtp(1)))
        self.expect(1, self.packet_out(1, rtp(1)))
        report = self.h.rpc('session.delete', id='call-1')
        self.assertEqual(report['legs'][0]['rx']['packets'], 1)
        self.assertEqual(report['legs'][1]['tx']['packets'], 1)
        self.send(0, self.packet_in(0, rtp(2)), self.packet_in(0, rtcp(), rtcp_port=True))
        self.expect(1)
        self.assert_drops({'no_flow': 2})

    def test_between_two_calls_of_ours(self):
        """Leg B's far end is another call at one of our own addresses."""
        self.call('lan4', 'wan4')
        first = self.local
        answer = self.h.rpc('session.create', id='call-2', legs=[
            {'address': 'wan4', 'remote': {'ip': B4_LOCAL, 'port': first[1]}},
            {'address': 'wan6', 'remote': {'ip': B_IP, 'port': 7000}}])
        second = [leg['local']['port'] for leg in answer['legs']]
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': B4_LOCAL, 'port': second[0]}}])
        self.send(0, self.packet_in(0, rtp(1)))
        got = self.h.tx('wan')
        want = (Ether(src=self.mac('wan'), dst=B_MAC) / IPv6(src=B_LOCAL, dst=B_IP, hlim=62) /
                UDP(sport=second[1], dport=7000) / Raw(rtp(1)))
        self.assert_packets(got, [want])


class TooBig(CallTest):
    conf = config(interfaces=[{'name': 'lan', 'device': 'net_ring_lan', 'mtu': 1500},
                              {'name': 'wan', 'device': 'net_ring_wan', 'mtu': 1400}])

    def test_the_sender_is_told_ipv4(self):
        self.call('lan4', 'wan6')
        fits, too_big = b'p' * (1400 - 48 - 12), b'p' * (1400 - 48 - 12 + 1)
        self.send(0, self.packet_in(0, rtp(1, payload=fits)))
        self.expect(1, self.packet_out(1, rtp(1, payload=fits)))
        offender = self.packet_in(0, rtp(2, payload=too_big))
        self.send(0, offender)
        self.expect(1)
        self.assert_drops({'too_big': 1})
        got = self.h.tx('lan')
        self.assertEqual(len(got), 1)
        self.assertEqual((got[0].dst, got[0][IP].src, got[0][IP].dst), (A_MAC, A_LOCAL, A_IP))
        self.assertEqual((got[0][ICMP].type, got[0][ICMP].code), (3, 4))
        self.assertEqual(got[0][ICMP].nexthopmtu, 1400 - 20)
        inner = bytes(got[0][ICMP].payload)
        self.assertTrue(bytes(offender[IP]).startswith(inner) and len(inner) >= 28)

    def test_the_sender_is_told_ipv6(self):
        self.call('lan6', 'wan6')
        offender = self.packet_in(0, rtp(2, payload=b'p' * 1400))
        self.send(0, offender)
        self.assert_drops({'too_big': 1})
        got = self.h.tx('lan')
        self.assertEqual(len(got), 1)
        self.assertEqual(got[0][ICMPv6PacketTooBig].mtu, 1400)
        self.assertLessEqual(len(got[0][IPv6]), 1280)
        self.assertEqual(got[0][IPv6].dst, 'fd00::2')


class Vlan(CallTest):
    conf = config(interfaces=[{'name': 'lan', 'device': 'net_ring_lan'},
                              {'name': 'wan', 'device': 'net_ring_lan', 'vlan': 42}])

    def device(self, leg):
        return 'lan'

    def drain(self):
        self.h.tx('lan')

    def test_from_untagged_to_tagged_and_back(self):
        self.call('lan4', 'wan6')
        self.send(0, self.packet_in(0, rtp(1)))
        plain = self.packet_out(1, rtp(1))
        self.expect(1, Ether(src=plain.src, dst=plain.dst) / Dot1Q(vlan=42) / plain.payload)
        back = self.packet_in(1, rtp(1))
        self.send(1, Ether(src=back.src, dst=back.dst) / Dot1Q(vlan=42, prio=5) / back.payload)
        got = self.h.tx('lan')
        self.assert_packets(got, [self.packet_out(0, rtp(1), df=False, ident=got[0][IP].id)])
        self.assert_drops({})

    def test_other_vlans_are_nobodys(self):
        self.call('lan4', 'wan6')
        p = self.packet_in(1, rtp(1))
        self.send(1, Ether(src=p.src, dst=p.dst) / Dot1Q(vlan=43) / p.payload,
                  Ether(src=p.src, dst=p.dst) / p.payload)
        self.expect(0)
        self.assert_drops({'vlan': 1, 'not_ours': 1})


if __name__ == '__main__':
    unittest.main()
