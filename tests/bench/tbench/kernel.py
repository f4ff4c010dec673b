# SPDX-License-Identifier: BSD-3-Clause
"""Part kernel: veth. tandem and testpmd by AF_XDP and AF_PACKET, rtpengine, nftables NAT.

Each device has a wire of its own (veth.py) with the same generator on it, is given one core, and
is stopped while another one is measured.
"""
import contextlib
import os

from .flows import Scenario
from .peers import Nftables, Rtpengine
from .search import Search
from .tandem import Tandem
from .testpmd import Testpmd
from .util import mid, progress, spread
from .veth import Veth

LOADS = (10, 50, 90)
DRIVERS = {'af_xdp': 'net_af_xdp0,iface=vd',
           'af_packet': 'net_af_packet0,iface=vd,framecnt=4096,qdisc_bypass=1'}
RATIOS = (('tandem af_xdp', 'testpmd af_xdp'), ('tandem af_packet', 'testpmd af_packet'),
          ('tandem af_xdp', 'rtpengine'), ('tandem af_packet', 'rtpengine'),
          ('tandem af_xdp', 'nftables'))
# A turn of the generator's loop is a send through the kernel, and its stall a scheduler's tick.
OPTIONS = {'stall_us': 3000, 'slack_us': 1000, 'drain_ms': 10, 'quiet_ms': 20}


def start_tandem(driver, **options):
    def start(ctx, veth, scenario):
        veth.mute_kernel()
        return Tandem(ctx.build, ctx.tmp, scenario, DRIVERS[driver], veth.netns, **options)
    return start


def start_testpmd(driver):
    def start(ctx, veth, _):
        veth.mute_kernel()
        return Testpmd(ctx.tmp, DRIVERS[driver], veth.netns)
    return start


DEVICES = {
    'tandem af_xdp': start_tandem('af_xdp'), 'testpmd af_xdp': start_testpmd('af_xdp'),
    'rtpengine': Rtpengine, 'nftables': Nftables,
    'tandem af_packet': start_tandem('af_packet'),
    'testpmd af_packet': start_testpmd('af_packet'),
}


def possible(device, scenario, ctx):
    """A NAT does not go from IPv4 to IPv6; and quick runs leave out what no target hangs on."""
    return device != 'nftables' or (not ctx.quick and scenario.sides[0] == scenario.sides[1])


class Bench:
    """All devices of one scenario, each on its wire, all stopped."""

    def __init__(self, ctx, scenario, devices=None):
        self.ctx = ctx
        self.scenario = scenario
        self.stack = contextlib.ExitStack()
        self.duts = {}
        self.size = None  # of packets
        try:
            for number, (device, start) in enumerate((devices or DEVICES).items()):
                if possible(device, scenario, ctx):
                    progress.now(f'{scenario.name}, {scenario.flows:,} flows: starting {device}')
                    self.add(number, device, start)
        except BaseException:
            self.stack.close()
            raise

    def add(self, number, device, start):
        veth = Veth(self.ctx, number)
        self.stack.callback(veth.close)
        dut = start(self.ctx, veth, self.scenario)
        self.stack.callback(dut.close)
        dut.port = 0
        dut.gen = veth.gen
        if device.startswith('testpmd'):
            locals_ = self.duts['tandem ' + device.split()[1]].locals
        else:
            made = dut.create_all()
            locals_ = made[0] if device.startswith('tandem') else made
        dut.locals = locals_
        self.load_flows(dut, locals_)
        if device == 'rtpengine':
            # It shuts a port for good whose queue was too long five times.
            dut.recover = lambda: self.load_flows(dut, dut.create_all())
        dut.pause()
        self.duts[device] = dut

    def load_flows(self, dut, locals_):
        self.load(dut.gen, locals_)
        if self.size:
            dut.gen.size(self.size)

    def load(self, gen, locals_):
        path = f'{self.ctx.tmp}/flows'
        self.scenario.write_flows(path, locals_)
        gen.load(path)
        os.unlink(path)

    def set_size(self, size):
        self.size = size
        for dut in self.duts.values():
            dut.gen.size(size)

    @contextlib.contextmanager
    def turn(self, device):
        dut = self.duts[device]
        pings = self.ctx.pings
        record = {'dut': device, 'round_trip_before': pings.measure()}
        dut.check()
        dut.resume()
        try:
            dut.gen.run(port=0, rate_pps=20000, ms=50, **OPTIONS)
            yield Search(dut.gen, dut, self.ctx.kernel_trial_ms, self.ctx.kernel_precision,
                         **OPTIONS), record
        finally:
            dut.pause()
        record['round_trip_after'] = pings.measure()
        record['kind'] = pings.kind(record['round_trip_before'], record['round_trip_after'])

    def close(self):
        self.stack.close()


