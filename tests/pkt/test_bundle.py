#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Media sections that share one port (RFC 8843) toward parties that know nothing of it.

  browser ── one port │ tandem │ a port ── audio
                               │ a port ── video
"""
import itertools
import struct
import unittest

from secure_call import CM80, GCM128, SecureTest, Side
from tandem_pkt import Ether, UDP, rtp
from test_relay import SIDES

BROWSER, AUDIO, VIDEO = range(3)
PCMU, EVENT, VP8, RTX = 0, 101, 96, 97
AUDIO_TYPES, VIDEO_TYPES = [PCMU, EVENT], [VP8, RTX]


def packet(kind, count, *words):
    return struct.pack(f'!BBH{len(words)}I', 0x80 | count, kind, len(words), *words)


def report(sender, *about):
    blocks = itertools.chain.from_iterable((ssrc, 0, 0, 0, 0, 0) for ssrc in about)
    return packet(201, len(about), sender, *blocks)


def sender_report(sender, *about):
    blocks = itertools.chain.from_iterable((ssrc, 0, 0, 0, 0, 0) for ssrc in about)
    return packet(200, len(about), sender, 0, 0, 0, 0, 0, *blocks)


def picture_loss(sender, about):
    return packet(206, 1, sender, about)


class BundleTest(SecureTest):
    """The parties are the `legs` of packet_in() and the like; `side` has their keys."""

    def bundle(self, addresses=('lan4', 'wan4', 'wan6'), browser=None, **legs):
        """legs: audio=, video= and transport=, each more of what that leg is created with."""
        remote = [{'ip': SIDES[a][1], 'port': port} for a, port in zip(addresses,
                                                                       (4000, 5004, 5006))]
        self.side = [browser, None, None]
        self.h.rpc('session.create', id='call', legs=[
            {'address': addresses[0], 'remote': remote[0], 'rtcp': 'mux',
             'bundle': {'payload_types': AUDIO_TYPES}, **(browser.leg() if browser else {}),
             **legs.get('transport', {})},
            {'address': addresses[1], 'remote': remote[1], **legs.get('audio', {})}],
            **legs.get('session', {}))
        self.h.rpc('session.create', id='call/1', legs=[
            {'bundle': {'id': 'call', 'payload_types': VIDEO_TYPES}},
            {'address': addresses[2], 'remote': remote[2], **legs.get('video', {})}])
        call, video = self.get('call'), self.get('call/1')
        self.assertEqual(call[0]['local'], video[0]['local'])
        self.sides, self.party = addresses, [4000, 5004, 5006]
        self.local = [leg['local']['port'] for leg in (call[0], call[1], video[1])]

    def get(self, session):
        return self.h.rpc('session.get', id=session)['legs']

    def update(self, session, *legs):
        self.h.rpc('session.update', id=session, legs=list(legs))

    def passes(self, sender, receiver, *payloads):
        self.send(sender, *[self.packet_in(sender, self.seal(sender, p)) for p in payloads])
        self.gets(receiver, *[self.sealed_out(receiver, p) for p in payloads])
        self.assert_drops({})

    def reports(self, receiver, *payloads):
        """RTCP of the browser's."""
        self.send(BROWSER, *[self.packet_in(BROWSER, self.seal_rtcp(BROWSER, p))
                             for p in payloads])
        got = self.h.tx(self.device(receiver))
        self.assertEqual([bytes(g[UDP].payload) for g in got], list(payloads))
        for g in got:
            self.assertEqual((g[UDP].sport, g[UDP].dport),
                             (self.local[receiver] + 1, self.party[receiver] + 1))
            self.assertEqual(g[UDP].chksum, self.checksum(g))
        self.assert_drops({})

    @staticmethod
    def checksum(p):
        want = p.copy()
        del want[UDP].chksum
        return Ether(bytes(want))[UDP].chksum

    def nobody_gets(self, drops, *payloads):
        self.send(BROWSER, *[self.packet_in(BROWSER, self.seal(BROWSER, p)) for p in payloads])
        self.assert_packets(self.h.tx('lan') + self.h.tx('wan'), [])
        self.assert_drops(drops)

    def talk(self, seq=1):
        """A packet of everybody's, so that their SSRCs are known."""
        self.passes(BROWSER, AUDIO, rtp(seq, ssrc=0xa1, pt=PCMU))
        self.passes(BROWSER, VIDEO, rtp(seq, ssrc=0xa2, pt=VP8))
        self.passes(AUDIO, BROWSER, rtp(seq, ssrc=0xb1, pt=PCMU))
        self.passes(VIDEO, BROWSER, rtp(seq, ssrc=0xb2, pt=VP8))


