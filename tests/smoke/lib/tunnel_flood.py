#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Small UDP packets, as fast as a tunnel takes them: tunnel_flood.py ADDRESS, until it is killed."""
import socket
import sys
import time

BURST = 128

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
while True:
    for _ in range(BURST):
        try:
            s.send(b'x' * 16)
        except OSError:  # the far end's ICMP, or no room on the device
            pass
    time.sleep(0.002)
