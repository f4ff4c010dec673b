# SPDX-License-Identifier: BSD-3-Clause
"""Arguments, preparation, the parts in their order, and what is done with the figures."""
import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from . import crypto, cycles, idle, kernel, machine, report, rtpproxy, spin, srtp, start, \
    targets, tcp, tunnel, webrtc, wire
from .plan import Context
from .util import Failed, progress, say

LOCK = '/run/lock/tandem-bench'
PARTS = {'cycles': cycles.measure, 'crypto': crypto.measure, 'wire': wire.measure,
         'start': start.measure, 'idle': idle.measure, 'kernel': kernel.measure,
         'srtp': srtp.measure, 'webrtc': webrtc.measure, 'rtpproxy': rtpproxy.measure,
         'tunnel': tunnel.measure, 'tcp': tcp.measure, 'spin': spin.measure}


def arguments(usage, argv):
    p = argparse.ArgumentParser(prog='bench', description=usage,
                                formatter_class=argparse.RawDescriptionHelpFormatter,
                                usage=argparse.SUPPRESS)
    p.add_argument('--quick', action='store_true', help='the main figures only')
    p.add_argument('--only', action='append', choices=PARTS, metavar='PART',
                   help=', '.join(PARTS))
    p.add_argument('--json', metavar='FILE', help='every figure')
    p.add_argument('--report', action='store_true', help='write docs/performance.md')
    p.add_argument('--from', dest='sources', metavar='FILE', action='append',
                   help='measure nothing: figures of an earlier --json; of several, parts of a '
                        'later one take the place of those before')
    p.add_argument('--verbose', action='store_true', help='a line for each figure')
    return p.parse_args(argv)


def prepare(root):
    """Packages and an optimised build. The build directory."""
    subprocess.run([f'{root}/scripts/install-deps', '--bench'], check=True)
    build = os.environ.get('TANDEM_BUILD', f'{root}/build')
    build_in(root, build)
    return build


def build_in(root, build, *options):
    """A release build in `build`, made or brought up to date."""
    log = tempfile.NamedTemporaryFile('w+', prefix='tandem-bench-build', delete=True)
    if os.path.exists(f'{build}/build.ninja'):
        setup = ['meson', 'configure', build, '-Dtests=true', *options]
    else:
        setup = ['meson', 'setup', build, root, *options]
    wanted = ['control/tandemd', 'control/ctl/tandemctl']
    wanted += [f'tests/bench/bench_{n}' for n in ('cycles', 'gen', 'srtp', 'pingpong', 'webrtc')]
    for command in (setup, ['ninja', '-C', build, *wanted]):
        if subprocess.run(command, stdout=log, stderr=log, check=False).returncode != 0:
            log.seek(0)
            raise Failed('the build has failed\n' + log.read()[-4000:])


def parts_wanted(args):
    if args.only:
        return [p for p in PARTS if p in args.only]
    return [p for p in PARTS if p != 'spin' and not (args.quick and p == 'tcp')]


def alone():
    """Two of us at once would measure each other. The lock is held until we end."""
    lock = open(LOCK, 'w')
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say('another ./bench is running; waiting for its end')
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def measure(root, args, command):
    build = prepare(root)
    lock = alone()
    tmp = tempfile.mkdtemp(prefix='tandem-bench-')
    begun, seconds, failed = time.time(), {}, []
    figures = {'meta': {**machine.facts(root, build), 'command': command,
                        'mode': 'quick' if args.quick else 'full',
                        'date': time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(begun))}}
    try:
        with machine.Priority():
            ctx = Context(root, build, tmp, args)
            ctx.build_in = build_in
            with machine.Hugepages(ctx.hugepages):
                for part in parts_wanted(args):
                    progress.keep(f'\n{part}')
                    part_begun = time.time()
                    try:
                        figures[part] = PARTS[part](ctx)
                    except Failed as e:  # half an hour of the others is not to be lost
                        progress.keep(f'  {part} has failed: {e}')
                        failed.append(part)
                    seconds[part] = round(time.time() - part_begun)
        figures['meta'].update(
            round_trips=ctx.pings.all, tsc_hz=ctx.pings.tsc_hz,
            near_below_cycles=ctx.pings.near_below(), seconds=round(time.time() - begun),
            part_seconds=seconds, failed=failed,
            trial_ms=ctx.trial_ms, kernel_trial_ms=ctx.kernel_trial_ms, repeats=ctx.repeats)
    finally:
        progress.clear()
        shutil.rmtree(tmp)
        lock.close()
    return figures


def command_line(args):
    """As others would repeat it: without names of files."""
    words = ['sudo ./bench'] + ['--quick'] * args.quick + ['--report'] * args.report
    return ' '.join(words + [f'--only {part}' for part in args.only or []])


def load(paths):
    """Figures of earlier runs; each part is the last one's that has it."""
    figures, runs, trips = {}, [], {}
    for path in paths:
        with open(path) as f:
            run = json.load(f)
        parts = [p for p in PARTS if p in run]
        for earlier in runs:
            earlier['parts'] = [p for p in earlier['parts'] if p not in parts]
        figures.update(run)
        if len(run['meta']['round_trips']) > len(trips.get('round_trips', ())):
            trips = {k: run['meta'][k] for k in ('round_trips', 'near_below_cycles')}
        runs.append({**{k: run['meta'][k] for k in ('date', 'command', 'commit', 'seconds')},
                     'parts': parts})
    figures['meta'].update(trips)
    figures['meta']['runs'] = [r for r in runs if r['parts']]
    return figures


def save(path, figures):
    with open(path, 'w') as f:
        json.dump(figures, f, indent=1)
        f.write('\n')


def give_back(path):
    """What sudo wrote belongs to who called it."""
    if 'SUDO_UID' in os.environ:
        os.chown(path, int(os.environ['SUDO_UID']), int(os.environ['SUDO_GID']))


def main(root, usage, argv):
    args = arguments(usage, argv)
    if os.geteuid() != 0 and not args.sources:
        print('bench: needs root, for hugepages and network namespaces: sudo ./bench',
              file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if args.sources:
            figures = load(args.sources)
        else:
            figures = measure(root, args, command_line(args))
        figures['targets'] = targets.judge(figures)
        say()
        say(targets.table(figures))
        if args.json:
            save(args.json, figures)
            give_back(args.json)
        if args.report:
            for path in report.write(root, figures):
                give_back(path)
                say(f'written: {os.path.relpath(path, root)}')
        if figures['meta'].get('failed'):
            return 1
    except Failed as e:
        progress.clear()
        print(f'bench: {e}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.clear()
        return 130
    return 0
