# SPDX-License-Identifier: BSD-3-Clause
"""The targets, and whether a run has reached them."""
from . import crypto
from . import rtpproxy, srtp, tcp, tunnel, tunnel_cycles, webrtc
from .util import median, mid


def find(entries, **wanted):
    for e in entries or []:
        if all(e.get(k) == v for k, v in wanted.items()):
            return e
    return None


def wire_ratio(figures, scenario, flows):
    e = find(figures.get('wire', {}).get('entries'), scenario=scenario, flows=flows, size=200)
    return mid(e['ratio_loss_0']) if e else None


def cycles_over(figures):
    e = find(figures.get('cycles'), scenario='relay4', flows=1000, size=200, burst=32)
    return e['over_swap'] if e else None


def cycles_million(figures):
    few, many = (find(figures.get('cycles'), scenario='relay4', flows=n, size=200, burst=32)
                 for n in (1000, 1000000))
    return many['worker_cycles'] / few['worker_cycles'] if few and many else None


def kernel_entry(figures):
    return find(figures.get('kernel', {}).get('entries'), scenario='relay4', flows=1000, size=200)


def kernel_testpmd(driver):
    def value(figures):
        e = kernel_entry(figures)
        return mid(e['ratios'].get(f'tandem {driver}/testpmd {driver}')) if e else None
    return value


def kernel_rtpengine(figures):
    e = kernel_entry(figures)
    return mid(e['ratios'].get('tandem af_xdp/rtpengine')) if e else None


def kernel_latency(quantile):
    """The largest of tandem's latencies in terms of rtpengine's, at the same rates."""
    def value(figures):
        e = kernel_entry(figures)
        if not e:
            return None
        both = e['latency_us']
        if 'tandem af_xdp' not in both or 'rtpengine' not in both:
            return None
        ratios = [both['tandem af_xdp'][load][quantile] / both['rtpengine'][load][quantile]
                  for load in both['rtpengine']
                  if quantile in both['rtpengine'][load] and
                  quantile in both['tandem af_xdp'].get(load, {})]
        return max(ratios) if ratios else None
    return value


def churn_ms(figures):
    """More than in the same turns without churn: what the machine itself takes is in both."""
    c = figures.get('wire', {}).get('churn')
    if not c:
        return None
    return max(0, median(c['blocked_ms']['with']) - median(c['blocked_ms']['without']))


def idle_cpu(figures):
    return mid(figures['idle']['cpu_percent']) if 'idle' in figures else None


def idle_lost(figures):
    return figures['idle']['lost'] if 'idle' in figures else None


def start_ms(figures):
    return mid(figures['start']['first_packet_ms']) if 'start' in figures else None


def bytes_a_session(figures):
    """Between the two largest numbers of sessions of this run: buffers of the API and the like,
    which grow once and not by session, are in both."""
    s = sorted((x for x in figures.get('wire', {}).get('sessions', [])
                if x['scenario'] == 'relay4'), key=lambda x: x['sessions'])[-2:]
    if len(s) < 2 or s[1]['sessions'] - s[0]['sessions'] < 10000:
        return None
    return (s[1]['memory_bytes'] - s[0]['memory_bytes']) / (s[1]['sessions'] - s[0]['sessions'])


def srtp_entry(figures, wire, name):
    return find(figures.get('srtp', {}).get(wire, {}).get('entries'), name=name)


def srtp_veth(figures):
    e = srtp_entry(figures, 'veth', srtp.TANDEM)
    return mid(e['ratio']) if e else None


def srtp_memif(figures):
    """Not of the same wire: what rtpengine can do with a faster one, nobody can measure."""
    ours = srtp_entry(figures, 'memif', srtp.MEMIF_TO_RTP)
    peer = srtp_entry(figures, 'veth', srtp.RTPENGINE)
    if not ours or not peer or not mid(peer['loss_0_1']):
        return None
    return mid(ours['loss_0_1']) / mid(peer['loss_0_1'])


def srtp_sessions(key):
    return lambda figures: figures.get('srtp', {}).get('sessions', {}).get(key)


def srtp_wrong(figures):
    """Of tandem's, on all wires."""
    s = figures.get('srtp')
    return sum(e['bad'] for wire in ('memif', 'veth') for e in s[wire]['entries']
               if e['name'] != srtp.RTPENGINE) if s else None


def spin_seen(figures):
    return figures['spin']['difference'] if 'spin' in figures else None


