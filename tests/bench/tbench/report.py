# SPDX-License-Identifier: BSD-3-Clause
"""docs/performance.md and its plots, from the figures of one run."""
import os
import re

from . import crypto, srtp, svg, targets, tcp, tunnel, tunnel_cycles as cycles_of_tunnels
from . import webrtc as browsers
from .cycles import VERIFIED
from .util import Failed

PLOTS = 'performance'  # folder beside performance.md
NONE = '–'


def table(head, rows, left=1):
    """Markdown; the first `left` columns are text, the others are figures."""
    rule = ['---'] * left + ['---:'] * (len(head) - left)
    return '\n'.join('| ' + ' | '.join(str(c) for c in row) + ' |' for row in [head, rule, *rows])


def around(figure, scale=1, fmt='{:.2f}'):
    """A median with its spread."""
    if not figure:
        return NONE
    m, low, high = (fmt.format(figure[k] / scale) for k in ('median', 'min', 'max'))
    return f'{m} [{low}–{high}]' if figure['n'] > 1 else m


def entries(figures, part):
    found = figures.get(part)
    if isinstance(found, dict):
        return found.get('entries', [])
    return found or []


def machine(figures):
    m = figures['meta']
    rows = [('CPU', f'{m["cpu"]}, {m["cpus"]} cores'),
            ('virtual machine', m['virtual_machine']), ('memory', f'{m["memory_gib"]} GiB'),
            ('system', f'{m["system"]}, Linux {m["kernel"]}'),
            ('tandem', f'{m["tandem"]}, commit {m["commit"]}, {m["compiler"]}'),
            ('DPDK', m['dpdk']), ('rtpengine', m['rtpengine']), ('nftables', m['nftables'])]
    return table(('machine', ''), [(k, v) for k, v in rows if v], 2)


def distance(figures):
    trips = figures['meta'].get('round_trips')
    if not trips:
        return ''
    near = figures['meta']['near_below_cycles']
    count = sum(t < near for t in trips)
    return (f'A cache line took {min(trips)} to {max(trips)} cycles from one core to the other and '
            f'back, in {len(trips)} measurements over the run; {count} of them were below '
            f'{near:.0f} cycles ("near"), the others "far".')


def target_table(figures):
    rows = [(t['what'], f'{t["how"]} {t["limit"]:g}', t['shown'], targets.verdict(t))
            for t in targets.judge(figures)]
    return table(('what', 'target', 'measured', ''), rows, 4)


# ---- cycles -----------------------------------------------------------------------------------

def quartiles(e):
    low, high = e['worker_quartiles']
    return f'{e["worker_cycles"]:.0f} [{low:.0f}–{high:.0f}]'


def cycles_32(figures):
    rows = [(e['scenario'], f'{e["flows"]:,}', f'{e["swap_cycles"]:.1f}', quartiles(e),
             f'{e["over_swap"]:.1f}')
            for e in entries(figures, 'cycles') if e['burst'] == 32 and e['size'] == 200]
    return (table(('scenario', 'flows', 'header swap', 'tandem', 'difference'), rows)
            + f'\n\n`{VERIFIED}`: the device has verified the checksums, as most cards do; in the '
            'other rows the worker sums up each packet.')


def cycles_bursts(figures):
    found = [e for e in entries(figures, 'cycles') if e['size'] == 200 and e['flows'] == 1000
             and e['scenario'] != VERIFIED]
    bursts = sorted({e['burst'] for e in found})
    rows = []
    for scenario in dict.fromkeys(e['scenario'] for e in found):
        by = {e['burst']: e for e in found if e['scenario'] == scenario}
        rows.append([scenario] + [f'{by[b]["worker_cycles"]:.0f}' for b in bursts])
    head = ['1,000 flows'] + [f'burst of {b}' if b else 'empty turn' for b in bursts]
    return table(head, rows)


