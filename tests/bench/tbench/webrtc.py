# SPDX-License-Identifier: BSD-3-Clause
"""Part webrtc: browsers by the thousand, each in a call with a plain phone.

        core 0                                        core 1
    ┌────────────────────────────┐  net_memif   ┌──────────────────┐
    │ bench_webrtc: both parties ├──────────────┤ tandemd's worker │
    │ tandemd's control lcore    │              └──────────────────┘
    │ a client of the API        │
    └────────────────────────────┘

Who sets calls up does what the control lcore does, once more, and on the same core: what the wall
clock says is of both. What the control lcore can do with a core of its own is in the time that it
ran.
"""
import time

from .flows import Scenario
from .gen import Gen
from .search import Watch
from .tandem import Api, Tandem, memif_device
from .util import Failed, progress

PROBE_S = 0.01
RING = 13  # log2 of descriptors: 40 ms of all media, in which the parties may not have their core
UNDER_WAY = 64
SETUP, RATED, FULL, CHECKS = 'set-up', 'rated', 'full', 'checks'


class Parties(Gen):
    """bench_webrtc."""
    program = 'bench_webrtc'


class Schedule:
    """The control lcore's time on its core, and that it waited for it, from now on."""

    def __init__(self, tandem):
        self.path = f'/proc/{tandem.p.pid}/task/{tandem.p.pid}/schedstat'
        self.before = self.read()

    def read(self):
        with open(self.path) as f:
            return [int(x) / 1e9 for x in f.read().split()[:2]]

    def seconds(self):
        return [now - before for now, before in zip(self.read(), self.before)]