class Sections(BundleTest):
    def test_every_set_of_families(self):
        for addresses in itertools.product(('lan4', 'lan6'), ('wan4', 'wan6'), ('wan4', 'wan6')):
            for side in None, Side(CM80), Side(GCM128):
                with self.subTest(addresses=addresses, side=side and side.profile):
                    self.bundle(addresses, side)
                    self.talk()
                    self.passes(BROWSER, AUDIO, rtp(2, ssrc=0xa1, pt=EVENT))
                    self.passes(BROWSER, VIDEO, rtp(2, ssrc=0xa3, pt=RTX, marker=1))
                    self.h.rpc('session.delete', id='call')
                    self.assertEqual(self.h.rpc('session.list')['sessions'], [])

    def test_all_in_a_burst(self):
        self.bundle(('lan4', 'wan4', 'wan4'), Side(CM80))
        packets = [rtp(i, ssrc=0xa1 + i % 2, pt=(PCMU, VP8)[i % 2]) for i in range(60)]
        self.send(BROWSER, *[self.packet_in(BROWSER, self.seal(BROWSER, p)) for p in packets])
        got = [(g[UDP].sport, bytes(g[UDP].payload)) for g in self.h.tx('wan')]
        self.assertEqual(got, [(self.local[AUDIO + i % 2], p) for i, p in enumerate(packets)])
        self.assert_drops({})

    def test_nobodys_payload_type(self):
        for side in None, Side(CM80):
            self.bundle(browser=side)
            self.nobody_gets({'bundle_section': 3}, *[rtp(1, ssrc=pt, pt=pt) for pt in (1, 98, 127)])
            self.assertEqual(self.get('call')[0]['drops'], {'bundle_section': 3})
            self.assertEqual(self.get('call')[0]['rx']['packets'], 0)
            self.h.rpc('session.delete', id='call')

    def test_each_on_its_own_account(self):
        self.bundle()
        self.talk()
        self.passes(BROWSER, VIDEO, *[rtp(s, ssrc=0xa2, pt=VP8) for s in (2, 3, 5)])
        audio, video = self.get('call'), self.get('call/1')
        self.assertEqual([leg['rx']['packets'] for leg in audio + video], [1, 1, 4, 1])
        self.assertEqual([leg['tx']['packets'] for leg in audio + video], [1, 1, 1, 4])
        self.assertEqual([leg['rx']['ssrc'] for leg in audio + video], [0xa1, 0xb1, 0xa2, 0xb2])
        self.assertEqual((video[0]['rx']['lost'], audio[0]['rx']['lost']), (1, 0))

    def test_strangers(self):
        self.bundle()
        p = self.packet_in(BROWSER, rtp(1, pt=VP8), sport=4444)
        self.send(BROWSER, p)
        self.assert_drops({'source': 1})
        self.assertEqual(self.get('call')[0]['drops'], {'source': 1})
        self.assertEqual(self.get('call/1')[0]['drops'], {})

    def test_a_call_of_video_alone_lives(self):
        self.bundle(session={'idle_timeout_s': 2})
        for seq in range(8):
            self.passes(BROWSER, VIDEO, rtp(seq, pt=VP8))
            self.h.advance(500)
        self.h.advance(3000)
        self.assertEqual(self.h.rpc('session.list')['sessions'], [])


