#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""stall.py PID NOTIFICATIONS: stops the thread of worker 0 for some seconds, by ptrace(2)."""
import ctypes
import json
import os
import sys
import time

import jsonschema

from media import check, done, equal
from tandem import Client

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 7, 17, 0x4206, 0x4207
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), 'ptrace')


def worker_thread(pid):
    """The thread of the first worker lcore."""
    for tid in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{tid}/comm', encoding='ascii') as f:
            if f.read().startswith(('rte-worker', 'lcore-worker')):
                return int(tid)
    raise SystemExit('FAILED: there is no thread of a worker')


def fed(path):
    with open(path, encoding='ascii') as f:
        return f.read().count('WATCHDOG=1')


def main():
    pid, notifications = int(sys.argv[1]), sys.argv[2]
    with open(os.environ['SMOKE_SCHEMA'], encoding='utf-8') as f:
        schema = json.load(f)
    watcher, client = Client(), Client()
    watcher.call('events.subscribe', types=['worker.stalled'])
    tid = worker_thread(pid)
    ptrace(PTRACE_SEIZE, tid)
    ptrace(PTRACE_INTERRUPT, tid)
    os.waitpid(tid, WALL)
    event = watcher.read_event()
    jsonschema.validate(event, schema['events']['worker.stalled']['params'])
    equal((event['worker'], event['lcore']), (0, 1), 'who stands still')
    health = client.call('system.health')
    equal((health['ok'], health['workers'][0]['ok']), (False, False), 'health')
    before = fed(notifications)
    time.sleep(1.5)
    equal(fed(notifications), before, 'watchdog fed while a worker stands still')
    ptrace(PTRACE_DETACH, tid)
    end = time.monotonic() + 5
    while fed(notifications) == before and time.monotonic() < end:
        time.sleep(0.05)
    check(fed(notifications) > before, 'the watchdog is not fed again')
    check(client.call('system.health')['ok'], 'health is not ok again')
    done()


if __name__ == '__main__':
    main()
