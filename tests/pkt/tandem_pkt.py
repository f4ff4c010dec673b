# SPDX-License-Identifier: BSD-3-Clause
"""Drives the packet harness; scapy is the independent oracle of what packets must look like.

A test makes packets with scapy, feeds them in as a pcap, and compares what comes out, byte by
byte, with packets that scapy made too; then it compares all counters that changed.
"""
import json
import os
import struct
import subprocess
import tempfile
import unittest

from scapy.all import (ARP, Dot1Q, Ether, ICMPv6ND_NA, ICMPv6ND_NS,
                       ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IP, IPv6, UDP, Raw, rdpcap)
from scapy.layers.rtp import RTP

# The wire of every test unless it says otherwise: one interface a family.
#   party A 10.0.0.2 ── lan  10.0.0.1 │ tandem │ 2001:db8::1  wan ── party B 2001:db8::9
A_IP, A_LOCAL = '10.0.0.2', '10.0.0.1'
B_IP, B_LOCAL = '2001:db8::9', '2001:db8::1'
B4_IP, B4_LOCAL = '192.0.2.9', '192.0.2.1'
A_MAC, B_MAC = '02:00:00:00:00:0a', '02:00:00:00:00:0b'


def config(workers=1, **changes):
    c = {
        'workers': {'lcores': list(range(1, workers + 1))},
        'interfaces': [{'name': 'lan', 'device': 'net_ring_lan'},
                       {'name': 'wan', 'device': 'net_ring_wan'}],
        'addresses': [
            {'name': 'lan4', 'interface': 'lan', 'ip': A_LOCAL + '/24',
             'ports': {'min': 20000, 'max': 20999}},
            {'name': 'wan6', 'interface': 'wan', 'ip': B_LOCAL + '/64',
             'ports': {'min': 30000, 'max': 30999}},
            {'name': 'wan4', 'interface': 'wan', 'ip': B4_LOCAL + '/24',
             'ports': {'min': 30000, 'max': 30999}},
            {'name': 'lan6', 'interface': 'lan', 'ip': 'fd00::1/64',
             'ports': {'min': 20000, 'max': 20999}}],
        'neighbours': [{'interface': 'lan', 'ip': A_IP, 'mac': A_MAC},
                       {'interface': 'lan', 'ip': 'fd00::2', 'mac': A_MAC},
                       {'interface': 'wan', 'ip': B_IP, 'mac': B_MAC},
                       {'interface': 'wan', 'ip': B4_IP, 'mac': B_MAC}],
        'limits': {'sessions': 100},
        'mbufs': 16383,
    }
    c.update(changes)
    return c


def rtp(seq=1, ssrc=0x1234, ts=None, pt=0, payload=b'x' * 160, marker=0):
    return bytes(RTP(version=2, payload_type=pt, sequence=seq & 0xffff, marker=marker,
                     timestamp=(160 * seq if ts is None else ts) & 0xffffffff,
                     sourcesync=ssrc) / Raw(payload))


def rtcp(ssrc=0x1234):
    """A receiver report without blocks (RFC 3550 §6.4.2)."""
    return bytes([0x80, 201, 0, 1]) + ssrc.to_bytes(4, 'big')


class Harness:
    def __init__(self, conf, queues=1):
        self.dir = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [os.environ['PKT_HARNESS'], '--no-huge', '--no-shconf', '-m', '256', '--no-pci',
             '--no-telemetry', '-l', '0', '--log-level', '4'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.next_id = 0
        devices = dict.fromkeys(i['device'].split(',')[0] for i in conf['interfaces'])
        for name in devices:
            self.command(f'port {name.removeprefix("net_ring_")} {queues}')
        path = os.path.join(self.dir.name, 'config.json')
        with open(path, 'w') as f:
            json.dump(conf, f)
        self.command(f'start {path}')
        self.before = self.counters()

    def command(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        # EAL and PMDs may print to standard output before the first answer.
        while True:
            answer = self.process.stdout.readline().rstrip('\n')
            if answer.startswith(('EAL:', 'TELEMETRY:', 'ETHDEV:')):
                continue
            break
        if answer.startswith('error') or answer == '':
            raise AssertionError(f'{line[:200]}: {answer or "the harness died"}')
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(10)
        self.dir.cleanup()
        if self.process.returncode != 0:
            raise AssertionError(f'the harness ended with {self.process.returncode}')

    def rpc_reply(self, method, params=None):
        self.next_id += 1
        request = {'jsonrpc': '2.0', 'id': self.next_id, 'method': method}
        if params is not None:
            request['params'] = params
        reply = json.loads(self.command('rpc ' + json.dumps(request)))
        assert reply['id'] == self.next_id, reply
        return reply

    def rpc(self, method, **params):
        reply = self.rpc_reply(method, params)
        if 'error' in reply:
            raise AssertionError(f'{method}: {reply["error"]}')
        return reply['result']

    def counters(self):
        return self.rpc('stats.get')['counters']

    def changes(self, prefix='drop.'):
        """Counters that changed since the start or the last call, by name."""
        now = self.counters()
        out = {k: v - self.before.get(k, 0) for k, v in now.items()
               if v != self.before.get(k, 0) and k.startswith(prefix)}
        self.before = now
        return out

    def rx(self, port, packets, queue=0, gap_us=0):
        path = os.path.join(self.dir.name, 'in.pcap')
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for i, p in enumerate(bytes(p) for p in packets):
                us = 10**9 + i * gap_us
                f.write(struct.pack('<IIII', us // 10**6, us % 10**6, len(p), len(p)) + p)
        self.command(f'rx {port} {queue} {path}')

    def tx(self, port):
        path = os.path.join(self.dir.name, 'out.pcap')
        self.command(f'tx {port} {path}')
        return [Ether(bytes(p)) for p in rdpcap(path)] if os.path.getsize(path) > 24 else []

    def advance(self, ms):
        self.command(f'advance {ms}')


class PacketTest(unittest.TestCase):
    """One harness a test; `conf` and `queues` may be set by a class."""
    conf = None
    queues = 1

    def setUp(self):
        self.h = Harness(self.conf or config(), self.queues)
        self.addCleanup(self.h.close)
        self.drain()

    def drain(self):
        for port in ('lan', 'wan'):
            self.h.tx(port)

    def mac(self, interface):
        return {i['name']: i['mac'] for i in self.h.rpc('interface.list')['interfaces']}[interface]

    def assert_packets(self, got, want):
        self.assertEqual([bytes(p).hex() for p in got], [bytes(p).hex() for p in want],
                         '\n'.join(['got:'] + [repr(p) for p in got] +
                                   ['want:'] + [repr(Ether(bytes(p))) for p in want]))

    def assert_drops(self, want):
        self.assertEqual(self.h.changes('drop.'), {'drop.' + k: v for k, v in want.items()})
