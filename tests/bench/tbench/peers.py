# SPDX-License-Identifier: BSD-3-Clause
"""What others relay with: Debian's rtpengine in user space, and nftables NAT."""
import ctypes
import os
import re
import resource
import signal
import socket
import subprocess

from .flows import REMOTE_PORT, local_ip, remote_ip
from .machine import Thread, dut_cpu
from .util import Failed, end_process, run, tail, wait_for

NG_PORT = 2223


# ---- the ng protocol: a cookie and a bencoded dictionary in a UDP datagram -------------------

def bencode(v):
    if isinstance(v, int):
        return b'i%de' % v
    if isinstance(v, str):
        v = v.encode()
    if isinstance(v, bytes):
        return b'%d:%s' % (len(v), v)
    if isinstance(v, list):
        return b'l' + b''.join(map(bencode, v)) + b'e'
    return b'd' + b''.join(bencode(k) + bencode(v[k]) for k in sorted(v)) + b'e'


def bdecode(b, i=0):
    """The value at i, and where it ends."""
    c = b[i:i + 1]
    if c == b'i':
        end = b.index(b'e', i)
        return int(b[i + 1:end]), end + 1
    if c in (b'l', b'd'):
        items, i = [], i + 1
        while b[i:i + 1] != b'e':
            v, i = bdecode(b, i)
            items.append(v)
        if c == b'l':
            return items, i + 1
        return {k.decode(): v for k, v in zip(items[::2], items[1::2])}, i + 1
    colon = b.index(b':', i)
    end = colon + 1 + int(b[i:colon])
    return b[colon + 1:end], end


def transport(crypto):
    return 'RTP/SAVP' if crypto else 'RTP/AVP'


def sdp(family, ip, crypto):
    return (f'v=0\r\no=- 1 1 IN IP{family} {ip}\r\ns=-\r\nc=IN IP{family} {ip}\r\nt=0 0\r\n'
            f'm=audio {REMOTE_PORT} {transport(crypto)} 0\r\na=sendrecv\r\n'
            + (f'a=crypto:{crypto}\r\n' if crypto else ''))


def sdp_endpoint(text):
    ip = re.search(r'^c=IN IP[46] (\S+)', text, re.M).group(1)
    return ip, int(re.search(r'^m=audio (\d+)', text, re.M).group(1))


class Rtpengine:
    """One thread for media, on the worker's core; no kernel module."""

    name = 'rtpengine'
    port = 0
    created = False

    def __init__(self, ctx, veth, scenario):
        self.scenario = scenario
        self.log = f'{ctx.tmp}/rtpengine.log'
        veth.address_kernel(scenario)
        veth.steer_kernel()
        interfaces = [f'--interface={"ab"[side]}/{local_ip(side, family, 0)}'
                      for side, family in enumerate(scenario.sides)]
        command = ['ip', 'netns', 'exec', veth.netns, 'rtpengine', '--foreground', '--table=-1',
                   *interfaces, f'--listen-ng=127.0.0.1:{NG_PORT}', '--num-threads=1',
                   '--port-min=10000', '--port-max=60000', '--timeout=36000',
                   '--silent-timeout=36000', '--endpoint-learning=off', '--log-stderr',
                   '--log-level=3', f'--pidfile={ctx.tmp}/rtpengine.pid', '--config-file=none']
        with open(self.log, 'w') as log:
            self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      preexec_fn=prepare_peer)
        self.cookie = 0
        self.control = socket_in(veth.netns)
        self.control.settimeout(0.2)
        wait_for('rtpengine', self.ping, 10, self.p, self.log)
        self.control.settimeout(5)
        self.thread = Thread(self.p.pid)

    def ask(self, message):
        self.cookie += 1
        cookie = b'%d' % self.cookie
        self.control.sendto(cookie + b' ' + bencode(message), ('127.0.0.1', NG_PORT))
        while True:
            data = self.control.recv(65536)
            got, answer = data.split(b' ', 1)
            if got == cookie:
                return bdecode(answer)[0]

    def ping(self):
        try:
            return self.ask({'command': 'ping'})['result'] == b'pong'
        except OSError:
            return False

    def offer(self, command, i, from_side):
        """The SDP of one party; where the other one is to send."""
        families = self.scenario.sides
        cryptos = [self.scenario.crypto(i, side) for side in (0, 1)]
        message = {'command': command, 'call-id': f'call{i}', 'from-tag': f'a{i}',
                   'sdp': sdp(families[from_side],
                              remote_ip(from_side, families[from_side], i), cryptos[from_side]),
                   'transport-protocol': transport(cryptos[1 - from_side]),
                   'DTLS': 'off', 'ICE': 'remove', 'flags': ['asymmetric'],
                   'replace': ['origin', 'session-connection']}
        if command == 'offer':
            message.update({'direction': ['a', 'b'], 'address family': f'IP{families[1]}'})
        else:
            message['to-tag'] = f'b{i}'
        answer = self.ask(message)
        if answer.get('result') != b'ok':
            raise Failed(f'rtpengine: {answer}' + tail(self.log))
        return sdp_endpoint(answer['sdp'].decode())

    def create_all(self):
        """All calls; those of an earlier create_all() are gone."""
        locals_ = []
        for i in range(self.scenario.sessions):
            if self.created:
                self.ask({'command': 'delete', 'call-id': f'call{i}', 'from-tag': f'a{i}',
                          'delete-delay': 0})
            for_b = self.offer('offer', i, 0)
            for_a = self.offer('answer', i, 1)
            locals_.append((for_a, for_b))
        self.created = True
        return locals_

    def pause(self):
        self.p.send_signal(signal.SIGSTOP)

    def resume(self):
        self.p.send_signal(signal.SIGCONT)

    def check(self):
        if self.p.poll() is not None:
            raise Failed('rtpengine has ended' + tail(self.log))

    def close(self):
        self.control.close()
        end_process(self.p)


