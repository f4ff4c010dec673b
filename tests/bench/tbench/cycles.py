# SPDX-License-Identifier: BSD-3-Clause
"""Part cycles: one turn of the worker's loop in one process, over net_ring."""
import json
import subprocess

from .machine import DUT_CPU, dut_cpu
from .util import Failed, progress


def cycles_command(build, scenario, flows, bursts, rounds, extra=()):
    memory_mib = 256 + flows * 1300 // (1 << 20) + (flows * 5000 // (1 << 20) if extra else 0)
    return [f'{build}/tests/bench/bench_cycles', '-l', str(DUT_CPU), '--no-pci',
            '--in-memory', '--no-telemetry', '-m', str(memory_mib), '--log-level', '4', '--',
            '--scenario', scenario, '--flows', str(flows),
            '--burst', ','.join(map(str, bursts)), '--rounds', str(rounds), *extra]


def bench_cycles(build, scenario, flows, sizes, bursts, rounds, extra=()):
    """One process; a list of its lines."""
    command = cycles_command(build, scenario, flows, bursts, rounds, extra)
    command += ['--size', ','.join(map(str, sizes))]
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       check=False, preexec_fn=dut_cpu)
    if p.returncode != 0:
        raise Failed(f'{" ".join(command)}: exit code {p.returncode}\n{p.stderr}')
    return [json.loads(line) for line in p.stdout.splitlines()]


VERIFIED = 'relay4*'  # packets come as from a device that has verified their checksums

HEAD = ('  scenario      flows bytes burst      swap    worker      over   (TSC cycles a packet, '
        'median, quartiles)')


def line(e):
    return (f'  {e["scenario"]:9} {e["flows"]:>9,} {e["size"]:>5} {e["burst"]:>5}  '
            f'{e["swap_cycles"]:8.1f}  {e["worker_cycles"]:8.1f}  {e["over_swap"]:8.1f}   '
            f'{e["worker_quartiles"][0]:.1f}–{e["worker_quartiles"][1]:.1f}')


def measure(ctx, build=None):
    entries = []
    progress.keep(HEAD)
    for scenario, flows in ctx.cycles:
        progress.now(f'cycles: {scenario}, {flows:,} flows')
        for e in bench_cycles(build or ctx.build, scenario, flows, ctx.cycle_sizes,
                              ctx.cycle_bursts, ctx.cycle_rounds):
            entries.append(e)
            if e['burst'] == 0:
                continue
            if ctx.verbose or (e['burst'] == 32 and e['size'] == 200):
                progress.keep(line(e))
    progress.now('cycles: relay4, checksums verified by the device')
    for e in bench_cycles(build or ctx.build, 'relay4', 1000, [200], [32], ctx.cycle_rounds,
                          ['--verified']):
        e['scenario'] = VERIFIED
        entries.append(e)
        progress.keep(line(e))
    return entries
