# SPDX-License-Identifier: BSD-3-Clause
"""Part tunnel: IP packets into tunnels and out of them.

Cycles, in one process over net_ring, beside what the same packets take in SRTP alone and in plain
relaying. And a wire, on which they go in and come out again on one core:

    core 0                  core 1: tandemd's worker
    ┌───────────┐  memif   ┌────────────────────────────────────────────────────┐
    │ bench_gen ├──────────┤ LAN ─ tunnel a ═ SRTP, to ourselves ═ tunnel b ─ LAN │
    └───────────┘          └────────────────────────────────────────────────────┘
"""
import base64
import hashlib
import ipaddress
import json
import os

from . import crypto
from .cycles import bench_cycles
from .flows import FLOW
from .gen import GEN_MAC, Gen
from .search import Search
from .secure import PROFILES
from .tandem import Tandem, batches, memif_device
from .util import Failed, median, mid, progress, spread, wait_for
from .wire import LOADS

SIZES = (64, 512, 1400)
IMIX = {64: 7, 570: 4, 1400: 1}  # as bed_imix() has it
HEADERS, RTP = 40, 12            # IPv4, UDP, RTP
BURST = 32
WAYS = {'tunnel-encap': 'seal', 'tunnel-decap': 'open'}
LIMIT = 1.3
GATEWAY = '10.99.0.254'
PORT_MIN, PORT_MAX = 1024, 65535
CYCLES_MS = 50


# ---- cycles -------------------------------------------------------------------------------------

def by_size(entries, add):
    return {e['size'] - add: e for e in entries}


def weighted(by, value):
    return sum(value(by[s]) * n for s, n in IMIX.items()) / sum(IMIX.values())


def add_up(relay, library):
    """What a tunnel is held against, by size inside; 0 is IMIX."""
    out = {s: relay[s]['worker_cycles'] + library[s]['srtp_cycles'] for s in relay}
    out[0] = (weighted(relay, lambda e: e['worker_cycles']) +
              weighted(library, lambda e: e['srtp_cycles']))
    return out


def measure_cycles(ctx):
    entries = []
    sizes = sorted({*SIZES, *IMIX})
    progress.keep('  tunnels       profile                  tunnels  inside  cycles  crypto + plain '
                  'relay  times')
    for tunnels in (1, 1000):
        relay = by_size(bench_cycles(ctx.build, 'relay4', tunnels, [s + HEADERS for s in sizes],
                                     [BURST], ctx.tunnel_rounds), HEADERS)
        for profile in (crypto.GCM, crypto.CM):
            library = crypto.bench_srtp(ctx.build, [profile], [tunnels],
                                        [s + RTP for s in sizes], [BURST], ctx.crypto_rounds)
            for way, op in WAYS.items():
                progress.now(f'tunnel: {way}, {profile}, {tunnels:,} tunnels')
                against = add_up(relay, by_size([e for e in library if e['op'] == op], RTP))
                for e in bench_cycles(ctx.build, way, tunnels, [*SIZES, 0], [BURST],
                                      ctx.tunnel_rounds, extra=['--profile', profile]):
                    e['against_cycles'] = against[e['size']]
                    e['times'] = e['worker_cycles'] / e['against_cycles']
                    entries.append(e)
                    progress.keep(cycles_line(e))
    return entries


def cycles_line(e):
    return (f'  {e["scenario"]:13} {e["profile"]:24} {e["flows"]:>7,}  {e["size"] or "IMIX":>6} '
            f'{e["worker_cycles"]:7.0f}  {e["against_cycles"]:20.0f}  {e["times"]:5.2f}')


# ---- the wire -----------------------------------------------------------------------------------

def inner_ip(side, pair):
    """Networks of one address: side 0 is reached through tunnel a, side 1 is behind b."""
    return str(ipaddress.ip_address(f'10.{64 + side}.0.0') + pair + 1)


def key(pair, side, profile):
    return base64.b64encode(hashlib.shake_128(f'{pair}.{side}'.encode())
                            .digest(PROFILES[profile][0])).decode()


