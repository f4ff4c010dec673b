# SPDX-License-Identifier: BSD-3-Clause
"""Small things that all parts use."""
import os
import signal
import subprocess
import sys
import time


class Failed(Exception):
    """The measurement itself could not be made."""


def say(text=''):
    print(text, flush=True)


class Progress:
    """One line that is rewritten on a terminal; elsewhere only what is kept."""

    def __init__(self):
        self.tty = sys.stdout.isatty()
        self.start = time.monotonic()

    def now(self, text):
        if self.tty:
            print(f'\r\033[K  {time.monotonic() - self.start:5.0f} s  {text}', end='', flush=True)

    def clear(self):
        if self.tty:
            print('\r\033[K', end='', flush=True)

    def keep(self, text):
        self.clear()
        say(text)


progress = Progress()


def median(values):
    v = sorted(values)
    if not v:
        return None
    mid = len(v) // 2
    return v[mid] if len(v) % 2 else (v[mid - 1] + v[mid]) / 2


def quartiles(values):
    v = sorted(values)
    return [v[len(v) // 4], v[len(v) * 3 // 4]]


def spread(values):
    """What is written of a figure that was taken several times."""
    values = [v for v in values if v is not None]
    if not values:
        return None
    return {'median': median(values), 'min': min(values), 'max': max(values), 'n': len(values)}


def mid(figure):
    return figure['median'] if figure else None


def run(command, **kwargs):
    """A command that must succeed; its output."""
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       check=False, **kwargs)
    if p.returncode != 0:
        raise Failed(f'{" ".join(command)}: exit code {p.returncode}\n{p.stdout}{p.stderr}')
    return p.stdout


def wait_for(what, condition, timeout_s=10, process=None, log=None):
    """Until condition() is true; Failed if the process ends or the time is over."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise Failed(f'{what}: the process has ended, exit code {process.returncode}'
                         + tail(log))
        if time.monotonic() > end:
            raise Failed(f'{what}: nothing in {timeout_s} s' + tail(log))
        time.sleep(0.01)


def tail(path, lines=15):
    if not path or not os.path.exists(path):
        return ''
    with open(path, errors='replace') as f:
        return '\n' + ''.join(f.readlines()[-lines:])


def end_process(p, timeout_s=10):
    """SIGCONT, SIGTERM, and SIGKILL if that does not help."""
    if p.poll() is None:
        p.send_signal(signal.SIGCONT)
        p.terminate()
        try:
            p.wait(timeout_s)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    return p.returncode


def read_number(path):
    with open(path) as f:
        return int(f.read())
