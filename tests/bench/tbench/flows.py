# SPDX-License-Identifier: BSD-3-Clause
"""Scenarios: which addresses, sessions and flows.

A session is a call with both directions in use, so N flows are N/2 sessions. Each party has an
address of its own behind a gateway; both legs are on one interface, so that what tandem and a
port that swaps addresses see is the same.
"""
import ipaddress
import struct

SCENARIOS = ('relay4', 'relay6', 'bridge46')
SIDES = {'relay4': (4, 4), 'relay6': (6, 6), 'bridge46': (4, 6)}
PORT_MIN, PORT_MAX = 1024, 65535
PAIRS_PER_ADDRESS = 32000
REMOTE_PORT = 4000
FLOW = struct.Struct('!16s16sHHB3x')


def local_ip(side, family, k):
    return f'10.{side}.0.{k + 1}' if family == 4 else f'fd00:{side}::{k + 1:x}'


def gateway_ip(side, family):
    return f'10.{side}.255.254' if family == 4 else f'fd00:{side}::ffff'


def prefix_bits(family):
    return 16 if family == 4 else 64


def remote_ip(side, family, i):
    """Of party `side` of session i."""
    if family == 4:
        v = (10 << 24 | 128 << 16 | side << 22) + i + 1
        return f'{v >> 24}.{v >> 16 & 255}.{v >> 8 & 255}.{v & 255}'
    return f'fd80:{side}::{(i + 1) >> 16:x}:{(i + 1) & 0xffff:x}'


class Scenario:
    def __init__(self, name, flows):
        self.name = name
        self.flows = flows
        self.sides = SIDES[name]
        self.sessions = (flows + 1) // 2
        self.addresses = max(1, -(-self.sessions // PAIRS_PER_ADDRESS))  # on each side

    def address_objects(self, interface):
        return [{'name': f'{"ab"[side]}{k}', 'interface': interface,
                 'ip': f'{local_ip(side, family, k)}/{prefix_bits(family)}',
                 'gateway': gateway_ip(side, family),
                 'ports': {'min': PORT_MIN, 'max': PORT_MAX}}
                for side, family in enumerate(self.sides) for k in range(self.addresses)]

    def neighbours(self, interface, mac):
        return [{'interface': interface, 'ip': gateway_ip(side, family), 'mac': mac}
                for side, family in enumerate(self.sides)]

    def create_request(self, i, name=None):
        """A line of session.create, as text: it is a million of them."""
        k = i // PAIRS_PER_ADDRESS % self.addresses
        a, b = (remote_ip(side, family, i) for side, family in enumerate(self.sides))
        return (f'{{"jsonrpc":"2.0","id":{i},"method":"session.create","params":{{'
                f'"id":"{name or "s"}{i}","idle_timeout_s":0,"legs":['
                f'{{"address":"a{k}","remote":{{"ip":"{a}","port":{REMOTE_PORT}}}'
                f'{self.security(i, 0)}}},'
                f'{{"address":"b{k}","remote":{{"ip":"{b}","port":{REMOTE_PORT}}}'
                f'{self.security(i, 1)}}}]}}}}')

    def security(self, i, side):
        """What more a leg has in that line; secure.py has some."""
        return ''

    def crypto(self, i, side):
        """What a party with SRTP has behind a=crypto: in its SDP."""
        return None

    def write_flows(self, path, locals_):
        """`locals_`: for each session the (ip, port) that its parties send to."""
        packed = {}

        def pack(ip):
            if ip not in packed:
                packed[ip] = ipaddress.ip_address(ip).packed
            return packed[ip]

        left = self.flows
        with open(path, 'wb') as f:
            for i, legs in enumerate(locals_):
                for side, family in enumerate(self.sides):
                    if left == 0:
                        break
                    left -= 1
                    ip, port = legs[side]
                    f.write(FLOW.pack(remote_packed(side, family, i), pack(ip), REMOTE_PORT,
                                      port, family == 6))


def remote_packed(side, family, i):
    if family == 4:
        return struct.pack('!I', (10 << 24 | 128 << 16 | side << 22) + i + 1)
    return struct.pack('!HHIII', 0xfd80, side, 0, 0, i + 1)
