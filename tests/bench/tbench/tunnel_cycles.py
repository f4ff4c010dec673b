# SPDX-License-Identifier: BSD-3-Clause
"""Part tunnel, in processes without a wire: what a packet takes into a tunnel and out of it, in
terms of what it takes in SRTP alone and in plain relaying, together.

A machine has fast and slow phases. So the four that are compared are there at the same time, on
one core; each is asked in turn for a few milliseconds, for hundreds of rounds, and a ratio is of
one round.
"""
import contextlib
import json
import subprocess

from . import crypto
from .cycles import cycles_command
from .machine import dut_cpu
from .util import Failed, end_process, median, progress, quartiles, tail

SIZES = (64, 512, 1400)
IMIX = {64: 7, 570: 4, 1400: 1}  # as bed_imix() has it
HEADERS, RTP = 40, 12            # IPv4, UDP, RTP
BURST = 32
WAYS = {'tunnel-encap': 'seal', 'tunnel-decap': 'open'}
NAMES = {'tunnel-encap': 'in', 'tunnel-decap': 'out'}
LIMIT = 1.3


class Asked:
    """A program that measures when it is asked to."""

    def __init__(self, command, log):
        self.log = log
        with open(log, 'w') as f:
            self.p = subprocess.Popen(command + ['--ask'], stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE, stderr=f, preexec_fn=dut_cpu)

    def ask(self, size, lines=1):
        """So many lines of answer to a size."""
        try:
            self.p.stdin.write(f'{size}\n')
            self.p.stdin.flush()
            return [json.loads(self.p.stdout.readline()) for _ in range(lines)]
        except (OSError, ValueError) as e:  # a pipe without reader, an answer that isn't there
            raise Failed(f'{self.p.args[0]} has ended' + tail(self.log)) from e

    def cycles(self, size):
        return self.ask(size)[0]['worker_cycles']

    def close(self):
        end_process(self.p)


class Four:
    """Relaying, the library, and each way of tunnels."""

    def __init__(self, ctx, tunnels, profile):
        self.stack = contextlib.ExitStack()
        try:
            self.relay = self.start(ctx, 'relay4', cycles_command(
                ctx.build, 'relay4', tunnels, [BURST], ctx.tunnel_rounds))
            self.library = self.start(ctx, 'library', crypto.srtp_command(
                ctx.build, [profile], [tunnels], [BURST], ctx.tunnel_rounds))
            self.ways = {way: self.start(ctx, way, cycles_command(
                ctx.build, way, tunnels, [BURST], ctx.tunnel_rounds, ['--profile', profile]))
                for way in WAYS}
            self.one_round()  # all are up, and warm
        except BaseException:
            self.stack.close()
            raise

    def start(self, ctx, name, command):
        asked = Asked(command, f'{ctx.tmp}/{name}.log')
        self.stack.callback(asked.close)
        return asked

    def one_round(self):
        """{(way, size inside): (cycles, what they are held against)}; size 0 is IMIX."""
        own, against = {}, {}
        for size in sorted({*SIZES, *IMIX}):
            relay = self.relay.cycles(size + HEADERS)
            if size in SIZES:
                own['tunnel-encap', size] = self.ways['tunnel-encap'].cycles(size)
            library = {e['op']: e['srtp_cycles'] for e in self.library.ask(size + RTP, 2)}
            if size in SIZES:
                own['tunnel-decap', size] = self.ways['tunnel-decap'].cycles(size)
            for way, op in WAYS.items():
                against[way, size] = relay + library[op]
        for way in WAYS:
            own[way, 0] = self.ways[way].cycles(0)
            against[way, 0] = (sum(against[way, s] * n for s, n in IMIX.items()) /
                               sum(IMIX.values()))
        return {key: (value, against[key]) for key, value in own.items()}


def summarise(rounds, tunnels, profile):
    for way, size in sorted(rounds[0], key=lambda k: (list(WAYS).index(k[0]), k[1] or 9999)):
        both = [r[way, size] for r in rounds]
        times = [cycles / against for cycles, against in both]
        yield {'scenario': way, 'profile': profile, 'flows': tunnels, 'size': size,
               'worker_cycles': median([c for c, _ in both]),
               'against_cycles': median([a for _, a in both]),
               'times': median(times), 'times_quartiles': quartiles(times),
               'rounds': len(rounds)}


def measure(ctx):
    entries = []
    progress.keep('  tunnels       profile                  tunnels  inside  cycles  '
                  'SRTP and plain relaying  times')
    for tunnels in (1, 1000):
        for profile in (crypto.GCM, crypto.CM):
            progress.now(f'tunnel: cycles, {profile}, {tunnels:,} tunnels')
            four = Four(ctx, tunnels, profile)
            try:
                rounds = [four.one_round() for _ in range(ctx.tunnel_turns)]
            finally:
                four.stack.close()
            for e in summarise(rounds, tunnels, profile):
                entries.append(e)
                progress.keep(line(e))
    return entries


def line(e):
    low, high = e['times_quartiles']
    return (f'  {e["scenario"]:13} {e["profile"]:24} {e["flows"]:>7,}  {e["size"] or "IMIX":>6} '
            f'{e["worker_cycles"]:7.0f}  {e["against_cycles"]:23.0f}  {e["times"]:5.2f}  '
            f'{low:.2f}–{high:.2f}')


# ---- target and report --------------------------------------------------------------------------

def found(figures):
    return figures.get('tunnel', {}).get('cycles', ())


def worst_times(figures):
    return max((e['times'] for e in found(figures)), default=None)


HEAD = ('', 'profile', 'tunnels', 'bytes inside', 'cycles', 'SRTP and plain relaying', 'times')


def rows(figures):
    for e in found(figures):
        low, high = e['times_quartiles']
        yield (NAMES[e['scenario']], e['profile'], f'{e["flows"]:,}', e['size'] or 'IMIX',
               f'{e["worker_cycles"]:.0f}', f'{e["against_cycles"]:.0f}',
               f'{e["times"]:.2f} [{low:.2f}–{high:.2f}]')
