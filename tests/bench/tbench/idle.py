# SPDX-License-Identifier: BSD-3-Clause
"""Part idle: an adaptive worker without traffic, and when traffic comes back."""
import time

from .util import progress, spread
from .wire import Bed

REST_S = 1.5  # long enough for the worker's longest naps
RING = 13     # log2 of descriptors: holds such a nap at the rate that comes back


def cpu_percent(bed, seconds):
    time.sleep(REST_S)
    before, start = bed.tandem.thread.times()[0], time.monotonic()
    time.sleep(seconds)
    return (bed.tandem.thread.times()[0] - before) / 1e7 / (time.monotonic() - start)


def measure(ctx):
    bed = Bed(ctx, 'relay4', 1000, testpmd=False, idle='adaptive', ring=RING)
    try:
        bed.gen.size(ctx.latency_size)
        with bed.turn(bed.tandem):
            progress.now('idle: the rate to come back with')
            search = bed.search(bed.tandem)
            rate = 0.5 * search.rates()['loss_0']
            idle = []
            for _ in range(ctx.repeats):
                progress.now('idle: CPU time of the worker without traffic')
                idle.append(cpu_percent(bed, 1.0))
            returns, void, lost, sent, worst = 0, 0, 0, 0, 0.0
            while returns < ctx.returns:
                progress.now(f'idle: traffic comes back, {returns + 1} of {ctx.returns}')
                time.sleep(REST_S)
                r = search.trial(rate, 20, latency=1, stall_us=100)
                if r['lost'] and r['disturbed'] and void < ctx.returns:
                    void += 1
                    continue
                returns += 1
                lost += r['lost']
                sent += r['sent'] + r['refused']
                worst = max(worst, r.get('latency_us', {}).get('max', 0.0))
    finally:
        bed.close()
    out = {'cpu_percent': spread(idle), 'rate_pps': rate, 'returns': returns, 'void': void,
           'lost': lost, 'sent': sent, 'worst_latency_us': worst}
    progress.keep(f'  idle: {out["cpu_percent"]["median"]:.1f} % of its core; {returns} times '
                  f'traffic of {rate / 1e6:.2f} Mpps came back: {lost} of {sent:,} packets lost, '
                  f'the slowest took {worst:.0f} µs')
    return out
