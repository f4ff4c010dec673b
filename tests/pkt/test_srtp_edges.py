#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Encrypted legs where packets meet their limits: room, MTU, next hops, VLANs, other workers."""
import unittest

from secure_call import CM80, GCM128, SecureTest, Side
from tandem_pkt import (A_LOCAL, A_MAC, ARP, B4_IP, B4_LOCAL, B_IP, B_LOCAL, B_MAC, Dot1Q, Ether,
                        IP, IPv6, Raw, UDP, config, rtcp, rtp)
from scapy.all import ICMP, ICMPv6PacketTooBig


class Hostile(SecureTest):
    def test_what_is_no_srtp(self):
        self.secure(Side(CM80), Side(GCM128))
        head = b'\x80\0\0\1' + bytes(8)
        self.refused(0, {'srtp_malformed': 2, 'srtp_auth': 1}, head, head + bytes(9),
                     b'\x8f' + head[1:] + bytes(70))
        # Its extension's end would be in the tag.
        self.refused(1, {'srtp_malformed': 3}, head, head + bytes(15),
                     b'\x90' + head[1:] + b'\xbe\xde\0\1' + bytes(15))
        self.refused(1, {'rtp_malformed': 1}, b'\x90' + head[1:] + b'\xbe\xde\xff\xff' + bytes(60))
        self.refused(0, {'srtp_auth': 1}, head + bytes(10))
        self.refused(0, {'srtp_malformed': 1}, rtcp(), rtcp_port=True)
        for leg in (0, 1):
            self.relay(leg, rtp(1))

    def test_every_truncation(self):
        for profile in (CM80, GCM128):
            self.secure(Side(profile))
            wire = self.seal(0, rtp(1, payload=b'sound'))
            report = self.seal_rtcp(0, rtcp() + b'\x81\xca\0\2' + bytes(8))
            self.send(0, *[self.packet_in(0, wire[:n]) for n in range(12, len(wire))])
            self.send(0, *[self.packet_in(0, report[:n], rtcp_port=True)
                           for n in range(8, len(report))])
            self.assertEqual(self.h.tx('wan'), [])
            self.assertLessEqual(set(self.h.changes()),
                                 {'drop.srtp_auth', 'drop.srtp_malformed', 'drop.rtp_malformed'})
            self.relay(0, rtp(1, payload=b'sound'))
            self.h.rpc('session.delete', id='call-1')

    def test_every_bit(self):
        """One bit other than it was sealed, anywhere: it is not passed."""
        for profile in (CM80, GCM128):
            self.secure(Side(profile))
            wire = self.seal(0, rtp(1, payload=b'sound'))
            flipped = []
            for i in range(8 * len(wire)):
                p = bytearray(wire)
                p[i // 8] ^= 1 << i % 8
                flipped.append(self.packet_in(0, bytes(p)))
            self.send(0, *flipped)
            self.assertEqual(self.h.tx('wan'), [])
            self.h.changes()
            self.relay(0, rtp(1, payload=b'sound'))
            self.h.rpc('session.delete', id='call-1')

    def test_padding_that_cannot_be(self):
        """Only what was opened can tell."""
        self.secure(Side(CM80))
        bad = b'\xa0\0\0\1' + bytes(8) + b'abc' + b'\5'
        self.refused(0, {'rtp_malformed': 1}, self.seal(0, bad))
        good = b'\xa0\0\0\2' + bytes(8) + b'abc' + b'\4'
        self.relay(0, good)

    def test_padding_judged_only_where_it_is_plain(self):
        """The last byte of a sealed packet is the tag's, whatever it is."""
        self.secure(Side(CM80))
        for seq in range(40):
            self.relay(0, b'\xa0\0' + seq.to_bytes(2, 'big') + bytes(8) + b'abcd\1')

    def test_neither_rtp_nor_rtcp(self):
        stun = bytes.fromhex('000100002112a442') + bytes(12)
        dtls = bytes.fromhex('16feff0000000000000000') + b'\0\4' + b'abcd'
        self.secure(Side(CM80))
        self.refused(0, {'not_media': 3}, stun, dtls, b'hello world, what is this?')
        self.refused(1, {'not_media': 2}, stun, dtls)

    def test_link_padding_and_short_udp(self):
        """What stands behind UDP in the frame belongs neither to what is opened nor sealed."""
        self.secure(Side(CM80), Side(GCM128))
        for leg in (0, 1):
            p = bytes(self.packet_in(leg, self.seal(leg, rtp(1, payload=b''))))
            self.send(leg, Raw(p + b'\xee' * 20))
            self.gets(1 - leg, self.sealed_out(1 - leg, rtp(1, payload=b'')))
        self.assert_drops({})

    def test_no_udp_checksum(self):
        for a, b in (Side(CM80), None), (None, Side(CM80)), (Side(CM80), Side(GCM128)):
            self.secure(a, b, legs=('lan4', 'wan4'))
            self.send(0, self.packet_in(0, self.seal(0, rtp(1)), chksum=0))
            self.gets(1, self.sealed_out(1, rtp(1)))
            self.h.rpc('session.delete', id='call-1')
        self.assert_drops({})

    def test_hold(self):
        self.secure(Side(CM80), Side(GCM128), leg_b={'hold': True})
        self.refused(0, {'hold': 1}, self.seal(0, rtp(1)))
        self.h.rpc('session.update', id='call-1', legs=[{}, {'hold': False}])
        self.relay(0, rtp(2))


class Room(SecureTest):
    def test_no_room_for_the_tag(self):
        self.secure(None, Side(CM80))
        for room, drops in (9, {'no_room': 1}), (1, {'no_room': 1}), (10, {}):
            self.h.command(f'tight {room}')
            self.send(0, self.packet_in(0, rtp(room)))
            self.gets(1, *[] if drops else [self.sealed_out(1, rtp(room))])
            self.assert_drops(drops)

    def test_room_that_opening_makes(self):
        """The tag that went off is as long as the one that comes; IPv6 takes more in front."""
        self.secure(Side(CM80), Side('AES_256_CM_HMAC_SHA1_80'))
        self.h.command('tight 1')
        self.relay(0, rtp(1))
        self.h.rpc('session.delete', id='call-1')
        self.secure(Side(CM80), Side(GCM128))
        self.refused(0, {'no_room': 1}, self.seal(0, rtp(1)))

    def test_rtcp_needs_more(self):
        self.secure(None, Side(CM80))
        self.h.command('tight 13')
        self.refused(0, {'no_room': 1}, rtcp(), rtcp_port=True)
        self.h.command('tight 14')
        self.relay_rtcp(0, rtcp())


class TooBig(SecureTest):
    """lan 1500, wan 1400."""
    conf = config(interfaces=[{'name': 'lan', 'device': 'net_ring_lan', 'mtu': 1500},
                              {'name': 'wan', 'device': 'net_ring_wan', 'mtu': 1400}])

    def offend(self, payload, where=IP):
        offender = self.packet_in(0, self.seal(0, payload))
        self.send(0, offender)
        self.expect(1)
        self.assert_drops({'too_big': 1})
        got = self.h.tx('lan')
        self.assertEqual(len(got), 1)
        self.assertEqual((got[0].dst, got[0][where].dst), (A_MAC, offender[where].src))
        return offender, got[0]

    def sizes(self, a, b, legs, head_out, told):
        """The largest that fits, and one byte more; what the sender is told would have fitted."""
        self.secure(a, b, legs=legs)
        growth = b.into.growth() if b else 0
        fits = 1400 - head_out - 12 - growth
        self.relay(0, rtp(1, payload=b'p' * fits))
        where = IP if legs[0] == 'lan4' else IPv6
        offender, got = self.offend(rtp(2, payload=b'secret..' * 200)[:fits + 13], where)
        mtu = got[ICMP].nexthopmtu if where is IP else got[ICMPv6PacketTooBig].mtu
        self.assertEqual(mtu, told)
        self.assertEqual(len(offender[where]), told + 1)
        quoted = bytes(got[ICMP].payload if where is IP else got[ICMPv6PacketTooBig].payload)
        self.assertTrue(bytes(offender[where]).startswith(quoted), 'not as it came')
        self.assertGreaterEqual(len(quoted), 28 if where is IP else 48)
        if a:
            self.assertNotIn(b'secret', bytes(got))
        self.h.rpc('session.delete', id='call-1')

    def test_what_grows_by_a_tag(self):
        self.sizes(None, Side(CM80), ('lan4', 'wan6'), 48, 1400 - 20 - 10)
        self.sizes(None, Side(GCM128), ('lan4', 'wan4'), 28, 1400 - 16)
        self.sizes(None, Side(CM80), ('lan6', 'wan6'), 48, 1400 - 10)

    def test_what_shrinks_by_a_tag(self):
        self.sizes(Side(CM80), None, ('lan4', 'wan6'), 48, 1400 - 20 + 10)
        self.sizes(Side(GCM128), None, ('lan6', 'wan4'), 28, 1400 + 20 + 16)

    def test_what_changes_its_tag(self):
        self.sizes(Side(GCM128), Side(CM80), ('lan4', 'wan6'), 48, 1400 - 20 + 6)
        self.sizes(Side(CM80), Side(GCM128), ('lan6', 'wan6'), 48, 1400 - 6)


class Unresolved(SecureTest):
    """B's MAC is not known when its packets are sealed."""
    conf = config(neighbours=[{'interface': 'lan', 'ip': '10.0.0.2', 'mac': A_MAC}])

    def test_sealed_packets_wait(self):
        self.secure(Side(CM80), Side(GCM128), legs=('lan4', 'wan4'))
        self.h.tx('wan')
        self.send(0, *[self.packet_in(0, self.seal(0, rtp(s))) for s in (1, 2)])
        self.assertEqual([p for p in self.h.tx('wan') if UDP in p], [])
        self.h.rx('wan', [Ether(src=B_MAC, dst=self.mac('wan')) /
                          ARP(op=2, hwsrc=B_MAC, psrc=B4_IP, hwdst=self.mac('wan'),
                              pdst=B4_LOCAL)])
        self.gets(1, *[self.sealed_out(1, rtp(s)) for s in (1, 2)])
        self.relay(0, rtp(3))

    def test_opened_packets_wait(self):
        self.secure(Side(CM80), None, legs=('lan4', 'wan4'))
        self.h.tx('wan')
        self.send(0, self.packet_in(0, self.seal(0, rtp(1))))
        self.h.rx('wan', [Ether(src=B_MAC, dst=self.mac('wan')) /
                          ARP(op=2, hwsrc=B_MAC, psrc=B4_IP, hwdst=self.mac('wan'),
                              pdst=B4_LOCAL)])
        self.gets(1, rtp(1))


class OwnDoor(SecureTest):
    def test_between_two_calls_of_ours(self):
        """Leg B's far end is another call at one of our own addresses, with keys between them."""
        between = Side(CM80, 5)
        self.secure(Side(GCM128), between, legs=('lan4', 'wan4'))
        first, a_side = self.local, self.side[0]
        other = {'type': 'sdes', 'profile': CM80, 'local_key': between.out.key,
                 'remote_key': between.into.key}
        answer = self.h.rpc('session.create', id='call-2', legs=[
            {'address': 'wan4', 'remote': {'ip': B4_LOCAL, 'port': first[1]}, 'security': other},
            {'address': 'wan6', 'remote': {'ip': B_IP, 'port': 7000}}])
        second = [leg['local']['port'] for leg in answer['legs']]
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': B4_LOCAL, 'port': second[0]}}])
        self.send(0, *[self.packet_in(0, a_side.out.seal(rtp(s))) for s in (1, 2)])
        self.assert_packets(self.h.tx('wan'), [
            Ether(src=self.mac('wan'), dst=B_MAC) / IPv6(src=B_LOCAL, dst=B_IP, hlim=62) /
            UDP(sport=second[1], dport=7000) / Raw(rtp(s)) for s in (1, 2)])
        back = (Ether(src=B_MAC, dst=self.mac('wan')) / IPv6(src=B_IP, dst=B_LOCAL) /
                UDP(sport=7000, dport=second[1]) / Raw(rtp(9)))
        self.h.rx('wan', [back])
        got = self.h.tx('lan')
        self.assertEqual([bytes(p[UDP].payload) for p in got], [a_side.into.seal(rtp(9))])
        self.assert_drops({})


class Vlan(SecureTest):
    conf = config(interfaces=[{'name': 'lan', 'device': 'net_ring_lan'},
                              {'name': 'wan', 'device': 'net_ring_lan', 'vlan': 42}])

    def drain(self):
        self.h.tx('lan')

    def test_both_ways(self):
        for a, b in (Side(CM80), None), (None, Side(CM80)), (Side(CM80), Side(GCM128)):
            for legs in ('lan4', 'wan6'), ('lan6', 'wan4'), ('lan4', 'wan4'):
                self.secure(a, b, legs=legs)
                p = self.packet_in(0, self.seal(0, rtp(1)))
                self.h.rx('lan', [p])
                got = self.h.tx('lan')
                own = ({'df': bool(got[0][IP].flags.DF), 'ident': got[0][IP].id}
                       if IP in got[0] else {})
                plain = self.packet_out(1, self.sealed_out(1, rtp(1)), **own)
                self.assert_packets(got, [Ether(src=plain.src, dst=plain.dst) / Dot1Q(vlan=42) /
                                          plain.payload])
                back = self.packet_in(1, self.seal(1, rtp(1)))
                self.h.rx('lan', [Ether(src=back.src, dst=back.dst) / Dot1Q(vlan=42) /
                                  back.payload])
                got = self.h.tx('lan')
                own = ({'df': bool(got[0][IP].flags.DF), 'ident': got[0][IP].id}
                       if IP in got[0] else {})
                self.assert_packets(got, [self.packet_out(0, self.sealed_out(0, rtp(1)), **own)])
                self.h.rpc('session.delete', id='call-1')
        self.assert_drops({})


class Workers(SecureTest):
    """Packets come in at queues of workers that do not own the call."""
    conf = config(workers=3)
    queues = 3

    def test_strays(self):
        for i in range(3):
            self.secure(Side(CM80, i), Side(GCM128, i), session=f'call-{i}')
            seq = 0
            for queue in range(3):
                for leg in (0, 1):
                    wire = [self.packet_in(leg, self.seal(leg, rtp(seq + s))) for s in range(5)]
                    self.h.rx(self.device(leg), wire, queue=queue)
                    self.gets(1 - leg, *[self.sealed_out(1 - leg, rtp(seq + s)) for s in range(5)])
                seq += 5
        self.assert_drops({})


class SlowEngine(SecureTest):
    """The same by libsrtp2, which is all there is off x86."""
    conf = config(srtp={'engine': 'libsrtp2'})

    def test_both_ways(self):
        for a, b in (CM80, None), (None, GCM128), (GCM128, CM80):
            self.secure(a and Side(a, 1), b and Side(b, 2))
            for leg in (0, 1):
                self.relay(leg, rtp(0xfffe), rtp(0xffff))
                self.relay(leg, rtp(0), roc=1)
                self.relay_rtcp(leg, rtcp(), rtcp())
                if self.side[leg]:
                    self.refused(leg, {'srtp_auth': 1}, rtp(7))
            self.h.rpc('session.delete', id='call-1')

    def test_new_keys(self):
        self.secure(Side(CM80, 1))
        self.relay(0, rtp(1))
        then = Side(CM80, 2)
        self.update(0, **then.leg()['security'])
        self.relay(0, rtp(2))
        self.side[0] = then
        self.relay(0, rtp(3))
        self.relay(1, rtp(1))


if __name__ == '__main__':
    unittest.main()
