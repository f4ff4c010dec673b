# SPDX-License-Identifier: BSD-3-Clause
"""Part tunnel: IP packets into tunnels and out of them. Cycles are in tunnel_cycles.py; here is
the wire, each way alone:

    core 0                          core 1
    ┌───────────┐ memif 0: LAN    ┌──────────────────┐    in:  plain packets to the LAN, sealed ones
    │           ├─────────────────┤                  │         come back on the outer wire
    │ bench_gen │ memif 1: outer  │ tandemd's worker │    out: packets that were sealed beforehand
    │           ├─────────────────┤                  │         to the outer wire, plain ones come
    └───────────┘                 └──────────────────┘         back on the LAN

All that goes out of a tunnel is for a host of the LAN: nothing turns back into another one.
"""
import ipaddress
import json
import os

from . import crypto, tunnel_cycles
from .flows import FLOW
from .gen import GEN_MAC, Gen
from .secure import KEYS, PROFILES, master, text
from .srtp import RATES, CheckedSearch
from .tandem import Tandem, batches, memif_device
from .tunnel_cycles import IMIX, SIZES
from .util import Failed, median, mid, progress, spread
from .wire import LOADS

LAN, OUTER = 0, 1                # the generator's ports
WAYS = {'in': (LAN, OUTER), 'out': (OUTER, LAN)}  # sends, receives; a set of flows each
HOST, FAR_END = '10.99.0.254', '10.98.0.254'
FAR_PORT = 20000                 # of the first tunnel's far end; one more for each
PORT_MIN, PORT_MAX = 1024, 65535
PAYLOAD_TYPE = 97                # as gen_tunnel.c has it
QUIET_MS = 2                     # of sealed packets nobody can tell to which trial they belong
# A burst of large packets each way takes the generator 20 µs and more, and is no stall of it: what
# it takes itself must count, or it would seem to offer more than it can.
STALL_US = 200
LATENCY_STALL_US = 20            # but what was in flight then is not to be timed
CYCLES_MS = 50
MAIN = (crypto.GCM, SIZES[-1])   # what the target is about
LATENCY_OF = (1, 1000)


def inner_ip(k):
    return str(ipaddress.ip_address('10.64.0.0') + k + 1)


def packed(ip):
    return ipaddress.ip_address(ip).packed


class Tunnels:
    """What Tandem asks of a scenario."""

    def __init__(self, profile, count):
        self.profile = profile
        self.sessions = count

    def address_objects(self, interface):
        return [{'name': 'outer', 'interface': 'outer', 'ip': '10.98.0.1/24',
                 'ports': {'min': PORT_MIN, 'max': PORT_MAX}},
                {'name': 'inner', 'interface': interface, 'ip': '10.99.0.1/24'}]

    def neighbours(self, interface, mac):
        return [{'interface': interface, 'ip': HOST, 'mac': mac},
                {'interface': 'outer', 'ip': FAR_END, 'mac': mac}]

    def key(self, k, sender):
        return master(k, 0, sender, self.profile)

    def request(self, k):
        return json.dumps({'jsonrpc': '2.0', 'id': k, 'method': 'tunnel.create', 'params': {
            'id': f't{k}', 'networks': [inner_ip(k) + '/32'], 'address': 'outer',
            'remote': {'ip': FAR_END, 'port': FAR_PORT + k}, 'payload_type': PAYLOAD_TYPE,
            'mtu': 1420, 'setup_s': 3600, 'liveness_s': 3600,
            'security': {'type': 'sdes', 'profile': self.profile,
                         'local_key': text(self.key(k, 'tandem')),
                         'remote_key': text(self.key(k, 'party'))}}})

    def create_all(self, tandem):
        """The local addresses, (ip, port)."""
        answers, _ = tandem.api.lines(batches([self.request(k) for k in range(self.sessions)]))
        out = []
        for line in answers:
            for a in json.loads(line):
                if 'error' in a:
                    raise Failed(f'tunnel.create: {a["error"]}')
                out.append((a['result']['local']['ip'], a['result']['local']['port']))
        return out

    def load(self, gen, tmp, locals_):
        for number, way in enumerate(WAYS):
            paths = [f'{tmp}/{name}' for name in ('flows', 'keys', 'around')]
            for path, record in zip(paths, (self.inner, self.keys, self.outer)):
                with open(path, 'wb') as f:
                    for k, local in enumerate(locals_):
                        f.write(record(way, k, local))
            gen.set(number)
            gen.load(*paths)

    def inner(self, way, k, _):
        ends = (packed(HOST), packed(inner_ip(k)))
        return FLOW.pack(*(ends if way == 'in' else ends[::-1]), 4000, 5000, 0)

    def keys(self, way, k, _):
        kind = 1 + PROFILES[self.profile][1]
        if way == 'in':
            return KEYS.pack(0, kind, b'', self.key(k, 'tandem'))
        return KEYS.pack(kind, 0, self.key(k, 'party'), b'')

    def outer(self, way, k, local):
        """As it comes from tandem, or goes to it."""
        ours, far = (packed(local[0]), local[1]), (packed(FAR_END), FAR_PORT + k)
        src, dst = (ours, far) if way == 'in' else (far, ours)
        return FLOW.pack(src[0], dst[0], src[1], dst[1], 0)


