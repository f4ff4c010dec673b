# SPDX-License-Identifier: BSD-3-Clause
"""Part rtpproxy: commands of rtpproxy's protocol, and recordings of many calls at once.

The client and the control lcore share core 0, and in the second half the generator and the
recorder's thread do; the worker has core 1.
"""
import os
import select
import socket
import time

from .flows import REMOTE_PORT, Scenario, remote_ip
from .gen import Gen
from .search import Watch
from .tandem import Tandem, memif_device
from .util import Failed, mid, progress, spread, wait_for

CONTROL_PORT = 22999
WINDOW = 64          # commands under way; more would overflow the socket's buffer
RECORDED = 1000      # calls at once
PPS_A_FLOW = 50
COPY_MBUFS = 32768
FILE_SYSTEM_MIN = 1 << 30
VOID_MAX = 3


class Client:
    """Commands over one UDP socket, WINDOW of them unanswered."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(('127.0.0.1', CONTROL_PORT))
        self.socket.setblocking(False)
        self.number = 0

    def replies(self, out):
        """Takes in what is there, or waits for the first."""
        if not select.select([self.socket], [], [], 5)[0]:
            raise Failed('rtpproxy: a command was not answered within 5 s')
        n = 0
        while True:
            try:
                reply = self.socket.recv(2048)
            except BlockingIOError:
                return n
            cookie, _, rest = reply.partition(b' ')
            if rest.startswith(b'E'):
                raise Failed(f'rtpproxy: {rest.decode().strip()}')
            out[int(cookie)] = rest
            n += 1

    def send(self, commands):
        """Their replies in order, and seconds."""
        begin, out, waiting = self.number, {}, 0
        start = time.monotonic()
        for text in commands:
            self.socket.send(b'%d %s' % (self.number, text))
            self.number += 1
            waiting += 1
            if waiting == WINDOW:
                waiting -= self.replies(out)
        while waiting:
            waiting -= self.replies(out)
        seconds = time.monotonic() - start
        return [out[i] for i in range(begin, self.number)], seconds


def update(i):
    return f'UIEc0,8,101 {i}@bench {remote_ip(0, 4, i)} {REMOTE_PORT} a;1'.encode()


def lookup(i):
    return f'LEIc0,8,101 {i}@bench {remote_ip(1, 4, i)} {REMOTE_PORT} a;1 b;1'.encode()


def delete(i):
    return f'D {i}@bench a b'.encode()


def place(reply):
    port, ip = reply.split()[:2]
    return ip.decode(), int(port)


class Front(Tandem):
    """tandemd whose sessions are set up by rtpproxy's commands."""

    def __init__(self, ctx, scenario, device, record_dir=None):
        extra = {'rtpproxy': {'control': [f'udp:127.0.0.1:{CONTROL_PORT}'],
                              'bind': {'internal': 'a0', 'external': 'b0'}, 'latch': 'strict',
                              'ttl_s': 600}}
        if record_dir:
            extra['media'] = {'record_dir': record_dir, 'copy_mbufs': COPY_MBUFS}
            extra['rtpproxy'].update(record_all=True, record_format='pcap')
        super().__init__(ctx.build, ctx.tmp, scenario, device, extra=extra)
        self.client = Client()

    def control_ns(self):
        """CPU time of the control lcore's thread."""
        return self.thread.read(f'/proc/{self.p.pid}/task/{self.p.pid}/schedstat')[0]

    def run(self, commands):
        """Replies; commands a second; commands a second of the control lcore's own time."""
        before = self.control_ns()
        replies, seconds = self.client.send(commands)
        own = (self.control_ns() - before) / 1e9
        return replies, len(replies) / seconds, len(replies) / own if own else None


# ---- commands ------------------------------------------------------------------------------------

def measure_commands(ctx):
    calls = ctx.rtpproxy['calls']
    scenario = Scenario('relay4', 2 * calls)
    cycles, own, setups, deletes = [], [], [], []
    front = Front(ctx, scenario, 'net_null0,no-rx=1')
    try:
        for _ in range(ctx.rtpproxy['rounds']):
            progress.now('rtpproxy: cycles of U, L, D')
            _, a_second, own_second = front.run(
                c(i) for i in range(calls) for c in (update, lookup, delete))
            cycles.append(a_second)
            own.append(own_second)
            progress.now('rtpproxy: calls set up')
            _, a_second, _ = front.run(c(i) for i in range(calls) for c in (update, lookup))
            setups.append(a_second / 2)
            _, a_second, _ = front.run(delete(i) for i in range(calls))
            deletes.append(a_second)
        left = front.counters('session.active').get('session.active', 0)
        if left:
            raise Failed(f'rtpproxy: {left} sessions are left')
    finally:
        front.close()
    return {'calls': calls, 'commands_per_s': spread(cycles), 'own_commands_per_s': spread(own),
            'calls_per_s': spread(setups), 'deletes_per_s': spread(deletes)}


