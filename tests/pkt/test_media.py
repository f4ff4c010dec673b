#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Copies, muted legs, packets sent twice, telephone events, senders known by their host."""
import itertools
import struct
import unittest

from media_call import EVENT_48, EVENT_8, MediaTest
from secure_call import CM80, GCM128, Side
from tandem_pkt import Ether, IP, IPv6, UDP, config, rtcp, rtp


class Copies(MediaTest):
    def test_every_accepted_packet_once_as_it_came(self):
        for a, b in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            with self.subTest(a=a, b=b):
                self.call(a, b)
                self.media(0, copy=1)
                sent = [self.packet_in(0, rtp(i, payload=b'x' * n), ttl=9, tos=184)
                        for i, n in enumerate((160, 0, 7, 1200))]
                sent.append(self.packet_in(0, rtcp(), rtcp_port=True))
                self.send(0, *sent)
                self.assertEqual(len(self.h.tx('wan')), 5)
                got = self.copies()
                self.assert_packets([p for _, p, _ in got], sent)
                for note, p, _ in got:
                    self.assertEqual(note['leg'] % 2, 0)
                    self.assertEqual(note['l3'], 14)
                    off, n = note['payload']
                    self.assertEqual(bytes(p)[off:off + n], bytes(p[UDP].payload))
                self.assertEqual([n['media'] for n, _, _ in got], [0, 0, 0, 0, 1])
                self.send(1, self.packet_in(1, rtp(9)))
                self.assertEqual(self.copies(), [])
                self.h.tx('lan')
                self.h.rpc('session.delete', id='call-1')
        self.assert_drops({})

    def test_what_is_refused_is_not_copied(self):
        self.call()
        self.media(0, copy=1)
        self.send(0, self.packet_in(0, rtp(1), sport=9), self.packet_in(0, b'\0' * 20))
        self.assertEqual(self.copies(), [])
        self.assert_drops({'source': 1, 'not_media': 1})

    def test_what_is_not_sent_on_is(self):
        self.call(leg_b={'hold': True})
        self.media(0, copy=1)
        self.send(0, self.packet_in(0, rtp(1)))
        self.assertEqual(len(self.copies()), 1)
        self.assert_drops({'hold': 1})

    def test_opened(self):
        for profile, legs in itertools.product((CM80, GCM128), (('lan4', 'wan6'), ('lan6', 'wan4'))):
            with self.subTest(profile=profile, legs=legs):
                self.secure(Side(profile, 1), Side(profile, 2), legs=legs)
                self.media(0, copy=1)
                self.relay(0, rtp(1), rtp(2, payload=b'y' * 33))
                self.relay_rtcp(0, rtcp())
                got = self.copies()
                want = [rtp(1), rtp(2, payload=b'y' * 33), rtcp()]
                self.assertEqual([bytes(p[UDP].payload) for _, p, _ in got], want)
                for (note, p, _), payload in zip(got, want):
                    self.assertEqual(p[UDP].chksum, 0)
                    self.assertEqual(p[UDP].len, 8 + len(payload))
                    if IP in p:
                        again = p.copy()
                        del again[IP].chksum
                        self.assertEqual(Ether(bytes(again))[IP].chksum, p[IP].chksum)
                        self.assertEqual(p[IP].len, 28 + len(payload))
                    else:
                        self.assertEqual(p[IPv6].plen, 8 + len(payload))
                self.h.rpc('session.delete', id='call-1')

    def test_same_keys_on_both_sides_are_opened(self):
        a, b = Side(CM80), Side(CM80)
        b.out, b.into = a.into, a.out
        self.secure(a, b)
        self.relay(0, rtp(1))
        self.media(1, copy=1)
        self.relay(1, rtp(1))
        self.assertEqual([bytes(p[UDP].payload) for _, p, _ in self.copies()], [rtp(1)])

    def test_stop(self):
        self.call()
        self.media(0, copy=1)
        self.media(0, copy=0)
        self.send(0, self.packet_in(0, rtp(1)))
        self.assertEqual(self.copies(), [])
        self.expect(1, self.packet_out(1, rtp(1)))

    def test_counters(self):
        self.call()
        self.media(0, copy=1)
        self.send(0, *[self.packet_in(0, rtp(i)) for i in range(5)])
        self.copies()
        changes = self.h.changes('worker.')
        self.assertEqual((changes.get('worker.copied'), changes.get('worker.copy_lost')), (5, None))


