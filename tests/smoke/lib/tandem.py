#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A client of the control API.

As a program: tandem.py SOCKET METHOD [PARAMS] prints the result, or the error and exits 1.
"""
import json
import os
import socket
import sys


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code = error['code']
        data = error.get('data') or {}
        self.name = data.get('name')
        self.path = data.get('path')


class Client:
    """One connection. Events that come between answers are kept in `events`."""

    def __init__(self, path=None, timeout_s=10):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path or os.environ['SMOKE_SOCKET'])
        self.socket.settimeout(timeout_s)
        self.buffer = b''
        self.next_id = 0
        self.events = []

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_line(self):
        """One line without its LF; EOFError where the daemon has hung up."""
        while b'\n' not in self.buffer:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError('the connection is closed')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line

    def read_answer(self):
        while True:
            message = json.loads(self.read_line())
            if isinstance(message, dict) and message.get('method') == 'event':
                self.events.append(message['params'])
            else:
                return message

    def read_event(self):
        while not self.events:
            message = json.loads(self.read_line())
            assert message['method'] == 'event', message
            self.events.append(message['params'])
        return self.events.pop(0)

    def request(self, method, params=None):
        self.next_id += 1
        r = {'jsonrpc': '2.0', 'id': self.next_id, 'method': method}
        if params is not None:
            r['params'] = params
        return r

    def answer(self, method, params=None):
        """The whole answer, error or not."""
        r = self.request(method, params)
        self.send(json.dumps(r).encode() + b'\n')
        answer = self.read_answer()
        assert answer['id'] == r['id'], answer
        return answer

    def call(self, method, **params):
        """The result; RpcError for an error."""
        answer = self.answer(method, params or None)
        if 'error' in answer:
            raise RpcError(answer['error'])
        return answer['result']

    def batch(self, requests):
        """Answers to a list of (method, params), in order."""
        batch = [self.request(m, p) for m, p in requests]
        self.send(json.dumps(batch, separators=(',', ':')).encode() + b'\n')
        answers = self.read_answer()
        assert [a['id'] for a in answers] == [r['id'] for r in batch], 'order of a batch'
        return answers


def main():
    client = Client(sys.argv[1])
    params = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    try:
        print(json.dumps(client.call(sys.argv[2], **params)))
    except RpcError as e:
        sys.exit(f'{sys.argv[2]}: {e}')


if __name__ == '__main__':
    main()