def rate_turns(bench, size):
    turns = []
    for i in range(bench.ctx.kernel_repeats_of(bench.scenario, size)):
        for device in bench.duts:
            progress.now(f'{bench.scenario.name}, {bench.scenario.flows:,} flows, {size} bytes: '
                         f'{device}, turn {i + 1}')
            with bench.turn(device) as (search, record):
                record.update(search.rates())
                record['round'] = i
                record['trials'], record['void'] = search.trials, search.void
            turns.append(record)
    return turns


def ratio(turns, a, b, key):
    """Of turns in the same round and of the same kind."""
    values = []
    for x in turns:
        for y in turns:
            if (x['dut'] == a and y['dut'] == b and x['round'] == y['round'] and x['kind'] and
                    x['kind'] == y['kind'] and y[key]):
                values.append(x[key] / y[key])
    return spread(values)


def latencies(bench, rate_of):
    out = {}
    for device in bench.duts:
        rate = rate_of(device)
        if not rate:
            continue
        out[device] = {}
        with bench.turn(device) as (search, _):
            for load in LOADS:
                progress.now(f'{bench.scenario.name}: latency of {device} at '
                             f'{rate * load / 1e5:.0f} kpps')
                r = search.trial(rate * load / 100, bench.ctx.kernel_latency_ms, latency=1)
                out[device][str(load)] = {**r.get('latency_us', {}), 'loss': r['loss'],
                                          'offered_pps': r['offered_pps']}
    return out


def entry_of(bench, size):
    bench.set_size(size)
    turns = rate_turns(bench, size)
    entry = {'scenario': bench.scenario.name, 'flows': bench.scenario.flows, 'size': size,
             'rates': {}, 'ratios': {}, 'ratios_loss_0': {}, 'turns': turns}
    for device in bench.duts:
        entry['rates'][device] = {key: spread(t[key] for t in turns if t['dut'] == device)
                                  for key in ('loss_0', 'loss_0_1', 'saturated')}
    for a, b in RATIOS:
        if a in bench.duts and b in bench.duts:
            entry['ratios'][f'{a}/{b}'] = ratio(turns, a, b, 'loss_0_1')
            entry['ratios_loss_0'][f'{a}/{b}'] = ratio(turns, a, b, 'loss_0')
    return entry


def lines(entry):
    for device, rates in entry['rates'].items():
        kpps = {k: mid(v) / 1e3 if v else 0 for k, v in rates.items()}
        latency = entry.get('latency_us', {}).get(device, {}).get('90', {})
        shown = (f'{latency["p50"]:8.0f} {latency["p99"]:8.0f}' if 'p50' in latency else '')
        yield (f'  {entry["scenario"]:9} {entry["flows"]:>6,} {entry["size"]:>5}  {device:18} '
               f'{kpps["loss_0"]:7.0f} {kpps["loss_0_1"]:7.0f} {kpps["saturated"]:9.0f}  {shown}')


HEAD = ('  scenario   flows bytes  device             0 loss   0.1 % saturated  p50 µs   p99 µs\n'
        '                                               kpps    kpps      kpps  '
        'at 90 % of rtpengine\'s rate')


def measure(ctx):
    entries = []
    progress.keep(HEAD)
    groups = {}
    for scenario, flows, size in ctx.kernel:
        groups.setdefault((scenario, flows), []).append(size)
    for (scenario, flows), sizes in groups.items():
        bench = Bench(ctx, Scenario(scenario, flows))
        try:
            for size in sizes:
                entry = entry_of(bench, size)
                if size == ctx.latency_size:
                    rates = {d: mid(entry['rates'][d]['loss_0_1']) for d in bench.duts}
                    entry['latency_us'] = latencies(bench, lambda _: rates['rtpengine'])
                    if ctx.kernel_own_latency:
                        entry['latency_own_us'] = latencies(bench, rates.get)
                entries.append(entry)
                for text in lines(entry):
                    progress.keep(text)
        finally:
            bench.close()
    return {'entries': entries}