def cycles_sizes(figures):
    found = [e for e in entries(figures, 'cycles') if e['burst'] == 32 and e['flows'] == 1000
             and e['scenario'] != VERIFIED]
    sizes = sorted({e['size'] for e in found})
    if len(sizes) < 2:
        return ''
    rows = []
    for scenario in dict.fromkeys(e['scenario'] for e in found):
        by = {e['size']: e for e in found if e['scenario'] == scenario}
        rows.append([scenario] + [f'{by[s]["worker_cycles"]:.0f}' for s in sizes])
    return ('By size of the packet, in bursts of 32. The device of this harness verifies no '
            'checksums, so the payload is summed.\n\n'
            + table(['1,000 flows'] + [f'{s} bytes' for s in sizes], rows))


# ---- wire -------------------------------------------------------------------------------------

def wire(figures):
    rows = []
    for e in entries(figures, 'wire'):
        row = [e['scenario'], f'{e["flows"]:,}', e['size']]
        for dut in ('tandem', 'testpmd'):
            row += [around(e[dut]['loss_0'], 1e6), around(e[dut]['loss_0_1'], 1e6)]
        row += [around(e['ratio_loss_0']), around(e['ratio_loss_0_1']), '/'.join(e['kinds'])]
        rows.append(row)
    return table(('scenario', 'flows', 'bytes', 'tandem, 0 loss', 'tandem, 0.1 %',
                  'testpmd, 0 loss', 'testpmd, 0.1 %', 'ratio, 0 loss', 'ratio, 0.1 %', 'cores'),
                 rows)


def wire_cycles(figures):
    rows = [(e['scenario'], f'{e["flows"]:,}', e['size'],
             around(e['tandem']['cycles_a_packet'], fmt='{:.0f}'),
             around(e['testpmd']['cycles_a_packet'], fmt='{:.0f}'))
            for e in entries(figures, 'wire')]
    return table(('scenario', 'flows', 'bytes', 'tandem', 'testpmd'), rows)


def latency_rows(e, key='latency_us'):
    for dut, loads in e.get(key, {}).items():
        for load, v in loads.items():
            if isinstance(v, dict) and 'p50' in v:
                yield (e['scenario'], f'{e["flows"]:,}', dut, f'{load} %',
                       f'{v["offered_pps"] / 1e3:,.0f}', f'{v["p50"]:.1f}', f'{v["p99"]:.1f}',
                       f'{v["p999"]:.1f}')


LATENCY_HEAD = ('scenario', 'flows', 'device', 'load', 'kpps', 'p50', 'p99', 'p99.9')


def wire_latency(figures):
    return table(LATENCY_HEAD, [r for e in entries(figures, 'wire') for r in latency_rows(e)], 3)


def plot_rate(figures):
    found = [e for e in entries(figures, 'wire') if e['size'] == 200]
    series = []
    for scenario in dict.fromkeys(e['scenario'] for e in found):
        mine = sorted((e for e in found if e['scenario'] == scenario), key=lambda e: e['flows'])
        for dut in ('tandem', 'testpmd'):
            rates = [(e['flows'], e[dut]['loss_0_1']) for e in mine if e[dut]['loss_0_1']]
            series.append((f'{scenario}, {dut}', [(n, r['median'] / 1e6) for n, r in rates],
                           [(r['min'] / 1e6, r['max'] / 1e6) for _, r in rates],
                           dut == 'testpmd'))
    series = [s for s in series if s[1]]
    if not series:
        return None
    return svg.plot('Rate by number of flows, 0.1 % lost, 200 bytes, net_memif', 'flows',
                    'million packets a second', series, log_x=True,
                    x_ticks=sorted({e['flows'] for e in found}))


def latency_series(e, devices):
    series = []
    for device in devices:
        loads = e['latency_us'].get(device, {})
        for q, dashed in (('p50', False), ('p99', True)):
            points = [(int(load), v[q]) for load, v in loads.items()
                      if isinstance(v, dict) and v.get(q)]
            if points:
                series.append((f'{device}, {q}', points, None, dashed))
    return series