class FewCopies(MediaTest):
    """The pool is all that there is: what does not fit is lost to the recording, not to the call."""
    conf = config(media={'copy_mbufs': 40})

    def test_no_buffers(self):
        self.call()
        self.media(0, copy=1)
        for first in range(0, 60, 20):
            self.send(0, *[self.packet_in(0, rtp(i)) for i in range(first, first + 20)])
        self.assertEqual(len(self.h.tx('wan')), 60)
        got = self.copies()
        self.assertEqual(len(got), 40)
        self.assert_drops({})
        self.send(0, *[self.packet_in(0, rtp(i)) for i in range(60, 70)])
        self.assertEqual(len(self.copies()), 10)
        counters = self.h.counters()
        self.assertEqual(counters['worker.copied'], 50)
        self.assertEqual(counters['worker.copy_lost'], 20)


class NoCopies(MediaTest):
    conf = config(media={'copy_mbufs': 0})

    def test_all_are_lost(self):
        self.call()
        self.media(0, copy=1)
        self.send(0, self.packet_in(0, rtp(1)))
        self.expect(1, self.packet_out(1, rtp(1)))
        self.assertEqual(self.copies(), [])
        self.assertEqual(self.h.counters()['worker.copy_lost'], 1)


class Mute(MediaTest):
    def test_media_is_counted_and_rtcp_passes(self):
        self.call(leg_a={'rtcp': 'mux'}, leg_b={'rtcp': 'mux'})
        self.media(0, mute=1)
        self.send(0, self.packet_in(0, rtp(1)), self.packet_in(0, rtcp()))
        self.assertEqual(self.payloads(1), [rtcp()])
        self.send(1, self.packet_in(1, rtp(1)))
        self.assertEqual(self.payloads(0), [rtp(1)])
        self.assert_drops({'muted': 1})
        legs = self.h.rpc('session.get', id='call-1')['legs']
        self.assertEqual(legs[0]['rx']['packets'], 2)
        self.assertEqual((legs[1]['tx']['packets'], legs[1]['tx']['bytes']), (1, len(rtcp())))
        self.media(0, mute=0)
        self.send(0, self.packet_in(0, rtp(2)))
        self.assertEqual(self.payloads(1), [rtp(2)])

    def test_any_datagrams(self):
        udp = {'kind': 'udp', 'rtcp': 'next'}
        self.call(leg_a=udp, leg_b=udp)
        self.media(0, mute=1)
        self.send(0, self.packet_in(0, b'udptl'), self.packet_in(0, rtcp(), rtcp_port=True))
        self.assertEqual(self.payloads(1), [rtcp()])
        self.assert_drops({'muted': 1})


class Twice(MediaTest):
    def test_rtp_and_not_rtcp(self):
        for a, b in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            with self.subTest(a=a, b=b):
                self.call(a, b)
                self.media(0, twice=1)
                self.send(0, self.packet_in(0, rtp(1)),
                          self.packet_in(0, rtcp(), rtcp_port=True))
                self.assertEqual(self.payloads(1), [rtp(1), rtp(1), rtcp()])
                self.assertEqual(self.tx_of(1), (3, 2 * 172 + len(rtcp())))
                self.send(1, self.packet_in(1, rtp(1)))
                self.assertEqual(len(self.payloads(0)), 1)
                self.h.rpc('session.delete', id='call-1')
        self.assert_drops({})

    def test_short_ones(self):
        self.call()
        self.media(0, twice=1, below=45)
        self.send(0, *[self.packet_in(0, rtp(i, payload=b'x' * n))
                       for i, n in enumerate((32, 33, 20))])
        self.assertEqual([len(p) for p in sorted(self.payloads(1), key=len)], [32, 32, 44, 44, 45])

    def test_sealed_once(self):
        """Both are the same packet: its index is used once."""
        self.secure(None, Side(CM80))
        self.media(0, twice=1)
        self.send(0, *[self.packet_in(0, rtp(i)) for i in (1, 2)])
        want = [self.sealed_out(1, rtp(i)) for i in (1, 2)]
        self.assertEqual(self.payloads(1), want + want)
        self.assert_drops({})


