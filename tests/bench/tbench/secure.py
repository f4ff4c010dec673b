# SPDX-License-Identifier: BSD-3-Clause
"""Sessions with SRTP on one or both legs, and the keys that the generator has for them."""
import base64
import functools
import hashlib
import ipaddress
import struct

from .flows import FLOW, REMOTE_PORT, Scenario, remote_packed

# Bytes of key and salt; its number in lib/srtp/srtp.h.
PROFILES = {'AES_CM_128_HMAC_SHA1_80': (30, 0), 'AEAD_AES_128_GCM': (28, 6)}
CM, GCM = PROFILES
KEYS = struct.Struct('!BB46s46s2x')  # struct gen_keys


class Kind:
    """What the legs of some sessions have: a profile, or None for plain RTP."""

    def __init__(self, name, a, b):
        self.name = name
        self.profiles = (a, b)


@functools.lru_cache(maxsize=8)
def master(i, side, sender, profile):
    """Key and salt under which `sender` ('party' or 'tandem') sends on that leg."""
    return hashlib.shake_128(f'{i}.{side}.{sender}'.encode()).digest(PROFILES[profile][0])


def text(key):
    return base64.b64encode(key).decode()


class SecureScenario(Scenario):
    """`sessions` calls of each kind, the first kind's first. One flow a call, from party a."""

    def __init__(self, kinds, sessions):
        super().__init__('relay4', 2 * sessions * len(kinds))
        self.kinds = kinds
        self.each = sessions

    def profile(self, i, side):
        # Those beyond are of the last kind.
        return self.kinds[min(i // self.each, len(self.kinds) - 1)].profiles[side]

    def security(self, i, side):
        p = self.profile(i, side)
        if p is None:
            return ''
        return (f',"security":{{"type":"sdes","profile":"{p}",'
                f'"remote_key":"{text(master(i, side, "party", p))}",'
                f'"local_key":"{text(master(i, side, "tandem", p))}"}}')

    def crypto(self, i, side):
        p = self.profile(i, side)
        return p and f'1 {p} inline:{text(master(i, side, "party", p))}'

    def load(self, gen, tmp, locals_, kind=0):
        """The flows of one kind, with keys unless it has none, into the generator's set."""
        flows, keys = f'{tmp}/flows', f'{tmp}/keys'
        with open(flows, 'wb') as f, open(keys, 'wb') as k:
            for i in range(kind * self.each, (kind + 1) * self.each):
                ip, port = locals_[i][0]
                f.write(FLOW.pack(remote_packed(0, 4, i), ipaddress.ip_address(ip).packed,
                                  REMOTE_PORT, port, 0))
                k.write(self.pack_keys(i))
        gen.load(flows, keys if any(self.kinds[kind].profiles) else '')

    def pack_keys(self, i):
        """Party a seals what it sends, and party b opens what it gets."""
        def one(side, sender):
            p = self.profile(i, side)
            return (1 + PROFILES[p][1], master(i, side, sender, p)) if p else (0, b'')
        seal, open_ = one(0, 'party'), one(1, 'tandem')
        return KEYS.pack(seal[0], open_[0], seal[1], open_[1])