def start(ctx, tunnels):
    sockets = [f'{ctx.tmp}/tunnel-{name}.sock' for name in ('lan', 'outer')]
    for path in sockets:
        if os.path.exists(path):
            os.unlink(path)
    gen = Gen(ctx.build, ctx.tmp, [
        f'net_memif{k},role=server,id=0,socket={path},socket-abstract=no,rsize=10'
        for k, path in enumerate(sockets)])
    tandem = None
    try:
        tandem = Tandem(ctx.build, ctx.tmp, tunnels, None, extra={'interfaces': [
            {'name': 'wire', 'device': memif_device(LAN, sockets[LAN]), 'rx_desc': 1024,
             'role': 'inner'},
            {'name': 'outer', 'device': memif_device(OUTER, sockets[OUTER]), 'rx_desc': 1024}]})
        tunnels.load(gen, ctx.tmp, tunnels.create_all(tandem))
        for port in (LAN, OUTER):
            gen.wait_link(port, tandem.p, tandem.log)
    except BaseException:
        if tandem:
            tandem.close()
        gen.close()
        raise
    return gen, tandem


HEAD = ('  the wire                                       0.1 %   0.1 %  0 loss  saturated  cycles'
        '   wrong\n'
        '       profile                  tunnels  inside  Gbit/s    Mpps    Mpps       Mpps'
        '           of probed   drops')


def measure_wire(ctx):
    entries = []
    progress.keep(HEAD)
    for profile, count, sizes in ctx.tunnel_wire:
        gen, tandem = start(ctx, Tunnels(profile, count))
        try:
            for size in sizes:
                for number, way in enumerate(WAYS):
                    gen.set(number)
                    gen.size(size)
                    entries.append(one_wire(ctx, gen, tandem, profile, count, way, size))
                    progress.keep(wire_line(entries[-1]))
        finally:
            tandem.close()
            gen.close()
    return entries


def one_wire(ctx, gen, tandem, profile, tunnels, way, size):
    turns, cycles = [], []
    tandem.port, rx_port = WAYS[way]
    # Control learns that there are packets for the host on the LAN.
    gen.run(port=tandem.port, rx_port=rx_port, rate_pps=10000, ms=20)
    before = tandem.counters('drop.')
    for i in range(ctx.tunnel_repeats if (profile, size) == MAIN else 1):
        progress.now(f'tunnel: {way}, {profile}, {tunnels:,} tunnels, {size or "IMIX"} bytes, '
                     f'turn {i + 1}')
        tandem.check()
        search = CheckedSearch(ctx, gen, tandem, ctx.tunnel_trial_ms, ctx.tunnel_precision,
                               rx_port=rx_port, quiet_ms=QUIET_MS, stall_us=STALL_US)
        search.void_max = ctx.tunnel_void_max
        search.saturate(30)
        tandem.cycles_begin()
        search.saturate(CYCLES_MS)
        cycles.append(tandem.cycles_end())
        turns.append({})
        search.into(turns[-1])
    drops = {name: n - before.get(name, 0) for name, n in tandem.counters('drop.').items()}
    e = {'way': way, 'profile': profile, 'tunnels': tunnels, 'size': size,
         **{key: spread(t[key] for t in turns) for key in RATES},
         'cycles_a_packet': median([c for c in cycles if c]),
         'checked': sum(t['checked'] for t in turns),
         'bad': sum(t['bad_content'] + t['bad_checksums'] for t in turns),
         'drops': {name: n for name, n in drops.items() if n}, 'turns': turns}
    if (profile, size) == MAIN and tunnels in LATENCY_OF:
        e['latency_us'] = latencies(ctx, search, mid(e['loss_0']) or mid(e['loss_0_1']) or 0)
    return e