def plot_latency(figures):
    e = targets.find(entries(figures, 'wire'), scenario='relay4', flows=1000, size=200)
    series = latency_series(e, ('tandem', 'testpmd')) if e and 'latency_us' in e else []
    return svg.plot('Latency by load, relay4, 1,000 flows, 200 bytes, net_memif',
                    "percent of the device's loss-free rate", 'microseconds', series,
                    log_y=True, x_ticks=[10, 50, 90]) if series else None


# ---- the rest -----------------------------------------------------------------------------------

def sessions(figures):
    rows = [(s['scenario'], f'{s["sessions"]:,}', f'{s["creations_per_s"]:,.0f}',
             f'{s["memory_bytes"] / (1 << 20):,.0f} MiB')
            for s in figures.get('wire', {}).get('sessions', [])]
    out = [table(('scenario', 'sessions', 'created a second', 'memory of tandemd'), rows)]
    size = targets.bytes_a_session(figures)
    if size:
        out.append(f'Between the smallest and the largest of these, for relay4, a session takes '
                   f'{size:.0f} bytes, everything included.')
    if 'start' in figures:
        s = figures['start']
        out.append(f'Start-up: the API answers after {around(s["api_ms"], fmt="{:.0f}")} ms, the '
                   f'first packet is relayed after {around(s["first_packet_ms"], fmt="{:.0f}")} '
                   'ms, counted from exec, one session created in between.')
    churn = figures.get('wire', {}).get('churn')
    if churn:
        rows = [('yes' if r['churn'] else 'no', f'{r["creations_per_s"]:,.0f}',
                 f'{r["offered_pps"] / 1e6:.2f}', f'{r["seconds"]:.1f}', r['lost'],
                 f'{r["blocked_ms"]:.3f}') for r in churn['runs']]
        out.append('Churn: relay4, 1,000 flows at 90 % of the loss-free rate, while sessions are '
                   'created and as many deleted, in turn with runs without. Blocked time is lost '
                   'packets by offered rate.\n\n'
                   + table(('churn', 'created a second', 'offered, Mpps', 'seconds', 'lost',
                            'blocked, ms'), rows))
    return '\n\n'.join(out)


def idle(figures):
    i = figures.get('idle')
    if not i:
        return 'Not measured in this run.'
    return (f'An adaptive worker without traffic takes {around(i["cpu_percent"], fmt="{:.1f}")} % '
            f'of its core. Traffic of {i["rate_pps"] / 1e6:.2f} million packets a second came back '
            f'{i["returns"]} times after a pause: {i["lost"]} of {i["sent"]:,} packets were lost, '
            f'and the slowest took {i["worst_latency_us"]:.0f} µs.')


def kernel(figures):
    rows = []
    for e in entries(figures, 'kernel'):
        for device, r in e['rates'].items():
            rows.append((e['scenario'], f'{e["flows"]:,}', e['size'], device,
                         around(r['loss_0'], 1e3, '{:.0f}'), around(r['loss_0_1'], 1e3, '{:.0f}'),
                         around(r['saturated'], 1e3, '{:.0f}')))
    return table(('scenario', 'flows', 'bytes', 'device', '0 loss', '0.1 % lost', 'saturated'),
                 rows, 4)


def kernel_ratios(figures):
    rows = [(e['scenario'], f'{e["flows"]:,}', e['size'], name.replace('/', ' to '), around(r),
             around(e['ratios_loss_0'][name]))
            for e in entries(figures, 'kernel') for name, r in e['ratios'].items()]
    return table(('scenario', 'flows', 'bytes', 'ratio of', '0.1 % lost', '0 loss'), rows, 4)


def kernel_latency(figures):
    return table(LATENCY_HEAD, [r for e in entries(figures, 'kernel') for r in latency_rows(e)], 3)


