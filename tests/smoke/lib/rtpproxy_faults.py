#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rtpproxy_faults.py TMP TANDEMD_PID: a call that goes on whatever is lost around it.

Party A (10.0.0.2) and party B (192.0.2.2) talk all the time; meanwhile the target of timeout
notifications, the disk of recordings and clients of the control protocol fail one after the other.
After each of them the call's packets are counted: all are there, none came twice.
"""
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from media import Endpoint, check, done, equal, settle
from rtpp import Udp, ask, place, stream
from tandem import Client

RATE = 50
TMP, PID = sys.argv[1], sys.argv[2]
NOTIFY = f'{TMP}/notify.sock'
DISK = f'{TMP}/disk'


def wait_for(seconds, what, condition):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f'{what}, within {seconds} s')
        time.sleep(0.05)


class Call:
    """Set up by U and L."""

    def __init__(self, client, name, port, notify=''):
        self.client, self.name = client, name
        self.a = Endpoint('a', '10.0.0.2', port)
        self.b = Endpoint('b', '192.0.2.2', port + 1000)
        update = f'UIE {name} {self.a.ip} {self.a.port} from {notify}'
        self.to_b = place(client.command(update.strip()))
        self.to_a = place(client.command(f'LEI {name} {self.b.ip} {self.b.port} from to'))

    def send(self):
        self.a.send(self.to_a)
        self.b.send(self.to_b)

    def whole(self, what):
        # A machine with more to do than it can takes its time.
        end = time.monotonic() + 3
        settle([self.a, self.b])
        while ((self.a.count() < self.b.next or self.b.count() < self.a.next) and
               time.monotonic() < end):
            settle([self.a, self.b])
        for sender, receiver in (self.a, self.b), (self.b, self.a):
            numbers = receiver.numbers()
            check(numbers == list(range(sender.next)),
                  f'{what}: {len(numbers)} packets of {sender.next} arrived, or not in order')


class Talk:
    """The call that never stops, in a thread of its own."""

    def __init__(self, call):
        self.call = call
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            with self.lock:
                self.call.send()
            time.sleep(1 / RATE)

    def goes_on(self, what):
        with self.lock:
            before = self.call.a.next
        wait_for(10, 'packets go on', lambda: self.call.a.next >= before + 5)
        with self.lock:
            self.call.whole(what)
        print(f'   the call goes on: {self.call.a.next} packets each way', flush=True)


# ---- the target of notifications -----------------------------------------------------------------

class Target:
    """Lines that it was told; or it accepts and never reads."""

    def __init__(self, reads=True):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(NOTIFY)
        self.listener.listen()
        self.reads, self.lines, self.connections = reads, [], []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                if self.reads:
                    threading.Thread(target=self.read, args=(connection,), daemon=True).start()
        except OSError:
            return

    def read(self, connection):
        try:
            with connection.makefile() as f:
                for line in f:
                    self.lines.append(line.rstrip('\n'))
        except OSError:
            return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            c.shutdown(socket.SHUT_RDWR)
            c.close()
        os.unlink(NOTIFY)


def silent_call(client, name, port):
    """Ends by its timeout, which is told as its name."""
    call = Call(client, name, port, f'to unix:{NOTIFY} {name}')
    equal(client.command(f'U {name} {call.a.ip} {call.a.port} from to unix:{NOTIFY} {name} '
                         '&& S ttl=1').split()[0], str(call.to_b['port']), 'its port again')
    for e in call.a, call.b:
        e.socket.close()


def gone(api, name):
    return not api.call('session.list', prefix=name)['sessions']


def lose_the_target(client, api, talk):
    target = Target()
    silent_call(client, 'told', 4100)
    wait_for(10, 'the timeout is told', lambda: target.lines == ['told'])
    target.close()
    print('   nobody listens', flush=True)
    silent_call(client, 'lost', 4200)
    wait_for(10, 'the session ends all the same', lambda: gone(api, 'lost'))
    talk.goes_on('without a target')
    print('   it accepts and never reads', flush=True)
    target = Target(reads=False)
    silent_call(client, 'stuck', 4300)
    wait_for(10, 'the session ends', lambda: gone(api, 'stuck'))
    talk.goes_on('with a target that does not read')
    target.close()
    print('   it is back', flush=True)
    target = Target()
    silent_call(client, 'back', 4400)
    wait_for(20, 'it is told again', lambda: 'back' in target.lines)
    talk.goes_on('with its target back')
    target.close()


# ---- the disk ------------------------------------------------------------------------------------

def in_its_mounts(*command):
    return subprocess.run(['nsenter', '-t', PID, '-m', '--', *command], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def lose_the_disk(client, api, talk):
    api.call('events.subscribe', types=['record.ended'])
    call = Call(client, 'recorded', 4500)
    equal(client.command('R recorded from to'), '0', 'R')
    for _ in range(20):
        call.send()
        time.sleep(0.02)
    print('   it is full', flush=True)
    check(in_its_mounts('dd', 'if=/dev/zero', f'of={DISK}/full', 'bs=4k').returncode != 0,
          'the disk can be filled')
    start = time.monotonic()
    while time.monotonic() - start < 5:
        for _ in range(5):
            call.send()
        time.sleep(0.02)
    call.whole('the call that is recorded onto a full disk')
    talk.goes_on('with a full disk')
    check(client.command('V') == '20040107', 'commands are answered')
    equal(client.command('D recorded from to'), '0', 'D')
    event = api.read_event()
    print(f'   {event["reason"]}: {event.get("packets")} packets recorded, '
          f'{event.get("lost")} lost', flush=True)
    check(event['id'].startswith('recorded/'), 'the end of the recording is told')
    lost = api.call('stats.get', names=['media.lost'])['counters']['media.lost']
    check(lost > 0 or event['reason'] not in ('stopped', 'session'),
          'what was not recorded is counted, or told')
    in_its_mounts('rm', f'{DISK}/full')
    print('   there is room again', flush=True)
    call = Call(client, 'again', 4700)
    equal(client.command('R again from to'), '0', 'R')
    for _ in range(50):
        call.send()
        time.sleep(0.01)
    call.whole('the call that is recorded afterwards')
    equal(client.command('D again from to'), '0', 'D')
    event = api.read_event()
    equal((event['id'], event['packets'], event['lost']), ('again/from', 50, 0),
          'a whole recording')
    check(in_its_mounts('ls', *event['files']).returncode == 0, 'its file is there')
    talk.goes_on('with room on the disk')


# ---- clients -------------------------------------------------------------------------------------

def lose_clients(client, talk):
    tcp = ('t', '127.0.0.1', 22223)
    half = 'U half 10.0.0.2 40'
    print('   in mid-command, by a reset', flush=True)
    for _ in range(20):
        for where in tcp, f'{TMP}/c.sock', f'{TMP}/u.sock':
            s = stream(where)
            if where != f'{TMP}/u.sock':
                s.sendall(half.encode())
            if where == tcp:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.close()
    talk.goes_on('with clients that left in mid-command')
    print('   in mid-command, and silent', flush=True)
    silent = [stream(where) for where in (tcp, f'{TMP}/c.sock') for _ in range(20)]
    for s in silent:
        s.sendall(half.encode())
    silent += [stream(f'{TMP}/u.sock') for _ in range(20)]
    print('   commands, and no reply is read', flush=True)
    deaf = stream(f'{TMP}/c.sock')
    deaf.setblocking(False)
    sent = 0
    try:
        while sent < 64 << 20:
            sent += deaf.send(b'V\n' * 4096)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass
    start = time.monotonic()
    equal(client.command('V'), '20040107', 'V by UDP')
    for where in tcp, f'{TMP}/c.sock':
        s = stream(where)
        equal(ask(s, 'V'), '20040107', f'V by {where}')
        equal(ask(s, 'Q talk from to').split()[0].isdigit(), True, f'Q by {where}')
        s.close()
    s = stream(f'{TMP}/u.sock')
    equal(ask(s, 'V'), '20040107', 'V by a unix socket')
    s.close()
    check(time.monotonic() - start < 2, f'others wait for {time.monotonic() - start:.1f} s')
    talk.goes_on('with clients that do not go on')
    equal(client.command('Q half from'), 'E50', 'half a command was not carried out')
    for s in silent + [deaf]:
        s.close()


# ---- one session's media for another --------------------------------------------------------------

def copy_a_call(client, api, talk):
    call = Call(client, 'source', 4600)
    left, right = Endpoint('a', '10.0.0.2', 4620), Endpoint('b', '192.0.2.2', 5620)
    reply = client.command(f'UIE copy {left.ip} {left.port} rec to && C nobody from to')
    equal(reply.split(' && ')[1], '-1', 'a copy of what is not there')
    reply = client.command(f'UIE copy {left.ip} {left.port} rec to && C source from to')
    check('&&' not in reply, 'a copy of what is there')
    to_right = place(reply)
    to_left = place(client.command(f'LEI copy {right.ip} {right.port} rec to'))
    for _ in range(50):
        call.send()
        time.sleep(0.01)
    call.whole('the call that is copied')
    # Who speaks hears what A hears, the other one what B hears; from the copy's own ports.
    for who, port in (left, to_left), (right, to_right):
        wait_for(5, 'all is copied', lambda who=who: who.count() >= 50)
        equal(who.numbers(), list(range(50)), 'what is copied')
        equal({source for _, _, source in who.got}, {(port['ip'], port['port'])}, 'from where')
    equal(left.ssrcs, {call.b.ssrc}, 'whom the one hears')
    equal(right.ssrcs, {call.a.ssrc}, 'whom the other one hears')
    left.clear()
    right.clear()
    left.send(to_left, 5)
    right.send(to_right, 5)
    settle([left, right], 200)
    equal((left.got, right.got), ([], []), 'what the parties of the copy send')
    talk.goes_on('beside a copy')
    equal(client.command('D source from'), '0', 'the end of what is copied')
    wait_for(5, 'the copy ends', lambda: not api.call('stats.get')['counters'].get('media.sinks'))
    equal(client.command('Q copy rec to').split()[0].isdigit(), True, 'its session goes on')
    equal(client.command('D copy rec'), '0', 'its end')


def main():
    client, api = Udp('t', '127.0.0.1', 22222), Client()
    talk = Talk(Call(client, 'talk', 4000))
    print('== the target of notifications', flush=True)
    lose_the_target(client, api, talk)
    print('== the disk', flush=True)
    lose_the_disk(client, api, talk)
    print('== control clients', flush=True)
    lose_clients(client, talk)
    print("== one session's media for another", flush=True)
    copy_a_call(client, Client(), talk)
    talk.goes_on('at the end')
    done()


if __name__ == '__main__':
    main()
