#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A browser that restarts ICE, and one whose path goes away, in mid-call with a phone.

The browser's namespace is on the link twice, eth0 and eth1 (10.0.0.2 and 10.0.0.3). Media has to
be back both ways within 2 s of the nomination that the change brings about.
"""
import os
import subprocess
import threading
import time

import netns
import peer
from calls import IP, Call, plain, wait_for, webrtc
from media import check, done, equal
from tandem import Client
from wiretap import Datagram

BACK_S = 2


class Watch:
    """When media came to party P-ns by an interface: (time, destination)."""

    def __init__(self, ns, interface):
        with netns.inside(ns):
            self.socket = netns.socket.socket(netns.socket.AF_PACKET, netns.socket.SOCK_RAW,
                                              netns.socket.htons(3))
            self.socket.bind((interface, 3))
        self.socket.settimeout(0.2)
        self.seen, self.going = [], True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.going:
            try:
                frame, where = self.socket.recvfrom(65535)
            except (TimeoutError, OSError):  # OSError: the interface is down
                continue
            if where[2] != netns.socket.PACKET_HOST or not (
                    frame[12:14] == b'\x08\x00' and frame[23] == 17):
                continue
            d = Datagram(frame)
            if d.payload and 128 <= d.payload[0] < 192 and not d.rtcp:
                self.seen.append((time.monotonic(), d.dst))

    def stop(self):
        self.going = False
        self.thread.join()
        self.socket.close()


class Nominations(threading.Thread):
    """When tandem said that a pair is nominated: (time, session, remote)."""

    def __init__(self):
        super().__init__(daemon=True)
        self.client = Client(timeout_s=0.2)
        self.client.call('events.subscribe', types=['ice.state'])
        self.all, self.going = [], True
        self.start()

    def run(self):
        while self.going:
            try:
                event = self.client.read_event()
            except TimeoutError:
                continue
            if event['state'] == 'completed':
                self.all.append((time.monotonic(), event['id'],
                                 (event['remote']['ip'], event['remote']['port'])))

    def stop(self):
        self.going = False
        self.join()


class Change:
    """A call, what changes in it, and how long media needs."""

    def __init__(self, client, call_id, browser='chromium'):
        self.client = client
        self.browser = peer.browser('a', f'{call_id}-browser', browser)
        self.phone = peer.plain('b', f'{call_id}-phone', IP['wan4'])
        self.call = Call(client, call_id, self.browser, self.phone, webrtc('lan4'), plain('wan4'),
                         video=True).offer()
        self.call.wait_media(20)
        self.nominations = Nominations()
        self.watches = [Watch('a', 'eth0'), Watch('a', 'eth1')]
        self.at_phone = Watch('b', 'eth0')
        self.before = self.ice()
        time.sleep(0.5)

    def ice(self):
        return self.client.call('session.get', id=self.call.id)['legs'][0]['ice']

    @property
    def at_browser(self):
        return sorted(x for w in self.watches for x in w.seen)

    def judge(self, what, since, from_before=False):
        """Media after the first nomination since then; the greatest gap from then on."""
        nominated = wait_for(f'{what}: a nomination', lambda: next(
            (n for n in self.nominations.all if n[0] > since and
             (from_before or n[2] != self.old)), None), 40)
        at, _, remote = nominated
        back = []
        for name, seen in (('browser', lambda: [t for t, dst in self.at_browser
                                                if t > at and dst == remote]),
                           ('phone', lambda: [t for t, _ in self.at_phone.seen if t > at])):
            times = wait_for(f'{what}: media at the {name}', seen, 10)
            back.append(times[0] - at)
            check(times[0] - at < BACK_S, f'{what}: at the {name} {times[0] - at:.2f} s after')
        # And it is media that the browser can open, and goes on.
        self.call.wait_media(20)
        gaps = [greatest_gap([t for t, _ in seen if t > since - 0.5])
                for seen in (self.at_browser, self.at_phone.seen)]
        print(f'{what}: nominated after {at - since:.2f} s; from then to media at the browser '
              f'{1000 * back[0]:.0f} ms, at the phone {1000 * back[1]:.0f} ms; '
              f'longest gaps {gaps[0]:.2f} and {gaps[1]:.2f} s', flush=True)
        return gaps

    @property
    def old(self):
        pair = self.before['pair']['remote']
        return pair['ip'], pair['port']

    def end(self):
        for x in (*self.watches, self.at_phone, self.nominations):
            x.stop()
        for p in (self.browser, self.phone):
            p.end()
        self.call.end()


def greatest_gap(times):
    return max(b - a for a, b in zip(times, times[1:]))


def ip(ns, *command):
    subprocess.run(['ip', '-n', f'{os.environ["SMOKE_PREFIX"]}-{ns}', *command], check=True)


def second_path(on):
    """10.0.0.3 at eth1, with a route of its own."""
    if not on:
        ip('a', 'addr', 'flush', 'dev', 'eth1')
        return
    ip('a', 'addr', 'add', '10.0.0.3/24', 'dev', 'eth1', 'noprefixroute')
    ip('a', 'route', 'add', '10.0.0.0/24', 'dev', 'eth1', 'metric', '100')
    ip('a', 'route', 'replace', '10.0.0.0/24', 'dev', 'eth1', 'table', '100')
    ip('a', 'route', 'add', 'default', 'via', '10.0.0.1', 'dev', 'eth1', 'metric', '100')


def first_path(on):
    if not on:
        ip('a', 'addr', 'flush', 'dev', 'eth0')
        ip('a', 'link', 'set', 'eth0', 'down')
        return
    ip('a', 'link', 'set', 'eth0', 'up')
    ip('a', 'addr', 'add', '10.0.0.2/24', 'dev', 'eth0')
    ip('a', 'route', 'replace', 'default', 'via', '10.0.0.1', 'dev', 'eth0')


def in_place(client, browser):
    """ICE begins anew over the same link: media doesn't stop for it."""
    c = Change(client, f'restart-{browser}', browser)
    since = time.monotonic()
    c.call.offer_again(ice_restart=True)
    gaps = c.judge(f'{browser}: restart', since, from_before=True)
    check(max(gaps) < 1, f'{browser}: restart: a gap of {max(gaps)} s')
    after = c.ice()
    check(after['ufrag'] != c.before['ufrag'] and
          after['remote_ufrag'] != c.before['remote_ufrag'], f'{browser}: user names are new')
    # The phone's offer restarts nothing.
    c.call.offer_again(by=1)
    equal(c.ice()['ufrag'], after['ufrag'], f'{browser}: user name after an offer of the phone')
    c.call.wait_media(20)
    c.end()


