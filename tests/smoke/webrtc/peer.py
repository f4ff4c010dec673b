# SPDX-License-Identifier: BSD-3-Clause
"""Parties of a call, each a program of its own that speaks lines of JSON.

To its standard input {"do": VERB, …}, from its standard output one line for each: an object,
{"error": TEXT} if it failed. The verbs:

offer     {"audio", "video"}: {"sdp"}. With "again" for a call that there is, "ice_restart"
accept    {"sdp", …as offer}: {"sdp"}, the answer to this offer
answered  {"sdp"}: takes the answer to its own offer
mute      {"on"}: stops sending media
stats     {"ice", "dtls", "audio", "video"}: states, and for each kind of media "sent" and
          "received" packets, "lost" ones, "reported_lost" by the other's receiver reports,
          "reported_sent" by the other's sender reports …
quit      ends
"""
import json
import os
import select
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(f'{HERE}/../../..')
PYTHON = '/usr/bin/python3'


class PeerError(Exception):
    pass


class Peer:
    """One such program in namespace P-ns; its standard error goes to NAME.log."""

    plain = False  # does it know nothing of ICE and DTLS?
    unsent = 0     # packets of each kind that it may count and not send when it is muted

    def __init__(self, ns, name, command, **environment):
        self.name = name
        tmp = os.environ['SMOKE_TMP']
        folder = f'{tmp}/{name}.d'
        os.makedirs(folder, exist_ok=True)
        command = [c.replace('FOLDER', folder) for c in command]
        if ns:
            command = ['ip', 'netns', 'exec', f'{os.environ["SMOKE_PREFIX"]}-{ns}', *command]
        with open(f'{tmp}/{name}.log', 'a') as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, 'HOME': folder, **environment})
        self.buffer = b''

    def ask(self, verb, timeout_s=90, **parameters):
        self.begin(verb, **parameters)
        return self.finish(timeout_s)

    def begin(self, verb, **parameters):
        self.verb = verb
        try:
            self.process.stdin.write(json.dumps({'do': verb, **parameters}).encode() + b'\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PeerError(f'{self.name} has ended') from None

    def finish(self, timeout_s=90):
        end = time.monotonic() + timeout_s
        while b'\n' not in self.buffer:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise PeerError(f'{self.name}: no answer to {self.verb} within {timeout_s} s')
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise PeerError(f'{self.name} has ended')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        answer = json.loads(line)
        if 'error' in answer:
            raise PeerError(f'{self.name}: {self.verb}: {answer["error"]}')
        return answer

    def stats(self):
        return self.ask('stats')

    def end(self):
        try:
            self.begin('quit')
            self.process.wait(10)
        except (PeerError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def browser(ns, name, kind='chromium', *options):
    party = Peer(ns, name, ['node', f'{HERE}/browser.js', kind, 'FOLDER', *options],
                 NODE_PATH=f'{ROOT}/build-webrtc/node_modules')
    party.unsent = int(kind == 'firefox')
    return party


def aiortc(ns, name):
    return Peer(ns, name, [PYTHON, f'{HERE}/aiortc_peer.py'])


def webrtcbin(ns, name):
    return Peer(ns, name, [PYTHON, f'{HERE}/webrtcbin_peer.py'])


def pion(ns, name, *options):
    return Peer(ns, name, [f'{ROOT}/build-webrtc/pion-peer', *options])


def plain(ns, name, ip, *options):
    party = Peer(ns, name, [PYTHON, f'{HERE}/plain_peer.py', ip, *options])
    party.plain = True
    return party
