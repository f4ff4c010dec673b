#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""soak.py PID: fills the table of sessions and empties it again, three times.

Requests are made before the clock starts and answers are read after it has stopped, so that the
rate is the daemon's.
"""
import json
import sys
import threading
import time

from media import check, done, equal
from tandem import Client

SESSIONS = 100_000
BATCH = 500
RATE = 20_000  # sessions a second that the API promises over one connection


def create(i):
    """A session between two of eight addresses a side, its parties among 200 hosts each."""
    return {'jsonrpc': '2.0', 'id': i, 'method': 'session.create', 'params': {
        'id': f'soak-{i}', 'idle_timeout_s': 0, 'legs': [
            {'address': f'lan4-{i % 8}',
             'remote': {'ip': f'10.0.0.{1 + i % 99}', 'port': 1024 + i % 60000}},
            {'address': f'wan6-{i % 8}', 'latch': 'once',
             'remote': {'ip': f'2001:db8::{i % 200 + 0x1000:x}', 'port': 1024 + i % 60000}}]}}


def delete(i):
    return {'jsonrpc': '2.0', 'id': i, 'method': 'session.delete', 'params': {'id': f'soak-{i}'}}


def lines(request):
    return [json.dumps([request(i) for i in range(n, n + BATCH)], separators=(',', ':')).encode() +
            b'\n' for n in range(0, SESSIONS, BATCH)]


def stream(client, batches):
    """Sends all, and returns the answers as they are with the seconds that it took."""
    answers = []

    def send():
        for line in batches:
            client.send(line)

    sender = threading.Thread(target=send)
    start = time.monotonic()
    sender.start()
    for _ in batches:
        answers.append(client.read_line())
    took = time.monotonic() - start
    sender.join()
    return answers, took


def list_all(client):
    ids, cursor = set(), {}
    while True:
        page = client.call('session.list', limit=1000, **cursor)
        for s in page['sessions']:
            check(s['id'] not in ids, f'{s["id"]} is listed twice')
            ids.add(s['id'])
        if 'cursor' not in page:
            return ids
        cursor = {'cursor': page['cursor']}


class Resources:
    """What must be the same after each round."""

    def __init__(self, client, pid):
        health = client.call('system.health')
        interfaces = client.call('interface.list')['interfaces']
        self.active = health['sessions']['active']
        self.mbufs = health['mbufs']['in_use']
        self.ports = [a['ports']['free'] for i in interfaces for a in i['addresses']]
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            self.rss_kb = next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))

    def __str__(self):
        return (f'memory {self.rss_kb / 1024:.1f} MiB, packet buffers {self.mbufs}, '
                f'free ports {sum(self.ports)}')


def main():
    client, pid = Client(timeout_s=60), int(sys.argv[1])
    creates, deletes = lines(create), lines(delete)
    before = Resources(client, pid)
    after = []
    best = 0
    print(f'   at start: {before}', flush=True)
    for n in range(3):
        answers, create_s = stream(client, creates)
        created = [a for line in answers for a in json.loads(line)]
        bad = [a for a in created if not a.get('result', {}).get('created')]
        check(not bad, f'{len(bad)} sessions were not created, the first: {bad[:1]}')
        ports = {(leg['local']['ip'], leg['local']['port'])
                 for a in created for leg in a['result']['legs']}
        equal(len(ports), 2 * SESSIONS, 'different local addresses and ports')
        full = Resources(client, pid)
        equal(full.active, SESSIONS, 'sessions')

        start = time.monotonic()
        equal(list_all(client), {f'soak-{i}' for i in range(SESSIONS)}, 'sessions listed')
        list_s = time.monotonic() - start

        answers, delete_s = stream(client, deletes)
        bad = [a for line in answers for a in json.loads(line) if 'result' not in a]
        check(not bad, f'{len(bad)} sessions were not deleted, the first: {bad[:1]}')
        time.sleep(1.5)  # grace periods, neighbours that nobody uses any more
        after.append(Resources(client, pid))
        best = max(best, SESSIONS / create_s)
        print(f'   round {n + 1}: created {SESSIONS / create_s:,.0f}/s, listed '
              f'{SESSIONS / list_s:,.0f}/s, deleted {SESSIONS / delete_s:,.0f}/s; '
              f'full: memory {full.rss_kb / 1024:.1f} MiB; empty: {after[-1]}', flush=True)
        equal(after[-1].active, 0, 'sessions left')
        equal(after[-1].ports, before.ports, 'free ports, address by address')
        equal(after[-1].mbufs, before.mbufs, 'packet buffers in use')
    # The first round touches the tables' memory; from then on nothing may grow.
    growth = after[2].rss_kb - after[0].rss_kb
    check(growth <= after[0].rss_kb // 50, f'memory grew by {growth} KiB in two rounds')
    check(best >= RATE, f'only {best:,.0f} sessions a second')
    done()


if __name__ == '__main__':
    main()
