#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who may send, and where answers go: strict, once, follow, with a stranger at any time."""
import unittest

from tandem_pkt import A_IP, A_LOCAL, A_MAC, B_IP, Ether, IP, IPv6, Raw, UDP, rtcp, rtp
from test_relay import CallTest

STRANGER = ('10.0.0.66', '02:00:00:00:00:66', 6666)


class LatchTest(CallTest):
    def setUp(self):
        super().setUp()
        # The stranger's MAC is known, so that nothing but the latch keeps packets from him.
        self.learn_neighbour(*STRANGER[:2])

    def learn_neighbour(self, ip, mac):
        self.neighbours = getattr(self, 'neighbours', {})
        self.neighbours[ip] = mac

    def from_stranger(self, payload, src=STRANGER[0], sport=STRANGER[2], off=0):
        return (Ether(src=STRANGER[1], dst=self.mac('lan')) / IP(src=src, dst=A_LOCAL, flags='DF', id=0) /
                UDP(sport=sport, dport=self.local[0] + off) / Raw(payload))

    def answered(self):
        """Where leg B's packet goes on the lan side; resolves who is asked for."""
        self.send(1, self.packet_in(1, rtp(1000)))
        got = self.h.tx('lan')
        if len(got) == 1 and got[0].type == 0x0806:
            asked = got[0]['ARP'].pdst
            from scapy.all import ARP
            mac = self.neighbours.get(asked, A_MAC)
            self.h.rx('lan', [Ether(src=mac, dst=self.mac('lan')) /
                              ARP(op=2, hwsrc=mac, psrc=asked, hwdst=self.mac('lan'),
                                  pdst=A_LOCAL)])
            self.h.advance(5)
            got = self.h.tx('lan')
        return [(p[IP].dst, p[UDP].dport) for p in got if IP in p]


class Strict(LatchTest):
    def test_only_the_signalled_address(self):
        self.call()
        self.send(0, self.from_stranger(rtp(1)),
                  self.from_stranger(rtp(1), src=A_IP),            # right host, wrong port
                  self.from_stranger(rtp(1), sport=4000),          # right port, wrong host
                  self.from_stranger(rtcp(), off=1))
        self.expect(1)
        self.assert_drops({'source': 4})
        self.send(0, self.packet_in(0, rtp(1)))
        self.expect(1, self.packet_out(1, rtp(1)))
        self.send(0, self.from_stranger(rtp(2)))
        self.expect(1)
        self.assertEqual(self.answered(), [(A_IP, 4000)])
        report = self.h.rpc('session.get', id='call-1')['legs'][0]
        self.assertEqual(report['drops'], {'source': 5})
        self.assertEqual(report['rx']['packets'], 1)


