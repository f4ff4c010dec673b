# SPDX-License-Identifier: BSD-3-Clause
"""The generator and sink, bench_gen, as an object."""
import json
import os
import select
import subprocess

from .machine import GEN_CPU
from .util import Failed, end_process, tail, wait_for

GEN_MAC = '02:00:00:00:00:02'
DUT_MAC = '02:00:00:00:00:01'


class Gen:
    program = 'bench_gen'

    def __init__(self, build, tmp, devices, netns=None, memory_mib=256):
        self.log = f'{tmp}/gen-{netns or "memif"}.log'
        command = in_namespace(netns) + [
            f'{build}/tests/bench/{self.program}', '-l', str(GEN_CPU), '--no-pci', '--in-memory',
            '--no-telemetry', '-m', str(memory_mib), '--log-level', '4']
        for d in devices:
            command += ['--vdev', d]
        with open(self.log, 'w') as log:
            self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=log)
        self.buffer = b''
        self.hello = self.answer()
        self.flows = 0

    def send(self, command):
        self.p.stdin.write(command.encode() + b'\n')
        self.p.stdin.flush()

    def ready(self, timeout_s=0):
        """Is there an answer to be read?"""
        return b'\n' in self.buffer or bool(select.select([self.p.stdout], [], [], timeout_s)[0])

    def answer(self):
        while b'\n' not in self.buffer:
            data = os.read(self.p.stdout.fileno(), 65536)
            if not data:
                raise Failed(f'{self.program} has ended' + tail(self.log))
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        answer = json.loads(line)
        if 'error' in answer:
            raise Failed(f'{self.program}: {answer["error"]}')
        return answer

    def ask(self, command):
        self.send(command)
        return self.answer()

    def load(self, path, keys='', tunnels='', src_mac=GEN_MAC, dst_mac=DUT_MAC):
        self.flows = self.ask(f'load {path} {src_mac} {dst_mac} {keys} {tunnels}')['flows']

    def set(self, number):
        """The set of flows that the others are about."""
        self.ask(f'set {number}')

    def size(self, size):
        self.ask(f'size {size}')

    def wait_link(self, port, process=None, log=None):
        wait_for('link of the virtual wire', lambda: self.ask(f'link {port}')['up'],
                 process=process, log=log)

    def run_begin(self, **options):
        self.send('run ' + ' '.join(f'{k}={v}' for k, v in options.items()))

    def run_end(self):
        r = self.answer()
        offered = r['sent'] + r['refused']
        r['lost'] = offered - r['received']
        r['loss'] = r['lost'] / offered if offered else 1.0
        # While this thread was kept from running nothing was offered.
        active = max(r['seconds'] - r['stall_us'] / 1e6, 1e-9)
        r['offered_pps'] = offered / active
        r['received_pps'] = r['received'] / active
        r['sent_pps'] = r['sent'] / active
        return r

    def run(self, **options):
        self.run_begin(**options)
        return self.run_end()

    def close(self):
        self.p.stdin.close()
        end_process(self.p)


def in_namespace(netns):
    """What goes before a command. AF_XDP wants a BPF file system, and `ip netns exec` mounts a
    /sys of the namespace's own."""
    if netns is None:
        return []
    return ['ip', 'netns', 'exec', netns, 'bash', '-c',
            'mount -t bpf bpf /sys/fs/bpf 2>/dev/null; ulimit -l unlimited; exec "$0" "$@"']
