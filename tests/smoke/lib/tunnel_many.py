#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many tunnels between two sites.

tunnel_many.py users SOCKET-B             makes 10,000 users
               same SOCKET-B              are they there, as they were made?
               dial SOCKET-A              dials 1,000 tunnels
               up SOCKET-A SOCKET-B S     until all are up, on both sides, S seconds at most
               ping                       in site A: from some tunnels' addresses to their networks
"""
import base64
import ipaddress
import json
import subprocess
import sys
import time

from tandem import Client

TUNNELS, USERS, BATCH = 1000, 10_000, 200
HOST = '203.0.113.2'


def name(i):
    return f'u{i:04d}'


def address(i):
    return ipaddress.IPv4Address('10.9.0.0') + 256 + i


def network(i):
    return ipaddress.IPv4Address('10.100.0.0') + 256 + i


def record(i):
    """The address of user i with a mask of 32 bits, 16 bytes each."""
    return base64.b64encode(b'\0' * 10 + b'\xff\xff' + address(i).packed +
                            b'\0' * 10 + b'\xff' * 6).decode()


def check(ok, what):
    if not ok:
        raise SystemExit(f'FAILED: {what}')


def batch(client, method, all_params):
    """Calls in batches; all must succeed."""
    for n in range(0, len(all_params), BATCH):
        calls = [{'jsonrpc': '2.0', 'id': n + i, 'method': method, 'params': p}
                 for i, p in enumerate(all_params[n:n + BATCH])]
        client.send(json.dumps(calls).encode() + b'\n')
        for answer in client.read_answer():
            check('result' in answer, f'{method}: {answer}')


def make_users(client):
    batch(client, 'user.add', [
        {'name': name(i), 'address': f'{address(i)}/32', 'pool': False,
         'routes': [f'{network(i)}/32']} for i in range(TUNNELS)])
    for n in range(TUNNELS, USERS, BATCH):
        done = client.call('user.import', users=[
            {'name': name(i), 'data': record(i)} for i in range(n, min(n + BATCH, USERS))])
        check(done['added'] == BATCH, f'user.import: {done}')
    same_users(client)


def same_users(client):
    got, cursor = {}, {}
    while True:
        page = client.call('user.list', limit=1000, **cursor)
        got.update((u['name'], u['address']) for u in page['users'])
        if 'cursor' not in page:
            break
        cursor = {'cursor': page['cursor']}
    check(got == {name(i): f'{address(i)}/32' for i in range(USERS)},
          f'{len(got)} users, or others')
    print(f'   {len(got)} users')


def dial(client):
    batch(client, 'tunnel.dial', [
        {'id': name(i), 'host': HOST, 'user': name(i), 'psk': f'{i + 1:064x}'}
        for i in range(TUNNELS)])


def wait_up(a, b, seconds):
    start = time.monotonic()
    while True:
        states = [d['state'] for d in a.call('tunnel.dials')['dials']]
        up_b = b.call('tunnel.stats')['tunnels']['up']
        if states.count('up') == TUNNELS and up_b == TUNNELS:
            print(f'   {TUNNELS} tunnels up after {time.monotonic() - start:.1f} s')
            return
        check(time.monotonic() < start + seconds,
              f'{states.count("up")} of {TUNNELS} tunnels up at A, {up_b} at B: '
              f'{a.call("tunnel.dials")["dials"][0]}')
        time.sleep(0.5)


def ping():
    """One after the other from 25 of them."""
    for i in range(0, TUNNELS, TUNNELS // 25):
        p = subprocess.run(['ping', '-q', '-c', '2', '-A', '-w', '8', '-I', str(address(i)),
                            str(network(i))], capture_output=True, text=True)
        check(' 2 received' in p.stdout, f'{name(i)}: {p.stdout}{p.stderr}')
    print('   25 of them answer')


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == 'users':
        make_users(Client(args[0], timeout_s=60))
    elif what == 'same':
        same_users(Client(args[0], timeout_s=60))
    elif what == 'dial':
        dial(Client(args[0], timeout_s=60))
    elif what == 'up':
        wait_up(Client(args[0], timeout_s=60), Client(args[1], timeout_s=60), float(args[2]))
    else:
        ping()


if __name__ == '__main__':
    main()
