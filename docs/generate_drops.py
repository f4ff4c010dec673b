#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes docs/drops.md from the .def files that also make the enums and counters.

    generate_drops.py write OUT DROP.def COUNTER.def HOST_COUNTER.def
    generate_drops.py check FILE DROP.def COUNTER.def HOST_COUNTER.def   is FILE up to date? exit 1 if not
"""
import re
import sys

HEAD = """# Drops and counters

Made from `lib/flow/drop.def`, `dataplane/include/counter.def` and
`control/host/host_counter.def`; edit those. `tandemctl drops` and `tandemctl stats` show the
numbers, `stats.get` is the same for programs.
"""


def entries(path, macro):
    text = open(path).read()
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    for m in re.finditer(macro + r'\(\s*(\w+)\s*,(?:\s*(LEG|TUNNEL|WORKER)\s*,)?((?:\s*"(?:[^"\\]|\\.)*")+)\s*\)', text):
        yield m.group(1), m.group(2), ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', m.group(3)))


def table(title, rows, columns):
    out = [f'\n## {title}\n', '| ' + ' | '.join(columns) + ' |', '|' + '---|' * len(columns)]
    return '\n'.join(out + ['| ' + ' | '.join(r) + ' |' for r in rows]) + '\n'


def page(drop, counter, host_counter):
    drops = list(entries(drop, 'TND_DROP'))
    leg = [(f'`drop.{n}`', t) for n, s, t in drops if s == 'LEG']
    tunnel = [(f'`drop.{n}`', t) for n, s, t in drops if s == 'TUNNEL']
    worker = [(f'`drop.{n}`', t) for n, s, t in drops if s == 'WORKER']
    workers = [(f'`worker.{n}`', t) for n, _, t in entries(counter, 'TND_COUNTER')]
    host = [(f'`control.{n}`', t) for n, _, t in entries(host_counter, 'TND_HOST_COUNTER')]
    assert leg and tunnel and worker and workers and host
    return (HEAD + table('Drops of a leg, in `session.get` too', leg, ('counter', 'why')) +
            table('Drops of a tunnel, in `tunnel.stats` too', tunnel, ('counter', 'why')) +
            table('Drops that belong to no call', worker, ('counter', 'why')) +
            table('What workers count', workers, ('counter', 'what')) +
            table('What control counts', host, ('counter', 'what')))


def main():
    if len(sys.argv) != 6 or sys.argv[1] not in ('write', 'check'):
        sys.exit(__doc__)
    text = page(*sys.argv[3:])
    if sys.argv[1] == 'write':
        open(sys.argv[2], 'w').write(text)
    elif open(sys.argv[2]).read() != text:
        sys.exit(f'{sys.argv[2]} is out of date: ninja -C build update-drops-md')


main()
