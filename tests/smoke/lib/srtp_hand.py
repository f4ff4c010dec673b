# SPDX-License-Identifier: BSD-3-Clause
"""SRTP by hand: an Endpoint whose packets are sealed, and opened, by the oracle of the tests."""
import struct

from media import Endpoint, rtp
from srtp_ref import Forged, Keys, key_of


class Secured(Endpoint):
    """Opens under the newest keys and those before them. `sealed` has all that it has sent,
    `bad` counts what it could not open, `old` what was under keys before the newest."""

    def __init__(self, ns, ip, port, profile, first_seq=0, **more):
        super().__init__(ns, ip, port, **more)
        self.first, self.sealed, self.bad, self.old = first_seq, [], 0, 0
        self.out, self.into = [], []
        self.new_keys(profile)
        self.switch()

    def new_keys(self, profile):
        """To be told tandem; opened from now on, sealed from switch() on."""
        self.coming = Keys(profile, key_of(profile))
        self.into.append(Keys(profile, key_of(profile)))

    def switch(self):
        self.out.append(self.coming)

    @property
    def security(self):
        """For tandem: what we send it opens."""
        return {'type': 'sdes', 'profile': self.coming.profile, 'remote_key': self.coming.key,
                'local_key': self.into[-1].key}

    def send(self, to, n=1):
        for _ in range(n):
            index = self.first + self.next
            plain = rtp(self.next, self.tag, self.ssrc)
            plain = plain[:2] + struct.pack('!H', index & 0xffff) + plain[4:]
            self.sealed.append(self.out[-1].seal(plain, index >> 16))
            self.socket.sendto(self.sealed[-1], (to['ip'], to['port']))
            self.next += 1

    def read(self):
        while True:
            try:
                data, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return self.got
            for age, keys in enumerate(self.into[:-3:-1]):
                try:
                    # The other one's sequence numbers begin with 0 and don't come to their end.
                    data = keys.open(data)
                    break
                except Forged:
                    continue
            else:
                self.bad += 1
                continue
            self.old += age
            self.got.append((data[12:16], struct.unpack('!I', data[16:20])[0], source[:2]))