def latencies(ctx, search, top):
    """There and back, by load in percent of the loss-free rate."""
    out = {}
    for load in LOADS:
        r = search.trial(top * load / 100, ctx.latency_ms, latency=1, stall_us=LATENCY_STALL_US)
        out[str(load)] = {**r.get('latency_us', {}), 'loss': r['loss'],
                          'offered_pps': r['offered_pps']}
    return out


def mean_size(size):
    return size or sum(s * n for s, n in IMIX.items()) / sum(IMIX.values())


def gbit(e, key='loss_0_1'):
    """Of bytes inside."""
    rate = mid(e[key])
    return rate * mean_size(e['size']) * 8 / 1e9 if rate else None


def mpps(figure):
    return f'{mid(figure) / 1e6:.2f}' if figure else '–'


def drops(e):
    return ', '.join(f'{name.removeprefix("drop.")} {n:,}' for name, n in e['drops'].items())


def wire_line(e):
    return (f'  {e["way"]:4} {e["profile"]:24} {e["tunnels"]:>7,}  {e["size"] or "IMIX":>6}  '
            f'{gbit(e) or 0:6.2f}  {mpps(e["loss_0_1"]):>6}  {mpps(e["loss_0"]):>6}     '
            f'{mpps(e["saturated"]):>6}  {e["cycles_a_packet"] or 0:6.0f}   {e["bad"]} of '
            f'{e["checked"]:,}   {drops(e)}')


def measure(ctx):
    return {'cycles': tunnel_cycles.measure(ctx), 'wire': measure_wire(ctx)}


# ---- targets ----------------------------------------------------------------------------------

def wire_entries(figures):
    return figures.get('tunnel', {}).get('wire', ())


def gbit_a_core(figures):
    """The slower way; each with the number of tunnels that it is fastest with."""
    best = {}
    for e in wire_entries(figures):
        if (e['profile'], e['size']) == MAIN and gbit(e):
            best[e['way']] = max(gbit(e), best.get(e['way'], 0))
    return min(best.values()) if len(best) == len(WAYS) else None


def wrong(figures):
    found = wire_entries(figures)
    return sum(e['bad'] for e in found) if found else None


# ---- report -----------------------------------------------------------------------------------

LATENCY_HEAD = ('', 'tunnels', 'load', 'kpps', 'p50', 'p99', 'p99.9')
WIRE_HEAD = ('', 'profile', 'tunnels', 'bytes inside', 'Gbit/s', 'Mpps', 'Mpps, 0 loss',
             'saturated', 'cycles', 'wrong of probed', 'dropped')


def wire_rows(figures):
    for e in wire_entries(figures):
        yield (e['way'], e['profile'], f'{e["tunnels"]:,}', e['size'] or 'IMIX',
               f'{gbit(e) or 0:.2f}', *(mpps(e[key]) for key in RATES),
               f'{e["cycles_a_packet"] or 0:.0f}', f'{e["bad"]} of {e["checked"]:,}', drops(e))


def latency_entries(figures):
    return [e for e in wire_entries(figures) if 'latency_us' in e]


def latency_rows(figures):
    for e in latency_entries(figures):
        for load, v in e['latency_us'].items():
            if 'p50' in v:
                yield (e['way'], f'{e["tunnels"]:,}', f'{load} %',
                       f'{v["offered_pps"] / 1e3:,.0f}', f'{v["p50"]:.1f}', f'{v["p99"]:.1f}',
                       f'{v["p999"]:.1f}')
