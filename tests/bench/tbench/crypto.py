# SPDX-License-Identifier: BSD-3-Clause
"""Part crypto: SRTP in one process. The library beside the raw calls of ipsec-mb, OpenSSL and
libsrtp2, and one turn of the worker's loop over net_ring."""
import json
import subprocess

from .cycles import bench_cycles
from .machine import dut_cpu
from .util import Failed, progress

CM, GCM = 'AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'
SHORT = {CM: 'AES-CM', GCM: 'GCM'}
SCENARIOS = {'open': 'srtp-to-rtp', 'seal': 'rtp-to-srtp', 'both': 'srtp-to-srtp'}
HEADERS = 28  # of IPv4 and UDP: sizes are those of RTP packets


def srtp_command(build, profiles, sessions, bursts, rounds):
    return [f'{build}/tests/bench/bench_srtp', '--profiles', ','.join(profiles),
            '--sessions', ','.join(map(str, sessions)), '--bursts', ','.join(map(str, bursts)),
            '--rounds', str(rounds)]


def bench_srtp(build, profiles, sessions, sizes, bursts, rounds):
    command = srtp_command(build, profiles, sessions, bursts, rounds)
    command += ['--sizes', ','.join(map(str, sizes))]
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       check=False, preexec_fn=dut_cpu)
    if p.returncode != 0:
        raise Failed(f'{" ".join(command)}: exit code {p.returncode}\n{p.stderr}')
    return [json.loads(line) for line in p.stdout.splitlines()]


def library_line(e):
    raw = e.get('raw_cycles')
    times = f'{e["srtp_cycles"] / raw:5.2f}' if raw else '    –'
    return (f'  {e["profile"]:24} {e["op"]:4} {e["sessions"]:>7,} {e["size"]:>5} {e["burst"]:>3}  '
            f'{e["srtp_cycles"]:8.0f} {e.get("raw_cycles", 0):8.0f} {times}')


def loop_line(e):
    return (f'  {e["relay"]:13} {e["profile"]:24} {e["engine"]:9} {e["flows"]:>7,} '
            f'{e["size"] - HEADERS:>5} {e["burst"]:>3}  {e["worker_cycles"]:8.0f}')


def measure_library(ctx):
    progress.keep('  the library             calls  sessions bytes burst  tandem  ipsec-mb ratio'
                  '   (TSC cycles a packet)')
    entries = []
    for profiles, sessions, sizes, bursts in ctx.crypto_library:
        progress.now(f'crypto: {", ".join(profiles)}')
        for e in bench_srtp(ctx.build, profiles, sessions, sizes, bursts, ctx.crypto_rounds):
            entries.append(e)
            if ctx.verbose or (e['sessions'], e['size'], e['burst']) == (512, 172, 32):
                progress.keep(library_line(e))
    return entries


def measure_loop(ctx):
    progress.keep('  one turn      profile                  engine     sessions bytes burst  cycles '
                  'a packet, plain relaying in them')
    entries = []
    for name, profile, engine, flows, sizes, bursts in ctx.crypto_loop:
        progress.now(f'crypto: {SCENARIOS[name]}, {profile}, {engine}')
        rounds = ctx.crypto_rounds if engine == 'ipsec-mb' else 200
        for e in bench_cycles(ctx.build, name, flows, [s + HEADERS for s in sizes], bursts, rounds,
                              extra=['--profile', profile, '--engine', engine]):
            e['relay'] = SCENARIOS[name]
            entries.append(e)
            if ctx.verbose or e['burst'] == 32 and flows == 512 and e['size'] == 172 + HEADERS:
                progress.keep(loop_line(e))
    return entries


def measure(ctx):
    return {'library': measure_library(ctx), 'loop': measure_loop(ctx)}


# ---- targets ----------------------------------------------------------------------------------

def library_times_raw(figures, profile=CM):
    """The worse of opening and sealing."""
    found = [e['srtp_cycles'] / e['raw_cycles']
             for e in figures.get('crypto', {}).get('library', ())
             if (e['profile'], e['sessions'], e['size'], e['burst']) == (profile, 512, 172, 32)]
    return max(found) if found else None


def alone_times_evp(figures):
    found = [e['srtp_cycles'] / e['evp_cycles']
             for e in figures.get('crypto', {}).get('library', ())
             if (e['profile'], e['sessions'], e['size'], e['burst']) == (CM, 1, 172, 1)
             and 'evp_cycles' in e]
    return max(found) if found else None


def loop_of(figures, engine):
    return next((e['worker_cycles'] for e in figures.get('crypto', {}).get('loop', ())
                 if (e['relay'], e['profile'], e['engine'], e['flows'], e['size'], e['burst'])
                 == ('srtp-to-rtp', CM, engine, 512, 172 + HEADERS, 32)), None)


def loop_over_libsrtp2(figures):
    fast, slow = loop_of(figures, 'ipsec-mb'), loop_of(figures, 'libsrtp2')
    return slow / fast if fast and slow else None


# ---- report -----------------------------------------------------------------------------------

def library_rows(figures):
    for e in figures.get('crypto', {}).get('library', ()):
        others = [f'{e[k]:.0f}' if k in e else '–'
                  for k in ('raw_cycles', 'evp_cycles', 'libsrtp2_cycles')]
        ratio = f'{e["srtp_cycles"] / e["raw_cycles"]:.2f}' if e.get('raw_cycles') else '–'
        yield (e['profile'], e['op'], f'{e["sessions"]:,}', e['size'], e['burst'],
               f'{e["srtp_cycles"]:.0f}', others[0], ratio, *others[1:])


LIBRARY_HEAD = ('profile', '', 'sessions', 'bytes', 'burst', 'tandem', 'raw ipsec-mb', 'ratio',
                'OpenSSL EVP', 'libsrtp2')


def loop_rows(figures):
    for e in figures.get('crypto', {}).get('loop', ()):
        low, high = e['worker_quartiles']
        yield (e['relay'], e['profile'], e['engine'], f'{e["flows"]:,}', e['size'] - HEADERS,
               e['burst'], f'{e["worker_cycles"]:.0f} [{low:.0f}–{high:.0f}]')


LOOP_HEAD = ('', 'profile', 'engine', 'sessions', 'bytes', 'burst', 'cycles')
