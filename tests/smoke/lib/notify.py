#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""notify.py SOCKET: prints what a service says to its manager (sd_notify(3)), line by line."""
import socket
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode(), flush=True)
