# SPDX-License-Identifier: BSD-3-Clause
"""The machine: what it is, its hugepages, how far apart its cores are."""
import os
import platform
import re
import subprocess

from .util import Failed, read_number, run

GEN_CPU = 0     # generator, sink, control threads, this program
DUT_CPU = 1     # the worker, and whatever stands in its place
PRIORITY = -20  # this program and all that it starts, against other work on the machine
NEAR_NS = 200    # cores that share a cache; virtual machines have them further apart at times
HUGEPAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB/'


AUTOGROUP = '/proc/self/autogroup'


class Priority:
    """This program on the generator's core, it and its children before other work. Where the
    kernel groups processes by session (autogroup), sessions are equal whatever the priorities
    in them: there it is the session's that counts. It is put back at the end."""

    def __enter__(self):
        if os.cpu_count() < 2:
            raise Failed('needs two CPUs')
        os.sched_setaffinity(0, {GEN_CPU})
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        self.session = None
        if os.path.exists(AUTOGROUP):
            with open(AUTOGROUP) as f:
                m = re.search(r'nice (-?\d+)', f.read())
            if m:
                self.session = m.group(1)
                self.write(str(PRIORITY))
        return self

    def __exit__(self, *_):
        if self.session is not None:
            self.write(self.session)

    @staticmethod
    def write(nice):
        with open(AUTOGROUP, 'w') as f:
            f.write(nice)


def both_cpus():
    """In a child that has its own mind about cores."""
    os.sched_setaffinity(0, {GEN_CPU, DUT_CPU})


def dut_cpu():
    os.sched_setaffinity(0, {DUT_CPU})


def stolen_ticks():
    """Ticks that the hypervisor kept from the worker's core."""
    with open('/proc/stat') as f:
        for line in f:
            if line.startswith(f'cpu{DUT_CPU} '):
                return int(line.split()[8])
    return 0


class Thread:
    """The thread of a process that is pinned to the worker's core."""

    def __init__(self, pid):
        tids = [t for t in os.listdir(f'/proc/{pid}/task')
                if os.sched_getaffinity(int(t)) == {DUT_CPU}]
        if not tids:
            raise Failed(f'process {pid} has no thread on CPU {DUT_CPU}')
        self.path = max((f'/proc/{pid}/task/{t}/schedstat' for t in tids), key=self.read)

    @staticmethod
    def read(path):
        """Nanoseconds on a CPU, and waiting for one."""
        with open(path) as f:
            return tuple(int(x) for x in f.read().split()[:2])

    def times(self):
        return self.read(self.path)


class Pings:
    """Core-to-core round trips; both cores must be idle but for others' work."""

    def __init__(self, build):
        self.command = [f'{build}/tests/bench/bench_pingpong', str(GEN_CPU), str(DUT_CPU)]
        self.all = []
        self.tsc_hz = None
        self.measure()

    def measure(self):
        # Not pinned like this program: the second thread goes to the other core.
        p = subprocess.run(self.command, stdout=subprocess.PIPE, check=True, text=True,
                           preexec_fn=lambda: os.sched_setaffinity(0, {GEN_CPU, DUT_CPU}))
        cycles, mhz = map(int, p.stdout.split())
        if self.tsc_hz is None:
            self.tsc_hz = 1e6 * mhz
        self.all.append(cycles)
        return cycles

    def kind(self, *round_trips):
        """near, far, or None if they differ."""
        kinds = {'near' if r < self.near_below() else 'far' for r in round_trips}
        return kinds.pop() if len(kinds) == 1 else None

    def near_below(self):
        return NEAR_NS * self.tsc_hz / 1e9


class Hugepages:
    """At least `pages` free ones of 2 MiB; put back at the end as it was."""

    def __init__(self, pages):
        self.before = read_number(HUGEPAGES + 'nr_hugepages')
        self.pages = pages

    def __enter__(self):
        used = self.before - read_number(HUGEPAGES + 'free_hugepages')
        want = max(self.before, self.pages + used)
        if want != self.before:
            self.set(want)
        free = read_number(HUGEPAGES + 'free_hugepages')
        if free < self.pages:
            self.set(self.before)
            raise Failed(f'needs {self.pages} free hugepages of 2 MiB, the machine gave {free}')
        return self

    def __exit__(self, *_):
        if read_number(HUGEPAGES + 'nr_hugepages') != self.before:
            self.set(self.before)

    @staticmethod
    def set(pages):
        with open(HUGEPAGES + 'nr_hugepages', 'w') as f:
            f.write(str(pages))


def package_version(name):
    p = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', name], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True, check=False)
    return p.stdout or None


def facts(root, build):
    with open('/proc/cpuinfo') as f:
        model = re.search(r'model name\s*: (.*)', f.read()).group(1)
    with open('/proc/meminfo') as f:
        kib = int(re.search(r'MemTotal:\s*(\d+)', f.read()).group(1))
    with open('/etc/os-release') as f:
        system = re.search(r'PRETTY_NAME="(.*)"', f.read()).group(1)
    virt = subprocess.run(['systemd-detect-virt', '--vm'], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, check=False).stdout.strip()
    commit = subprocess.run(['git', '-C', root, 'describe', '--always', '--dirty'],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                            check=False).stdout.strip()
    return {
        'cpu': model, 'cpus': os.cpu_count(), 'memory_gib': round(kib / (1 << 20)),
        'virtual_machine': virt or 'unknown', 'system': system, 'kernel': platform.release(),
        'tandem': run([f'{build}/control/tandemd', '--version']).strip(), 'commit': commit,
        'dpdk': package_version('dpdk'), 'rtpengine': package_version('rtpengine-daemon'),
        'nftables': package_version('nftables'), 'compiler': compiler(build),
    }


def compiler(build):
    """As meson found it."""
    try:
        with open(f'{build}/meson-logs/meson-log.txt') as f:
            m = re.search(r'C compiler for the host machine: [^(]*\((.*?)"', f.read())
    except OSError:
        return None
    return m.group(1).strip() if m else None