class Once(LatchTest):
    def setUp(self):
        super().setUp()
        self.call(leg_a={'latch': 'once'})

    def test_the_first_is_taken_and_nobody_else(self):
        self.send(0, self.packet_in(0, rtp(1), sport=4444))
        self.expect(1, self.packet_out(1, rtp(1)))
        self.send(0, self.from_stranger(rtp(2)), self.packet_in(0, rtp(2)))
        self.expect(1)
        self.assert_drops({'source': 2})
        self.assertEqual(self.answered(), [(A_IP, 4444)])

    def test_it_is_reported(self):
        self.send(0, self.packet_in(0, rtp(1), sport=4444))
        self.h.advance(2)
        leg = self.h.rpc('session.get', id='call-1')['legs'][0]
        self.assertTrue(leg['latched'])
        self.assertEqual((leg['learned']['ip'], leg['learned']['port']), (A_IP, 4444))

    def test_what_is_not_media_teaches_nothing(self):
        bad = bytearray(bytes(self.from_stranger(rtp(1))))
        bad[-1] ^= 1  # checksum
        self.send(0, self.from_stranger(b'x' * 40), self.from_stranger(b'\x8f' + bytes(20)),
                  Ether(bytes(bad)))
        self.assert_drops({'not_media': 1, 'rtp_malformed': 1, 'udp_checksum': 1})
        self.send(0, self.packet_in(0, rtp(1)))
        self.expect(1, self.packet_out(1, rtp(1)))

    def test_impossible_sources_teach_nothing(self):
        self.send(0, self.from_stranger(rtp(1), src='224.0.0.5'),
                  self.from_stranger(rtp(1), src='255.255.255.255'),
                  self.from_stranger(rtp(1), src='127.0.0.1'),
                  self.from_stranger(rtp(1), src='0.0.0.0'),
                  self.from_stranger(rtp(1), sport=0))
        self.expect(1)
        self.assert_drops({'bad_source': 5})

    def test_rtcp_only_from_the_host_that_sends_rtp(self):
        self.send(0, self.packet_in(0, rtp(1), sport=4444))
        self.h.tx('wan')
        self.send(0, self.from_stranger(rtcp(), off=1))
        self.expect(1)
        self.assert_drops({'source': 1})
        self.send(0, self.packet_in(0, rtcp(), rtcp_port=True, sport=4999))
        self.assertEqual(len(self.h.tx('wan')), 1)
        self.send(1, self.packet_in(1, rtcp(), rtcp_port=True))
        self.assertEqual([(p[IP].dst, p[UDP].dport) for p in self.h.tx('lan')], [(A_IP, 4999)])

    def test_rtp_overrules_rtcp(self):
        """A stranger's RTCP before the first RTP does not stay."""
        self.send(0, self.from_stranger(rtcp(), off=1))
        self.send(0, self.packet_in(0, rtp(1)))
        self.h.tx('wan')
        self.h.changes()
        self.send(0, self.from_stranger(rtcp(), off=1))
        self.assert_drops({'source': 1})
        self.send(0, self.packet_in(0, rtcp(), rtcp_port=True))
        self.assertEqual(len(self.h.tx('wan')), 1)

    def test_update_of_the_remote_forgets(self):
        self.send(0, self.packet_in(0, rtp(1), sport=4444))
        self.h.rpc('session.update', id='call-1',
                   legs=[{'remote': {'ip': A_IP, 'port': 4002}}, {}])
        self.h.tx('wan')
        self.send(0, self.packet_in(0, rtp(2), sport=4555))
        self.expect(1, self.packet_out(1, rtp(2)))
        self.send(0, self.packet_in(0, rtp(3), sport=4444))
        self.expect(1)
        self.assertEqual(self.answered(), [(A_IP, 4555)])

    def test_the_same_remote_again_does_not_forget(self):
        self.send(0, self.packet_in(0, rtp(1), sport=4444))
        self.h.rpc('session.update', id='call-1',
                   legs=[{'remote': {'ip': A_IP, 'port': 4000}}, {}])
        self.h.tx('wan')
        self.send(0, self.packet_in(0, rtp(2), sport=4555))
        self.expect(1)
        self.assert_drops({'source': 1})

    def test_update_of_the_other_leg_does_not_forget(self):
        self.send(0, self.packet_in(0, rtp(1), sport=4444))
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': B_IP, 'port': 5010}}])
        self.h.tx('wan')
        self.send(0, self.packet_in(0, rtp(2), sport=4555))
        self.expect(1)
        self.assert_drops({'source': 1})

    def test_before_anything_came_the_signalled_address_is_sent_to(self):
        self.assertEqual(self.answered(), [(A_IP, 4000)])


class Follow(LatchTest):
    def test_each_new_sender_takes_over(self):
        self.call(leg_a={'latch': 'follow'})
        for sport in (4444, 4555, 4444):
            self.send(0, self.packet_in(0, rtp(sport), sport=sport))
            self.expect(1, self.packet_out(1, rtp(sport)))
            self.h.advance(2)
            self.assertEqual(self.answered(), [(A_IP, sport)])


if __name__ == '__main__':
    unittest.main()
