#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""RTP in packets of another size than it came in."""
import itertools
import struct
import unittest

from media_call import (EVENT_8, G726_16, G726_24, G726_32, G726_40, G729, ILBC_20, ILBC_30,
                        MediaTest, PCM, header)
from secure_call import CM80, GCM128, Side
from tandem_pkt import A_IP, IP, IPv6, UDP, config, rtcp, rtp


def sound(n, start=0):
    """Bytes that tell where they come from."""
    return bytes((start + i) * 7 % 251 for i in range(n))


class ResizeTest(MediaTest):
    SEQ, TS = 65530, 2**32 - 1000

    def setUp(self):
        super().setUp()
        self.call()

    def stream(self, sizes, pt=0, per_ms=8, seq=None, ts=None, marker=True, ssrc=0x1234, at=0):
        """Packets of so many ms, one after the other."""
        seq, ts = self.SEQ if seq is None else seq, self.TS if ts is None else ts
        out = []
        for i, ms in enumerate(sizes):
            n = ms * per_ms
            out.append(rtp(seq + i, ssrc, ts + 8 * at, pt, sound(n, at * per_ms),
                           marker and i == 0))
            at += ms
        return out

    def cut(self, leg, *packets):
        """What the other party gets for these, sent one burst each."""
        for p in packets:
            self.send(leg, self.packet_in(leg, p))
        return self.payloads(1 - leg)

    def same(self, got, want):
        self.assertEqual([(header(p), p[12:].hex()) for p in got],
                         [(header(p), p[12:].hex()) for p in want])


