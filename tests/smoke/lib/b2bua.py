#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A small back-to-back user agent: SIP over TCP on both sides, media through tandem.

For each INVITE from A it creates a session, for B's answer it updates it, at the BYE it deletes
it, and each party's SDP names tandem's address instead of the other party's. Final reports go
to standard output, one JSON object a line: {"call_id", "a", "b", "local", "report"}.

b2bua.py SOCKET LISTEN_IP:PORT B_IP PORT ADDRESS_A ADDRESS_B
"""
import asyncio
import json
import sys

from tandem import Client, RpcError


class Message:
    """A SIP message: start line, headers in order, body."""

    def __init__(self, start, headers, body=b''):
        self.start, self.headers, self.body = start, headers, body

    @classmethod
    async def read(cls, reader):
        """None at the end of the connection."""
        lines = []
        while True:
            line = await reader.readline()
            if not line:
                return None
            line = line.decode().rstrip('\r\n')
            if line:
                lines.append(line)
            elif lines:
                break
        headers = [tuple(x.strip() for x in line.split(':', 1)) for line in lines[1:]]
        m = cls(lines[0], headers)
        m.body = await reader.readexactly(int(m.get('Content-Length') or 0))
        return m

    def get(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def bytes(self):
        headers = [(k, v) for k, v in self.headers if k.lower() != 'content-length']
        headers.append(('Content-Length', str(len(self.body))))
        head = '\r\n'.join([self.start] + [f'{k}: {v}' for k, v in headers])
        return head.encode() + b'\r\n\r\n' + self.body

    @property
    def status(self):
        return int(self.start.split()[1]) if self.start.startswith('SIP/2.0 ') else None

    @property
    def method(self):
        return self.get('CSeq').split()[1]

    def without(self, *names):
        return [(k, v) for k, v in self.headers if k.lower() not in names]


def sdp_read(body):
    """(ip, port) of the audio."""
    ip = port = None
    for line in body.decode().split('\r\n'):
        if line.startswith('c='):
            ip = line.split()[2]
        elif line.startswith('m=audio'):
            port = int(line.split()[1])
    return ip, port


def sdp_write(body, ip, port):
    family = 'IP6' if ':' in ip else 'IP4'
    out = []
    for line in body.decode().split('\r\n'):
        if line.startswith('c='):
            line = f'c=IN {family} {ip}'
        elif line.startswith('o='):
            line = ' '.join(line.split()[:4] + [family, ip])
        elif line.startswith('m=audio'):
            words = line.split()
            line = ' '.join([words[0], str(port)] + words[2:])
        out.append(line)
    return '\r\n'.join(out).encode()


class Call:
    def __init__(self, number, call_id, a_writer):
        self.number, self.call_id, self.a_writer = number, call_id, a_writer
        self.invite = None  # as A sent it
        self.local = None   # tandem's (ip, port) for A and for B
        self.a = self.b = None
        self.transactions = {}  # CSeq -> Via headers of A's request

    @property
    def id(self):
        return f'call-{self.number}'


class B2bua:
    def __init__(self, api, b, address_a, address_b):
        self.api, self.b, self.address = api, b, (address_a, address_b)
        self.calls = {}
        self.count = 0
        self.b_writer = None

    def host(self, writer):
        ip, port = writer.get_extra_info('sockname')[:2]
        return f'[{ip}]:{port}' if ':' in ip else f'{ip}:{port}'

    # ---- A's side ----

    async def serve_a(self, reader, writer):
        while (m := await Message.read(reader)) is not None:
            call = self.calls.get(m.get('Call-ID'))
            if m.status is not None:
                continue
            if call is None and m.method == 'INVITE':
                call = self.new_call(m, writer)
            if call is not None:
                self.to_b(call, m)
        for call in [c for c in self.calls.values() if c.a_writer is writer]:
            self.end(call)  # A went away without a BYE
        writer.close()

    def new_call(self, m, writer):
        self.count += 1
        call = Call(self.count, m.get('Call-ID'), writer)
        call.a = sdp_read(m.body)
        try:
            self.create(call, m.body)
        except RpcError as e:
            self.refuse(m, writer, str(e))
            return None
        self.calls[call.call_id] = call
        return call

    def create(self, call, offer):
        answer = self.api.call('session.create', id=call.id, idle_timeout_s=30,
                               legs=self.legs(call, offer))
        call.local = [(x['local']['ip'], x['local']['port']) for x in answer['legs']]
        call.legs = answer['legs']

    def legs(self, call, offer):
        """Of a new session."""
        return [{'address': self.address[0], 'remote': dict(zip(('ip', 'port'), call.a))},
                {'address': self.address[1]}]

    def leg_of_answer(self, call, answer):
        """What changes on B's leg."""
        return {'remote': dict(zip(('ip', 'port'), call.b))}

    def sdp_for(self, call, leg, body):
        return sdp_write(body, *call.local[leg])

    def refuse(self, m, writer, why):
        print(f'session.create: {why}', file=sys.stderr, flush=True)
        headers = [(k, v) for k, v in m.headers
                   if k.lower() in ('via', 'from', 'to', 'call-id', 'cseq')]
        writer.write(Message('SIP/2.0 503 Service Unavailable', headers).bytes())

    def to_b(self, call, m):
        call.transactions[m.get('CSeq')] = [h for h in m.headers if h[0].lower() == 'via']
        me = self.host(self.b_writer)
        ip = f'[{self.b[0]}]' if ':' in self.b[0] else self.b[0]
        branch = f'z9hG4bK{call.number}x{m.get("CSeq").replace(" ", "")}'
        headers = [('Via', f'SIP/2.0/TCP {me};branch={branch}'), ('Max-Forwards', '69'),
                   ('Contact', f'<sip:b2bua@{me};transport=tcp>')]
        body = self.sdp_for(call, 1, m.body) if m.body else b''
        self.b_writer.write(Message(f'{m.method} sip:b@{ip}:{self.b[1]} SIP/2.0', headers +
                                    m.without('via', 'max-forwards', 'contact'), body).bytes())

    # ---- B's side ----

    async def serve_b(self, reader):
        while (m := await Message.read(reader)) is not None:
            call = self.calls.get(m.get('Call-ID'))
            if call is not None and m.status is not None:
                self.to_a(call, m)
        raise SystemExit('party B has closed its connection')

    def to_a(self, call, m):
        body = m.body
        if m.method == 'INVITE' and m.status == 200:
            call.b = sdp_read(m.body)
            self.answered(call, m.body)
            body = self.sdp_for(call, 0, m.body)
        me = self.host(call.a_writer)
        headers = call.transactions[m.get('CSeq')] + m.without('via', 'contact')
        headers.append(('Contact', f'<sip:b2bua@{me};transport=tcp>'))
        if m.method == 'BYE' and m.status == 200 or m.method == 'INVITE' and m.status >= 300:
            self.end(call)
        call.a_writer.write(Message(m.start, headers, body).bytes())

    def answered(self, call, answer):
        self.api.call('session.update', id=call.id, legs=[{}, self.leg_of_answer(call, answer)])

    def end(self, call):
        del self.calls[call.call_id]
        report = self.api.call('session.delete', id=call.id)
        print(json.dumps({'call_id': call.call_id, 'a': call.a, 'b': call.b, 'local': call.local,
                          'report': report, **self.more(call)}), flush=True)

    def more(self, call):
        return {}


async def serve(kind, socket_path, listen, b_ip, b_port, address_a, address_b):
    ua = kind(Client(socket_path), (b_ip, int(b_port)), address_a, address_b)
    reader, ua.b_writer = await asyncio.open_connection(b_ip, int(b_port))
    ip, port = listen.rsplit(':', 1)
    await asyncio.start_server(ua.serve_a, ip, int(port))
    print('ready', file=sys.stderr, flush=True)
    await ua.serve_b(reader)


if __name__ == '__main__':
    asyncio.run(serve(B2bua, *sys.argv[1:]))
