# SPDX-License-Identifier: BSD-3-Clause
"""Sockets in other network namespaces: one process can be all parties of a test.

A socket belongs for life to the namespace in which it was made, so that the process need be
there only for that moment.
"""
import contextlib
import ctypes
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


def die_with_parent():
    """For subprocess: one that runs in no namespace of ours would outlive a script that fails."""
    libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


@contextlib.contextmanager
def inside(name):
    """Within this the thread is in namespace P-name."""
    home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    try:
        there = os.open(f'/run/netns/{os.environ["SMOKE_PREFIX"]}-{name}', os.O_RDONLY)
        try:
            setns(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            setns(home)
    finally:
        os.close(home)


def udp(name, ip, port=0):
    """A UDP socket in namespace P-name, bound, not blocking."""
    family = socket.AF_INET6 if ':' in ip else socket.AF_INET
    with inside(name):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.bind((ip, port))
    s.setblocking(False)
    return s


class Raw:
    """Ethernet frames of any content on an interface in namespace P-name."""

    def __init__(self, name, interface='eth0'):
        with inside(name):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind((interface, 0))
            self.mac = self.socket.getsockname()[4]

    def send_udp(self, mac, src, dst, payload):
        """UDP from any (ip, port) to any, whoever's they are."""
        self.socket.send(self.frame(mac, src, dst, payload))

    def frame(self, mac, src, dst, payload):
        family = socket.AF_INET6 if ':' in src[0] else socket.AF_INET
        ends = socket.inet_pton(family, src[0]) + socket.inet_pton(family, dst[0])
        length = 8 + len(payload)
        udp_header = struct.pack('!HHH', src[1], dst[1], length)
        csum = checksum(ends + struct.pack('!HH', 17, length) + udp_header + payload) or 0xffff
        udp = udp_header + struct.pack('!H', csum) + payload
        if family == socket.AF_INET6:
            packet = b'\x86\xdd' + struct.pack('!IHBB', 6 << 28, length, 17, 64) + ends
        else:
            head = struct.pack('!BBHHHBB', 0x45, 0, 20 + length, 0, 0x4000, 64, 17)
            packet = b'\x08\x00' + head + struct.pack('!H', checksum(head + ends)) + ends
        return mac + self.mac + packet + udp


def checksum(data):
    """Of the Internet (RFC 1071)."""
    data += bytes(len(data) % 2)
    n = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff
