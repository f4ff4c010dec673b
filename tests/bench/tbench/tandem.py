# SPDX-License-Identifier: BSD-3-Clause
"""tandemd under measurement, and its API."""
import json
import signal
import socket
import subprocess
import time

from .gen import DUT_MAC, GEN_MAC, in_namespace
from .machine import DUT_CPU, Thread, both_cpus
from .util import Failed, end_process, tail, wait_for

BATCH = 400        # requests a line
LINE_MAX = 250000  # bytes: tandemd takes no more than 256 KiB
BATCHES_AHEAD = 3  # unread answers stay below 1 MiB


class Api:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.socket.settimeout(30)
        self.buffer = b''

    def line(self):
        chunks = [self.buffer]
        while b'\n' not in chunks[-1]:
            data = self.socket.recv(1 << 18)
            if not data:
                raise Failed('tandemd has closed the connection')
            chunks.append(data)
        line, self.buffer = b''.join(chunks).split(b'\n', 1)
        return line

    def call(self, method, **params):
        self.socket.sendall(json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': method,
                                        'params': params}).encode() + b'\n')
        answer = json.loads(self.line())
        if 'error' in answer:
            raise Failed(f'{method}: {answer["error"]}')
        return answer['result']

    def lines(self, lines):
        """Sends batches with some ahead of their answers: the answers, unparsed, and seconds."""
        answers = []
        start = time.monotonic()
        for i, text in enumerate(lines):
            self.socket.sendall(text)
            if i >= BATCHES_AHEAD:
                answers.append(self.line())
        while len(answers) < len(lines):
            answers.append(self.line())
        return answers, time.monotonic() - start

    def close(self):
        self.socket.close()


def batches(requests):
    n = min(BATCH, LINE_MAX // (max(map(len, requests)) + 1))
    return [('[' + ','.join(requests[i:i + n]) + ']\n').encode()
            for i in range(0, len(requests), n)]


class Tandem:
    """tandemd with one worker and one interface."""

    name = 'tandem'

    def __init__(self, build, tmp, scenario, device, netns=None, idle='poll', spare=4000,
                 wait=True, rx_desc=0, srtp_engine='auto', extra=None):
        tag = netns or 'memif'
        self.socket = f'{tmp}/tandemd-{tag}.sock'
        self.log = f'{tmp}/tandemd-{tag}.log'
        self.scenario = scenario
        config = {
            'workers': {'lcores': [DUT_CPU], 'idle': idle},
            'interfaces': [{'name': 'wire', 'device': device, 'rx_desc': rx_desc}],
            'addresses': scenario.address_objects('wire'),
            'neighbours': scenario.neighbours('wire', GEN_MAC),
            'srtp': {'engine': srtp_engine},
            'limits': {'sessions': scenario.sessions + spare},
            'api': {'socket': self.socket, 'ro_socket': self.socket + '.ro'},
            'log': {'level': 'warning'},
            **(extra or {}),
        }
        path = f'{tmp}/tandemd-{tag}.json'
        with open(path, 'w') as f:
            json.dump(config, f)
        command = in_namespace(netns) + [f'{build}/control/tandemd', '--config', path]
        self.started = time.monotonic()
        with open(self.log, 'w') as log:
            self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=log, preexec_fn=both_cpus)
        self.api = None
        if wait:
            self.connect()

    def connect(self):
        def attempt():
            try:
                return Api(self.socket)
            except OSError:
                return None
        self.api = wait_for('tandemd', attempt, 20, self.p, self.log)
        self.thread = Thread(self.p.pid)

    def create_all(self):
        """All sessions of the scenario. Their local addresses, and sessions a second."""
        lines = batches([self.scenario.create_request(i) for i in range(self.scenario.sessions)])
        answers, seconds = self.api.lines(lines)
        locals_ = []
        for line in answers:
            for a in json.loads(line):
                if 'error' in a:
                    raise Failed(f'session.create: {a["error"]}')
                locals_.append([(g['local']['ip'], g['local']['port'])
                                for g in a['result']['legs']])
        return locals_, self.scenario.sessions / seconds

    def counters(self, *names):
        return self.api.call('stats.get', names=list(names))['counters']

    def memory_bytes(self):
        """Resident, hugepages included."""
        total = 0
        with open(f'/proc/{self.p.pid}/smaps_rollup') as f:
            for line in f:
                if line.startswith(('Rss:', 'Private_Hugetlb:', 'Shared_Hugetlb:')):
                    total += int(line.split()[1]) * 1024
        return total

    def pause(self):
        self.p.send_signal(signal.SIGSTOP)

    def resume(self):
        self.p.send_signal(signal.SIGCONT)

    def cycles_begin(self):
        self.at_begin = self.counters('worker.busy_cycles', 'worker.rx_packets')

    def cycles_end(self):
        """TSC cycles of turns that found packets, a packet, since cycles_begin()."""
        now = self.counters('worker.busy_cycles', 'worker.rx_packets')
        packets = now['worker.rx_packets'] - self.at_begin['worker.rx_packets']
        cycles = now['worker.busy_cycles'] - self.at_begin['worker.busy_cycles']
        return cycles / packets if packets else None

    def check(self):
        if self.p.poll() is not None:
            raise Failed('tandemd has ended' + tail(self.log))

    def close(self):
        if self.api:
            self.api.close()
        end_process(self.p)


def memif_device(number, path, ring=10):
    return (f'net_memif{number},role=client,id=0,socket={path},socket-abstract=no,rsize={ring},'
            f'mac={DUT_MAC}')