# ---- recording -----------------------------------------------------------------------------------

def place_for_files(ctx):
    """Memory where there is enough: what is measured is not a disk."""
    s = os.statvfs('/dev/shm')
    if s.f_bavail * s.f_frsize >= FILE_SYSTEM_MIN:
        return f'/dev/shm/{os.path.basename(ctx.tmp)}', 'memory'
    return f'{ctx.tmp}/record', 'disk'


def one_run(gen, rate, ms):
    r = gen.run(port=0, rate_pps=rate, ms=ms)
    return {'offered': r['sent'] + r['refused'], 'lost': r['lost'], 'received': r['received'],
            'offered_pps': r['offered_pps'], 'seconds': r['seconds']}


def end_recordings(front):
    """The calls end, and with them the files: packets that are in them."""
    front.run(delete(i) for i in range(RECORDED))
    wait_for('the ends of recordings',
             lambda: not front.counters('media.sinks').get('media.sinks', 0), 30, front.p,
             front.log)
    return front.counters('media.packets')['media.packets']


def measure_recording(ctx):
    scenario = Scenario('relay4', 2 * RECORDED)
    folder, kind = place_for_files(ctx)
    os.mkdir(folder)
    path = f'{ctx.tmp}/memif-0.sock'
    if os.path.exists(path):
        os.unlink(path)
    gen = Gen(ctx.build, ctx.tmp,
              [f'net_memif0,role=server,id=0,socket={path},socket-abstract=no'])
    front = None
    try:
        front = Front(ctx, scenario, memif_device(0, path), folder)
        progress.now(f'rtpproxy: {RECORDED} calls that are recorded')
        replies, _, _ = front.run(c(i) for i in range(RECORDED) for c in (update, lookup))
        places = [place(r) for r in replies]
        flows = f'{ctx.tmp}/flows'
        # L told the port that faces the caller, U that of the callee.
        scenario.write_flows(flows, [(places[2 * i + 1], places[2 * i]) for i in range(RECORDED)])
        gen.load(flows)
        gen.wait_link(0, front.p, front.log)
        gen.size(200)
        relayed = gen.run(port=0, rate_pps=20000, ms=200)['received']  # files are made
        void = 0
        while True:
            watch = Watch(front)
            r = one_run(gen, 2 * RECORDED * PPS_A_FLOW, ctx.rtpproxy['record_ms'])
            relayed += r['received']
            if not r['lost'] or not watch.disturbed() or void == VOID_MAX:
                break
            void += 1
        recorded = end_recordings(front)
    finally:
        if front:
            front.close()
        gen.close()
        for name in os.listdir(folder):
            os.unlink(f'{folder}/{name}')
        os.rmdir(folder)
    return {'calls': RECORDED, 'onto': kind, 'void': void, 'relayed': relayed,
            'recorded': recorded, 'not_recorded': relayed - recorded, **r}


def measure(ctx):
    out = {'commands': measure_commands(ctx), 'recording': measure_recording(ctx)}
    c, r = out['commands'], out['recording']
    progress.keep(f'  rtpproxy: {c["commands_per_s"]["median"]:,.0f} commands a second, '
                  f'{c["own_commands_per_s"]["median"]:,.0f} of the control lcore\'s own time; '
                  f'{c["calls_per_s"]["median"]:,.0f} calls set up a second')
    progress.keep(f'  rtpproxy: {r["calls"]:,} calls recorded at once, {r["offered_pps"]:,.0f} '
                  f'packets a second: {r["lost"]} of {r["offered"]:,} lost by the relay, '
                  f'{r["not_recorded"]:,} of {r["relayed"]:,} not recorded')
    return out


# ---- for targets and the report ------------------------------------------------------------------

def commands_a_second(figures):
    return mid(figures['rtpproxy']['commands']['commands_per_s'])


def relayed_lost(figures):
    return figures['rtpproxy']['recording']['lost']
