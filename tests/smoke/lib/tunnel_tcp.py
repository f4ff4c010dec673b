#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""ssh-like TCP through a tunnel: small writes answered one by one, then a large block each way.

tunnel_tcp.py CLIENT-NAMESPACE SERVER-NAMESPACE ADDRESS…
"""
import hashlib
import os
import socket
import sys
import threading

from netns import inside

KEYS, BLOCK = 200, 4 * 1024 * 1024
TIMEOUT_S = 20


def read_exactly(s, n):
    data = b''
    while len(data) < n:
        part = s.recv(min(n - len(data), 1 << 16))
        if not part:
            raise EOFError(f'{len(data)} of {n} bytes')
        data += part
    return data


def serve(listener, failed):
    """Echo what is typed, then return the block, reversed."""
    try:
        s, _ = listener.accept()
        s.settimeout(TIMEOUT_S)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(KEYS):
            s.sendall(read_exactly(s, 1))
        s.sendall(read_exactly(s, BLOCK)[::-1])
        s.close()
    except OSError as e:
        failed.append(e)


def talk(client_ns, server_ns, address):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    with inside(server_ns):
        listener = socket.socket(family)
        listener.bind((address, 0))
        listener.listen()
    listener.settimeout(TIMEOUT_S)
    with inside(client_ns):
        s = socket.socket(family)
    s.settimeout(TIMEOUT_S)
    failed = []
    server = threading.Thread(target=serve, args=(listener, failed), daemon=True)
    server.start()
    s.connect(listener.getsockname()[:2])
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(KEYS):
        s.sendall(bytes([i]))
        if read_exactly(s, 1) != bytes([i]):
            raise SystemExit(f'FAILED: key {i} to {address} came back as another')
    block = os.urandom(BLOCK)
    sender = threading.Thread(target=s.sendall, args=(block,), daemon=True)
    sender.start()
    got = read_exactly(s, BLOCK)
    sender.join()
    server.join()
    s.close()
    listener.close()
    if failed or hashlib.sha256(got[::-1]).digest() != hashlib.sha256(block).digest():
        raise SystemExit(f'FAILED: the block to {address} and back is another: {failed}')
    print(f'   {KEYS} keys and {BLOCK >> 20} MiB to {address} and back')


def main():
    for address in sys.argv[3:]:
        talk(sys.argv[1], sys.argv[2], address)


if __name__ == '__main__':
    main()
