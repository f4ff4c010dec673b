# SPDX-License-Identifier: BSD-3-Clause
"""Part spin: is a stage that was slowed on purpose seen? Not in a run that does not ask for it."""
from . import cycles
from .util import median, progress

SPIN_CYCLES = 50


def measure(ctx):
    slow_build = f'{ctx.root}/build-bench-spin'
    progress.now('building a slowed tandem')
    ctx.build_in(ctx.root, slow_build, f'-Dbench_spin_cycles={SPIN_CYCLES}')
    rounds = []
    for i in range(ctx.repeats):
        for name, build in (('plain', ctx.build), ('slowed', slow_build)):
            progress.now(f'spin: {name}, turn {i + 1}')
            e = cycles.bench_cycles(build, 'relay4', 1000, (200,), (32,), ctx.cycle_rounds)[0]
            rounds.append({'build': name, **e})
    out = {name: median([r['worker_cycles'] for r in rounds if r['build'] == name])
           for name in ('plain', 'slowed')}
    out['difference'] = out['slowed'] - out['plain']
    out['spin_cycles'] = SPIN_CYCLES
    out['rounds'] = rounds
    progress.keep(f'  spin: {out["plain"]:.1f} cycles a packet, with a spin of {SPIN_CYCLES} '
                  f'cycles a packet {out["slowed"]:.1f}: {out["difference"]:+.1f}')
    return out
