# SPDX-License-Identifier: BSD-3-Clause
"""SRTP and SRTCP (RFC 3711, 6188, 7714) over python3-cryptography, as slow as it is plain: the
oracle of the tests, written from the RFCs and sharing nothing with lib/srtp.
"""
import base64
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# name: (key length, salt length, tag of RTP, of RTCP, AEAD?)
PROFILES = {
    'AES_CM_128_HMAC_SHA1_80': (16, 14, 10, 10, False),
    'AES_CM_128_HMAC_SHA1_32': (16, 14, 4, 10, False),
    'AES_192_CM_HMAC_SHA1_80': (24, 14, 10, 10, False),
    'AES_192_CM_HMAC_SHA1_32': (24, 14, 4, 10, False),
    'AES_256_CM_HMAC_SHA1_80': (32, 14, 10, 10, False),
    'AES_256_CM_HMAC_SHA1_32': (32, 14, 4, 10, False),
    'AEAD_AES_128_GCM': (16, 12, 16, 16, True),
    'AEAD_AES_256_GCM': (32, 12, 16, 16, True),
}


class Forged(Exception):
    """Not authentic."""


def key_of(profile, seed=None):
    """A master key with salt in base64: random, or always the same for a seed."""
    n = sum(PROFILES[profile][:2])
    raw = os.urandom(n) if seed is None else hmac.digest(b'key', f'{seed}'.encode(), 'sha512')[:n]
    return base64.b64encode(raw).decode()


def aes_ctr(key, iv, data):
    e = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return e.update(data) + e.finalize()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def rtp_header_len(p):
    n = 12 + 4 * (p[0] & 0x0f)
    if p[0] & 0x10:
        n += 4 + 4 * struct.unpack_from('!H', p, n + 2)[0]
    return n


class Keys:
    """What is derived from a master key (RFC 3711 §4.3), and packets under it."""

    def __init__(self, profile, key, mki=b''):
        key_len, salt_len, self.rtp_tag, self.rtcp_tag, self.aead = PROFILES[profile]
        raw = base64.b64decode(key)
        assert len(raw) == key_len + salt_len, 'length of the master key'
        self.profile, self.key, self.mki = profile, key, mki
        master, salt = raw[:key_len], raw[key_len:].ljust(14, b'\0')

        def derive(label, n):
            iv = bytearray(salt + b'\0\0')
            iv[7] ^= label
            return aes_ctr(master, bytes(iv), bytes(n))
        self.session = [(derive(base, key_len), derive(base + 1, 20), derive(base + 2, salt_len))
                        for base in (0, 3)]  # RTP, RTCP

    def growth(self, rtcp=False):
        return len(self.mki) + (self.rtcp_tag + 4 if rtcp else self.rtp_tag)

    def _iv(self, rtcp, ssrc, index):
        salt = self.session[rtcp][2]
        if self.aead:
            return xor(salt, struct.pack('!HIHI', 0, ssrc, 0, index) if rtcp else
                       struct.pack('!HIIH', 0, ssrc, index >> 16, index & 0xffff))
        return xor(salt, struct.pack('!IIQ', 0, ssrc, index << 16)) + b'\0\0'

    def _tag(self, rtcp, data):
        return hmac.digest(self.session[rtcp][1], data, 'sha1')

    def seal(self, packet, roc=0):
        n = rtp_header_len(packet)
        seq, ssrc = struct.unpack_from('!H', packet, 2)[0], struct.unpack_from('!I', packet, 8)[0]
        iv = self._iv(False, ssrc, roc << 16 | seq)
        if self.aead:
            return (packet[:n] + AESGCM(self.session[0][0]).encrypt(iv, packet[n:], packet[:n]) +
                    self.mki)
        sealed = packet[:n] + aes_ctr(self.session[0][0], iv, packet[n:])
        return sealed + self.mki + self._tag(False, sealed + struct.pack('!I', roc))[:self.rtp_tag]

    def open(self, packet, roc=0):
        n, tail = rtp_header_len(packet), len(self.mki)
        seq, ssrc = struct.unpack_from('!H', packet, 2)[0], struct.unpack_from('!I', packet, 8)[0]
        iv = self._iv(False, ssrc, roc << 16 | seq)
        if self.aead:
            body, mki = packet[n:len(packet) - tail], packet[len(packet) - tail:]
            try:
                plain = AESGCM(self.session[0][0]).decrypt(iv, body, packet[:n])
            except InvalidTag:
                raise Forged from None
        else:
            end = len(packet) - self.rtp_tag - tail
            mki, tag = packet[end:end + tail], packet[end + tail:]
            if self._tag(False, packet[:end] + struct.pack('!I', roc))[:self.rtp_tag] != tag:
                raise Forged
            plain = aes_ctr(self.session[0][0], iv, packet[n:end])
        if mki != self.mki:
            raise Forged
        return packet[:n] + plain

    def seal_rtcp(self, packet, index):
        iv = self._iv(True, struct.unpack_from('!I', packet, 4)[0], index)
        trailer = struct.pack('!I', 1 << 31 | index)
        if self.aead:
            return (packet[:8] + AESGCM(self.session[1][0]).encrypt(
                iv, packet[8:], packet[:8] + trailer) + trailer + self.mki)
        sealed = packet[:8] + aes_ctr(self.session[1][0], iv, packet[8:]) + trailer
        return sealed + self.mki + self._tag(True, sealed)[:self.rtcp_tag]

    def open_rtcp(self, packet):
        """(packet, index)"""
        ssrc, tail = struct.unpack_from('!I', packet, 4)[0], len(self.mki)
        end = len(packet) - tail - (0 if self.aead else self.rtcp_tag)
        trailer = packet[end - 4:end]
        index = struct.unpack('!I', trailer)[0]
        iv = self._iv(True, ssrc, index & 0x7fffffff)
        if not index >> 31 or packet[end:end + tail] != self.mki:
            raise Forged
        if self.aead:
            try:
                plain = AESGCM(self.session[1][0]).decrypt(iv, packet[8:end - 4],
                                                           packet[:8] + trailer)
            except InvalidTag:
                raise Forged from None
        else:
            if self._tag(True, packet[:end])[:self.rtcp_tag] != packet[end + tail:]:
                raise Forged
            plain = aes_ctr(self.session[1][0], iv, packet[8:end - 4])
        return packet[:8] + plain, index & 0x7fffffff
