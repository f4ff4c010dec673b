# SPDX-License-Identifier: BSD-3-Clause
"""Part wire: two processes over net_memif, tandem and testpmd turn by turn.

        core 0                         core 1
    ┌───────────┐  memif 0   ┌──────────────────────┐
    │           ├────────────┤ tandemd's worker     │   one of the two runs, the other
    │ bench_gen │  memif 1   ├──────────────────────┤   is stopped (SIGSTOP)
    │           ├────────────┤ testpmd, 5tswap      │
    └───────────┘            └──────────────────────┘
"""
import contextlib
import os

from . import churn
from .flows import Scenario
from .gen import Gen
from .search import Search
from .tandem import Tandem, memif_device
from .testpmd import Testpmd
from .util import median, mid, progress, spread

LOADS = (10, 50, 90)  # percent of the loss-free rate
CYCLES_MS = 50


class Bed:
    """Generator, tandemd with all sessions, testpmd; both of these stopped."""

    def __init__(self, ctx, scenario_name, flows, testpmd=True, ring=10, **tandem_options):
        """`ring` is log2 of descriptors: net_memif knows no other way to be told."""
        self.ctx = ctx
        self.ring = ring
        self.scenario = Scenario(scenario_name, flows)
        self.stack = contextlib.ExitStack()
        try:
            self.start(testpmd, tandem_options)
        except BaseException:
            self.stack.close()
            raise

    def start(self, testpmd, tandem_options):
        tmp, build = self.ctx.tmp, self.ctx.build
        sockets = [f'{tmp}/memif-{k}.sock' for k in range(2)]
        for s in sockets:
            if os.path.exists(s):
                os.unlink(s)
        self.gen = Gen(build, tmp, [
            f'net_memif{k},role=server,id=0,socket={s},socket-abstract=no,rsize={self.ring}'
            for k, s in enumerate(sockets)])
        self.stack.callback(self.gen.close)
        self.tandem = Tandem(build, tmp, self.scenario, memif_device(0, sockets[0], self.ring),
                             rx_desc=1 << self.ring, **tandem_options)
        self.stack.callback(self.tandem.close)
        self.duts = [self.tandem]
        locals_, self.creations_per_s = self.tandem.create_all()
        self.memory_bytes = self.tandem.memory_bytes()
        path = f'{tmp}/flows'
        self.scenario.write_flows(path, locals_)
        self.locals = locals_
        self.gen.load(path)
        os.unlink(path)
        if testpmd:
            self.testpmd = Testpmd(tmp, memif_device(0, sockets[1], self.ring))
            self.stack.callback(self.testpmd.close)
            self.duts.append(self.testpmd)
        for k, dut in enumerate(self.duts):
            self.gen.wait_link(k, dut.p, dut.log)
            dut.port = k
            dut.pause()

    @contextlib.contextmanager
    def turn(self, dut):
        """This one runs, between two measurements of the cores' distance."""
        record = {'dut': dut.name, 'round_trip_before': self.ctx.pings.measure()}
        dut.check()
        dut.resume()
        try:
            # Frames that it got before it was stopped, caches, branch predictors.
            self.gen.run(port=dut.port, rate_pps=0, ms=30)
            yield record
        finally:
            dut.pause()
        record['round_trip_after'] = self.ctx.pings.measure()
        record['kind'] = self.ctx.pings.kind(record['round_trip_before'],
                                            record['round_trip_after'])

    def search(self, dut):
        return Search(self.gen, dut, self.ctx.trial_ms, self.ctx.precision)

    def close(self):
        self.stack.close()


def rate_turn(bed, dut):
    with bed.turn(dut) as record:
        search = bed.search(dut)
        record.update(search.rates())
        record['trials'], record['void'] = search.trials, search.void
        cycles = []
        for _ in range(3):
            dut.cycles_begin()
            r = search.saturate(CYCLES_MS)
            cycles.append(dut.cycles_end())
        record['cycles_a_packet'] = median([c for c in cycles if c])
        record['bad_checksums'] = r['bad_checksums']
        record['reordered'] = r['reordered']
    return record


def pairs(turns):
    """Neighbouring turns of tandem and testpmd of the same kind."""
    found = []
    for a, b in zip(turns, turns[1:]):
        if {a['dut'], b['dut']} == {'tandem', 'testpmd'} and a['kind'] and a['kind'] == b['kind']:
            found.append((a, b) if a['dut'] == 'tandem' else (b, a))
    return found


