#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends a tunnel's port what looks like its packets, and is not: SRTP without the keys.

tunnel_forger.py NAMESPACE FROM TO PORT
"""
import os
import struct
import sys

from netns import udp

PACKETS = 200


def main():
    name, here, there, port = sys.argv[1:]
    s = udp(name, here)
    for seq in range(PACKETS):
        payload = b'\x45\x00\x00\x54' + os.urandom(80 + 16)
        s.sendto(struct.pack('!BBHII', 0x80, 97, seq, seq, 0x12345678) + payload,
                 (there, int(port)))


if __name__ == '__main__':
    main()
