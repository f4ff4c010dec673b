#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""STUN and DTLS of legs that speak them: answered by tandem, never relayed, within budgets."""
import hashlib
import hmac
import os
import struct
import unittest
import zlib

from test_relay import CallTest
from tandem_pkt import A_IP, A_LOCAL, A_MAC, Ether, IP, Raw, UDP, config, rtp

COOKIE = 0x2112a442
STRANGER, STRANGER_MAC = '10.0.0.66', '02:00:00:00:00:66'
UFRAG, PWD = 'farE', 'theFarEndHasAPassword12345'
BURST = 100  # of each kind, by one leg, of one party; dataplane/punt.c


def attribute(kind, value):
    return struct.pack('!HH', kind, len(value)) + value + bytes(-len(value) % 4)


def stun(kind, attributes, password, transaction):
    """With MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 §14.5, §14.7)."""
    def head(more):
        return struct.pack('!HHI', kind, len(attributes) + more, COOKIE) + transaction

    mac = hmac.new(password.encode(), head(24) + attributes, hashlib.sha1).digest()
    attributes += attribute(8, mac)
    crc = zlib.crc32(head(8) + attributes) ^ 0x5354554e
    return head(8) + attributes + attribute(0x8028, struct.pack('!I', crc))


def attributes_of(message):
    out, at = {}, 20
    while at < len(message):
        kind, n = struct.unpack_from('!HH', message, at)
        out[kind] = message[at + 4:at + 4 + n]
        at += 4 + n + -n % 4
    return out


class PuntTest(CallTest):
    conf = config()
    conf['neighbours'].append({'interface': 'lan', 'ip': STRANGER, 'mac': STRANGER_MAC})

    def ice(self, session='call-1', **more):
        answer = self.h.rpc('session.create', id=session, legs=[
            {'address': 'lan4', 'rtcp': 'mux',
             'ice': {'mode': 'lite', 'remote': {'ufrag': UFRAG, 'pwd': PWD}}},
            {'address': 'wan6', 'remote': {'ip': '2001:db8::9', 'port': 5004}}], **more)
        self.sides = ('lan4', 'wan6')
        self.local = [leg['local']['port'] for leg in answer['legs']]
        self.party = [4000, 5004]
        return answer['legs'][0]['ice']

    def request(self, ours, nominate=True, priority=0x6e7f1eff):
        username = f'{ours["ufrag"]}:{UFRAG}'.encode()
        attributes = (attribute(6, username) + attribute(0x24, struct.pack('!I', priority)) +
                      attribute(0x802a, bytes(8)))
        if nominate:
            attributes += attribute(0x25, b'')
        self.transaction = os.urandom(12)
        return stun(1, attributes, ours['pwd'], self.transaction)

    def check(self, ours, **how):
        self.send(0, self.packet_in(0, self.request(ours, **how)))
        self.answered(ours, 4000)

    def answered(self, ours, port):
        got = [g for g in self.h.tx('lan') if g[UDP].dport == port]
        self.assertEqual(len(got), 1)
        self.assertEqual((got[0][IP].src, got[0][IP].dst), (A_LOCAL, A_IP))
        self.assertEqual(got[0][UDP].sport, self.local[0])
        answer = bytes(got[0][UDP].payload)
        self.assertEqual(struct.unpack_from('!H', answer)[0], 0x0101)
        self.assertEqual(answer[8:20], self.transaction)
        mapped = attributes_of(answer)[0x20]
        self.assertEqual(struct.unpack('!HH', mapped[:4]), (1, port ^ COOKIE >> 16))

    def strange(self, payload, port=6666, to=None):
        return (Ether(src=STRANGER_MAC, dst=self.mac('lan')) /
                IP(src=STRANGER, dst=A_LOCAL, flags='DF', id=0) /
                UDP(sport=port, dport=to or self.local[0]) / Raw(payload))

    def nothing_relayed(self):
        self.assert_packets(self.h.tx('wan'), [])