class Reports(BundleTest):
    def test_by_ssrc(self):
        for side in None, Side(CM80):
            self.bundle(('lan4', 'wan4', 'wan4'), side)
            self.talk()
            self.reports(AUDIO, report(0xa1), report(0xa2, 0xb1), report(1, 0xb1), report(1),
                         report(5, 6), sender_report(0xa1), sender_report(0xa1, 0xb2),
                         sender_report(5, 0xb1), report(0xa1) + picture_loss(0xa1, 3))
            self.reports(VIDEO, report(0xa2), report(0xa1, 0xb2), report(1, 0xb2),
                         sender_report(0xa2, 0xb1), sender_report(5, 0xb2), report(1) + picture_loss(1, 0xb2),
                         picture_loss(0xa2, 0xb2), report(1, 9, 0xb1) + picture_loss(1, 0xb2))
            self.h.rpc('session.delete', id='call')

    def test_without_feedback(self):
        self.bundle(video={'feedback': False})
        self.talk()
        self.send(BROWSER, *[self.packet_in(BROWSER, p) for p in (
            report(1, 0xb2) + picture_loss(1, 0xb2), picture_loss(1, 0xb2))])
        got = self.h.tx('wan')
        self.assertEqual([bytes(g[UDP].payload) for g in got], [report(1, 0xb2)])
        self.assertEqual(got[0][UDP].chksum, self.checksum(got[0]))
        self.assert_drops({'feedback': 1})
        self.assertEqual(self.get('call/1')[0]['drops'], {'feedback': 1})
        self.reports(AUDIO, report(1, 0xb1) + picture_loss(1, 0xb1))

    def test_of_the_other_parties(self):
        self.bundle(browser=Side(CM80))
        self.talk()
        for sender in AUDIO, VIDEO:
            self.send(sender, self.packet_in(sender, report(7, 8), rtcp_port=True))
            got = self.h.tx('lan')
            self.assertEqual(self.opened_rtcp(BROWSER, bytes(got[0][UDP].payload)), report(7, 8))
            self.assertEqual((got[0][UDP].sport, got[0][UDP].dport), (self.local[BROWSER], 4000))


class Changes(BundleTest):
    def test_hold_of_one(self):
        self.bundle()
        self.update('call/1', {}, {'hold': True})
        self.passes(BROWSER, AUDIO, rtp(1, pt=PCMU))
        self.nobody_gets({'hold': 1}, rtp(1, pt=VP8))
        self.assertEqual(self.get('call/1')[0]['drops'], {'hold': 1})
        self.update('call/1', {}, {'hold': False})
        self.passes(BROWSER, VIDEO, rtp(2, pt=VP8))

    def test_other_payload_types(self):
        self.bundle()
        self.update('call/1', {'bundle': {'payload_types': [98, 99]}})
        self.nobody_gets({'bundle_section': 1}, rtp(1, pt=VP8))
        self.passes(BROWSER, VIDEO, rtp(1, pt=98))
        self.update('call', {'bundle': {'payload_types': [VP8]}})
        self.passes(BROWSER, AUDIO, rtp(1, pt=VP8))
        self.nobody_gets({'bundle_section': 1}, rtp(1, pt=PCMU))

    def test_one_ends(self):
        self.bundle(browser=Side(CM80))
        self.talk()
        self.h.rpc('session.delete', id='call/1')
        self.nobody_gets({'bundle_section': 1}, rtp(2, ssrc=0xa2, pt=VP8))
        self.passes(BROWSER, AUDIO, rtp(2, ssrc=0xa1, pt=PCMU))

    def test_the_transport_ends(self):
        self.bundle()
        self.h.rpc('session.delete', id='call')
        self.nobody_gets({'no_flow': 2}, rtp(1, pt=VP8), rtp(1, pt=PCMU))

    def test_the_browser_moves(self):
        for side in None, Side(CM80):
            self.bundle(browser=side)
            self.talk()
            self.update('call', {'remote': {'ip': SIDES['lan4'][1], 'port': 4400}})
            self.nobody_gets({'source': 2}, rtp(2, ssrc=0xa1, pt=PCMU), rtp(2, ssrc=0xa2, pt=VP8))
            self.party[BROWSER] = 4400
            self.talk(3)
            self.h.rpc('session.delete', id='call')

    def test_learned_by_any_section(self):
        """What the browser's video teaches is where audio goes as well."""
        self.bundle(transport={'latch': 'once'})
        self.party[BROWSER] = 4444
        self.passes(BROWSER, VIDEO, rtp(1, pt=VP8))
        self.passes(AUDIO, BROWSER, rtp(1, pt=PCMU))
        self.passes(VIDEO, BROWSER, rtp(1, pt=VP8))
        self.passes(BROWSER, AUDIO, rtp(1, pt=PCMU))

    def test_updates_while_packets_flow(self):
        self.bundle(('lan4', 'wan4', 'wan4'), Side(CM80))
        for seq in range(50):
            port = 5006 + seq % 3
            self.update('call/1', {}, {'remote': {'ip': SIDES['wan4'][1], 'port': port}})
            self.party[VIDEO] = port
            if seq % 7 == 0:
                self.update('call', {}, {'dscp': seq % 5})
                self.update('call', {}, {'dscp': None})
            self.passes(BROWSER, VIDEO, rtp(seq, ssrc=0xa2, pt=VP8))
            self.passes(BROWSER, AUDIO, rtp(seq, ssrc=0xa1, pt=PCMU))

    def test_new_keys(self):
        self.bundle(browser=Side(CM80, 1))
        self.talk()
        self.side[BROWSER] = Side(CM80, 2)
        self.update('call', self.side[BROWSER].leg())
        self.talk(2)