def plot_kernel_latency(figures):
    e = targets.kernel_entry(figures)
    if not e or 'latency_us' not in e:
        return None
    series = latency_series(e, list(e['latency_us']))
    return svg.plot('Latency by load, relay4, 1,000 flows, 200 bytes, veth',
                    "percent of rtpengine's rate", 'microseconds', series, log_y=True,
                    x_ticks=[10, 50, 90]) if series else None


def spin(figures):
    s = figures.get('spin')
    if not s:
        return ''
    return (f'## A stage slowed on purpose\n\nBuilt with `-Dbench_spin_cycles={s["spin_cycles"]}` '
            f'a packet takes {s["slowed"]:.1f} cycles instead of {s["plain"]:.1f}: '
            f'{s["difference"]:+.1f}.')


# ---- crypto -----------------------------------------------------------------------------------

def crypto_library(figures):
    return table(crypto.LIBRARY_HEAD, list(crypto.library_rows(figures)), 2)


def crypto_loop(figures):
    return table(crypto.LOOP_HEAD, list(crypto.loop_rows(figures)), 3)


# ---- tunnel -----------------------------------------------------------------------------------

def tunnel_cycles(figures):
    return table(cycles_of_tunnels.HEAD, list(cycles_of_tunnels.rows(figures)), 2)


def tunnel_wire(figures):
    return table(tunnel.WIRE_HEAD, list(tunnel.wire_rows(figures)), 2)


def tunnel_latency(figures):
    return table(tunnel.LATENCY_HEAD, list(tunnel.latency_rows(figures)))


def tunnel_tcp(figures):
    return table(tcp.HEAD, list(tcp.rows(figures)))


def plot_tunnel_goodput(figures):
    found = [e for e in tunnel.wire_entries(figures) if e['size'] == tunnel.SIZES[-1]]
    series = []
    for profile in dict.fromkeys(e['profile'] for e in found):
        for way, dashed in (('in', False), ('out', True)):
            points = sorted((e['tunnels'], tunnel.gbit(e)) for e in found
                            if (e['profile'], e['way']) == (profile, way) and tunnel.gbit(e))
            if points:
                series.append((f'{way}, {crypto.SHORT[profile]}', points, None, dashed))
    return svg.plot('Goodput by number of tunnels, 1,400 bytes inside, net_memif', 'tunnels',
                    'Gbit/s', series, log_x=True,
                    x_ticks=sorted({e['tunnels'] for e in found})) if series else None


def plot_tunnel_latency(figures):
    """Beside that of calls on the same kind of wire: what is between them is the tunnels'."""
    series = []
    for e in tunnel.latency_entries(figures):
        name = f'{e["way"]}, {e["tunnels"]:,} tunnel' + 's' * (e['tunnels'] > 1)
        series += latency_series({'latency_us': {name: e['latency_us']}}, [name])
    call = targets.find(entries(figures, 'wire'), scenario='relay4', flows=1000, size=200)
    if series and call and 'latency_us' in call:
        series += latency_series({'latency_us': {'relay4': call['latency_us']['tandem']}},
                                 ['relay4'])
    return svg.plot('Latency by load, each way alone, 1,400 bytes, net_memif',
                    'percent of the loss-free rate', 'microseconds', series,
                    log_y=True, x_ticks=[10, 50, 90]) if series else None


# ---- srtp -------------------------------------------------------------------------------------

def srtp_rows(entries_, against):
    for e in entries_:
        yield [e['name'], *(around(e[key], 1e3, '{:,.0f}')
                            for key in ('loss_0', 'loss_0_1', 'saturated')),
               around(e['cycles_a_packet'], fmt='{:,.0f}'),
               '1' if e['name'] == against else
               ('at least ' if e['ratio_is_bound'] and e['ratio'] else '') + around(e['ratio']),
               e['checked'], e['bad']]


