#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames played to a leg: what goes out, when, and what comes back of players."""
import itertools
import struct
import unittest

from media_call import END, GONE, STOPPED, MediaTest, header
from secure_call import CM80, GCM128, Side
from tandem_pkt import Ether, IP, IPv6, UDP, config, rtcp, rtp

FRAMES = b''.join(bytes([i]) * 160 for i in range(1, 6))


def sample(n, seq=1000, ts=5000, ssrc=0xfeed, frames=FRAMES, frame_len=160, step=160, pt=0):
    """The n-th packet of a player."""
    i = n % (len(frames) // frame_len)
    return rtp(seq + n, ssrc, ts + n * step, pt, frames[i * frame_len:(i + 1) * frame_len],
               marker=n == 0)


class Play(MediaTest):
    def ended(self, player, packets, why, session='call-1'):
        told = self.told()
        self.assertEqual([(t['player'], t['packets'], t['why'], t['id']) for t in told],
                         [(player, packets, why, session)])

    def test_every_family(self):
        for b in ('wan4', 'wan6'):
            with self.subTest(b=b):
                self.call('lan4', b)
                player = self.play(1, FRAMES[:320])
                got = self.h.tx('wan')
                self.assertEqual(len(got), 1)
                ident = got[0][IP].id if IP in got[0] else 0
                want = self.packet_out(1, sample(0), ttl=64, df=False, ident=ident)
                self.assert_packets(got, [want])
                self.h.advance(100)
                self.assertEqual(len(self.payloads(1)), 1)
                self.ended(player, 2, END)
                self.h.rpc('session.delete', id='call-1')
        self.assertEqual(self.h.tx('lan'), [])
        self.assert_drops({})

    def test_each_at_its_time(self):
        self.call()
        player = self.play(1, FRAMES)
        came = [0] if self.payloads(1) == [sample(0)] else []
        for ms in range(1, 111):
            self.h.advance(1)
            got = self.payloads(1)
            if got:
                self.assertEqual(got, [sample(len(came))])
                came.append(ms)
            if ms == 99:
                self.assertEqual(self.told(), [])
        self.assertEqual(came, [0, 20, 40, 60, 80])
        self.ended(player, 5, END)

    def test_repeats(self):
        self.call()
        player = self.play(1, FRAMES, repeats=3)
        self.h.advance(400)
        self.assertEqual(self.payloads(1), [sample(n) for n in range(15)])
        self.ended(player, 15, END)

    def test_for_ever_until_it_is_stopped(self):
        self.call()
        player = self.play(1, FRAMES, repeats=-1, seq=65530, ts=2**32 - 400)
        self.h.advance(610)
        self.assertEqual(self.payloads(1), [sample(n, 65530, 2**32 - 400) for n in range(31)])
        self.assertEqual(self.told(), [])
        self.halt(player)
        self.h.advance(21)
        self.assertEqual(self.payloads(1), [])
        self.ended(player, 31, STOPPED)
        self.h.advance(100)
        self.assertEqual(self.payloads(1), [])

    def test_codecs(self):
        self.call()
        for pt, frame_len, step, period in ((3, 33, 160, 20000), (18, 10, 80, 10000),
                                            (4, 24, 240, 30000), (9, 240, 240, 30000)):
            frames = bytes(range(250))[:frame_len] * 3
            player = self.play(1, frames, frame_len, pt, step, period)
            self.h.advance(4 * period // 1000)
            self.assertEqual(self.payloads(1), [sample(n, frames=frames, frame_len=frame_len,
                                                       step=step, pt=pt) for n in range(3)])
            self.ended(player, 3, END)

    def test_the_other_side_is_muted_meanwhile(self):
        self.call()
        player = self.play(1, FRAMES[:320])
        self.payloads(1)
        self.send(0, self.packet_in(0, rtp(1)), self.packet_in(0, rtcp(), rtcp_port=True))
        self.assertEqual(self.payloads(1), [rtcp()])
        self.send(1, self.packet_in(1, rtp(1)), self.packet_in(1, rtcp(), rtcp_port=True))
        self.assertEqual(self.payloads(0), [rtp(1), rtcp()])
        self.h.advance(50)
        self.ended(player, 2, END)
        self.payloads(1)
        self.send(0, self.packet_in(0, rtp(2)))
        self.assertEqual(self.payloads(1), [rtp(2)])
        self.assert_drops({'muted': 1})

    def test_the_other_side_is_heard_as_soon_as_it_is_stopped(self):
        self.call()
        player = self.play(1, FRAMES, repeats=-1)
        self.payloads(1)
        self.halt(player)
        self.send(0, self.packet_in(0, rtp(1)))
        self.assertEqual(self.payloads(1), [rtp(1)])
        self.h.advance(30)
        self.ended(player, 1, STOPPED)
        self.send(0, self.packet_in(0, rtp(2)))
        self.assertEqual(self.payloads(1), [rtp(2)])
        self.assert_drops({})

    def test_one_after_the_other_mutes_until_the_last_has_ended(self):
        self.call()
        first = self.play(1, FRAMES, repeats=-1)
        second = self.play(1, FRAMES, repeats=-1, ssrc=2)
        self.halt(first)
        self.h.advance(30)
        self.ended(first, 1, STOPPED)
        self.h.tx('wan')
        self.send(0, self.packet_in(0, rtp(1)))
        self.assert_drops({'muted': 1})
        self.halt(second)
        self.h.advance(30)
        self.h.tx('wan')
        self.send(0, self.packet_in(0, rtp(2)))
        self.assertEqual(self.payloads(1), [rtp(2)])

    def test_session_deleted(self):
        self.call()
        player = self.play(1, FRAMES, repeats=-1)
        self.h.advance(45)
        self.assertEqual(len(self.payloads(1)), 3)
        self.h.rpc('session.delete', id='call-1')
        self.h.advance(30)
        self.assertEqual(self.payloads(1), [])
        self.ended(player, 3, GONE, '')

    def test_session_deleted_and_its_place_taken(self):
        self.call()
        player = self.play(1, FRAMES, repeats=-1)
        self.h.rpc('session.delete', id='call-1')
        self.h.tx('wan')
        self.call(session='call-2')
        self.h.advance(30)
        self.assertEqual(self.h.tx('wan'), [])
        self.ended(player, 1, GONE, '')
        self.send(0, self.packet_in(0, rtp(1)))
        self.assertEqual(self.payloads(1), [rtp(1)])

    def test_on_hold_time_goes_on(self):
        self.call()
        player = self.play(1, FRAMES)
        self.h.rpc('session.update', id='call-1', legs=[{}, {'hold': True}])
        self.h.advance(45)
        self.h.rpc('session.update', id='call-1', legs=[{}, {'hold': False}])
        self.h.advance(100)
        got = self.payloads(1)
        self.assertEqual([(header(p)[2], header(p)[3], p[12]) for p in got],
                         [(1000, 5000, 1), (1001, 5480, 4), (1002, 5640, 5)])
        self.ended(player, 3, END)

    def test_nobody_there_yet(self):
        self.call()
        self.h.rpc('session.update', id='call-1', legs=[{}, {'remote': None}])
        self.play(1, FRAMES)
        self.h.advance(50)
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': '2001:db8::9', 'port': 5004}}])
        self.h.advance(60)
        self.assertEqual([(header(p)[0], p[12]) for p in self.payloads(1)], [(1, 4), (0, 5)])

    def test_it_follows_the_far_end(self):
        self.call()
        self.play(1, FRAMES)
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': '2001:db8::9', 'port': 6000}, 'dscp': 46}])
        self.h.advance(30)
        got = self.h.tx('wan')
        self.assertEqual([(g[UDP].dport, g[IPv6].tc) for g in got], [(5004, 0), (6000, 46 << 2)])

    def test_encrypted(self):
        for profile, a in itertools.product((CM80, GCM128), (None, Side(CM80, 1))):
            with self.subTest(profile=profile, a=a):
                self.secure(a, Side(profile, 2))
                self.relay(0, rtp(1))
                player = self.play(1, FRAMES[:480])
                self.h.advance(80)
                self.assertEqual(self.payloads(1),
                                 [self.sealed_out(1, sample(n)) for n in range(3)])
                self.ended(player, 3, END)
                self.relay(0, rtp(2))
                self.relay_rtcp(0, rtcp())
                self.h.rpc('session.delete', id='call-1')

    def test_sequence_numbers_wrap_in_srtp(self):
        self.secure(None, Side(CM80))
        self.play(1, FRAMES[:480], seq=65535)
        self.h.advance(80)
        self.assertEqual(self.payloads(1),
                         [self.sealed_out(1, sample(n, 65535), roc=int(n > 0)) for n in range(3)])

    def test_keys_not_known_yet(self):
        """Nothing is ever sent in the clear."""
        self.secure(None, None, leg_b={'security': {'type': 'dtls'}, 'rtcp': 'mux'})
        self.play(1, FRAMES)
        self.h.advance(60)
        self.assertEqual([g for g in self.h.tx('wan') if g[UDP].dport == 5004], [])

    def test_counters(self):
        self.call()
        self.send(0, self.packet_in(0, rtp(1)))
        self.play(1, FRAMES)
        self.h.advance(200)
        self.assertEqual(self.tx_of(1), (6, 6 * 172))
        self.assertEqual(self.h.counters()['worker.played'], 5)

    def test_many_at_once(self):
        """More than a burst are due in the same turn."""
        self.call()
        players = [self.play(1, FRAMES, ssrc=i) for i in range(100)]
        got = self.payloads(1)
        self.assertEqual(sorted(header(p)[4] for p in got), list(range(100)))
        self.h.advance(130)
        self.assertEqual(len(self.payloads(1)), 400)
        self.assertEqual(sorted(t['player'] for t in self.told()), players)
        self.assert_drops({})

    def test_frames_that_fit_nowhere(self):
        self.call()
        for more in ({'frame_len': 2000}, {'frame_len': 0}, {'repeats': 0}, {'period_us': 999},
                     {'pt': 128}):
            with self.subTest(**more), self.assertRaises(AssertionError):
                self.play(1, b'x' * 3000, **more)
        self.send(0, self.packet_in(0, rtp(1)))
        self.assertEqual(self.payloads(1), [rtp(1)])


class SmallMtu(MediaTest):
    conf = config(interfaces=[{'name': 'lan', 'device': 'net_ring_lan'},
                              {'name': 'wan', 'device': 'net_ring_wan', 'mtu': 1280}])

    def test_too_large(self):
        self.call()
        self.play(1, b'x' * 2800, frame_len=1400)
        self.h.advance(60)
        self.assertEqual(self.h.tx('wan'), [])
        self.assertEqual([(t['packets'], t['why']) for t in self.told()], [(0, END)])


class Workers(MediaTest):
    """Each call's players and copies are its worker's."""
    conf = config(workers=3)
    queues = 3

    def test_each_its_own(self):
        workers = set()
        for i in range(6):
            workers.add(self.call(session=f'call-{i}')['worker'])
            self.media(0, session=f'call-{i}', copy=1)
            self.play(1, FRAMES[:320], ssrc=i, session=f'call-{i}')
            self.send(0, self.packet_in(0, rtp(i)))
        self.assertEqual(len(workers), 3)
        self.h.advance(60)
        self.assertEqual(sorted(header(p)[4] for p in self.payloads(1)),
                         sorted(2 * list(range(6))))
        self.assertEqual(sorted((t['id'], t['packets']) for t in self.told()),
                         [(f'call-{i}', 2) for i in range(6)])
        self.assertEqual([len(self.copies(w)) for w in range(3)], [2, 2, 2])
        self.assert_drops({'muted': 6})


class Inside(MediaTest):
    def test_to_another_call_of_ours(self):
        """The far end is tandem itself: it comes in there."""
        self.call('lan4', 'wan4', session='far')
        far = self.local[0]
        self.call('wan4', 'lan4', session='near',
                  leg_b={'remote': {'ip': '10.0.0.1', 'port': far}})
        self.h.rpc('session.update', id='far', legs=[{'remote': {
            'ip': '10.0.0.1', 'port': self.local[1]}}, {}])
        self.play(1, FRAMES[:160], session='near')
        self.h.advance(30)
        got = self.h.tx('wan')
        self.assertEqual([bytes(g[UDP].payload) for g in got], [sample(0)])
        self.assertEqual(got[0][IP].ttl, 63)


if __name__ == '__main__':
    unittest.main()
