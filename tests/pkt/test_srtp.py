#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Encrypted legs, packets and counters: what is opened and sealed, for whom, and what is not."""
import itertools
import unittest

from secure_call import CM32, CM80, GCM128, SecureTest, Side
from srtp_ref import PROFILES
from tandem_pkt import A_IP, A_LOCAL, A_MAC, Ether, IP, Raw, UDP, config, rtcp, rtp

SHAPES = [
    rtp(1), rtp(2, payload=b''), rtp(3, payload=b'z'), rtp(4, payload=b'w' * 1200),
    b'\x82\0\0\5' + bytes(8) + b'CSRC' * 2 + b'payload',                  # CSRC list
    b'\x90\0\0\6' + bytes(8) + b'\xbe\xde\0\1' + b'ext!' + b'payload',    # header extension
    b'\x90\0\0\7' + bytes(8) + b'\xbe\xde\0\0' + b'payload',
    b'\xa0\0\0\x08' + bytes(8) + b'payload' + b'\0\0\3',                  # padding
    b'\xb1\x80\0\x09' + bytes(8) + b'CSRC' + b'\xbe\xde\0\2' + b'8 bytes!' + b'\xa9' * 4 + b'\4',
]
REPORT = b'\x80\xc8\0\6' + b'SSRC' + bytes(20) + b'\x81\xca\0\3' + b'SSRC' + b'\1\4me@h' + b'\0\0'


class Profiles(SecureTest):
    def both_ways(self, name):
        for leg in (0, 1):
            self.relay(leg, *SHAPES)
            self.relay_rtcp(leg, rtcp(), REPORT)
        report = self.h.rpc('session.delete', id='call-1')
        for leg, side in zip(report['legs'], self.side):
            self.assertEqual((leg['rx']['packets'], leg['tx']['packets'], leg['drops']),
                             (len(SHAPES) + 2, len(SHAPES) + 2, {}), name)

    def test_each_with_a_plain_leg(self):
        for profile in PROFILES:
            with self.subTest(profile):
                self.secure(Side(profile))
                self.both_ways(profile)

    def test_every_pair_of_families(self):
        for legs in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            for a, b in (Side(CM80), None), (None, Side(GCM128)), (Side(CM32), Side(GCM128)):
                with self.subTest(legs=legs, a=a and a.profile, b=b and b.profile):
                    self.secure(a, b, legs=legs)
                    self.both_ways(legs)

    def test_other_keys_and_every_other_profile(self):
        for i, a in enumerate(PROFILES):
            b = list(PROFILES)[i - 3]
            with self.subTest(a=a, b=b):
                self.secure(Side(a, 1), Side(b, 2))
                self.both_ways(a)

    def test_mki(self):
        for a, b in itertools.product((CM80, GCM128), repeat=2):
            self.secure(Side(a, 1, mki=7), Side(b, 2, mki=0x1234567))
            self.both_ways('mki')

    def test_one_port_for_rtcp_too(self):
        self.secure(Side(CM80), Side(GCM128), leg_a={'rtcp': 'mux'}, leg_b={'rtcp': 'mux'})
        for leg in (0, 1):
            self.relay(leg, rtp(1))
            self.send(leg, self.packet_in(leg, self.seal_rtcp(leg, REPORT)))
            got = self.h.tx(self.device(1 - leg))
            self.assertEqual(self.opened_rtcp(1 - leg, bytes(got[0][UDP].payload)), REPORT)
            self.assertEqual(got[0][UDP].sport, self.local[1 - leg])
        self.assert_drops({})

    def test_rtcp_to_a_port_of_its_own(self):
        """From a leg with one port to one with two, between families, sealed with other keys."""
        self.secure(Side(CM80), Side(GCM128), leg_a={'rtcp': 'mux'})
        self.send(0, self.packet_in(0, self.seal_rtcp(0, REPORT)))
        got = self.h.tx('wan')
        self.assertEqual(self.opened_rtcp(1, bytes(got[0][UDP].payload)), REPORT)
        self.assertEqual((got[0][UDP].sport, got[0][UDP].dport), (self.local[1] + 1, 5005))
        self.assert_drops({})


