#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The B2BUA with SDES (RFC 4568): each party has keys with tandem, and none with the other.

A's leg is encrypted if A offers a=crypto; B is offered the profile that stands in
SMOKE_PROFILES for the call, or none: "AEAD_AES_256_GCM,none". What it prints has the crypto
attributes of all four directions.

b2bua_sdes.py SOCKET LISTEN_IP:PORT B_IP PORT ADDRESS_A ADDRESS_B
"""
import asyncio
import os
import sys

from b2bua import B2bua, sdp_write, serve


def crypto_of(body):
    """The first attribute, or None."""
    return next((line.removeprefix('a=crypto:') for line in body.decode().split('\r\n')
                 if line.startswith('a=crypto:')), None)


def with_crypto(body, crypto):
    """With this attribute instead of others; None: as plain RTP."""
    out = []
    for line in body.decode().split('\r\n'):
        if line.startswith('a=crypto:'):
            continue
        if line.startswith('m=audio'):
            words = line.split()
            words[2] = 'RTP/SAVP' if crypto else 'RTP/AVP'
            line = ' '.join(words) + (f'\r\na=crypto:{crypto}' if crypto else '')
        out.append(line)
    return '\r\n'.join(out).encode()


class SdesB2bua(B2bua):
    profiles = os.environ.get('SMOKE_PROFILES', 'none').split(',')

    def legs(self, call, offer):
        legs = super().legs(call, offer)
        call.remote_crypto = [crypto_of(offer), None]
        if call.remote_crypto[0]:
            legs[0]['security'] = {'type': 'sdes', 'remote_crypto': call.remote_crypto[0]}
        profile = self.profiles[call.number - 1]
        if profile != 'none':
            legs[1]['security'] = {'type': 'sdes', 'profile': profile}
        return legs

    def leg_of_answer(self, call, answer):
        leg = super().leg_of_answer(call, answer)
        # baresip offers keys even in the answer to an offer that has none.
        if self.local_crypto(call, 1):
            call.remote_crypto[1] = crypto_of(answer)
            leg['security'] = {'type': 'sdes', 'remote_crypto': call.remote_crypto[1]}
        return leg

    def local_crypto(self, call, leg):
        return call.legs[leg].get('security', {}).get('local_crypto')

    def sdp_for(self, call, leg, body):
        return with_crypto(sdp_write(body, *call.local[leg]), self.local_crypto(call, leg))

    def more(self, call):
        return {'remote_crypto': call.remote_crypto,
                'local_crypto': [self.local_crypto(call, i) for i in (0, 1)]}


if __name__ == '__main__':
    asyncio.run(serve(SdesB2bua, *sys.argv[1:]))