def to_new_path(client):
    """The browser moves to another interface and says so by a restart, as a page does that is
    told of a new network."""
    c = Change(client, 'moved')
    equal(c.old[0], '10.0.0.2', 'address at first')
    second_path(True)
    since = time.monotonic()
    first_path(False)
    wait_for('the browser knows its new address',
             lambda: set(c.browser.ask('addresses')['addresses']) == {'10.0.0.3'})
    c.call.offer_again(ice_restart=True)
    c.judge('path gone, restart', since)
    equal(c.ice()['pair']['remote']['ip'], '10.0.0.3', 'address afterwards')
    c.end()
    first_path(True)
    second_path(False)


def to_known_path(client):
    """Of two paths that the browser knows the one in use goes away: it nominates the other, and
    nobody is told but by its checks."""
    second_path(True)
    c = Change(client, 'switched')
    cut = {'10.0.0.2': 'port-a', '10.0.0.3': 'port-a1'}[c.old[0]]
    since = time.monotonic()
    ip('w', 'link', 'set', cut, 'down')
    c.judge('path gone, no word', since)
    check(c.ice()['pair']['remote']['ip'] != c.old[0], 'address afterwards')
    c.end()
    ip('w', 'link', 'set', cut, 'up')
    second_path(False)


def taken_over(client):
    """The phone offers again, and another connection of the browser's answers: its checks and its
    handshake begin before its answer is here."""
    c = Change(client, 'taken')
    c.call.offer_again(by=1, anew=True)
    wait_for('the other connection', lambda: c.call.connected() and not c.ice()['restarting'], 10,
             c.call.state)
    c.call.wait_media(20)
    after = c.ice()
    equal(after['ufrag'], c.before['ufrag'], 'user name of ours after the answer of another')
    check(after['remote_ufrag'] != c.before['remote_ufrag'], 'user name of another')
    equal(c.call.leg('audio', 0)['security']['state'], 'connected', 'DTLS of another')
    c.end()


def main():
    client = Client()
    in_place(client, 'chromium')
    in_place(client, 'firefox')
    to_new_path(client)
    to_known_path(client)
    taken_over(client)
    done()


if __name__ == '__main__':
    main()