class Bed:
    def __init__(self, ctx):
        self.plan = ctx.webrtc
        path = f'{ctx.tmp}/memif-webrtc.sock'
        scenario = Scenario('relay4', 2 * self.plan['checked'])
        self.tandem = None
        self.parties = Parties(ctx.build, ctx.tmp, [
            f'net_memif0,role=server,id=0,socket={path},socket-abstract=no,rsize={RING}'])
        try:
            self.tandem = Tandem(ctx.build, ctx.tmp, scenario, memif_device(0, path, RING),
                                 rx_desc=1 << RING)
            self.probe = Api(self.tandem.socket)
            # Some session that is asked for again and again.
            legs = [{'address': f'{side}0', 'remote': {'ip': '10.255.255.1', 'port': 4000}}
                    for side in 'ab']
            self.probe.call('session.create', id='probe', idle_timeout_s=0, legs=legs)
            self.parties.ask(f'api {self.tandem.socket}')
            self.parties.wait_link(0, self.tandem.p, self.tandem.log)
        except BaseException:
            self.close()
            raise

    def ask(self, command):
        """What bench_webrtc answers, with what others have seen in the meantime."""
        control, watch = Schedule(self.tandem), Watch(self.tandem)
        answers = []
        begun = time.monotonic()
        self.parties.send(command)
        while not self.parties.ready(PROBE_S):
            asked = time.monotonic()
            self.probe.call('session.get', id='probe')
            answers.append(1000 * (time.monotonic() - asked))
        r = self.parties.answer()
        self.tandem.check()
        seconds = time.monotonic() - begun
        ran, waited = control.seconds()
        answers.sort()
        return {**r, 'wall_s': seconds, 'control_s': ran, 'control_waited_s': waited,
                'worker_waited_s': watch.waited_s(), 'stolen_ticks': watch.stolen_ticks(),
                'api_answers': len(answers),
                'api_ms': {'p50': answers[len(answers) // 2],
                           'p99': answers[len(answers) * 99 // 100],
                           'max': answers[-1]} if answers else None}

    def setup(self, count, **options):
        options = {'under_way': UNDER_WAY, **options}
        r = self.ask(f'setup count={count} '
                     + ' '.join(f'{k}={v}' for k, v in options.items()))
        if r['refusal']:
            raise Failed(f'session.create: {r["refusal"]}')
        return r

    def end(self):
        r = self.ask('end')
        left = self.tandem.api.call('system.health')['sessions']['active'] - 1  # the probe
        if left:
            raise Failed(f'{left} sessions are left behind')
        return r

    def close(self):
        if self.tandem:
            self.tandem.close()
        self.parties.close()


def set_up(bed):
    """As fast as it goes. Memory between few and all of them is what a session takes."""
    plan, out = bed.plan, {'name': SETUP, 'steps': []}
    memory = []
    for count in (plan['few'], plan['all']):
        progress.now(f'webrtc: {count:,} calls, as fast as it goes')
        out['steps'].append(bed.setup(count))
        memory.append(bed.tandem.memory_bytes())
    progress.now(f'webrtc: {count:,} calls go on')
    out['steps'].append(bed.ask(f'keep {plan["keep_ms"]}'))
    out['bytes_a_session'] = (memory[1] - memory[0]) / (plan['all'] - plan['few'])
    out['memory_bytes'] = memory[1]
    return out


def rated(bed, name, what, count, **options):
    progress.now(f'webrtc: {count:,} calls, {what}')
    step = bed.setup(count, per_s=bed.plan['per_s'], **options)
    bed.end()
    return {'name': name, 'steps': [step]}


def checks(bed):
    """Many that have ICE alone; some have media."""
    plan = bed.plan
    progress.now(f'webrtc: {plan["checked"]:,} sessions with ICE alone')
    first = bed.setup(plan['checked'], dtls=0, media_each=plan['media_each'], under_way=200)
    kept = bed.ask(f'keep {plan["checks_ms"]}')
    bed.end()
    return {'name': CHECKS, 'steps': [first, kept],
            'per_s': kept['stun']['requests_out'] / kept['wall_s'],
            'unanswered': kept['stun']['requests_out'] - kept['stun']['responses_in']}


# ---- what the report wants ----------------------------------------------------------------------

def what_of(step):
    return 'set up' if 'asked' in step else 'go on'


def set_ups(run):
    return [s for s in run['steps'] if 'asked' in s]


def calls(run, step):
    """That there are at the end of this step."""
    return sum(s.get('asked', 0) for s in run['steps'][:step + 1])


def growth(made):
    """Of memory, from the first time that all were there to the last."""
    if len(made) < 2:
        return ''
    grown = made[-1]['memory_bytes'] - made[0]['memory_bytes']
    return (f'; all of them ended and set up again {len(made) - 1} times, tandemd takes '
            f'{grown / (1 << 20):+.1f} MiB')


# ---- what the targets want ----------------------------------------------------------------------

def steps(figures):
    w = figures.get('webrtc')
    return [s for r in w['runs'] for s in r['steps']] if w else []


def run_of(figures, name):
    for r in figures.get('webrtc', {}).get('runs', []):
        if r['name'] == name:
            return r
    return None


def handshakes_a_core_second(figures):
    r = run_of(figures, SETUP)
    made = set_ups(r) if r else []
    seconds = sum(s['control_s'] for s in made)
    return sum(s['up'] for s in made) / seconds if seconds else None


def slowest_answer_ms(figures):
    found = [s['api_ms']['max'] for s in steps(figures) if s['api_ms']]
    return max(found) if found else None


def lost(figures):
    found = [s['media']['lost'] + s['media']['wrong'] + s['media']['not_authentic']
             for s in steps(figures)]
    return sum(found) if found else None


def not_up(figures):
    found = steps(figures)
    return sum(s['asked'] - s['up'] if 'asked' in s else s['failed']
               for s in found) if found else None


def unanswered(figures):
    r = run_of(figures, CHECKS)
    return r['unanswered'] if r else None


# ---- all of it ----------------------------------------------------------------------------------

def line(run):
    all_, made = run['steps'], set_ups(run)
    times = made[-1]['check_to_media_ms']
    return (f'  {run["name"]:7} {sum(s["asked"] for s in made):>7,} '
            f'{made[-1]["up"] / made[-1]["seconds"]:>12,.0f} '
            f'{times["p50"]:>10.1f} {times["p99"]:>8.1f} '
            f'{max(s["api_ms"]["max"] for s in all_ if s["api_ms"]):>11.1f}   '
            f'{sum(s["media"]["lost"] for s in all_)} of '
            f'{sum(s["media"]["offered"] for s in all_):,}')


HEAD = ('  webrtc    calls  up a second  check to media, ms  slowest API  media lost\n'
        '                                   p50      p99    answer, ms')


def measure(ctx):
    plan = ctx.webrtc
    out = {'runs': []}
    progress.keep(HEAD)
    bed = Bed(ctx)

    def done(run):
        out['runs'].append(run)
        progress.keep(line(run))

    try:
        for _ in range(plan['rounds']):
            run = set_up(bed)
            run['end'] = bed.end()
            done(run)
        done(rated(bed, RATED, f'{plan["per_s"]} a second', plan['rated']))
        done(rated(bed, FULL, 'tandem nominates', plan['full'], tandem_full=1))
        done(checks(bed))
        out['drops'] = {k: v for k, v in bed.tandem.counters('drop.').items() if v}
    finally:
        bed.close()
    figures = {'webrtc': out}
    progress.keep(f'  webrtc: {handshakes_a_core_second(figures):,.0f} calls a second of the control '
                  f"lcore's time, {out['runs'][0]['bytes_a_session']:,.0f} bytes each; "
                  f'{run_of(figures, CHECKS)["per_s"]:,.0f} checks a second at '
                  f'{plan["checked"]:,} sessions, {unanswered(figures)} unanswered')
    return out
