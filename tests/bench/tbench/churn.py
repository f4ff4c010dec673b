# SPDX-License-Identifier: BSD-3-Clause
"""Sessions come and go while others are relayed."""
import json
import time

from .search import Watch
from .util import Failed, progress

SESSIONS_PER_S = 1000
TICK_S = 0.01
LIFE_TICKS = 50
RUNS = 3      # of each kind
VOID_MAX = 6


class Churner:
    """Creates and deletes SESSIONS_PER_S each; the API is asked a hundred times a second."""

    def __init__(self, tandem, scenario):
        self.api = tandem.api
        self.scenario = scenario
        self.next = scenario.sessions
        self.alive = []
        self.created = 0

    def tick(self):
        n = int(SESSIONS_PER_S * TICK_S)
        requests = [self.scenario.create_request(self.next + i, 'churn') for i in range(n)]
        self.alive.append([f'churn{self.next + i}' for i in range(n)])
        self.next += n
        if len(self.alive) > LIFE_TICKS:
            requests += delete_requests(self.alive.pop(0))
        self.send(requests)
        self.created += n

    def send(self, requests):
        self.api.socket.sendall(('[' + ','.join(requests) + ']\n').encode())
        for a in json.loads(self.api.line()):
            if 'error' in a:
                raise Failed(f'churn: {a["error"]}')

    def end(self):
        for ids in self.alive:
            self.send(delete_requests(ids))
        self.alive = []


def delete_requests(ids):
    return [json.dumps({'jsonrpc': '2.0', 'id': i, 'method': 'session.delete',
                        'params': {'id': i}}) for i in ids]


def one_run(bed, rate_pps, ms, churning):
    churner = Churner(bed.tandem, bed.scenario)
    options = {'port': bed.tandem.port, 'rate_pps': f'{rate_pps:.0f}', 'ms': ms}
    if not churning:
        return {**bed.gen.run(**options), 'creations_per_s': 0}
    bed.gen.run_begin(**options)
    start = time.monotonic()
    due = start
    while not bed.gen.ready(max(0, due - time.monotonic())):
        if time.monotonic() >= due:
            churner.tick()
            due += TICK_S
    seconds = time.monotonic() - start
    r = bed.gen.run_end()
    churner.end()
    return {**r, 'creations_per_s': churner.created / seconds}


def measure(bed, loss_free_pps):
    """Lost packets ÷ offered rate, with churn and without, in turn. A run that lost packets
    while others had the worker's core counts for nothing."""
    runs, void = [], 0
    rate = 0.9 * loss_free_pps
    with bed.turn(bed.tandem):
        while len(runs) < 2 * RUNS:
            churning = len(runs) % 2 == 1
            progress.now(f'churn of {SESSIONS_PER_S} sessions a second: '
                         f'{"with" if churning else "without"}')
            watch = Watch(bed.tandem)
            r = one_run(bed, rate, bed.ctx.churn_ms, churning)
            if r['lost'] and watch.disturbed() and void < VOID_MAX:
                void += 1
                continue
            runs.append({'churn': churning, 'offered_pps': r['offered_pps'], 'lost': r['lost'],
                         'creations_per_s': r['creations_per_s'], 'skipped': r['skipped'],
                         'blocked_ms': 1000 * r['lost'] / r['offered_pps'],
                         'seconds': r['seconds']})
    return {'rate_pps': rate, 'runs': runs, 'void': void,
            'blocked_ms': {'with': [r['blocked_ms'] for r in runs if r['churn']],
                           'without': [r['blocked_ms'] for r in runs if not r['churn']]}}
