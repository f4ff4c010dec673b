#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Loss, duplicates, reordering, jitter and MOS of a leg (RFC 3550 A.1, A.3, A.8; G.107)."""
import unittest

from tandem_pkt import rtp
from test_relay import CallTest


class Stats(CallTest):
    def setUp(self):
        super().setUp()
        self.call()

    def feed(self, seqs, gap_us=20000, **kw):
        self.h.rx('lan', [self.packet_in(0, rtp(s, **kw)) for s in seqs], gap_us=gap_us)
        self.h.tx('wan')

    def rx(self):
        return self.h.rpc('session.get', id='call-1')['legs'][0]['rx']

    def assert_rx(self, **want):
        got = self.rx()
        self.assertEqual({k: got[k] for k in want}, want)

    def test_a_clean_stream(self):
        self.feed(range(100, 200))
        self.assert_rx(packets=100, bytes=172 * 100, lost=0, duplicate=0, reordered=0,
                       ssrc=0x1234, payload_type=0)
        self.assertLess(self.rx()['jitter_ms'], 0.01)
        self.assertGreater(self.h.rpc('session.get', id='call-1')['mos'], 4.3)

    def test_lost(self):
        self.feed([1, 2, 3, 7, 8, 10])
        self.assert_rx(packets=6, lost=4)

    def test_duplicates(self):
        self.feed([1, 2, 2, 2, 3, 1, 4])
        self.assert_rx(packets=7, lost=0, duplicate=3, reordered=0)

    def test_reordered(self):
        self.feed([1, 3, 2, 6, 5, 4, 7])
        self.assert_rx(packets=7, lost=0, duplicate=0, reordered=3)

    def test_the_first_comes_late(self):
        self.feed([5, 4, 3, 6])
        self.assert_rx(lost=0, reordered=2)

    def test_the_sequence_wraps(self):
        self.feed([*range(65530, 65536), *range(0, 6)])
        self.assert_rx(packets=12, lost=0, reordered=0)
        self.feed([3, *range(65530, 65536)])
        self.assert_rx(duplicate=7)

    def test_a_loss_across_the_wrap(self):
        self.feed([65534, 1, 2])
        self.assert_rx(lost=2)

    def test_a_new_ssrc_keeps_the_sum(self):
        self.feed([1, 2, 5])
        self.h.advance(200)
        self.feed([1000, 1001, 1004], ssrc=0x9999)
        self.assert_rx(packets=6, lost=4, ssrc=0x9999)

    def test_two_ssrcs_side_by_side(self):
        packets = []
        for i in range(50):
            packets += [self.packet_in(0, rtp(i)), self.packet_in(0, rtp(i * 7, ssrc=0x77))]
        self.h.rx('lan', packets, gap_us=10000)
        self.assert_rx(packets=100, lost=0, ssrc=0x1234)

    def test_the_sender_begins_anew(self):
        self.feed([1, 2, 3])
        self.feed([40000, 40001, 40002, 40004])
        self.assert_rx(packets=7, lost=1)

    def test_a_single_wild_number_changes_nothing(self):
        self.feed([1, 2, 40000, 3, 4])
        self.assert_rx(packets=5, lost=0)

    def test_jitter(self):
        """Spacing alternates between 10 and 30 ms: D is 10 ms each time, and so is J in the end."""
        for i in range(200):
            self.h.rx('lan', [self.packet_in(0, rtp(i))])
            self.h.advance(10 if i % 2 else 30)
        self.assertAlmostEqual(self.rx()['jitter_ms'], 10, delta=0.5)

    def test_jitter_of_a_dynamic_payload_type(self):
        """Opus, 48 kHz: the clock rate is found out, and a clean stream has none."""
        for i in range(200):
            self.h.rx('lan', [self.packet_in(0, rtp(i, ts=960 * i, pt=111))])
            self.h.advance(20)
        self.assertLess(self.rx()['jitter_ms'], 0.5)
        for i in range(200, 400):
            self.h.rx('lan', [self.packet_in(0, rtp(i, ts=960 * i, pt=111))])
            self.h.advance(10 if i % 2 else 30)
        self.assertAlmostEqual(self.rx()['jitter_ms'], 10, delta=0.5)

    def test_mos_falls_with_loss(self):
        self.feed(range(0, 100))
        good = self.h.rpc('session.get', id='call-1')['mos']
        self.feed(range(100, 300, 2))
        bad = self.h.rpc('session.get', id='call-1')['mos']
        self.assertLess(bad, good - 0.5)
        self.assertGreaterEqual(bad, 1)


if __name__ == '__main__':
    unittest.main()