class Sequence(SecureTest):
    def test_the_rollover_counter(self):
        self.secure(Side(CM80), Side(GCM128))
        for leg in (0, 1):
            for roc in range(3):
                self.relay(leg, *[rtp(s) for s in (0, 1, 0x7ffe, 0xffdc, 0xfffe, 0xffff)][roc == 0:],
                           roc=roc)

    def test_twice_and_out_of_order(self):
        for profile in (CM80, GCM128):
            self.secure(Side(profile))
            wire = [self.packet_in(0, self.seal(0, rtp(s))) for s in range(300)]
            order = [5, 3, 4, 4, 3, 200, 150, 73, 72, 200]
            self.send(0, *[wire[s] for s in order])
            self.gets(1, *[rtp(s) for s in (5, 3, 4, 200, 150, 73)])
            self.assert_drops({'srtp_replay': 4})
            self.h.rpc('session.delete', id='call-1')

    def test_a_packet_32_times_in_a_burst(self):
        self.secure(Side(CM80))
        self.send(0, *[self.packet_in(0, self.seal(0, rtp(9)))] * 32)
        self.gets(1, rtp(9))
        self.assert_drops({'srtp_replay': 31})

    def test_no_index_is_used_twice_for_sealing(self):
        """Other content under the same number would tell both (RFC 3711 §9.1)."""
        for profile in (CM80, GCM128):
            self.secure(Side(profile))
            self.send(1, *[self.packet_in(1, p) for p in (rtp(7, payload=b'one'),
                                                          rtp(7, payload=b'two'))])
            self.gets(0, self.sealed_out(0, rtp(7, payload=b'one')))
            self.assert_drops({'srtp_replay': 1})
            self.h.rpc('session.delete', id='call-1')

    def test_srtcp_twice(self):
        self.secure(Side(CM80))
        again = self.packet_in(0, self.seal_rtcp(0, REPORT), rtcp_port=True)
        self.send(0, again, again)
        self.assertEqual(len(self.h.tx('wan')), 1)
        self.assert_drops({'srtp_replay': 1})

    def test_another_ssrc(self):
        self.secure(Side(CM80), Side(CM32))
        for ssrc in (1, 2, 3, 1):
            for leg in (0, 1):
                self.relay(leg, rtp(100 * len(self.seen), ssrc=ssrc))
            self.seen.append(ssrc)

    def setUp(self):
        super().setUp()
        self.seen = []

    def test_calls_of_all_kinds_in_a_burst(self):
        """Plain ones and encrypted ones, forgeries between them."""
        calls = []
        for i, (a, b) in enumerate([(CM80, None), (None, None), (GCM128, CM80), (None, CM32),
                                    ('AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_256_GCM')]):
            sides = [x and Side(x, 10 * i + j) for j, x in enumerate((a, b))]
            self.secure(*sides, session=f'c{i}')
            calls.append((self.local, sides))
        packets, want, forged = [], {}, 0
        for seq in range(40):
            for local, sides in calls:
                self.local, self.side = local, sides
                wire = self.seal(0, rtp(seq))
                if sides[0] and seq % 7 == 3:
                    wire, forged = wire[:-1] + bytes([wire[-1] ^ 1]), forged + 1
                else:
                    want.setdefault(local[1], []).append(self.sealed_out(1, rtp(seq)))
                packets.append(self.packet_in(0, wire))
        self.send(0, *packets)
        got = {}
        for p in self.h.tx('wan'):
            got.setdefault(p[UDP].sport, []).append(bytes(p[UDP].payload))
        self.assertEqual(got, want)
        self.assert_drops({'srtp_auth': forged})