PART_OF = {'churn': 'wire', 'memory': 'wire'}  # others are named like their part
AT_LEAST, AT_MOST, BELOW = 'at least', 'at most', 'below'
TARGETS = (
    ('wire: relay4, 1,000 flows, of testpmd 5tswap', AT_LEAST, 0.85,
     lambda f: wire_ratio(f, 'relay4', 1000), '{:.2f}'),
    ('wire: bridge46, 1,000 flows, of testpmd 5tswap', AT_LEAST, 0.80,
     lambda f: wire_ratio(f, 'bridge46', 1000), '{:.2f}'),
    ('wire: relay4, 1,000,000 flows, of testpmd 5tswap', AT_LEAST, 0.60,
     lambda f: wire_ratio(f, 'relay4', 1000000), '{:.2f}'),
    ('cycles: relay4, 1,000 flows, over a header swap', AT_MOST, 45, cycles_over, '{:.1f}'),
    ('cycles: 1,000,000 flows, times 1,000 flows', AT_MOST, 3, cycles_million, '{:.2f}'),
    ('crypto: opening or sealing, times the raw burst', AT_MOST, 1.25, crypto.library_times_raw,
     '{:.2f}'),
    ('crypto: one session, burst 1, times OpenSSL EVP', AT_MOST, 1, crypto.alone_times_evp,
     '{:.2f}'),
    ('crypto: srtp-to-rtp, times with libsrtp2', AT_LEAST, 10, crypto.loop_over_libsrtp2,
     '{:.1f}'),
    ('kernel: af_xdp, of testpmd (0.1 % lost)', AT_LEAST, 0.9, kernel_testpmd('af_xdp'), '{:.2f}'),
    ('kernel: af_packet, of testpmd (0.1 % lost)', AT_LEAST, 0.9, kernel_testpmd('af_packet'),
     '{:.2f}'),
    ('kernel: af_xdp, times rtpengine (0.1 % lost)', AT_LEAST, 4, kernel_rtpengine, '{:.1f}'),
    ('kernel: latency p50, times rtpengine', BELOW, 1, kernel_latency('p50'), '{:.2f}'),
    ('kernel: latency p99, times rtpengine', BELOW, 1, kernel_latency('p99'), '{:.2f}'),
    ('churn: 1,000 sessions a second, blocked by it, ms', BELOW, 1, churn_ms, '{:.3f}'),
    ('idle: adaptive worker, % of its core', BELOW, 5, idle_cpu, '{:.1f}'),
    ('idle: packets lost when traffic comes back', AT_MOST, 0, idle_lost, '{:.0f}'),
    ('start: to the first packet, ms', BELOW, 1000, start_ms, '{:.0f}'),
    ('memory: bytes a session', AT_MOST, 1024, bytes_a_session, '{:.0f}'),
    ('srtp: on veth, times rtpengine (0.1 % lost)', AT_LEAST, 4, srtp_veth, '{:.1f}'),
    ('srtp: on memif, times rtpengine on veth', AT_LEAST, 20, srtp_memif, '{:.1f}'),
    ('srtp: packets that came back wrong', AT_MOST, 0, srtp_wrong, '{:.0f}'),
    ('srtp: sessions with keys created a second', AT_LEAST, 10000,
     srtp_sessions('creations_per_s'), '{:.0f}'),
    ('srtp: bytes a session, both legs encrypted', AT_MOST, 3072,
     srtp_sessions('bytes_a_session'), '{:.0f}'),
    ('webrtc: handshakes a second of the control lcore', AT_LEAST, 500,
     webrtc.handshakes_a_core_second, '{:.0f}'),
    ('webrtc: slowest answer of the API, ms', AT_MOST, 50, webrtc.slowest_answer_ms, '{:.1f}'),
    ('webrtc: media packets lost or wrong', AT_MOST, 0, webrtc.lost, '{:.0f}'),
    ('webrtc: calls that did not come up, or ended', AT_MOST, 0, webrtc.not_up, '{:.0f}'),
    ('webrtc: checks unanswered, 10,000 sessions', AT_MOST, 0, webrtc.unanswered, '{:.0f}'),
    ('rtpproxy: commands a second', AT_LEAST, 20000, rtpproxy.commands_a_second, '{:.0f}'),
    ('rtpproxy: 1,000 calls recorded, relayed lost', AT_MOST, 0, rtpproxy.relayed_lost, '{:.0f}'),
    ('tunnel: cycles, times SRTP and plain relaying', AT_MOST, tunnel_cycles.LIMIT,
     tunnel_cycles.worst_times, '{:.2f}'),
    ('tunnel: the slower way, 1,400 bytes, Gbit/s', AT_LEAST, 8, tunnel.gbit_a_core, '{:.1f}'),
    ('tunnel: packets that came out wrong', AT_MOST, 0, tunnel.wrong, '{:.0f}'),
    ('tcp: through a tunnel, times the best other VPN', AT_LEAST, 1, tcp.times_best_other,
     '{:.2f}'),
    ('spin: 50 cycles a packet are seen as', AT_LEAST, 40, spin_seen, '{:.1f}'),
)


def reached(value, how, limit):
    return {AT_LEAST: value >= limit, AT_MOST: value <= limit, BELOW: value < limit}[how]


def judge(figures):
    out = []
    for what, how, limit, value_of, fmt in TARGETS:
        if PART_OF.get(what.split(':')[0], what.split(':')[0]) not in figures:
            continue
        value = value_of(figures)
        known = value is not None
        out.append({'what': what, 'how': how, 'limit': limit, 'value': value,
                    'shown': fmt.format(value) if known else '–',
                    'ok': reached(value, how, limit) if known else None})
    return out


def verdict(t):
    """Unknown: no two turns of the same kind, or the run did not go that far."""
    return {True: 'ok', False: 'missed', None: 'unknown'}[t['ok']]


def table(figures):
    rows = figures['targets']
    lines = [f'  {"target":52} {"":>9} {"limit":>6} {"measured":>9}']
    for t in rows:
        lines.append(f'  {t["what"]:52} {t["how"]:>9} {t["limit"]:>6g} {t["shown"]:>9}  '
                     f'{verdict(t)}')
    return '\n'.join(lines)