class Sizes(ResizeTest):
    def test_join_and_split(self):
        cases = [
            # ms in, as many, ms asked for, ms out
            ([20] * 6, 60, [60, 60]),
            ([20] * 6, 40, [40] * 3),
            ([60] * 2, 20, [20] * 6),
            ([30] * 4, 20, [20] * 6),
            ([20] * 6, 30, [30] * 4),
            ([20] * 3, 20, [20] * 3),
            ([10, 20, 30], 15, [15] * 4),
            ([60], 10, [10] * 6),
        ]
        for sizes, ms, want in cases:
            for pt in (0, 8, 9):
                with self.subTest(sizes=sizes, ms=ms, pt=pt):
                    self.media(0, resize=ms)
                    got = self.cut(0, *self.stream(sizes, pt))
                    self.same(got, self.stream(want, pt))
                    self.h.rpc('session.delete', id='call-1')
                    self.call()
        self.assert_drops({})

    def test_in_one_burst(self):
        self.media(0, resize=30)
        self.send(0, *[self.packet_in(0, p) for p in self.stream([20] * 30)])
        self.same(self.payloads(1), self.stream([30] * 20))

    def test_frames(self):
        """pt, bytes of a frame, its ms, frames in, ms asked for, frames out."""
        for pt, n, frame_ms, frames, ms, want in (
                (3, 33, 20, [1] * 4, 40, [2, 2]), (3, 33, 20, [3], 20, [1] * 3),
                (3, 33, 20, [1] * 2, 5, [1, 1]), (3, 33, 20, [2], 59, [2]),
                (18, 10, 10, [2] * 4, 40, [4, 4]), (18, 10, 10, [6], 25, [2] * 3),
                (96, 38, 20, [1] * 2, 40, [2]), (97, 50, 30, [2], 30, [1, 1]),
                (98, 20, 10, [2, 2], 40, [4]), (99, 40, 10, [1, 3], 20, [2, 2]),
                (100, 30, 10, [1] * 4, 20, [2, 2]), (102, 50, 10, [2], 10, [1, 1])):
            with self.subTest(pt=pt, frames=frames, ms=ms):
                self.media(0, (96, ILBC_20), (97, ILBC_30), (98, G726_16), (99, G726_32),
                           (100, G726_24), (102, G726_40), resize=ms)
                got = self.cut(0, *self.frames(pt, n, frame_ms, frames))
                # What is held at the end is not yet due.
                self.h.advance(frame_ms + ms + 50)
                got += self.payloads(1)
                self.same(got, self.frames(pt, n, frame_ms, want))
                self.h.rpc('session.delete', id='call-1')
                self.call()

    def frames(self, pt, n, frame_ms, counts):
        out, at = [], 0
        for i, c in enumerate(counts):
            out.append(rtp(self.SEQ + i, 0x1234, self.TS + 8 * frame_ms * at, pt,
                           sound(n * c, n * at), i == 0))
            at += c
        return out

    def test_g729_comfort_noise_ends_a_packet(self):
        self.media(0, resize=40)
        a, b = sound(10), sound(10, 99)
        got = self.cut(0, rtp(1, ts=0, pt=18, payload=a),
                       rtp(2, ts=80, pt=18, payload=b + b'\xaa\xbb'),
                       rtp(3, ts=1000, pt=18, payload=b * 2, marker=1),
                       rtp(4, ts=1160, pt=18, payload=a * 2),
                       rtp(5, ts=1320, pt=18, payload=b'\xcc\xdd'))
        self.same(got, [rtp(1, ts=0, pt=18, payload=a + b + b'\xaa\xbb'),
                        rtp(2, ts=1000, pt=18, payload=b * 2 + a * 2, marker=1),
                        rtp(3, ts=1320, pt=18, payload=b'\xcc\xdd')])

    def test_g723_by_its_frames(self):
        self.media(0, resize=60)
        high, low, quiet = b'\0' + sound(23), b'\1' + sound(19), b'\2' + sound(3)
        got = self.cut(0, rtp(1, ts=0, pt=4, payload=high), rtp(2, ts=240, pt=4, payload=low),
                       rtp(3, ts=480, pt=4, payload=low + quiet),
                       rtp(4, ts=960, pt=4, payload=high * 3))
        self.h.advance(200)
        got += self.payloads(1)
        self.same(got, [rtp(1, ts=0, pt=4, payload=high + low),
                        rtp(2, ts=480, pt=4, payload=low + quiet),
                        rtp(3, ts=960, pt=4, payload=high * 2),
                        rtp(4, ts=1440, pt=4, payload=high)])

    def test_what_is_not_whole_passes(self):
        self.media(0, resize=60)
        odd = [rtp(1, pt=3, payload=b'x' * 32), rtp(2, pt=0, payload=b'x' * 33),
               rtp(3, pt=18, payload=b'x' * 13), rtp(4, pt=4, payload=b'\3' * 24),
               rtp(5, pt=4, payload=b'\0' * 23), rtp(6, pt=0, payload=b'')]
        self.same(self.cut(0, *odd), odd)

    def test_mtu_is_the_limit(self):
        self.media(0, resize=1000)
        got = self.cut(0, *self.stream([60] * 6))
        self.same(got, self.stream([176, 176]))
        self.h.advance(1100)
        self.same(self.payloads(1), self.stream([8], seq=self.SEQ + 2, marker=False, at=352))

    def test_families_headers_and_counters(self):
        self.h.rpc('session.delete', id='call-1')
        for a, b in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            with self.subTest(a=a, b=b):
                self.call(a, b)
                self.media(0, resize=40)
                packets = self.stream([20] * 4)
                self.send(0, *[self.packet_in(0, p, ttl=9, tos=0xb8) for p in packets])
                got = self.h.tx('wan')
                for g in got:
                    self.sound(g)
                    ip = g[IP] if IP in g else g[IPv6]
                    self.assertEqual((ip.ttl, ip.tos) if IP in g else (ip.hlim, ip.tc), (8, 0xb8))
                self.same([bytes(g[UDP].payload) for g in got], self.stream([40] * 2))
                self.assertEqual(self.tx_of(1), (2, 2 * 332))
                self.assertEqual(self.h.rpc('session.get', id='call-1')['legs'][0]['rx']['packets'],
                                 4)
                self.h.rpc('session.delete', id='call-1')
        changes = self.h.changes('worker.resize')
        self.assertEqual(changes, {'worker.resize_in': 16, 'worker.resize_out': 8})
        self.assert_drops({})

    def test_hop_limit(self):
        self.media(0, resize=40)
        self.send(0, self.packet_in(0, self.stream([20])[0], ttl=1))
        self.h.advance(100)
        self.assertEqual(self.payloads(1), [])
        self.assert_drops({'ttl': 1})

    def test_rtcp_and_the_other_direction_are_untouched(self):
        self.media(0, resize=60)
        self.send(0, self.packet_in(0, rtcp(), rtcp_port=True))
        self.assertEqual(self.payloads(1), [rtcp()])
        self.assertEqual(self.cut(1, rtp(1)), [rtp(1)])

    def test_kind_udp(self):
        self.h.rpc('session.delete', id='call-1')
        self.call(leg_a={'kind': 'udp'}, leg_b={'kind': 'udp'})
        self.media(0, resize=40)
        self.same(self.cut(0, *self.stream([20] * 2)), self.stream([40]))
        self.assertEqual(self.cut(0, b'no RTP'), [b'no RTP'])