class Keys(SecureTest):
    def test_the_far_ends_key_is_not_known_yet(self):
        side = Side(CM80)
        self.secure(side, leg_a=side.leg(remote_key=None))
        self.relay(1, rtp(1))
        self.refused(0, {'srtp_key': 1}, self.seal(0, rtp(1)))
        self.assertFalse(self.h.rpc('session.get', id='call-1')['legs'][0]['security']['ready'])
        self.update(0, type='sdes', profile=CM80, remote_key=side.out.key)
        self.relay(0, rtp(1), rtp(2))
        self.relay(1, rtp(2))

    def test_new_keys(self):
        """The old ones are good until the first packet under the new ones."""
        for old, new in itertools.product((CM80, GCM128), repeat=2):
            first, then = Side(old, 1), Side(new, 2)
            self.secure(first)
            for leg in (0, 1):
                self.relay(leg, rtp(0xfffe), rtp(0xffff))
            self.update(0, **then.leg()['security'])
            self.relay(0, rtp(0), roc=1)
            self.side[0] = then
            self.relay(1, rtp(0), rtp(1), roc=1)
            self.relay(0, rtp(1), rtp(2), roc=1)
            # The old ones are over now, and what comes again under them is not authentic.
            self.refused(0, {'srtp_auth': 2}, *[first.out.seal(rtp(s), 1) for s in (3, 0)])
            self.relay(0, rtp(3), roc=1)
            self.h.rpc('session.delete', id='call-1')

    def test_a_forgery_does_not_end_the_old_keys(self):
        first, then = Side(CM80, 1), Side(CM80, 2)
        self.secure(first)
        self.relay(0, rtp(1))
        self.update(0, **then.leg()['security'])
        self.refused(0, {'srtp_auth': 1}, then.out.seal(rtp(2))[:-1] + b'?')
        self.relay(0, rtp(2))

    def test_encrypted_from_now_on_and_no_longer(self):
        self.secure(None)
        self.relay(0, rtp(1))
        self.side[0] = Side(GCM128)
        self.update(0, **self.side[0].leg()['security'])
        self.refused(0, {'srtp_auth': 1}, rtp(2))
        for leg in (0, 1):
            self.relay(leg, rtp(2))
        self.side[0] = None
        self.update(0, type='none')
        for leg in (0, 1):
            self.relay(leg, rtp(3))

    def test_lifetime(self):
        side = Side(CM80)
        self.secure(side, leg_a=side.leg(remote_lifetime='10', local_lifetime='5'))
        self.relay(0, *[rtp(s) for s in range(10)])
        self.refused(0, {'srtp_key': 2}, self.seal(0, rtp(10)), self.seal(0, rtp(11)))
        self.relay(1, *[rtp(s) for s in range(5)])
        self.refused(1, {'srtp_key': 1}, rtp(5))
        self.side[0] = Side(CM80, 2)
        self.update(0, **self.side[0].leg()['security'])
        self.relay(0, rtp(12))
        self.relay(1, rtp(6))

    def test_wrong_mki(self):
        side = Side(CM80, mki=7)
        self.secure(side)
        good = self.seal(0, rtp(1))
        self.refused(0, {'srtp_mki': 1}, good[:-14] + b'\0\0\0\x08' + good[-10:])
        self.relay(0, rtp(1))


class Untouched(SecureTest):
    def crosswise(self):
        a, b = Side(CM80), Side(CM80)
        b.out, b.into = a.into, a.out
        return a, b

    def test_the_same_keys_on_both_legs(self):
        """Not opened, so that what is not authentic is for the party to find out."""
        self.secure(*self.crosswise())
        for leg in self.h.rpc('session.get', id='call-1')['legs']:
            self.assertTrue(leg['security']['untouched'])
        wire = [self.seal(0, rtp(1)), rtp(2), self.seal(0, rtp(1))]
        self.send(0, *[self.packet_in(0, p) for p in wire])
        self.gets(1, *wire)
        report = self.side[0].out.seal_rtcp(REPORT, 77)
        self.send(0, self.packet_in(0, report, rtcp_port=True))
        self.assertEqual(bytes(self.h.tx('wan')[0][UDP].payload), report)
        self.assert_drops({})

    def test_and_then_other_keys_on_one(self):
        a, b = self.crosswise()
        self.secure(a, b)
        self.relay(0, rtp(1))
        self.side[1] = Side(GCM128, 3)
        self.update(1, **self.side[1].leg()['security'])
        for leg in (0, 1):
            self.relay(leg, rtp(2), rtp(3))


