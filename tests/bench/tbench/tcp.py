# SPDX-License-Identifier: BSD-3-Clause
"""Part tcp: TCP by iperf3 through tunnels of two tandems, and of other VPNs in userspace, in turn.

What tunnel-tcp.sh prints is read; it says how all of it is connected.
"""
import os
import re
import subprocess

from .util import Failed, mid, progress, spread

NAMES = ('tandem', 'openvpn', 'strongswan', 'wireguard-go')


def measure(ctx):
    command = [f'{ctx.root}/tests/bench/tunnel-tcp.sh', *map(str, ctx.tcp)]
    rounds = []
    progress.now('tcp: iperf3 through ' + ', '.join(NAMES))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, 'TANDEM_BUILD': ctx.build}) as p:
        lines = []
        for line in p.stdout:
            lines.append(line)
            if line.startswith('round '):
                rounds.append({n: int(v) for n, v in re.findall(r'(\S+) (\d+)', line)
                               if n in NAMES})
    # A tandem that is slower than another is told by the exit code as well; that is a figure.
    if len(rounds) != ctx.tcp[0]:
        raise Failed(f'tunnel-tcp.sh: exit code {p.returncode}\n' + ''.join(lines[-40:]))
    entries = [{'name': n, 'mbits': spread(r[n] for r in rounds)} for n in NAMES]
    progress.keep(f'  TCP through   Mbit/s, median of {len(rounds)} rounds')
    for e in entries:
        progress.keep(f'  {e["name"]:13} {mid(e["mbits"]):6.0f}')
    return {'entries': entries, 'rounds': rounds}


def times_best_other(figures):
    """Within each round, against the best of the others."""
    found = [r['tandem'] / max(r[n] for n in NAMES[1:])
             for r in figures.get('tcp', {}).get('rounds', ())]
    return mid(spread(found)) if found else None


HEAD = ('through', 'Mbit/s', 'lowest', 'highest')


def rows(figures):
    for e in figures.get('tcp', {}).get('entries', ()):
        yield (e['name'], *(f'{e["mbits"][k]:.0f}' for k in ('median', 'min', 'max')))