class Pairs:
    """Pairs of tunnels, each the other's far end, on one address; what Tandem asks of a scenario.
    """

    def __init__(self, profile, pairs):
        self.profile = profile
        self.pairs = pairs
        self.sessions = 2 * pairs

    def address_objects(self, interface):
        return [{'name': 'outer', 'interface': 'outer', 'ip': '10.98.0.1/24',
                 'ports': {'min': PORT_MIN, 'max': PORT_MAX}},
                {'name': 'inner', 'interface': interface, 'ip': '10.99.0.1/24',
                 'gateway': GATEWAY}]

    def neighbours(self, interface, mac):
        return [{'interface': interface, 'ip': GATEWAY, 'mac': mac}]

    def request(self, pair, side, remote=None):
        params = {'id': f'{"ab"[side]}{pair}', 'networks': [inner_ip(side, pair) + '/32'],
                  'address': 'outer', 'latch': 'follow', 'mtu': 1420, 'setup_s': 3600,
                  'liveness_s': 3600,
                  'security': {'type': 'sdes', 'profile': self.profile,
                               'local_key': key(pair, side, self.profile),
                               'remote_key': key(pair, 1 - side, self.profile)}}
        if remote:
            params['remote'] = remote
        return json.dumps({'jsonrpc': '2.0', 'id': pair, 'method': 'tunnel.create',
                           'params': params})

    def create_all(self, tandem):
        """Those of side b know where a is; a learns of b by its keep-alive."""
        places = self.create(tandem, [self.request(k, 0) for k in range(self.pairs)])
        self.create(tandem, [self.request(k, 1, places[k]) for k in range(self.pairs)])
        wait_for('tunnels', lambda: self.learned(tandem), 20, tandem.p, tandem.log)

    def learned(self, tandem):
        return tandem.counters('worker.learned')['worker.learned'] >= self.pairs

    def create(self, tandem, requests):
        answers, _ = tandem.api.lines(batches(requests))
        out = []
        for line in answers:
            for a in json.loads(line):
                if 'error' in a:
                    raise Failed(f'tunnel.create: {a["error"]}')
                out.append(a['result']['local'])
        return out

    def load(self, gen, tmp):
        """Both ways, so that each tunnel has packets in both."""
        path = f'{tmp}/flows'
        with open(path, 'wb') as f:
            for k in range(self.pairs):
                for to in (0, 1):
                    src, dst = (ipaddress.ip_address(inner_ip(side, k)).packed
                                for side in (1 - to, to))
                    f.write(FLOW.pack(src, dst, 4000, 5000, 0))
        gen.load(path)


def start(ctx, pairs):
    socket = f'{ctx.tmp}/tunnel.sock'
    for path in (socket, f'{ctx.tmp}/nobody.sock'):
        if os.path.exists(path):
            os.unlink(path)
    gen = Gen(ctx.build, ctx.tmp,
              [f'net_memif0,role=server,id=0,socket={socket},socket-abstract=no,rsize=10'])
    try:
        tandem = Tandem(ctx.build, ctx.tmp, pairs, memif_device(0, socket), rx_desc=1024, extra={
            'interfaces': [
                {'name': 'wire', 'device': memif_device(0, socket), 'rx_desc': 1024,
                 'role': 'inner'},
                # Nobody is on that wire: what is sent is for ourselves.
                {'name': 'outer', 'device': f'net_memif1,role=server,id=1,'
                                            f'socket={ctx.tmp}/nobody.sock,socket-abstract=no'}]})
    except BaseException:
        gen.close()
        raise
    try:
        pairs.create_all(tandem)
        pairs.load(gen, ctx.tmp)
        gen.wait_link(0, tandem.p, tandem.log)
        tandem.port = 0
    except BaseException:
        tandem.close()
        gen.close()
        raise
    return gen, tandem


def measure_wire(ctx):
    entries = []
    progress.keep('  the wire      profile                  tunnels  inside    Mpps   Gbit/s  cycles '
                  'a packet, in and out again')
    for profile, pairs, sizes in ctx.tunnel_wire:
        gen, tandem = start(ctx, Pairs(profile, pairs))
        try:
            for size in sizes:
                gen.size(size)
                entries.append(one_wire(ctx, gen, tandem, profile, 2 * pairs, size))
                progress.keep(wire_line(entries[-1]))
        finally:
            tandem.close()
            gen.close()
    return entries