def srtp_wire(figures, wire, what, against):
    head = [what, '0 loss', '0.1 % lost', 'saturated', 'cycles', f'times {against}', 'looked into',
            'wrong']
    rows = list(srtp_rows(figures['srtp'][wire]['entries'], against))
    # The kernel's wire has no figures of cycles.
    if all(row[4] == NONE for row in rows):
        head, *rows = (row[:4] + row[5:] for row in [head, *rows])
    return table(head, rows)


def srtp_memif(figures):
    return srtp_wire(figures, 'memif', 'sessions', srtp.PLAIN)


def srtp_veth(figures):
    return srtp_wire(figures, 'veth', 'device', srtp.RTPENGINE)


def srtp_sessions(figures):
    s = figures['srtp']['sessions']
    few, many = s['runs']
    return (f'Sessions with both legs encrypted (AES_CM_128_HMAC_SHA1_80, four keys) are created '
            f'at {s["creations_per_s"]:,.0f} a second over one connection, in batches of as many '
            f'as a line can hold. Between {few["sessions"]:,} and {many["sessions"]:,} of them '
            f'one takes {s["bytes_a_session"]:,.0f} bytes, everything included.')


# ---- webrtc ------------------------------------------------------------------------------------

def quantiles(step, key):
    t = step.get(key)
    return [f'{t["p50"]:.1f}', f'{t["p99"]:.1f}'] if t else [NONE, NONE]


def webrtc(figures):
    rows = [[r['name'], f'{s["asked"]:,}' if 'asked' in s else '', browsers.what_of(s),
             f'{s["up"] / s["seconds"]:,.0f}' if 'asked' in s else NONE,
             *quantiles(s, 'check_to_media_ms'), *quantiles(s, 'create_to_media_ms'),
             f'{100 * s["control_s"] / s["wall_s"]:.0f} %', f'{s["api_ms"]["max"]:.1f}',
             f'{1000 * s["worker_waited_s"]:.0f}',
             f'{s["media"]["lost"]} of {s["media"]["offered"]:,}']
            for r in figures['webrtc']['runs'] for s in r['steps']]
    return table(('run', 'calls', 'what', 'up a second', 'from check, p50', 'p99',
                  'from create, p50', 'p99', 'control lcore ran', 'slowest answer', 'worker waited',
                  'lost'), rows, 3)


def webrtc_summary(figures):
    runs = figures['webrtc']['runs']
    made = [r for r in runs if r['name'] == browsers.SETUP]
    checked = browsers.run_of(figures, browsers.CHECKS)
    kept = checked['steps'][-1]
    return (f'In a second of its own time the control lcore sets up '
            f'{browsers.handshakes_a_core_second(figures):,.0f} calls, DTLS handshake, ICE, '
            f'JSON and all. Between {browsers.calls(made[0], 0):,} and '
            f'{browsers.calls(made[0], 1):,} of them a call takes '
            f'{made[0]["bytes_a_session"]:,.0f} bytes, everything included'
            + browsers.growth(made) + '. '
            f'At {browsers.calls(checked, 0):,} sessions {checked["per_s"]:,.0f} checks a second '
            f'came, of which {checked["unanswered"]} of {kept["stun"]["requests_out"]:,} got no '
            f'answer; the control lcore ran for {100 * kept["control_s"] / kept["wall_s"]:.0f} % '
            'of the time. '
            f'In all, the far ends sent '
            f'{sum(s["dtls"]["retransmits"] for s in browsers.steps(figures)):,} flights of '
            f'handshakes again, and {sum(s["media"]["early"] for s in browsers.steps(figures)):,} '
            'media packets before tandem knew where to, which do not count as lost.')


# ---- rtpproxy ----------------------------------------------------------------------------------

