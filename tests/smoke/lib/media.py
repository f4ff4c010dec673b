# SPDX-License-Identifier: BSD-3-Clause
"""RTP by hand: packets that carry a tag and a number, sent at a pace, counted where they come."""
import select
import struct
import time

import netns


def rtp(seq, tag=b'call', ssrc=0x1234, pt=8, size=160):
    """The payload begins with `tag`, by which a receiver tells whose packet it is."""
    return (struct.pack('!BBHII', 0x80, pt, seq & 0xffff, 160 * seq & 0xffffffff, ssrc) +
            tag + struct.pack('!I', seq) + bytes(size - len(tag) - 4))


class Endpoint:
    """A party's UDP socket. `got` has (tag, number, source) of all that came."""

    def __init__(self, ns, ip, port=0, tag=b'call'):
        self.ns, self.tag = ns, tag
        self.socket = netns.udp(ns, ip, port)
        self.ip, self.port = self.socket.getsockname()[:2]
        self.ssrc = hash((ns, ip, self.port, tag)) & 0xffffffff
        self.next = 0
        self.got = []
        self.ssrcs = set()

    @property
    def address(self):
        return {'ip': self.ip, 'port': self.port}

    def send(self, to, n=1):
        """`n` packets to {'ip', 'port'}, numbered on."""
        for _ in range(n):
            self.socket.sendto(rtp(self.next, self.tag, self.ssrc), (to['ip'], to['port']))
            self.next += 1

    def read(self):
        """Takes in what is there."""
        while True:
            try:
                data, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return self.got
            self.got.append((data[12:16], struct.unpack('!I', data[16:20])[0], source[:2]))
            self.ssrcs.add(struct.unpack('!I', data[8:12])[0])

    def numbers(self, tag=b'call'):
        return [n for t, n, _ in self.read() if t == tag]

    def count(self, tag=b'call'):
        return len(self.numbers(tag))

    def clear(self):
        self.read()
        self.got = []


def settle(endpoints, ms=60):
    """Until nothing has come for `ms`."""
    sockets = {e.socket: e for e in endpoints}
    while True:
        ready, _, _ = select.select(sockets, [], [], ms / 1000)
        if not ready:
            return
        for s in ready:
            sockets[s].read()


def paced(rate, seconds, *endpoints):
    """Yields the number of each tick, `rate` a second, and reads `endpoints` meanwhile."""
    start = time.monotonic()
    for i in range(round(rate * seconds)):
        yield i
        for e in endpoints:
            e.read()
        wait = start + (i + 1) / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)


checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f'FAILED: {what}')


def equal(got, want, what):
    check(got == want, f'{what}: is {got}, should be {want}')


def done():
    print(f'ok: {checks} checks', flush=True)
