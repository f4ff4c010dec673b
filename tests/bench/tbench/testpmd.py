# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testpmd in tandem's place: it swaps addresses and ports, and sends back."""
import os
import re
import select
import signal
import subprocess
import time

from .gen import in_namespace
from .machine import DUT_CPU, GEN_CPU, Thread, both_cpus
from .util import Failed, end_process, tail

PROMPT = b'testpmd> '


class Testpmd:
    name = 'testpmd'

    def __init__(self, tmp, device, netns=None):
        self.log = f'{tmp}/testpmd-{netns or "memif"}.log'
        # Line by line, or its answers would come long after its prompt.
        command = in_namespace(netns) + [
            'stdbuf', '-oL', 'dpdk-testpmd', '-l', f'{GEN_CPU},{DUT_CPU}', '--main-lcore',
            str(GEN_CPU), '--no-pci', '--in-memory', '--no-telemetry', '-m', '128',
            '--vdev', device, '--', '-i', '--nb-cores=1', '--forward-mode=5tswap',
            '--total-num-mbufs=16384', '--rxd=1024', '--txd=1024']
        with open(self.log, 'w') as log:
            self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=log, preexec_fn=both_cpus)
        self.read_prompt()
        self.ask('start')
        self.thread = Thread(self.p.pid)

    def read_prompt(self, timeout_s=20):
        out = b''
        end = time.monotonic() + timeout_s
        while not out.endswith(PROMPT):
            if not select.select([self.p.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed('testpmd does not answer' + tail(self.log))
            data = os.read(self.p.stdout.fileno(), 65536)
            if not data:
                raise Failed(f'testpmd has ended\n{out.decode(errors="replace")[-1000:]}'
                             + tail(self.log))
            out += data
        return out.decode(errors='replace')

    def ask(self, command):
        self.p.stdin.write(command.encode() + b'\n')
        self.p.stdin.flush()
        return self.read_prompt()

    def pause(self):
        self.p.send_signal(signal.SIGSTOP)

    def resume(self):
        self.p.send_signal(signal.SIGCONT)

    def cycles_begin(self):
        self.ask('set record-core-cycles on')
        self.ask('clear fwd stats all')

    def cycles_end(self):
        """TSC cycles of bursts that were not empty, a packet, since cycles_begin()."""
        m = re.search(r'CPU cycles/packet=([0-9.]+)', self.ask('show fwd stats all'))
        self.ask('set record-core-cycles off')
        return float(m.group(1)) if m else None

    def check(self):
        if self.p.poll() is not None:
            raise Failed('testpmd has ended' + tail(self.log))

    def close(self):
        if self.p.poll() is None:
            self.resume()
            try:
                self.p.stdin.write(b'stop\nquit\n')
                self.p.stdin.flush()
                self.p.wait(5)
            except (OSError, subprocess.TimeoutExpired):
                pass
        end_process(self.p)