class Streams(ResizeTest):
    def test_what_is_held_goes_when_time_is_up(self):
        self.media(0, resize=60)
        self.assertEqual(self.cut(0, *self.stream([20])), [])
        self.h.advance(79)
        self.assertEqual(self.payloads(1), [])
        self.h.advance(2)
        self.same(self.payloads(1), self.stream([20]))
        # On it goes.
        self.same(self.cut(0, *self.stream([20] * 3, seq=self.SEQ + 1, marker=False, at=20)),
                  self.stream([60], seq=self.SEQ + 1, marker=False, at=20))

    def test_time_counts_from_what_is_held_now(self):
        self.media(0, resize=60)
        for i in range(4):
            self.send(0, self.packet_in(0, self.stream([20], seq=i, marker=False, at=20 * i)[0]))
            self.h.advance(20)
        self.same(self.payloads(1), self.stream([60], seq=0, marker=False))
        self.h.advance(58)
        self.assertEqual(self.payloads(1), [])
        self.h.advance(5)
        self.same(self.payloads(1), self.stream([20], seq=1, marker=False, at=60))

    def test_silence(self):
        """A timestamp that leaps: what is held before it goes out at once."""
        self.media(0, resize=60)
        a = self.stream([20], seq=1, ts=0)
        b = self.stream([20] * 3, seq=2, ts=8000)
        self.same(self.cut(0, *a, *b), self.stream([20], seq=1, ts=0) +
                  self.stream([60], seq=2, ts=8000))

    def test_events_in_between(self):
        self.media(0, (101, EVENT_8), resize=60)
        events = [rtp(3 + i, ts=4000, pt=101, payload=b'\5\x0a\0\xa0', marker=i == 0)
                  for i in range(2)]
        got = self.cut(0, *self.stream([20] * 2, seq=1, ts=0), *events,
                       *self.stream([20] * 3, seq=5, ts=4000, marker=False))
        want = (self.stream([40], seq=1, ts=0) +
                [rtp(2 + i, ts=4000, pt=101, payload=b'\5\x0a\0\xa0', marker=i == 0)
                 for i in range(2)] +
                self.stream([60], seq=4, ts=4000, marker=False))
        self.same(got, want)

    def test_in_one_burst_the_order_is_kept(self):
        self.media(0, (101, EVENT_8), resize=20)
        packets = (self.stream([40], seq=1, ts=0) +
                   [rtp(2, ts=320, pt=101, payload=b'\5\x0a\0\xa0')] +
                   self.stream([40], seq=3, ts=320, marker=False))
        self.send(0, *[self.packet_in(0, p) for p in packets])
        self.assertEqual([header(p)[1:3] for p in self.payloads(1)],
                         [(0, 1), (0, 2), (101, 3), (0, 4), (0, 5)])

    def test_extensions_and_padding_pass_with_what_is_not_cut(self):
        self.media(0, resize=60)
        odd = bytearray(rtp(7, pt=101, payload=b'\xbe\xde\0\1abcd' + b'\5\x80\0\1' + b'\0\0\0\4'))
        odd[0] |= 0x30
        self.assertEqual([p.hex() for p in self.cut(0, bytes(odd))], [bytes(odd).hex()])

    def test_extensions_and_padding_of_what_is_cut_are_left_out(self):
        self.media(0, resize=10)
        odd = bytearray(rtp(7, ts=0, payload=b'\xbe\xde\0\1abcd' + sound(160) + b'\0\2'))
        odd[0] |= 0x30
        self.same(self.cut(0, bytes(odd)), self.stream([10] * 2, seq=7, ts=0, marker=False))

    def test_another_payload_type(self):
        self.media(0, resize=40)
        got = self.cut(0, *self.stream([20], seq=1, ts=0, marker=False),
                       *self.stream([20] * 2, pt=8, seq=2, ts=160, marker=False))
        self.same(got, self.stream([20], seq=1, ts=0, marker=False) +
                  self.stream([40], pt=8, seq=2, ts=160, marker=False))

    def test_another_ssrc_goes_on_counting(self):
        self.media(0, resize=20)
        got = self.cut(0, *self.stream([40], seq=10, ssrc=1), *self.stream([40], seq=10, ssrc=2))
        self.assertEqual([(header(p)[2], header(p)[4]) for p in got],
                         [(10, 1), (11, 1), (12, 2), (13, 2)])

    def test_changed_while_it_runs(self):
        self.media(0, resize=40)
        self.same(self.cut(0, *self.stream([20] * 2, seq=1, ts=0)), self.stream([40], seq=1, ts=0))
        self.media(0, resize=10)
        self.same(self.cut(0, *self.stream([20], seq=3, ts=320, marker=False)),
                  self.stream([10] * 2, seq=2, ts=320, marker=False))
        self.media(0, resize=0)
        self.same(self.cut(0, *self.stream([20] * 2, seq=4, ts=480, marker=False)),
                  self.stream([20] * 2, seq=4, ts=480, marker=False))

    def test_begun_in_the_midst(self):
        self.same(self.cut(0, *self.stream([40], seq=7, ts=0)), self.stream([40], seq=7, ts=0))
        self.media(0, resize=20)
        self.same(self.cut(0, *self.stream([40], seq=8, ts=320, marker=False)),
                  self.stream([20] * 2, seq=8, ts=320, marker=False))

    def test_session_ends_while_something_is_held(self):
        self.media(0, resize=60)
        self.cut(0, *self.stream([20]))
        self.h.rpc('session.delete', id='call-1')
        self.call(session='call-2')
        self.media(0, session='call-2', resize=60)
        self.h.advance(30)
        self.same(self.cut(0, *self.stream([20], seq=9, ts=0)), [])
        self.h.advance(60)
        self.assertEqual(self.payloads(1), [])
        self.h.advance(30)
        self.same(self.payloads(1), self.stream([20], seq=9, ts=0))

    def test_on_hold(self):
        self.media(0, resize=60)
        self.cut(0, *self.stream([20]))
        self.h.rpc('session.update', id='call-1', legs=[{}, {'hold': True}])
        self.assertEqual(self.cut(0, self.stream([20] * 2)[1]), [])
        self.h.advance(200)
        self.assertEqual(self.payloads(1), [])
        self.assert_drops({'hold': 1})

    def test_bad_size(self):
        with self.assertRaises(AssertionError):
            self.media(0, resize=1001)


