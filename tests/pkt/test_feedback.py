#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""RTCP feedback (RFC 4585) toward a party that takes none: what is left of compounds."""
import itertools
import struct
import unittest

from secure_call import CM80, GCM128, SecureTest, Side
from tandem_pkt import Ether, IP, IPv6, UDP, rtcp, rtp


def packet(kind, count, *words):
    return struct.pack(f'!BBH{len(words)}I', 0x80 | count, kind, len(words), *words)


RR = packet(201, 1, 7, 8, 0, 0, 0, 0, 0)
SR = packet(200, 0, 7, 1, 2, 3, 4, 5)
SDES = packet(202, 1, 7, 0x01026162, 0)
BYE = packet(203, 1, 7)
NACK = packet(205, 1, 7, 8, 0x00010003)
TWCC = packet(205, 15, 7, 8, 0x00010002, 0, 0x20020000)
PLI = packet(206, 1, 7, 8)
FIR = packet(206, 4, 7, 0, 8, 0x01000000)
REMB = packet(206, 15, 7, 0, int.from_bytes(b'REMB', 'big'), 0x01000001, 8)
PADDED = b'\xa1\xce\0\3' + PLI[4:] + b'\0\0\0\4'

# What a party sends, and what the other gets; None: nothing.
COMPOUNDS = [
    (RR + SDES, RR + SDES),
    (PLI + RR + SDES, RR + SDES),
    (RR + NACK + SDES, RR + SDES),
    (SR + SDES + PLI, SR + SDES),
    (RR + PADDED, RR),
    (NACK + SR + FIR + SDES + REMB + BYE + TWCC, SR + SDES + BYE),
    (RR + REMB, RR),
    (rtcp(7), rtcp(7)),
    (PLI, None),
    (NACK + TWCC, None),
    (FIR, None),
]
TAKES_NONE = {'feedback': False}


class Feedback(SecureTest):
    def conversation(self, leg, compounds=COMPOUNDS, to_port=None, rtcp_port=True):
        """The party of `leg` sends them, each alone and then all in a burst."""
        other, drops = 1 - leg, sum(want is None for _, want in compounds)
        for burst in ([[c] for c in compounds] + [compounds]):
            self.send(leg, *[self.packet_in(leg, self.seal_rtcp(leg, sent), rtcp_port=rtcp_port)
                             for sent, _ in burst])
            self.got(other, [want for _, want in burst if want], to_port)
        self.assert_drops({'feedback': 2 * drops} if drops else {})

    def got(self, leg, want, to_port=None):
        got = self.h.tx(self.device(leg))
        self.assertEqual([self.opened_rtcp(leg, bytes(g[UDP].payload)) for g in got], want)
        for g in got:
            again = g.copy()
            del again[UDP].chksum
            del again[UDP].len
            if IP in again:
                del again[IP].len, again[IP].chksum
            else:
                del again[IPv6].plen
            self.assertEqual(bytes(Ether(bytes(again))), bytes(g))
            self.assertEqual(g[UDP].sport, to_port or self.local[leg] + 1)

    def test_every_pair_of_families(self):
        for a, b in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            with self.subTest(a=a, b=b):
                self.secure(legs=(a, b), leg_b=TAKES_NONE)
                self.conversation(0)
                self.conversation(1, [(sent, sent) for sent, _ in COMPOUNDS])
                self.h.rpc('session.delete', id='call-1')

    def test_encrypted(self):
        for a, b in (CM80, None), (None, CM80), (CM80, GCM128), (GCM128, CM80):
            with self.subTest(a=a, b=b):
                self.secure(a and Side(a, 1), b and Side(b, 2), leg_a=TAKES_NONE, leg_b=TAKES_NONE)
                self.conversation(0)
                self.conversation(1)
                self.relay(0, rtp(1))
                self.h.rpc('session.delete', id='call-1')

    def test_both_sides_with_the_same_keys(self):
        """What can't be looked into can't be taken out: they are opened and sealed then."""
        a, b = Side(CM80), Side(CM80)
        b.out, b.into = a.into, a.out
        self.secure(a, b, leg_b=TAKES_NONE)
        for leg in self.h.rpc('session.get', id='call-1')['legs']:
            self.assertFalse(leg['security']['untouched'])
        self.conversation(0)

    def test_ports(self):
        for rtcp_a, rtcp_b in itertools.product(('next', 'mux'), repeat=2):
            with self.subTest(a=rtcp_a, b=rtcp_b):
                self.secure(leg_a={'rtcp': rtcp_a}, leg_b={'rtcp': rtcp_b, **TAKES_NONE})
                self.conversation(0, to_port=self.local[1] + (rtcp_b == 'next'),
                                  rtcp_port=rtcp_a == 'next')
                self.h.rpc('session.delete', id='call-1')

    def test_counters(self):
        """Received is what came; sent is what went, byte for byte."""
        self.secure(leg_b=TAKES_NONE)
        self.conversation(0)
        legs = self.h.rpc('session.get', id='call-1')['legs']
        self.assertEqual(legs[0]['rx']['packets'], 2 * len(COMPOUNDS))
        self.assertEqual(legs[0]['rx']['bytes'], 2 * sum(len(sent) for sent, _ in COMPOUNDS))
        self.assertEqual(legs[1]['tx']['packets'], 2 * sum(w is not None for _, w in COMPOUNDS))
        self.assertEqual(legs[1]['tx']['bytes'], 2 * sum(len(w or b'') for _, w in COMPOUNDS))
        self.assertEqual(legs[0]['drops'], {'feedback': 6})
        self.assertEqual(legs[1]['drops'], {})

    def test_malformed(self):
        """Their lengths don't add up: nobody can say where feedback begins."""
        bad = [RR + PLI[:-4], PLI + b'\0\0\0\0', RR + PLI + b'\0', RR + b'\x80\xc9\xff\xff']
        self.secure(leg_b=TAKES_NONE)
        self.send(0, *[self.packet_in(0, p, rtcp_port=True) for p in bad])
        self.got(1, [])
        self.assert_drops({'rtp_malformed': len(bad)})
        legs = self.h.rpc('session.get', id='call-1')['legs']
        self.assertEqual((legs[1]['tx']['packets'], legs[1]['tx']['bytes']), (0, 0))

    def test_every_cut_of_a_compound(self):
        whole = SR + NACK + SDES + PLI
        starts = {len(SR): SR, len(SR + NACK): SR, len(SR + NACK + SDES): SR + SDES,
                  len(whole): SR + SDES}
        self.secure(leg_b=TAKES_NONE)
        for n in range(8, len(whole) + 1):
            self.send(0, self.packet_in(0, whole[:n], rtcp_port=True))
            self.got(1, [starts[n]] if n in starts else [])
        drops = self.h.changes()
        self.assertEqual(drops, {'drop.rtp_malformed': len(whole) - 7 - len(starts)})

    def test_changed_in_a_call(self):
        self.secure()
        everything = [(sent, sent) for sent, _ in COMPOUNDS]
        self.conversation(0, everything)
        self.h.rpc('session.update', id='call-1', legs=[{}, TAKES_NONE])
        self.conversation(0)
        self.h.rpc('session.update', id='call-1', legs=[{}, {'feedback': True}])
        self.conversation(0, everything)

    def test_media_is_not_looked_into(self):
        """RTP whose payload types are those of feedback, less the marker."""
        self.secure(leg_b=TAKES_NONE)
        self.relay(0, *[rtp(i, pt=pt) for i, pt in enumerate((0, 77, 78, 96, 127))])


if __name__ == '__main__':
    unittest.main()
