# SPDX-License-Identifier: BSD-3-Clause
"""A wire of the kernel's: two namespaces and a veth pair, with the generator on one end.

    namespace …-s                      namespace …-d
    ┌───────────┐ vs      veth     vd ┌───────────────────────────┐
    │ bench_gen ├─────────────────────┤ what is measured: both    │
    │ af_xdp    │                     │ legs are on this interface│
    └───────────┘                     └───────────────────────────┘
"""
import contextlib
import os
import subprocess

from .flows import gateway_ip, local_ip, prefix_bits
from .gen import DUT_MAC, GEN_MAC, Gen
from .machine import DUT_CPU
from .util import run

PARTIES = {4: '10.{0}.0.0/10', 6: 'fd80:{1}::/32'}


def parties(side, family):
    """Prefix of all parties on that side."""
    return PARTIES[family].format(128 + 64 * side, side)


class Veth:
    def __init__(self, ctx, number):
        self.names = [f'tnd-bench-{os.getpid()}-{number}{end}' for end in 'sd']
        self.inside, self.outside = 'vd', 'vs'
        self.stack = contextlib.ExitStack()
        try:
            for n in self.names:
                run(['ip', 'netns', 'add', n])
                self.stack.callback(remove, n)
                run(['ip', '-n', n, 'link', 'set', 'lo', 'up'])
                for key in ('all', 'default'):
                    self.sysctl(n, f'net.ipv6.conf.{key}.accept_dad', 0)
                    self.sysctl(n, f'net.ipv6.conf.{key}.accept_ra', 0)
            s, d = self.names
            run(['ip', 'link', 'add', 'dev', 'vs', 'netns', s, 'address', GEN_MAC,
                 'type', 'veth', 'peer', 'name', 'vd', 'netns', d, 'address', DUT_MAC])
            for n, dev in ((s, 'vs'), (d, 'vd')):
                # Nobody but the two ends computes checksums or joins packets.
                run(['ip', 'netns', 'exec', n, 'ethtool', '-K', dev, 'tx', 'off', 'tso', 'off',
                     'gso', 'off', 'gro', 'off'])
            self.sysctl(s, 'net.ipv6.conf.vs.disable_ipv6', 1)
            run(['ip', '-n', s, 'link', 'set', 'vs', 'up'])
            run(['ip', '-n', d, 'link', 'set', 'vd', 'up'])
            self.gen = Gen(ctx.build, ctx.tmp, ['net_af_xdp0,iface=vs'], s, 128)
            self.stack.callback(self.gen.close)
        except BaseException:
            self.stack.close()
            raise

    @staticmethod
    def sysctl(netns, name, value):
        run(['ip', 'netns', 'exec', netns, 'sysctl', '-qw', f'{name}={value}'])

    @property
    def netns(self):
        return self.names[1]

    def mute_kernel(self):
        """The kernel's own IPv6 stays silent where DPDK has the interface."""
        self.sysctl(self.netns, 'net.ipv6.conf.vd.disable_ipv6', 1)

    def address_kernel(self, scenario):
        """Addresses and routes for what uses the kernel's stack."""
        d = self.netns
        self.sysctl(d, 'net.ipv4.conf.all.rp_filter', 0)
        self.sysctl(d, 'net.ipv4.conf.vd.rp_filter', 0)
        for side, family in enumerate(scenario.sides):
            ip = ['ip', '-n', d, f'-{family}']
            run(ip + ['addr', 'add', f'{local_ip(side, family, 0)}/{prefix_bits(family)}',
                      'dev', 'vd'] + (['nodad'] if family == 6 else []))
            run(ip + ['neigh', 'add', gateway_ip(side, family), 'lladdr', GEN_MAC, 'dev', 'vd',
                      'nud', 'permanent'])
            run(ip + ['route', 'add', parties(side, family), 'via', gateway_ip(side, family)])

    def steer_kernel(self):
        """What the kernel does with a packet that comes in, it does on the worker's core."""
        run(['ip', 'netns', 'exec', self.netns, 'sh', '-c',
             f'echo {1 << DUT_CPU:x} >/sys/class/net/vd/queues/rx-0/rps_cpus'])

    def close(self):
        self.stack.close()


def remove(netns):
    subprocess.run(['ip', 'netns', 'del', netns], check=False)
