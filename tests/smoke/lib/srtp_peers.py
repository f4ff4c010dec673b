#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""GStreamer and ffmpeg through tandem, all calls at the same time.

Each call is judged three times: by the parties (what they got is, byte for byte, what the other
was given to send), by the links (every packet that went out is the packet that came in, which
an SRTP of our own opens), and by tandem's report.
"""
import itertools
import json
import os
import subprocess
import sys
import time

import netns
from media import check, done, equal
from srtp_ref import Keys, key_of
from tandem import Client
from wiretap import Tap, verify

TMP = os.environ['SMOKE_TMP']
LIB = os.path.dirname(os.path.abspath(__file__))
IP = {'lan4': '10.0.0.2', 'lan6': 'fd00:a::2', 'wan4': '192.0.2.2', 'wan6': '2001:db8::2'}
RATE = 12000
NEAR_WRAP = 0x10000 - 100
CM80, CM32 = 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'
CM256, GCM128, GCM256 = 'AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'


def path(name):
    return os.path.join(TMP, name)


def spawn(name, command, ns=None, **more):
    if ns:
        command = ['ip', 'netns', 'exec', f'{os.environ["SMOKE_PREFIX"]}-{ns}', *command]
    with open(path(f'{name}.log'), 'w') as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log,
                                stdout=more.pop('stdout', log), text=True, **more)


def log_of(name):
    with open(path(f'{name}.log'), errors='replace') as f:
        return f.read()


class Party:
    """One side of a call: a leg of tandem's, keys of both directions, a program."""

    def __init__(self, address, profile=None):
        self.address, self.profile, self.ip = address, profile, IP[address]
        self.ns = 'a' if address.startswith('lan') else 'b'
        # By the party's own view: out is what it sends under.
        self.out, self.into = [profile and {'profile': profile, 'key': key_of(profile)}
                               for _ in range(2)]

    def leg(self):
        leg = {'address': self.address, 'remote': {'ip': self.ip, 'port': self.port}}
        if self.profile:
            leg['security'] = {'type': 'sdes', 'profile': self.profile,
                               'local_key': self.into['key'], 'remote_key': self.out['key']}
        return leg

    def keys(self, out):
        k = self.out if out else self.into
        return k and Keys(k['profile'], k['key'])


    def open(self, name):
        """Its port is known, but nobody need listen there yet."""
        self.name = name
        self.sent = path(f'{name}.sent') if self.sends else None
        self.got = path(f'{name}.got') if self.receives else None

    def make_sound(self, samples):
        with open(self.sent, 'wb') as f:
            f.write(os.urandom(2 * samples))

    def has_all_of(self, other):
        return not (self.got and other.sent) or (
            os.path.exists(self.got) and os.path.getsize(self.got) >= os.path.getsize(other.sent))

    def judge(self, other, packets):
        """Of `packets`, RTP and RTCP from the other as the links have them, and what it sent."""
        if self.got and other.sent:
            check(contents(self.got) == contents(other.sent),
                  f'{self.name} did not get what {other.name} sent')


