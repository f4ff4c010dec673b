# SPDX-License-Identifier: BSD-3-Clause
"""A client of rtpproxy's control protocol, over each kind of socket."""
import itertools
import os
import socket

import netns


class Udp:
    """With cookies of its own."""

    def __init__(self, ns, ip, port, timeout_s=10):
        family = socket.AF_INET6 if ':' in ip else socket.AF_INET
        with netns.inside(ns):
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
            self.socket.connect((ip, port))
        self.socket.settimeout(timeout_s)
        self.cookies = (f'{os.getpid()}_{id(self)}_{i}' for i in itertools.count())

    def command(self, text):
        """The reply without its cookie and line end."""
        cookie = next(self.cookies)
        self.socket.send(f'{cookie} {text}'.encode())
        while True:
            got, _, reply = self.socket.recv(8192).decode().partition(' ')
            if got == cookie:
                return reply.rstrip('\n')


def stream(where, timeout_s=10):
    """A connection: where is a path, or (namespace, ip, port)."""
    if isinstance(where, str):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(where)
    else:
        ns, ip, port = where
        with netns.inside(ns):
            s = socket.create_connection((ip, port))
    s.settimeout(timeout_s)
    return s


def ask(s, text):
    """A command and its reply, on a connection that stays."""
    s.sendall(text.encode() + b'\n')
    data = b''
    while not data.endswith(b'\n'):
        more = s.recv(8192)
        if not more:
            raise EOFError('the connection is closed')
        data += more
    return data.decode().rstrip('\n')


def place(reply):
    """Where a reply of U or L says to send to: {'ip', 'port'}."""
    words = reply.split()
    if reply.startswith('E') or len(words) < 2:
        raise SystemExit(f'FAILED: the reply was {reply!r}')
    return {'ip': words[1], 'port': int(words[0])}