def one_wire(ctx, gen, tandem, profile, tunnels, size):
    rates, cycles = [], []
    for i in range(ctx.tunnel_repeats):
        progress.now(f'tunnel: {profile}, {tunnels:,} tunnels, {size} bytes, turn {i + 1}')
        gen.run(port=0, rate_pps=0, ms=30)
        search = Search(gen, tandem, ctx.trial_ms, ctx.precision)
        rates.append(search.rates())
        tandem.cycles_begin()
        search.saturate(CYCLES_MS)
        cycles.append(tandem.cycles_end())
    e = {'profile': profile, 'tunnels': tunnels, 'size': size,
         'drops': tandem.counters('drop.'),
         'cycles_a_packet': median([c for c in cycles if c]),
         **{k: spread(r[k] for r in rates) for k in ('loss_0', 'loss_0_1', 'saturated')}}
    if (profile, size) == (crypto.GCM, SIZES[-1]):
        e['latency_us'] = latencies(ctx, search, mid(e['loss_0']) or mid(e['loss_0_1']) or 0)
    return e


def latencies(ctx, search, top):
    """There and back, by load in percent of the loss-free rate."""
    out = {}
    for load in LOADS:
        r = search.trial(top * load / 100, ctx.latency_ms, latency=1)
        out[str(load)] = {**r.get('latency_us', {}), 'loss': r['loss'],
                          'offered_pps': r['offered_pps']}
    return out


def gbit(e):
    rate = mid(e['loss_0_1'])
    return rate * e['size'] * 8 / 1e9 if rate else None


def wire_line(e):
    return (f'  in and out    {e["profile"]:24} {e["tunnels"]:>7,}  {e["size"]:>6} '
            f'{(mid(e["loss_0_1"]) or 0) / 1e6:7.2f}  {gbit(e) or 0:7.2f}  '
            f'{e["cycles_a_packet"] or 0:6.0f}')


def measure(ctx):
    return {'cycles': measure_cycles(ctx), 'wire': measure_wire(ctx)}


# ---- targets ----------------------------------------------------------------------------------

def worst_times(figures):
    found = [e['times'] for e in figures.get('tunnel', {}).get('cycles', ())]
    return max(found) if found else None


def gbit_a_core(figures):
    """In and out again: each alone would be more."""
    found = [gbit(e) for e in figures.get('tunnel', {}).get('wire', ())
             if (e['profile'], e['size']) == (crypto.GCM, 1400)]
    found = [g for g in found if g]
    return max(found) if found else None


# ---- report -----------------------------------------------------------------------------------

CYCLES_HEAD = ('', 'profile', 'tunnels', 'bytes inside', 'cycles', 'SRTP and plain relaying',
               'times')
LATENCY_HEAD = ('tunnels', 'load', 'kpps', 'p50', 'p99', 'p99.9')
WIRE_HEAD = ('profile', 'tunnels', 'bytes inside', 'Mpps', 'Gbit/s', 'cycles')


def cycles_rows(figures):
    for e in figures.get('tunnel', {}).get('cycles', ()):
        yield ('in' if e['scenario'] == 'tunnel-encap' else 'out', e['profile'],
               f'{e["flows"]:,}', e['size'] or 'IMIX', f'{e["worker_cycles"]:.0f}',
               f'{e["against_cycles"]:.0f}', f'{e["times"]:.2f}')


def wire_rows(figures):
    for e in figures.get('tunnel', {}).get('wire', ()):
        yield (e['profile'], f'{e["tunnels"]:,}', e['size'],
               f'{(mid(e["loss_0_1"]) or 0) / 1e6:.2f}', f'{gbit(e) or 0:.2f}',
               f'{e["cycles_a_packet"] or 0:.0f}')


def latency_entries(figures):
    return [e for e in figures.get('tunnel', {}).get('wire', ()) if 'latency_us' in e]


def latency_rows(figures):
    for e in latency_entries(figures):
        for load, v in e['latency_us'].items():
            if 'p50' in v:
                yield (f'{e["tunnels"]:,}', f'{load} %', f'{v["offered_pps"] / 1e3:,.0f}',
                       f'{v["p50"]:.1f}', f'{v["p99"]:.1f}', f'{v["p999"]:.1f}')
