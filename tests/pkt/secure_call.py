# SPDX-License-Identifier: BSD-3-Clause
"""Calls with encrypted legs: what a party sends is sealed, and what it gets opened, by the
oracle in srtp_ref.py."""
from tandem_pkt import UDP
from scapy.all import IP
from srtp_ref import Keys, key_of
from test_relay import CallTest

CM80, CM32, GCM128 = 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'


class Side:
    """What a party has agreed upon with tandem. `out` is what it sends under."""

    def __init__(self, profile, seed=0, mki=None):
        mki_bytes = mki.to_bytes(4, 'big') if mki else b''
        self.profile, self.mki = profile, mki
        self.out = Keys(profile, key_of(profile, f'out{seed}'), mki_bytes)
        self.into = Keys(profile, key_of(profile, f'into{seed}'), mki_bytes)
        self.rtcp_index = 0
        self.rtcp_seen = {}

    def leg(self, **more):
        s = {'type': 'sdes', 'profile': self.profile, 'remote_key': self.out.key,
             'local_key': self.into.key, **more}
        if self.mki:
            s.update(remote_mki=f'{self.mki}:4', local_mki=f'{self.mki}:4')
        return {'security': {k: v for k, v in s.items() if v is not None}}


class SecureTest(CallTest):
    """`side` has a Side for each encrypted leg."""

    def secure(self, a=None, b=None, leg_a=None, leg_b=None, legs=('lan4', 'wan6'), **more):
        self.side = [a, b]
        extra = [{**(s.leg() if s else {}), **(leg or {})}
                 for s, leg in zip(self.side, (leg_a, leg_b))]
        return self.call(*legs, leg_a=extra[0], leg_b=extra[1], **more)

    def update(self, leg, **security):
        legs = [{}, {}]
        legs[leg] = {'security': security}
        return self.h.rpc('session.update', id='call-1', legs=legs)

    def seal(self, leg, payload, roc=0):
        return self.side[leg].out.seal(payload, roc) if self.side[leg] else payload

    def seal_rtcp(self, leg, payload):
        s = self.side[leg]
        if not s:
            return payload
        s.rtcp_index += 1
        return s.out.seal_rtcp(payload, s.rtcp_index)

    def sealed_out(self, leg, payload, roc=0):
        """As tandem must send it to the party of a leg."""
        return self.side[leg].into.seal(payload, roc) if self.side[leg] else payload

    def relay(self, leg, *payloads, roc=0, roc_out=None, **packet):
        """The party of a leg sends them, the other gets them, byte for byte; no drops."""
        other = 1 - leg
        self.send(leg, *[self.packet_in(leg, self.seal(leg, p, roc), **packet)
                         for p in payloads])
        self.gets(other, *[self.sealed_out(other, p, roc if roc_out is None else roc_out)
                           for p in payloads])
        self.assert_drops({})

    def gets(self, leg, *wire):
        got = self.h.tx(self.device(leg))
        self.assertEqual(len(got), len(wire))
        want = []
        for g, w in zip(got, wire):
            # Only an IPv4 header that was made here has an id of its own.
            own = {'df': bool(g[IP].flags.DF), 'ident': g[IP].id} if IP in g else {}
            want.append(self.packet_out(leg, w, **own))
        self.assert_packets(got, want)

    def relay_rtcp(self, leg, *payloads, **packet):
        other = 1 - leg
        self.send(leg, *[self.packet_in(leg, self.seal_rtcp(leg, p), rtcp_port=True, **packet)
                         for p in payloads])
        got = self.h.tx(self.device(other))
        self.assertEqual([self.opened_rtcp(other, bytes(g[UDP].payload)) for g in got],
                         list(payloads))
        for g in got:
            again = g.copy()
            del again[UDP].chksum
            self.assertEqual(type(g)(bytes(again))[UDP].chksum, g[UDP].chksum)
            self.assertEqual(g[UDP].sport, self.local[other] + 1)
        self.assert_drops({})

    def opened_rtcp(self, leg, wire):
        """With its index one above the one before, of its SSRC."""
        s = self.side[leg]
        if not s:
            return wire
        plain, index = s.into.open_rtcp(wire)
        last = s.rtcp_seen.get(plain[4:8])
        if last is not None:
            self.assertEqual(index, last + 1)
        s.rtcp_seen[plain[4:8]] = index
        return plain

    def refused(self, leg, drops, *payloads, **packet):
        """Nobody gets anything, and the drops have these names."""
        self.send(leg, *[self.packet_in(leg, p, **packet) for p in payloads])
        self.assert_packets(self.h.tx('lan') + self.h.tx('wan'), [])
        self.assert_drops(drops)
