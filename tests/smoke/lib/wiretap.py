# SPDX-License-Identifier: BSD-3-Clause
"""What goes over the parties' links, and the proof that what goes out of tandem is what came in."""
import socket
import struct
import threading

import netns
from media import check, equal
from srtp_ref import Forged


class Datagram:
    """UDP out of an Ethernet frame."""
    __slots__ = 'frame', 'src', 'dst', 'payload', 'ip_ok', 'udp_ok'

    def __init__(self, frame):
        self.frame = frame
        ip = frame[14:]
        if frame[12:14] == b'\x86\xdd':
            length = struct.unpack_from('!H', ip, 4)[0]
            ends, udp, self.ip_ok = ip[8:40], ip[40:40 + length], True
        else:
            length = struct.unpack_from('!H', ip, 2)[0]
            ends, udp = ip[12:20], ip[20:length]
            self.ip_ok = netns.checksum(ip[:20]) == 0
        family = socket.AF_INET6 if len(ends) == 32 else socket.AF_INET
        half = len(ends) // 2
        sport, dport, length, _ = struct.unpack_from('!HHHH', udp)
        self.src = socket.inet_ntop(family, ends[:half]), sport
        self.dst = socket.inet_ntop(family, ends[half:]), dport
        self.payload = udp[8:length]
        self.udp_ok = netns.checksum(ends + struct.pack('!HH', 17, len(udp)) + udp) == 0

    @property
    def rtcp(self):
        return 192 <= self.payload[1] <= 223


class Tap:
    """All UDP datagrams on eth0 of a namespace, both ways, until stop()."""

    def __init__(self, ns):
        with netns.inside(ns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.socket.bind(('eth0', 3))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.settimeout(0.2)
        self.frames, self.going = [], True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.going:
            try:
                frame = self.socket.recv(65535)
            except TimeoutError:
                continue
            if frame[12:14] == b'\x08\x00' and frame[23] == 17 or \
               frame[12:14] == b'\x86\xdd' and frame[20] == 17:
                self.frames.append(frame)

    def stop(self):
        self.going = False
        self.thread.join()
        drops = struct.unpack('II', self.socket.getsockopt(263, 6, 8))[1]  # PACKET_STATISTICS
        equal(drops, 0, 'frames that the tap has lost')
        self.socket.close()
        self.datagrams = [Datagram(f) for f in self.frames]
        return self

    def write_pcap(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for i, p in enumerate(self.frames):
                f.write(struct.pack('<IIII', 0, i, len(p), len(p)) + p)


class Opener:
    """Plain packets out of what is on one leg's wire in one direction; keys None: it is plain."""

    def __init__(self, keys):
        self.keys, self.last = keys, {}

    def index_of(self, p):
        """The packet's index by RFC 3711 §3.3.1, of its own SSRC."""
        seq, ssrc = struct.unpack_from('!H', p, 2)[0], p[8:12]
        last = self.last.get(ssrc, seq)
        index = last + (seq - last + 0x8000) % 0x10000 - 0x8000
        self.last[ssrc] = max(index, last)
        return index

    def open(self, d):
        if self.keys is None:
            return d.payload
        if d.rtcp:
            return self.keys.open_rtcp(d.payload)[0]
        return self.keys.open(d.payload, self.index_of(d.payload) >> 16)


def opened(datagrams, keys):
    """[(datagram, plain packet)] of those that are authentic."""
    opener, out = Opener(keys), []
    for d in datagrams:
        try:
            out.append((d, opener.open(d)))
        except Forged:
            pass
    return out


def shows(wire, plain):
    """Is a piece of the plain payload on the wire?"""
    body = plain[12:] if not 192 <= plain[1] <= 223 else plain[8:]
    return any(body[i:i + 8] in wire for i in range(0, len(body) - 7, 8))


def verify(what, tap_in, tap_out, path_in, path_out, keys_in, keys_out, rtcp=False, unsent=0):
    """Packet by packet: what came from (source, local) is what went to (local, target), opened
    by the oracle; no plain text where there are keys. So many, `unsent`, may have come too early
    or too late to be sent on. Returns the packets, plain, and how many were not sent on."""
    arrived = [d for d in tap_in.datagrams if (d.src, d.dst) == path_in and d.rtcp == rtcp]
    left = [d for d in tap_out.datagrams if (d.src, d.dst) == path_out and d.rtcp == rtcp]
    came, went = opened(arrived, keys_in), opened(left, keys_out)
    equal(len(went), len(left), f'{what}: packets that went out, and those the oracle opens')
    check(len(came) - unsent <= len(went) <= len(came),
          f'{what}: {len(came)} packets came in, {len(went)} went out')
    early = next((i for i in range(unsent + 1) if
                  [p for _, p in came[i:i + len(went)]] == [p for _, p in went]), None)
    check(early is not None, f'{what}: other packets went out than came in')
    came = came[early:early + len(went)]
    check(all(d.udp_ok and d.ip_ok for d in arrived + left), f'{what}: a wrong checksum')
    for packets, keys in (came, keys_in), (went, keys_out):
        if keys is not None:
            check(all(len(d.payload) == len(p) + keys.growth(rtcp) for d, p in packets),
                  f'{what}: growth of a sealed packet')
            check(not any(shows(d.payload, p) for d, p in packets),
                  f'{what}: plain text on the encrypted side')
    return [p for _, p in went], len(arrived) - len(went)