def prepare_peer():
    dut_cpu()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def socket_in(netns):
    """A UDP socket that lives in another namespace."""
    with open('/proc/self/ns/net') as here, open(f'/run/netns/{netns}') as there:
        libc_setns(there.fileno())
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            libc_setns(here.fileno())


def libc_setns(fd):
    """os.setns() came with Python 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


# ---- nftables ---------------------------------------------------------------------------------

class NoThread:
    """The kernel forwards in its own context: there is no thread to be kept waiting."""

    @staticmethod
    def times():
        return 0, 0


class Nftables:
    """Destination and source NAT of each flow, all in the kernel."""

    name = 'nftables'
    port = 0
    thread = NoThread()
    first_port = 10000

    def __init__(self, ctx, veth, scenario):
        self.scenario = scenario
        self.netns = veth.netns
        veth.address_kernel(scenario)
        veth.steer_kernel()
        family = scenario.sides[0]
        if family == 4:
            veth.sysctl(self.netns, 'net.ipv4.ip_forward', 1)
            veth.sysctl(self.netns, 'net.ipv4.conf.all.send_redirects', 0)
            veth.sysctl(self.netns, 'net.ipv4.conf.vd.send_redirects', 0)
        else:
            veth.sysctl(self.netns, 'net.ipv6.conf.all.forwarding', 1)

    def local(self, i, side):
        return local_ip(side, self.scenario.sides[side], 0), self.first_port + 2 * i

    def create_all(self):
        dnat, snat, locals_ = [], [], []
        family = self.scenario.sides[0]
        for i in range(self.scenario.sessions):
            locals_.append([self.local(i, side) for side in (0, 1)])
            for side in (0, 1):
                ip, port = self.local(i, side)
                out_ip, out_port = self.local(i, 1 - side)
                to = remote_ip(1 - side, family, i)
                dnat.append(f'{ip} . {port} : {to} . {REMOTE_PORT}')
                snat.append(f'{to} . {REMOTE_PORT} : {out_ip} . {out_port}')
        ip = 'ip' if family == 4 else 'ip6'
        text = f'''table {ip} bench {{
            chain pre {{
                type nat hook prerouting priority dstnat
                dnat {ip} to {ip} daddr . udp dport map {{ {", ".join(dnat)} }}
            }}
            chain post {{
                type nat hook postrouting priority srcnat
                snat {ip} to {ip} daddr . udp dport map {{ {", ".join(snat)} }}
            }}
        }}'''
        run(['ip', 'netns', 'exec', self.netns, 'nft', '-f', '-'], input=text)
        return locals_

    def pause(self):
        pass

    def resume(self):
        pass

    def check(self):
        pass

    def close(self):
        pass
