#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Parties whose MAC changes in mid-call, that are not there, or that vanish; and a liar."""
import os
import socket
import struct
import subprocess
import time

import netns
from media import Endpoint, check, done, equal, paced, settle
from tandem import Client

RATE = 100
FAIL_S = 50  # 30 s without a confirmation, and the questions after them


def ip_in(ns, *args):
    subprocess.run(['ip', '-n', f'{os.environ["SMOKE_PREFIX"]}-{ns}', *args], check=True)


def step(text):
    print(f'== {text}', flush=True)


def neighbour(client, ip):
    found = [n for n in client.call('neighbour.list')['neighbours'] if n['ip'] == ip]
    return found[0] if found else None


class Call:
    def __init__(self, client, name, family_a, a_ip, b_ip):
        self.client, self.id = client, name
        self.a, self.b = Endpoint('a', a_ip), Endpoint('b', b_ip)
        wan = 'wan6' if ':' in b_ip else 'wan4'
        legs = client.call('session.create', id=name, idle_timeout_s=0, legs=[
            {'address': f'lan{family_a}', 'remote': self.a.address},
            {'address': wan, 'remote': self.b.address}])['legs']
        self.local = [leg['local'] for leg in legs]

    def talk(self, seconds):
        for _ in paced(RATE, seconds, self.a, self.b):
            self.a.send(self.local[0])
            self.b.send(self.local[1])
        settle([self.a, self.b])

    def missing(self):
        """Numbers sent and not received: at A, at B."""
        return (sorted(set(range(self.b.next)) - set(self.a.numbers())),
                sorted(set(range(self.a.next)) - set(self.b.numbers())))


def new_mac(client, family, a_ip, mac):
    call = Call(client, f'mac-v{family}', family, a_ip, '2001:db8::2')
    call.talk(0.5)
    equal(call.missing(), ([], []), 'lost before the change')
    ip_in('a', 'link', 'set', 'dev', 'eth0', 'address', mac)
    changed = call.b.next
    call.talk(2.5)
    at_a, at_b = call.missing()
    # A's own kernel drops what it sends while it asks for tandem's MAC again.
    check(len(at_b) <= 5, f'v{family}: {len(at_b)} packets from A are lost')
    back = (max(at_a) + 1 - changed) / RATE if at_a else 0
    check(back < 2, f'v{family}: A was out of reach for {back} s')
    check(not at_a or min(at_a) >= changed, f'v{family}: lost before the change')
    equal(neighbour(client, a_ip)['mac'].lower(), mac, f"v{family}: A's MAC in neighbour.list")
    client.call('session.delete', id=call.id)
    print(f'   IPv{family}: A is heard again after {back:.2f} s')


def liar(client):
    """The stranger says that A's address is at his MAC, over and over, and answers for it too.

    A question to everybody would reach him first, as the bridge has his port first.
    """
    call = Call(client, 'liar', 4, '10.0.0.2', '2001:db8::2')
    call.talk(0.2)
    before = neighbour(client, '10.0.0.2')
    ours = {i['name']: i['mac'] for i in client.call('interface.list')['interfaces']}['lan']
    ip_in('x', 'addr', 'add', '10.0.0.2/32', 'dev', 'eth0')
    raw = netns.Raw('x')
    body = (raw.mac + socket.inet_aton('10.0.0.2') + bytes.fromhex(ours.replace(':', '')) +
            socket.inet_aton('10.0.0.1'))
    for operation in 2, 1:
        arp = (bytes.fromhex(ours.replace(':', '')) + raw.mac + b'\x08\x06' +
               struct.pack('!HHBBH', 1, 0x800, 6, 4, operation) + body)
        for _ in paced(RATE, 1, call.a, call.b):
            call.a.send(call.local[0])
            call.b.send(call.local[1])
            raw.socket.send(arp)
    settle([call.a, call.b])
    equal(call.missing(), ([], []), 'lost while the stranger lies')
    after = neighbour(client, '10.0.0.2')
    equal(after['mac'], before['mac'], "A's MAC")
    counters = client.call('stats.get', names=['control.'])['counters']
    check(counters['control.neighbour_contradicted'] > 0, 'the lie is not counted')
    client.call('session.delete', id='liar')
    ip_in('x', 'addr', 'del', '10.0.0.2/32', 'dev', 'eth0')


def main():
    client, watcher = Client(), Client(timeout_s=FAIL_S)
    watcher.call('events.subscribe', types=['neighbour.failed'])

    step('a party that vanishes while its call goes on (told of at the end)')
    lost = Call(client, 'vanishes', 4, '10.0.0.2', '192.0.2.7')
    lost.talk(0.2)
    equal(lost.missing(), ([], []), 'lost')
    equal(neighbour(client, '192.0.2.7')['state'], 'reachable', 'state of 192.0.2.7')
    ip_in('b', 'addr', 'del', '192.0.2.7/24', 'dev', 'eth0')
    gone = time.monotonic()

    step('a stranger who claims to be A')
    liar(client)

    step("A's MAC changes in mid-call")
    new_mac(client, 4, '10.0.0.2', '02:00:00:00:0a:04')
    new_mac(client, 6, 'fd00:a::2', '02:00:00:00:0a:06')

    step('parties that are not there')
    client.call('session.create', id='nobody', legs=[
        {'address': 'lan4', 'remote': {'ip': '10.0.0.250', 'port': 4000}},
        {'address': 'wan6', 'remote': {'ip': '2001:db8::250', 'port': 4000}}])
    failed = {(e['interface'], e['ip']) for e in (watcher.read_event(), watcher.read_event())}
    equal(failed, {('lan', '10.0.0.250'), ('wan', '2001:db8::250')}, 'neighbour.failed')
    equal(neighbour(client, '10.0.0.250')['state'], 'failed', 'state')
    step('one of them comes: it is found without being asked for by anybody')
    ip_in('a', 'addr', 'add', '10.0.0.250/24', 'dev', 'eth0')
    end = time.monotonic() + 8
    while neighbour(client, '10.0.0.250')['state'] != 'reachable' and time.monotonic() < end:
        time.sleep(0.1)
    equal(neighbour(client, '10.0.0.250')['state'], 'reachable', 'state')
    client.call('session.delete', id='nobody')

    event = watcher.read_event()
    equal((event['interface'], event['ip']), ('wan', '192.0.2.7'), 'neighbour.failed')
    print(f'   192.0.2.7 was given up {time.monotonic() - gone:.0f} s after it had gone')
    client.call('session.delete', id='vanishes')
    done()


if __name__ == '__main__':
    main()