class BothSides(BundleTest):
    """Two browsers: each has one port for all."""

    def both(self, *sides):
        self.side = list(sides)
        ends = [{'address': a, 'remote': {'ip': SIDES[a][1], 'port': port}, 'rtcp': 'mux',
                 'bundle': {'payload_types': AUDIO_TYPES}, **(side.leg() if side else {})}
                for a, port, side in zip(('lan4', 'wan6'), (4000, 5004), sides)]
        answer = self.h.rpc('session.create', id='call', legs=ends)
        self.h.rpc('session.create', id='call/1',
                   legs=[{'bundle': {'id': 'call', 'payload_types': VIDEO_TYPES}}] * 2)
        self.sides, self.party = ('lan4', 'wan6'), [4000, 5004]
        self.local = [leg['local']['port'] for leg in answer['legs']]

    def test_media(self):
        for sides in (None, None), (Side(CM80, 1), Side(GCM128, 2)), (Side(CM80, 1), None):
            self.both(*sides)
            for seq in range(1, 20):
                for sender in 0, 1:
                    self.passes(sender, 1 - sender, rtp(seq, ssrc=0xa1 + sender, pt=PCMU),
                                rtp(seq, ssrc=0xc1 + sender, pt=VP8))
            for session in 'call', 'call/1':
                self.assertEqual([leg['rx']['packets'] for leg in self.get(session)], [19, 19])
            self.h.rpc('session.delete', id='call')

    def test_a_picture_is_asked_for(self):
        self.both(Side(CM80, 1), Side(CM80, 2))
        for sender in 0, 1:
            self.passes(sender, 1 - sender, rtp(1, ssrc=0xc1 + sender, pt=VP8))
        ask = report(1) + picture_loss(1, 0xc2)
        self.send(0, self.packet_in(0, self.seal_rtcp(0, ask)))
        got = self.h.tx('wan')
        self.assertEqual(self.opened_rtcp(1, bytes(got[0][UDP].payload)), ask)
        self.assertEqual((got[0][UDP].sport, got[0][UDP].dport), (self.local[1], 5004))
        self.assertEqual(self.get('call/1')[0]['rx']['packets'], 2)


if __name__ == '__main__':
    unittest.main()
