# SPDX-License-Identifier: BSD-3-Clause
"""DTLS-SRTP by hand (RFC 5764): a party whose handshake is OpenSSL's, and its packets those of
the tests' own SRTP."""
import base64
import datetime
import hashlib
import struct
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto

from media import Endpoint, rtp
from srtp_ref import PROFILES, Forged, Keys

# OpenSSL's names, and their numbers in use_srtp.
OPENSSL = {'AES_CM_128_HMAC_SHA1_80': ('SRTP_AES128_CM_SHA1_80', 1),
           'AES_CM_128_HMAC_SHA1_32': ('SRTP_AES128_CM_SHA1_32', 2),
           'AEAD_AES_128_GCM': ('SRTP_AEAD_AES_128_GCM', 7),
           'AEAD_AES_256_GCM': ('SRTP_AEAD_AES_256_GCM', 8)}
EXPORTER = b'EXTRACTOR-dtls_srtp'


def colons(digest):
    return ':'.join(f'{x:02X}' for x in digest)


class Identity:
    """A key and a self-signed certificate."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'party')])
        now = datetime.datetime.utcnow()
        self.certificate = x509.CertificateBuilder(
            name, name, self.key.public_key(), x509.random_serial_number(),
            now - datetime.timedelta(days=1), now + datetime.timedelta(days=9)).sign(
                self.key, hashes.SHA256())
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self):
        return {'hash': 'sha-256', 'value': colons(hashlib.sha256(self.der).digest())}

    def write(self, stem):
        """STEM.crt and STEM.key, in PEM."""
        with open(f'{stem}.crt', 'wb') as f:
            f.write(self.certificate.public_bytes(serialization.Encoding.PEM))
        with open(f'{stem}.key', 'wb') as f:
            f.write(self.key.private_bytes(serialization.Encoding.PEM,
                                           serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))

    def context(self, profiles):
        c = SSL.Context(SSL.DTLS_METHOD)
        c.use_certificate(crypto.X509.from_cryptography(self.certificate))
        c.use_privatekey(crypto.PKey.from_cryptography_key(self.key))
        c.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        c.set_tlsext_use_srtp(':'.join(OPENSSL[p][0] for p in profiles).encode())
        return c


def master_keys(profile, exported):
    """Of the client and of the server, each key and salt in base64 (RFC 5764 §4.2)."""
    key, salt = PROFILES[profile][:2]
    client, server, rest = exported[:key], exported[key:2 * key], exported[2 * key:]
    return [base64.b64encode(k + s).decode()
            for k, s in ((client, rest[:salt]), (server, rest[salt:2 * salt]))]


class Party(Endpoint):
    """An Endpoint that shakes hands first, as client or (server=True) as server."""

    def __init__(self, ns, ip, port, context, server=False, **more):
        super().__init__(ns, ip, port, **more)
        self.context, self.server = context, server
        self.bad = self.retransmits = 0
        self.ssl = self.keys = self.failed = self.started = self.finished = None

    def begin(self, to):
        """`to` as an answer of tandem's has it: {"ip", "port"}."""
        self.to = to['ip'], to['port']
        self.ssl = SSL.Connection(self.context, None)
        SSL._lib.SSL_set_options(self.ssl._ssl, SSL._lib.SSL_OP_NO_QUERY_MTU)
        SSL._lib.DTLS_set_link_mtu(self.ssl._ssl, 1200)
        self.ssl.set_accept_state() if self.server else self.ssl.set_connect_state()
        self.keys = self.failed = self.finished = None
        self.started = time.monotonic()
        self.timeout, self.due = 0.3, self.started + 0.3
        self.step()

    def step(self):
        """Whatever is to be done now. True while the handshake is under way."""
        if self.ssl is None or self.keys or self.failed:
            return False
        try:
            self.ssl.do_handshake()
            self.finish()
        except SSL.WantReadError:
            if time.monotonic() > self.due:
                self.timeout *= 2
                self.due = time.monotonic() + self.timeout
                self.retransmits += SSL._lib.DTLSv1_handle_timeout(self.ssl._ssl) > 0
        except SSL.Error as e:
            self.failed = e
        self.flush()
        return not (self.keys or self.failed)

    def flush(self):
        while True:
            try:
                data = self.ssl.bio_read(4096)
            except SSL.WantReadError:
                return
            # The records that fit into a datagram each.
            while data:
                n = at = 0
                while at < len(data):
                    at += 13 + struct.unpack_from('!H', data, at + 11)[0]
                    if at > 1200 and n:
                        break
                    n = at
                self.socket.sendto(data[:n], self.to)
                data = data[n:]

    def finish(self):
        number = SSL._lib.SSL_get_selected_srtp_profile(self.ssl._ssl).id
        self.profile = next(p for p, (_, n) in OPENSSL.items() if n == number)
        keys = master_keys(self.profile, self.ssl.export_keying_material(
            EXPORTER, 2 * sum(PROFILES[self.profile][:2])))
        mine, other = keys[::-1] if self.server else keys
        self.keys = Keys(self.profile, mine), Keys(self.profile, other)
        self.finished = time.monotonic()

    @property
    def peer_fingerprint(self):
        der = crypto.dump_certificate(crypto.FILETYPE_ASN1, self.ssl.get_peer_certificate())
        return colons(hashlib.sha256(der).digest())

    def close(self):
        """close_notify"""
        self.ssl.shutdown()
        self.flush()

    def send(self, to, n=1):
        for _ in range(n):
            packet = rtp(self.next, self.tag, self.ssrc)
            self.socket.sendto(self.keys[0].seal(packet, self.next >> 16), (to['ip'], to['port']))
            self.next += 1

    def read(self):
        while True:
            try:
                data, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return self.got
            if 20 <= data[0] < 64:
                if self.ssl and not self.finished:
                    self.ssl.bio_write(data)
                    self.step()
                continue
            try:
                data = self.keys[1].open(data)
            except (Forged, TypeError):
                self.bad += 1
                continue
            self.got.append((data[12:16], struct.unpack('!I', data[16:20])[0], source[:2]))