class Order(ResizeTest):
    """What comes late, twice, or not at all."""

    def numbers(self, got):
        return [(header(p)[2], (header(p)[3] - self.TS) % 2**32 // 8, len(p[12:]) // 8)
                for p in got]

    def deliver(self, order, ms=20):
        packets = self.stream([ms] * (max(order) + 1), seq=100)
        return self.numbers(self.cut(0, *[packets[i] for i in order]))

    def test_loss_is_seen(self):
        self.media(0, resize=40)
        self.assertEqual(self.deliver([0, 1, 2, 4, 5, 6, 7]),
                         [(100, 0, 40), (101, 40, 20), (103, 80, 40), (104, 120, 40)])
        self.assert_drops({})

    def test_loss_where_packets_are_split(self):
        self.media(0, resize=20)
        self.assertEqual(self.deliver([0, 2], 40),
                         [(100, 0, 20), (101, 20, 20), (104, 80, 20), (105, 100, 20)])

    def test_two_change_places(self):
        self.media(0, resize=20)
        self.assertEqual(self.deliver([0, 2, 1, 3], 40),
                         [(100, 0, 20), (101, 20, 20), (104, 80, 20), (105, 100, 20),
                          (102, 40, 20), (103, 60, 20), (106, 120, 20), (107, 140, 20)])
        self.assert_drops({})

    def test_late_among_joined_ones(self):
        self.media(0, resize=60)
        self.assertEqual(self.deliver([0, 2, 1, 3, 4, 5, 6]),
                         [(100, 0, 20), (101, 20, 20), (102, 40, 60)])
        self.h.advance(100)
        self.assertEqual(self.numbers(self.payloads(1)), [(103, 100, 40)])

    def test_twice(self):
        self.media(0, resize=20)
        self.assertEqual(len(self.deliver([0, 0, 1, 1, 0])), 2)
        self.assert_drops({'resize_late': 3})

    def test_late_and_twice(self):
        self.media(0, resize=20)
        self.assertEqual(self.deliver([0, 3, 1, 1, 2, 2, 4]),
                         [(100, 0, 20), (103, 60, 20), (101, 20, 20), (102, 40, 20),
                          (104, 80, 20)])
        self.assert_drops({'resize_late': 2})

    def test_two_gaps(self):
        """Numbers are kept for the latest only."""
        self.media(0, resize=20)
        self.deliver([0, 2, 4, 3])
        self.assert_drops({})
        self.assertEqual(self.cut(0, self.stream([20] * 2, seq=100)[1]), [])
        self.assert_drops({'resize_late': 1})

    def test_a_large_gap(self):
        self.media(0, resize=10)
        a = self.stream([20], seq=100, ts=0)
        b = self.stream([20], seq=300, ts=8000)
        self.assertEqual([header(p)[2] for p in self.cut(0, *a, *b)], [100, 101, 301, 302])
        self.assertEqual(self.cut(0, *self.stream([20], seq=299, ts=7840)), [])
        self.assert_drops({'resize_late': 1})

    def test_another_beginning(self):
        self.media(0, resize=20)
        got = self.cut(0, *self.stream([20], seq=100), *self.stream([20] * 2, seq=40000),
                       *self.stream([20], seq=5))
        self.assertEqual([header(p)[2] for p in got], [100, 101, 102, 103])

    def test_numbers_wrap(self):
        self.media(0, resize=10)
        packets = self.stream([20] * 6, seq=65533)
        del packets[2]
        self.assertEqual([header(p)[2] for p in self.cut(0, *packets)],
                         [65533, 65534, 65535, 0, 3, 4, 5, 6, 7, 8])


class Encrypted(ResizeTest):
    def test_both_ways(self):
        self.h.rpc('session.delete', id='call-1')
        for a, b in ((CM80, None), (None, CM80), (CM80, GCM128)):
            with self.subTest(a=a, b=b):
                self.secure(a and Side(a, 1), b and Side(b, 2))
                self.media(0, resize=10)
                got = self.cut(0, *[self.seal(0, p) for p in self.stream([20] * 3, seq=1)])
                self.assertEqual(got, [self.sealed_out(1, p)
                                       for p in self.stream([10] * 6, seq=1)])
                self.media(0, resize=0)
                p = self.stream([20], seq=4, marker=False, at=60)[0]
                want = self.stream([20], seq=7, marker=False, at=60)[0]
                self.assertEqual(self.cut(0, self.seal(0, p)), [self.sealed_out(1, want)])
                self.h.rpc('session.delete', id='call-1')
        self.assert_drops({})

    def test_joined_and_twice(self):
        self.h.rpc('session.delete', id='call-1')
        self.secure(None, Side(CM80))
        self.media(0, resize=40, twice=1)
        got = self.cut(0, *self.stream([20] * 2, seq=1))
        self.assertEqual(got, 2 * [self.sealed_out(1, self.stream([40], seq=1)[0])])
        self.assertEqual(self.tx_of(1)[0], 2)


if __name__ == '__main__':
    unittest.main()