class Gst(Party):
    """Both ways, with reports both ways."""

    def __init__(self, *args, sends=True, seq=NEAR_WRAP, ahead=8):
        super().__init__(*args)
        self.sends, self.receives, self.seq, self.ahead = sends, True, seq, ahead

    def open(self, name):
        super().open(name)
        self.sockets = [netns.udp(self.ns, self.ip, 0)]
        self.port = self.sockets[0].getsockname()[1]
        self.sockets.append(netns.udp(self.ns, self.ip, self.port + 1))
        for s in self.sockets:
            s.setsockopt(netns.socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE

    def listen(self):
        pass  # the sockets are open

    def start(self, to, rtcp_to, packets, samples, rate):
        if self.sends:
            self.make_sound(samples * packets)
        self.process = spawn(self.name, [sys.executable, f'{LIB}/srtp_gst.py', json.dumps({
            'fds': [s.fileno() for s in self.sockets], 'to': [*to, rtcp_to[1]],
            'send': self.sent, 'receive': self.got, 'rate': rate, 'samples': samples,
            'ahead': self.ahead, 'seq': self.seq, 'out': self.out, 'in': self.into})],
            pass_fds=[s.fileno() for s in self.sockets], stdout=subprocess.PIPE,
            preexec_fn=netns.die_with_parent)

    def judge(self, other, packets):
        super().judge(other, packets)
        self.judge_reports(other.sends, isinstance(other, Gst))

    def judge_reports(self, sends, tells):
        """Does the other one send, does it tell what it has received?"""
        if sends:
            check(self.report['reports'] > 0, f'{self.name}: no sender report from the other')
        if self.sends and tells:
            check(self.report['round_trip'], f'{self.name}: no report on what it sent')

    def end(self):
        self.process.terminate()
        text = self.process.communicate(timeout=10)[0]
        check(self.process.returncode == 0, f'{self.name} failed: {log_of(self.name)}')
        self.report = json.loads(text)
        for s in self.sockets:
            s.close()


class Ffmpeg(Party):
    """One way: its sockets cannot do both."""
    ports = itertools.count(4000, 10)
    # By the name of SDP it would cut the tags of SRTCP to 32 bits too, which RFC 4568 §6.2 does not.
    suites = {CM80: CM80, CM32: 'SRTP_AES128_CM_HMAC_SHA1_32'}

    def open(self, name):
        super().open(name)
        self.port = next(self.ports)
        self.process = None

    def ffmpeg(self, *args, **more):
        self.process = spawn(self.name, ['ffmpeg', '-nostdin', '-hide_banner', '-loglevel',
                                         'warning', *args], self.ns, **more)

    def url(self, to, options):
        host = f'[{to[0]}]' if ':' in to[0] else to[0]
        return f'{"srtp" if self.profile else "rtp"}://{host}:{to[1]}?localport={self.port}{options}'

    def listen(self):
        pass

    def start(self, *_):
        pass


class FfmpegSends(Ffmpeg):
    sends, receives = True, False

    def start(self, to, rtcp_to, packets, samples, rate):
        self.make_sound(samples * packets)
        keys = ('-srtp_out_suite', self.suites[self.profile], '-srtp_out_params', self.out['key']) \
            if self.out else ()
        size = 12 + 2 * samples + (14 if self.out else 0)
        self.ffmpeg('-re', '-f', 's16be', '-ar', f'{rate}', '-ac', '1', '-i', self.sent, '-c',
                    'copy', '-payload_type', '96', '-f', 'rtp', '-seq',
                    f'{NEAR_WRAP}', *keys, self.url(to, f'&pkt_size={size}'), stdout=subprocess.DEVNULL)

    def end(self):
        equal(self.process.wait(10), 0, f'{self.name}: exit code; {log_of(self.name)}')


class FfmpegListens(Ffmpeg):
    """By an SDP with a=crypto."""
    sends, receives = False, True

    def listen(self):
        family, loopback = ('IP6', '::1') if ':' in self.ip else ('IP4', '127.0.0.1')
        lines = ['v=0', f'o=- 0 0 IN {family} {loopback}', 's=-', f'c=IN {family} {loopback}',
                 't=0 0', f'm=audio {self.port} RTP/{"S" if self.profile else ""}AVP 96',
                 f'a=rtpmap:96 L16/{RATE}/1']
        if self.profile:
            lines.append(f'a=crypto:1 {self.suites[self.profile]} inline:{self.into["key"]}')
        with open(path(f'{self.name}.sdp'), 'w') as f:
            f.write('\r\n'.join(lines + ['']))
        self.ffmpeg('-protocol_whitelist', 'file,udp,rtp,srtp', '-i', path(f'{self.name}.sdp'),
                    '-c', 'copy', '-f', 's16be', '-flush_packets', '1', '-y', self.got)
        wait_for(f'{self.name} listens', lambda: listens(self.ns, self.port), 10)

    def end(self):
        self.process.kill()  # SIGTERM would wait for another packet
        self.process.wait(10)


class FfmpegOpens(FfmpegListens):
    """By srtp://, whatever comes, headers and RTCP as well."""

    def listen(self):
        self.ffmpeg('-f', 'data', '-srtp_in_suite', self.suites[self.profile], '-srtp_in_params',
                    self.into['key'], '-i', self.url(('127.0.0.1', 9), ''), '-map', '0', '-c',
                    'copy', '-f', 'data', '-flush_packets', '1', '-y', self.got)
        wait_for(f'{self.name} listens', lambda: listens(self.ns, self.port), 10)

    def judge(self, other, packets):
        left = contents(self.got)
        for p in packets:
            check(p in left, f'{self.name} did not open what {other.name} sent')
            left = left.replace(p, b'', 1)
        equal(left, b'', f'{self.name}: what nobody sent')


def listens(ns, port):
    with netns.inside(ns):
        return any(f':{port:04X} ' in contents(f'/proc/thread-self/net/{n}').decode()
                   for n in ('udp', 'udp6'))


def contents(name):
    with open(name, 'rb') as f:
        return f.read()


class Call:
    def __init__(self, client, name, a, b):
        self.client, self.name, self.parties = client, name, (a, b)
        for p, side in zip(self.parties, 'ab'):
            p.open(f'{name}-{side}')
        legs = client.call('session.create', id=name, legs=[p.leg() for p in self.parties])['legs']
        self.rtp = [(x['local']['ip'], x['local']['port']) for x in legs]
        self.rtcp = [(x['rtcp']['ip'], x['rtcp']['port']) for x in legs]

    def listen(self):
        for p in self.parties:
            p.listen()

    def start(self, packets, samples=96, rate=RATE):
        self.packets = packets
        for i, p in enumerate(self.parties):
            p.start(self.rtp[i], self.rtcp[i], packets, samples, rate)

    def finished(self):
        a, b = self.parties
        return a.has_all_of(b) and b.has_all_of(a)

    def end(self):
        for p in self.parties:
            p.end()
        self.report = self.client.call('session.delete', id=self.name)

    def judge(self, taps):
        """Prints how many packets there were."""
        counts = []
        for i, me in enumerate(self.parties):
            other, packets = self.parties[1 - i], []
            for rtcp, local in (False, self.rtp), (True, self.rtcp):
                plain, dropped = verify(
                    f'{self.name}, from {me.name}{", RTCP" if rtcp else ""}',
                    taps[me.ns], taps[other.ns], ((me.ip, me.port + rtcp), local[i]),
                    (local[1 - i], (other.ip, other.port + rtcp)), me.keys(True),
                    other.keys(False), rtcp)
                packets.append(plain)
                equal(dropped, 0, f'{self.name}: not authentic, from {me.name}')
                if me.sends:
                    check(packets[-1], f'{self.name}: nothing from {me.name}')
            if other.receives:
                other.judge(me, packets[0] + packets[1])
            counts.append(f'{len(packets[0])}+{len(packets[1])}')
        self.judge_report()
        print('{:16} from A {:9} from B'.format(self.name, counts[0]), counts[1], flush=True)

    def judge_report(self):
        for i, leg in enumerate(self.report['legs']):
            if self.parties[i].sends:
                is_at_least = leg['rx']['packets'] >= self.packets
                check(is_at_least, f'{self.name}: leg {i}: only {leg["rx"]["packets"]} packets')
            equal((leg['rx']['lost'], leg['rx']['duplicate'], leg['rx']['reordered'], leg['drops']),
                  (0, 0, 0, {}), f'{self.name}: leg {i}, lost, twice, out of order, drops')


def wait_for(what, condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f'{what}: not after {seconds} s')
        time.sleep(0.05)


def short_calls(client):
    """Profiles, families and programs; their sequence numbers wrap after 100 packets or never."""
    def silent(*args):
        return Gst(*args, sends=False)

    return [Call(client, name, a, b) for name, a, b in (
        ('gst-cm80-plain', Gst('lan4', CM80), Gst('wan6')),
        ('gst-cm32-plain', Gst('lan6', CM32), Gst('wan4', seq=7)),
        ('gst-plain-cm256', Gst('lan4', seq=7), Gst('wan4', CM256)),
        ('gst-plain-gcm128', Gst('lan6'), Gst('wan6', GCM128)),
        ('gst-gcm256-cm80', Gst('lan4', GCM256), Gst('wan6', CM80)),
        ('gst-cm80-cm80', Gst('lan6', CM80), Gst('wan6', CM80, seq=7)),
        ('ff-cm80-plain', FfmpegSends('lan4', CM80), FfmpegListens('wan6')),
        ('ff-plain-cm32', FfmpegListens('lan4', CM32), FfmpegSends('wan6')),
        ('ff-cm32-cm80', FfmpegSends('lan6', CM32), FfmpegOpens('wan4', CM80)),
        ('ff-cm80-gst', FfmpegSends('lan4', CM80), silent('wan4', GCM128)),
        ('gst-cm256-ff', FfmpegListens('lan6', CM80), Gst('wan6', CM256)))]


def long_calls(client):
    return [Call(client, name, a, b) for name, a, b in (
        ('gst-cm80-gcm128', Gst('lan4', CM80, seq=7), Gst('wan6', GCM128)),
        ('ff-cm80-plain', FfmpegSends('lan6', CM80), Gst('wan4', sends=False)),
        ('gst-gcm256-ff', FfmpegListens('lan6', CM80), Gst('wan6', GCM256)))]


def carry(calls, seconds, *how):
    for call in calls:
        call.listen()
    for call in calls:
        call.start(*how)
    for call in calls:
        wait_for(f'{call.name}: all payload', call.finished, seconds)
    time.sleep(0.5)
    for call in calls:
        call.end()


def short(client):
    taps = {ns: Tap(ns) for ns in 'ab'}
    calls = short_calls(client)
    carry(calls, 20, 250)
    time.sleep(0.1)
    for ns in taps:
        taps[ns].stop().write_pcap(path(f'{ns}.pcap'))
    for call in calls:
        call.judge(taps)


def long(client):
    """More packets than there are sequence numbers, too fast for taps."""
    calls = long_calls(client)
    carry(calls, 60, 70000, 32, 128000)
    for call in calls:
        a, b = call.parties
        a.judge(b, None)
        b.judge(a, None)
        call.judge_report()
        print('{:16} from A {} from B {}'.format(
            call.name, *(leg['rx']['packets'] for leg in call.report['legs'])))


if __name__ == '__main__':
    {'short': short, 'long': long}[sys.argv[1]](Client())
    done()