class Latch(SecureTest):
    STRANGER, STRANGER_MAC = '10.0.0.66', '02:00:00:00:00:66'
    conf = config()
    conf['neighbours'].append({'interface': 'lan', 'ip': STRANGER, 'mac': STRANGER_MAC})

    def from_stranger(self, payload):
        return (Ether(src=self.STRANGER_MAC, dst=self.mac('lan')) /
                IP(src=self.STRANGER, dst=A_LOCAL, flags='DF', id=0) /
                UDP(sport=6666, dport=self.local[0]) / Raw(payload))

    def learned(self):
        return self.h.rpc('session.get', id='call-1')['legs'][0]['learned']

    def test_only_the_authentic_is_learned(self):
        for latch in ('once', 'follow'):
            with self.subTest(latch):
                self.secure(Side(CM80), leg_a={'latch': latch})
                self.send(0, *[self.from_stranger(p) for p in (rtp(1), b'\x80\0' + bytes(40))])
                self.assertIsNone(self.learned())
                self.assert_drops({'srtp_auth': 2})
                self.relay(0, rtp(1))
                self.assertEqual(self.learned(), {'ip': A_IP, 'port': 4000})
                self.send(0, self.from_stranger(rtp(2)),
                          self.from_stranger(self.seal(0, rtp(1))))
                self.assert_drops({'source': 2} if latch == 'once' else
                                  {'srtp_auth': 1, 'srtp_replay': 1})
                self.assertEqual(self.learned(), {'ip': A_IP, 'port': 4000})
                self.relay(1, rtp(1))
                self.h.rpc('session.delete', id='call-1')

    def test_first_and_last_in_one_burst(self):
        """The forged one comes first, and again after, all in the same burst."""
        self.secure(Side(CM80), leg_a={'latch': 'once'})
        bad = self.from_stranger(self.seal(0, rtp(1))[:-1] + b'?')
        self.send(0, bad, self.packet_in(0, self.seal(0, rtp(1))), bad,
                  self.packet_in(0, self.seal(0, rtp(2))))
        self.gets(1, rtp(1), rtp(2))
        self.assertEqual(self.learned(), {'ip': A_IP, 'port': 4000})
        self.assertEqual(sum(self.h.changes().values()), 2)

    def test_two_authentic_senders_in_one_burst(self):
        """once: the first of them is it, the other a stranger."""
        self.secure(Side(CM80), leg_a={'latch': 'once'})
        self.send(0, self.packet_in(0, self.seal(0, rtp(1))),
                  self.from_stranger(self.seal(0, rtp(2))), self.packet_in(0, self.seal(0, rtp(3))))
        self.gets(1, rtp(1), rtp(3))
        self.assertEqual(self.learned(), {'ip': A_IP, 'port': 4000})
        self.assert_drops({'source': 1})

    def test_strict(self):
        self.secure(Side(CM80))
        self.send(0, self.from_stranger(self.seal(0, rtp(1))))
        self.assert_drops({'source': 1})
        self.relay(0, rtp(1))

    def test_forgeries_are_not_counted_as_received(self):
        self.secure(Side(CM80))
        self.relay(0, rtp(1))
        self.refused(0, {'srtp_auth': 20}, *[rtp(s) for s in range(2, 22)])
        self.relay(0, rtp(2))
        rx = self.h.rpc('session.get', id='call-1')['legs'][0]['rx']
        self.assertEqual((rx['packets'], rx['lost'], rx['duplicate']), (2, 0, 0))
        self.assertEqual(rx['bytes'], 2 * len(rtp(1)))

    def test_forgeries_keep_no_session_alive(self):
        self.secure(Side(CM80), idle_timeout_s=2)
        for _ in range(6):
            self.send(0, self.packet_in(0, rtp(1)))
            self.h.advance(500)
        self.assertEqual(self.h.rpc('session.list')['sessions'], [])


if __name__ == '__main__':
    unittest.main()