def rtpproxy(figures):
    c, r = figures['rtpproxy']['commands'], figures['rtpproxy']['recording']
    rows = [['U, L, D in turn: commands', around(c['commands_per_s'], 1, '{:,.0f}')],
            ['… in a second of the control lcore\'s own time',
             around(c['own_commands_per_s'], 1, '{:,.0f}')],
            [f'U, L until there are {c["calls"]:,} calls: calls',
             around(c['calls_per_s'], 1, '{:,.0f}')],
            ['D of them: calls', around(c['deletes_per_s'], 1, '{:,.0f}')]]
    return table(('what', 'a second'), rows) + (
        f'\n\n{r["calls"]:,} calls were recorded at once, into {r["onto"]}, a file each, both '
        f'sides: of {r["offered"]:,} packets in {r["seconds"]:.1f} s ({r["offered_pps"]:,.0f} a '
        f'second) the relay lost {r["lost"]:,}; of {r["relayed"]:,} relayed, '
        f'{r["not_recorded"]:,} are not in the files.')


def run_text(run):
    return (f'on {run["date"]} by `{run["command"]}` in {max(1, round(run["seconds"] / 60))} '
            'minutes')


def runs(figures):
    m = figures['meta']
    several = m.get('runs', [])
    if len(several) < 2:
        return f'Measured {run_text(m)}. Every figure below is that run\'s.'
    lines = [f'* {", ".join(r["parts"])}: {run_text(r)}, at commit {r["commit"]}'
             for r in several]
    return ('Measured in several runs, each part in the last one named with it:\n\n' +
            '\n'.join(lines))


def fill(figures):
    """What stands for each {{name}} of the template; plots are SVG or None."""
    m = figures['meta']
    texts = {f.__name__: f for f in (machine, distance, cycles_32, cycles_bursts, cycles_sizes,
                                     crypto_library, crypto_loop, tunnel_cycles, tunnel_wire,
                                     tunnel_latency, tunnel_tcp, wire, wire_cycles,
                                     wire_latency, sessions, idle, kernel,
                                     kernel_ratios, kernel_latency, srtp_memif, srtp_veth,
                                     srtp_sessions, webrtc, webrtc_summary, rtpproxy, runs, spin)}
    out = {name: f(figures) for name, f in texts.items()}
    out.update(targets=target_table(figures), trial_ms=m['trial_ms'],
               kernel_trial_ms=m['kernel_trial_ms'], repeats=m['repeats'],
               tsc_ghz=f'{m["tsc_hz"] / 1e9:.2f}')
    plots = {f.__name__: f(figures) for f in (plot_rate, plot_latency, plot_kernel_latency,
                                              plot_tunnel_goodput, plot_tunnel_latency)}
    return out, plots


def write(root, figures):
    """The paths that were written."""
    parts = ('cycles', 'crypto', 'wire', 'start', 'idle', 'kernel', 'srtp', 'webrtc', 'rtpproxy',
             'tunnel', 'tcp')
    missing = [p for p in parts if p not in figures]
    if missing:
        raise Failed(f'a report needs all parts; {", ".join(missing)} was not measured')
    with open(os.path.join(os.path.dirname(__file__), 'template.md')) as f:
        template = f.read()
    texts, plots = fill(figures)
    docs = os.path.join(root, 'docs')
    os.makedirs(os.path.join(docs, PLOTS), exist_ok=True)
    paths = [os.path.join(docs, PLOTS)]
    for name, content in plots.items():
        texts[name] = ''
        if content:
            file = f'{PLOTS}/{name.removeprefix("plot_").replace("_", "-")}.svg'
            texts[name] = f'![{name.removeprefix("plot_").replace("_", " ")}]({file})'
            paths.append(os.path.join(docs, file))
            with open(paths[-1], 'w') as f:
                f.write(content)
    page = re.sub(r'\{\{(\w+)\}\}', lambda match: str(texts[match.group(1)]), template)
    page = re.sub(r'\n{3,}', '\n\n', page).rstrip() + '\n'
    paths.append(os.path.join(docs, 'performance.md'))
    with open(paths[-1], 'w') as f:
        f.write(page)
    return paths