class Ice(PuntTest):
    def test_media_is_that_of_the_nominated_pair(self):
        ours = self.ice()
        self.send(0, self.packet_in(0, rtp(1)))
        self.assert_drops({'source': 1})
        self.check(ours, nominate=False)
        self.send(0, self.packet_in(0, rtp(1)))
        self.assert_drops({'source': 1})
        self.check(ours)
        self.nothing_relayed()
        self.send(0, self.packet_in(0, rtp(1)), self.strange(rtp(1)))
        self.expect(1, self.packet_out(1, rtp(1)))
        self.send(1, self.packet_in(1, rtp(1)))
        self.assertEqual([g[UDP].dport for g in self.h.tx('lan')], [4000])
        self.assert_drops({'source': 1})

    def test_in_one_burst_with_media(self):
        ours = self.ice()
        self.check(ours)
        check = self.packet_in(0, self.request(ours))
        media = [self.packet_in(0, rtp(s)) for s in range(10)]
        self.send(0, *media[:5], check, *media[5:])
        self.answered(ours, 4000)
        self.expect(1, *[self.packet_out(1, rtp(s)) for s in range(10)])
        self.assert_drops({})

    def test_checks_are_not_media(self):
        ours = self.ice(idle_timeout_s=2)
        for _ in range(3):
            self.check(ours)
            self.h.advance(500)
        rx = self.h.rpc('session.get', id='call-1')['legs'][0]['rx']
        self.assertEqual((rx['packets'], rx['bytes'], rx['last_ms']), (0, 0, None))
        for _ in range(2):
            self.check(ours)
            self.h.advance(500)
        self.assertEqual(self.h.rpc('session.list')['sessions'], [])

    def test_damaged_and_strange_messages(self):
        ours = self.ice()
        good = self.packet_in(0, self.request(ours))
        self.send(0, self.packet_in(0, self.request(ours), chksum=0x1234))
        self.assert_drops({'udp_checksum': 1})
        self.send(0, self.packet_in(0, bytes(good[UDP].payload)[:-1]))
        self.assert_drops({'source': 1})
        self.check(ours)
        self.send(0, *[self.packet_in(0, p) for p in (b'\x40\0\0\4data', b'\x10\0\0\1ZRTP',
                                                      bytes(good[UDP].payload)[:-1])])
        self.assert_drops({'not_media': 3})
        self.nothing_relayed()

    def test_other_legs_pass_it_on(self):
        self.call('lan4', 'wan4')
        payload = stun(1, attribute(6, b'a:b'), 'password', bytes(12))
        self.send(0, self.packet_in(0, payload))
        self.expect(1, self.packet_out(1, payload))

    def test_the_other_leg_of_such_a_call(self):
        """A phone's STUN is not the browser's, and nobody answers it."""
        ours = self.ice()
        self.check(ours)
        self.send(1, self.packet_in(1, stun(1, attribute(6, b'a:b'), 'password', bytes(12))))
        self.assert_packets(self.h.tx('lan') + self.h.tx('wan'), [])


class Floods(PuntTest):
    def flood(self, n, payload, to=None):
        some = [bytes(self.strange(payload, 10000 + i, to)) for i in range(10)]
        self.h.rx('lan', [some[i % 10] for i in range(n)])

    def test_strangers_do_not_starve_the_far_end(self):
        ours = self.ice()
        self.check(ours)
        for _ in range(5):
            self.flood(1000, stun(1, attribute(6, b'who:ever'), 'password', bytes(12)))
            self.check(ours)
        drops = self.h.changes()['drop.leg_punt_limited']
        # Before it was nominated, the far end was one of them.
        self.assertTrue(5000 - 2 * BURST <= drops <= 5000 - BURST + 1, drops)
        leg = self.h.rpc('session.get', id='call-1')['legs'][0]
        self.assertEqual(leg['drops'], {'leg_punt_limited': drops})
        self.nothing_relayed()

    def test_a_flood_on_one_call_is_none_on_another(self):
        self.ice('other')
        other = self.local[0]
        ours = self.ice()
        self.flood(3000, stun(1, attribute(6, b'who:ever'), 'password', bytes(12)), to=other)
        self.check(ours)
        self.flood(3000, b'\x16\xfe\xfd' + bytes(8) + b'\0\1!', to=other)
        self.check(ours)
        drops = self.h.rpc('session.get', id='call-1')['legs'][0]['drops']
        self.assertEqual(drops, {})

    def test_the_budget_comes_back(self):
        ours = self.ice()
        self.flood(1000, stun(1, attribute(6, b'who:ever'), 'password', bytes(12)))
        first = self.packet_in(0, self.request(ours))
        self.send(0, first)
        self.assertEqual(self.h.changes()['drop.leg_punt_limited'], 1000 - BURST + 1)
        self.h.advance(100)
        self.check(ours)

    def test_a_browser_that_begins(self):
        """Fifty checks in the first second, as for two interfaces and both families."""
        ours = self.ice()
        for _ in range(50):
            self.check(ours, nominate=False)
            self.h.advance(20)
        self.check(ours)
        self.assert_drops({})


class Dtls(PuntTest):
    RECORD = b'\x16\xfe\xfd' + bytes(8) + b'\0\1!'

    def dtls(self):
        self.call('lan4', 'wan4', leg_a={'rtcp': 'mux', 'security': {'type': 'dtls'}})

    def test_no_media_without_keys(self):
        self.dtls()
        self.send(0, self.packet_in(0, rtp(1)))
        self.send(1, self.packet_in(1, rtp(1)))
        self.assert_packets(self.h.tx('lan') + self.h.tx('wan'), [])
        self.assert_drops({'srtp_key': 2})

    def test_budget(self):
        self.dtls()
        self.send(0, *[self.packet_in(0, self.RECORD)] * 250)
        self.assertEqual(self.h.changes()['drop.leg_punt_limited'], 250 - BURST)
        self.nothing_relayed()
        rx = self.h.rpc('session.get', id='call-1')['legs'][0]['rx']
        self.assertEqual(rx['packets'], 0)
        # STUN and strangers have budgets of their own.
        self.send(0, *[self.packet_in(0, stun(1, b'', 'x', bytes(12)))] * BURST,
                  *[self.strange(self.RECORD)] * BURST)
        self.assert_drops({})

    def test_other_legs_pass_it_on(self):
        self.call('lan4', 'wan4')
        self.send(0, self.packet_in(0, self.RECORD))
        self.expect(1, self.packet_out(1, self.RECORD))


if __name__ == '__main__':
    unittest.main()