def event(seq, ts, digit, duration, end=False, volume=10, pt=101, marker=0):
    payload = struct.pack('!BBH', digit, (0x80 if end else 0) | volume, duration)
    return rtp(seq, ts=ts, pt=pt, marker=marker, payload=payload)


class Telephone(MediaTest):
    def setUp(self):
        super().setUp()
        self.call()
        self.media(0, (101, EVENT_8), (110, EVENT_48), dtmf=1)

    def dial(self, *packets):
        """They pass as they are; what is told."""
        self.send(0, *[self.packet_in(0, p) for p in packets])
        self.assertEqual(self.payloads(1), list(packets))
        return [(t['digit'], t['ms'], t['volume'], t['leg'], t['id']) for t in self.told()]

    def test_one_for_three_end_packets(self):
        packets = [event(i, 1000, 5, 160 * i, marker=i == 1) for i in range(1, 5)]
        self.assertEqual(self.dial(*packets), [])
        ends = [event(i, 1000, 5, 800, True, 7) for i in (5, 6, 7)]
        self.assertEqual(self.dial(*ends), [(5, 100, 7, 0, 'call-1')])
        self.assertEqual(self.dial(event(5, 1000, 5, 800, True, 7)), [])
        self.assertEqual(self.dial(rtp(8)), [])

    def test_only_one_end_packet_came(self):
        self.assertEqual(self.dial(event(3, 1000, 11, 400, True)), [(11, 50, 10, 0, 'call-1')])

    def test_the_same_digit_again(self):
        got = self.dial(*[event(i, ts, 1, 320, True) for i, ts in enumerate((1000, 1000, 2000, 2000))])
        self.assertEqual([d[:2] for d in got], [(1, 40), (1, 40)])

    def test_without_its_end(self):
        self.assertEqual(self.dial(event(1, 1000, 2, 160), event(2, 1000, 2, 480)), [])
        got = self.dial(event(9, 3000, 3, 160, True))
        self.assertEqual([d[:2] for d in got], [(2, 60), (3, 20)])

    def test_late_ones_of_an_earlier_event(self):
        self.dial(event(1, 1000, 2, 160, True), event(4, 3000, 3, 160))
        self.assertEqual(self.dial(event(2, 1000, 2, 160, True), event(3, 1000, 2, 160)), [])
        self.assertEqual([d[0] for d in self.dial(event(5, 3000, 3, 320, True))], [3])

    def test_longer_than_its_field(self):
        self.dial(event(1, 1000, 0, 0xffff), event(2, 1000 + 0xffff, 0, 0xffff))
        got = self.dial(event(3, 1000 + 2 * 0xffff, 0, 800, True))
        self.assertEqual([d[:2] for d in got], [(0, (2 * 0xffff + 800) // 8)])

    def test_timestamps_wrap(self):
        self.dial(event(1, 2**32 - 10, 1, 160, True))
        self.assertEqual([d[0] for d in self.dial(event(2, 500, 2, 160, True))], [2])

    def test_other_clock_and_type(self):
        self.assertEqual([d[:2] for d in self.dial(event(1, 1000, 15, 4800, True, pt=110))],
                         [(15, 100)])
        self.assertEqual(self.dial(event(2, 9000, 15, 4800, True, pt=102)), [])

    def test_no_events(self):
        odd = [rtp(1, pt=101, payload=b'\5\x80\1'), event(2, 1000, 17, 160, True),
               event(3, 2000, 255, 160, True), rtp(4, pt=101, payload=b'')]
        self.assertEqual(self.dial(*odd), [])
        self.assertEqual([d[0] for d in self.dial(event(5, 3000, 16, 160, True))], [16])

    def test_the_other_leg_is_not_listened_to(self):
        self.send(1, self.packet_in(1, event(1, 1000, 5, 160, True)))
        self.assertEqual(self.told(), [])

    def test_a_new_ssrc(self):
        self.dial(event(1, 1000, 5, 160, True))
        other = bytearray(event(1, 500, 6, 160, True))
        other[8:12] = b'abcd'
        self.assertEqual([d[0] for d in self.dial(bytes(other))], [6])

    def test_a_flood_of_them(self):
        """A leg's budget: 40 at once, 20 a second; the others pass, and are counted."""
        told = self.dial(*[event(i, 1000 * i, 5, 160, True) for i in range(1, 61)])
        self.assertEqual(len(told), 40)
        self.assertEqual(self.h.changes('worker.dtmf'),
                         {'worker.dtmf': 40, 'worker.dtmf_limited': 20})
        self.h.advance(500)
        told = self.dial(*[event(i, 1000 * i, 6, 160, True) for i in range(61, 91)])
        self.assertIn(len(told), range(9, 12))
        self.h.advance(60000)
        self.assertEqual(len(self.dial(event(91, 91000, 7, 160, True))), 1)

    def test_muted_ones_are_told(self):
        self.media(0, mute=1)
        self.send(0, self.packet_in(0, event(1, 1000, 5, 160, True)))
        self.assertEqual(len(self.told()), 1)
        self.assertEqual(self.payloads(1), [])


class Host(MediaTest):
    """The signalled host, any port; answers go where it was signalled."""

    def test_any_port(self):
        for a, b in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6')):
            with self.subTest(a=a, b=b):
                self.call(a, b, leg_a={'latch': 'host'})
                ports = (4000, 1, 40000, 65535)
                self.send(0, *[self.packet_in(0, rtp(i), sport=p) for i, p in enumerate(ports)])
                self.assertEqual(self.payloads(1), [rtp(i) for i in range(4)])
                self.send(0, self.packet_in(0, rtcp(), sport=7, dport=self.local[0] + 1))
                self.assertEqual(self.payloads(1), [rtcp()])
                self.send(1, self.packet_in(1, rtp(1)))
                got = self.h.tx(self.device(0))
                self.assertEqual([g[UDP].dport for g in got], [4000])
                self.assert_drops({})
                self.h.rpc('session.delete', id='call-1')

    def test_another_host(self):
        self.call('lan4', 'wan4')
        self.media(0, host=1)
        stranger = self.packet_in(0, rtp(1))
        stranger[IP].src = '10.0.0.3'
        self.send(0, stranger)
        self.assertEqual(self.payloads(1), [])
        self.assert_drops({'source': 1})
        leg = self.h.rpc('session.get', id='call-1')['legs'][0]
        self.assertEqual((leg['latch'], leg['latched'], leg['learned']), ('host', False, None))

    def test_nobody_signalled(self):
        self.call()
        self.h.rpc('session.update', id='call-1', legs=[{'remote': None}, {}])
        self.media(0, host=1)
        self.send(0, self.packet_in(0, rtp(1)))
        self.assert_drops({'source': 1})

    def test_back_to_strict(self):
        self.call()
        self.media(0, host=1)
        self.h.rpc('session.update', id='call-1', legs=[{'latch': 'strict'}, {}])
        self.send(0, self.packet_in(0, rtp(1), sport=9), self.packet_in(0, rtp(2)))
        self.assertEqual(self.payloads(1), [rtp(2)])
        self.assert_drops({'source': 1})

    def test_encrypted(self):
        self.secure(Side(CM80), None, leg_a={'latch': 'host'})
        self.relay(0, rtp(1), rtp(2), sport=1234)


if __name__ == '__main__':
    unittest.main()