def summarise(turns):
    """Medians and spread by device, and the ratios of turns that may be compared."""
    out = {}
    for dut in ('tandem', 'testpmd'):
        mine = [t for t in turns if t['dut'] == dut]
        out[dut] = {key: spread(t[key] for t in mine)
                    for key in ('loss_0', 'loss_0_1', 'saturated', 'cycles_a_packet')}
    for key in ('loss_0', 'loss_0_1', 'saturated'):
        out['ratio_' + key] = spread(a[key] / b[key] for a, b in pairs(turns) if b[key])
    out['pairs'] = len(pairs(turns))
    out['kinds'] = sorted({t['kind'] or 'mixed' for t in turns})
    return out


def rates_of(bed, size):
    """A B A B; two more turns while there is no pair of the same kind."""
    turns = []
    repeats = bed.ctx.repeats_of(size)
    for _ in range(2 * repeats + 4):
        if len(turns) >= 2 * repeats and pairs(turns):
            break
        dut = bed.duts[len(turns) % 2]
        progress.now(f'{bed.scenario.name}, {bed.scenario.flows:,} flows, {size} bytes: '
                     f'{dut.name}, turn {len(turns) // 2 + 1}')
        turns.append(rate_turn(bed, dut))
    return turns


def latencies_of(bed, summary):
    """By load, for each device at its own loss-free rate."""
    out = {}
    for dut in bed.duts:
        top = mid(summary[dut.name]['loss_0']) or mid(summary[dut.name]['loss_0_1'])
        out[dut.name] = {}
        with bed.turn(dut) as record:
            for load in LOADS:
                progress.now(f'{bed.scenario.name}, {bed.scenario.flows:,} flows: latency of '
                             f'{dut.name} at {load} %')
                r = bed.search(dut).trial(top * load / 100, bed.ctx.latency_ms, latency=1)
                out[dut.name][str(load)] = {**r.get('latency_us', {}), 'loss': r['loss'],
                                            'offered_pps': r['offered_pps']}
        out[dut.name]['kind'] = record['kind']
    return out


def line(entry):
    def mpps(figure):
        return f'{mid(figure) / 1e6:6.2f}' if figure and mid(figure) else '     –'

    ratio = mid(entry['ratio_loss_0'])
    return (f'  {entry["scenario"]:9} {entry["flows"]:>9,} {entry["size"]:>5}  '
            f'{mpps(entry["tandem"]["loss_0"])} {mpps(entry["tandem"]["loss_0_1"])}  '
            f'{mpps(entry["testpmd"]["loss_0"])} {mpps(entry["testpmd"]["loss_0_1"])}  '
            f'{"    –" if ratio is None else f"{ratio:5.2f}"}  '
            f'{mid(entry["tandem"]["cycles_a_packet"]) or 0:6.0f} '
            f'{mid(entry["testpmd"]["cycles_a_packet"]) or 0:6.0f}   '
            f'{"/".join(entry["kinds"])} {trips(entry["turns"])}')


def trips(turns):
    """The lowest and highest round trip between the cores, cycles."""
    all_ = [t[key] for t in turns for key in ('round_trip_before', 'round_trip_after')]
    return f'{min(all_)}–{max(all_)}'


HEAD = ('  scenario      flows bytes  tandem: Mpps   testpmd: Mpps  ratio  cycles a packet\n'
        '                              0 loss  0.1 %  0 loss  0.1 %  0 loss  tandem testpmd  '
        'cores: round trip')


def measure(ctx):
    """All scenarios of ctx.wire: (scenario, flows, sizes)."""
    entries, sessions, churned = [], [], None
    progress.keep(HEAD)
    for scenario, flows, sizes in ctx.wire:
        progress.now(f'{scenario}, {flows:,} flows: starting, creating sessions')
        bed = Bed(ctx, scenario, flows)
        try:
            sessions.append({'scenario': scenario, 'sessions': bed.scenario.sessions,
                             'creations_per_s': bed.creations_per_s,
                             'memory_bytes': bed.memory_bytes})
            for size in sizes:
                bed.gen.size(size)
                turns = rates_of(bed, size)
                entry = {'scenario': scenario, 'flows': flows, 'size': size, **summarise(turns),
                         'turns': turns}
                if size == ctx.latency_size:
                    entry['latency_us'] = latencies_of(bed, entry)
                entries.append(entry)
                progress.keep(line(entry))
            if ctx.churn and (scenario, flows) == ('relay4', 1000):
                bed.gen.size(ctx.latency_size)
                reference = [e for e in entries if e['scenario'] == scenario and
                             e['flows'] == flows and e['size'] == ctx.latency_size][0]
                churned = churn.measure(bed, mid(reference['tandem']['loss_0']))
        finally:
            bed.close()
    return {'entries': entries, 'sessions': sessions, 'churn': churned}
