#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Calls of baresip with SDES that are longer than there are sequence numbers: to a GStreamer party
that speaks plain RTP, and to one with keys of its own, at the same time. Every packet on the links,
of RTP and RTCP, is opened by an SRTP of our own; GStreamer has all of what baresip was given to
say, and baresip says that it could open all of what it got.

baresip sends 50 packets a second. Its clock runs SMOKE_SPEED times as fast as others' (libfaketime; 1:
it does not), and GStreamer keeps pace. The other party of the signalling is here, and answers for
GStreamer. srtp_long.py [PACKETS]
"""
import asyncio
import os
import sys
import wave

import netns
from b2bua import Message, sdp_read, sdp_write
from b2bua_sdes import crypto_of, with_crypto
from media import check, done, equal
from srtp_baresip import Baresip, keys_of, received_by
from srtp_peers import GCM128, Gst, contents, log_of, path
from tandem import Client
from wiretap import Tap, opened

PACKETS = int(sys.argv[1]) if len(sys.argv) > 1 else 70000
RATE, SAMPLES = 8000, 160
SPEED = int(os.environ.get('SMOKE_SPEED', '4'))
TALK_S = PACKETS * SAMPLES // RATE + 10 * SPEED  # by its clock
SIP = '198.51.100.1', 5060
# Name of the call, GStreamer's profile, number of its first packet.
CALLS = [('plain', None, 7), ('keys', GCM128, 0x10000 - 100)]


def on_link(tap, source, to, rtcp, keys):
    """What went from one to the other, plain, and how many of these could not be opened."""
    ends = (source[0], source[1] + rtcp), (to[0], to[1] + rtcp)
    datagrams = [d for d in tap.datagrams if (d.src, d.dst) == ends]
    plain = [p for _, p in opened(datagrams, keys)]
    return plain, len(datagrams) - len(plain)


class LongCall:
    """One that baresip makes: an INVITE, answered at once, and a BYE."""

    def __init__(self, api, invite):
        self.name = invite.start.split()[1].split(':')[1].split('@')[0]
        profile, seq = next(c[1:] for c in CALLS if c[0] == self.name)
        self.api, self.a = api, sdp_read(invite.body)
        self.b = Gst('wan6', profile, seq=seq, ahead=1)
        self.b.open(self.name)
        self.crypto = [crypto_of(invite.body), None]
        check(self.crypto[0], f'{self.name}: baresip offers no keys')
        answer = api.call('session.create', id=self.name, legs=[
            {'address': 'lan4', 'remote': dict(zip(('ip', 'port'), self.a)),
             'security': {'type': 'sdes', 'remote_crypto': self.crypto[0]}}, self.b.leg()])
        self.local = [(x['local']['ip'], x['local']['port']) for x in answer['legs']]
        self.crypto[1] = answer['legs'][0]['security']['local_crypto']
        self.answer = with_crypto(sdp_write(invite.body, *self.local[0]), self.crypto[1])

    def begin(self):
        rtcp = self.local[1][0], self.local[1][1] + 1
        self.b.start(self.local[1], rtcp, PACKETS, SAMPLES, SPEED * RATE)

    def end(self):
        self.b.end()
        self.report = self.api.call('session.delete', id=self.name)

    def keys(self, leg):
        """Of what comes to tandem on a leg, and of what it sends there."""
        if leg == 1:
            return self.b.keys(True), self.b.keys(False)
        return keys_of(self.crypto[0]), keys_of(self.crypto[1])

    def judge(self, taps):
        """All that tandem has received it has sent on, and right. A busy machine may lose packets
        on the way to it: those are the links'."""
        party = [self.a, (self.b.ip, self.b.port)]
        self.sent = []
        for i in (0, 1):
            leg, lost = self.report['legs'][i], []
            for rtcp in (False, True):
                came, _ = on_link(taps[i], party[i], self.local[i], rtcp, self.keys(i)[0])
                went, closed = on_link(taps[1 - i], self.local[1 - i], party[1 - i], rtcp,
                                       self.keys(1 - i)[1])
                equal(closed, 0, f'{self.name}: packets that leg {1 - i} cannot open')
                rest = iter(came)
                check(all(p in rest for p in went),
                      f'{self.name}: tandem has sent what did not come on leg {i}, or not in order')
                self.sent.append(went)
                lost.append(len(came) - len(went))
            rtp, rtcp = self.sent[-2:]
            # The last ones may come when baresip has hung up.
            check(0 <= leg['rx']['packets'] - len(rtp) - len(rtcp) <= 2,
                  f'{self.name}: {leg["rx"]["packets"]} received on leg {i}, '
                  f'{len(rtp)}+{len(rtcp)} sent on')
            check(set(leg['drops']) <= {'srtp_auth', 'srtp_malformed'} and
                  sum(leg['drops'].values()) <= 2, f'{self.name}: leg {i}: drops {leg["drops"]}')
            equal((leg['rx']['duplicate'], leg['rx']['reordered']), (0, 0),
                  f'{self.name}: leg {i}: twice, out of order')
            check(len(rtp) >= 0.95 * PACKETS, f'{self.name}: only {len(rtp)} packets on leg {i}')
            check(len(rtcp) > TALK_S / 10, f'{self.name}: only {len(rtcp)} of RTCP on leg {i}')
            print(f'{self.name:6} from {"AB"[i]} {len(rtp)}+{len(rtcp)}, and {lost[0]}+{lost[1]} '
                  'that did not come to tandem', flush=True)

    def judge_parties(self):
        self.b.judge_reports(True, True)
        said = b''.join(p[12:] for p in self.sent[0])
        heard = contents(self.b.got)
        check(heard in said and len(heard) >= 0.95 * 2 * SAMPLES * PACKETS,
              f'{self.name}: GStreamer did not get what baresip sent')
        with wave.open(path(f'baresip-{self.name}/tone.wav')) as f:
            tone = f.readframes(SAMPLES * 100)
        spoken = bytes(x for i in range(0, len(tone), 2) for x in (tone[i + 1], tone[i]))
        check(spoken in heard[:len(heard) // 10], f'{self.name}: not what baresip was given')
        _, self.received, _, errors = received_by(f'baresip-{self.name}')[0]
        equal(errors, 0, f'{self.name}: errors of baresip')
        equal(log_of(f'baresip-{self.name}').count('failed to decrypt'), 0,
              f'{self.name}: failed to decrypt')


def udp_count(ns, name):
    """One of the kernel's counters. RcvbufErrors, SndbufErrors: datagrams that sockets had no room
    for; baresip's are small, and on a busy machine it may have to wait."""
    with netns.inside(ns):
        names, values = [line.split() for line in contents(
            '/proc/thread-self/net/snmp').decode().splitlines() if line.startswith('Udp:')]
    return int(values[names.index(name)])


class Answering:
    def __init__(self, api):
        self.api, self.calls, self.ended = api, {}, asyncio.Event()

    async def serve(self, reader, writer):
        while (m := await Message.read(reader)) is not None:
            if m.status is None:
                self.request(m, writer)

    def request(self, m, writer):
        call = self.calls.get(m.get('Call-ID'))
        if m.method == 'INVITE' and call is None:
            call = self.calls[m.get('Call-ID')] = LongCall(self.api, m)
            self.reply(m, writer, call.answer)
        elif m.method == 'ACK':
            call.begin()
        elif m.method == 'BYE':
            self.reply(m, writer)
            call.end()
            if len(self.calls) == len(CALLS) and all(hasattr(c, 'report')
                                                     for c in self.calls.values()):
                self.ended.set()

    @staticmethod
    def reply(m, writer, body=b''):
        headers = [(k, v + (';tag=b' if k.lower() == 'to' and 'tag=' not in v else ''))
                   for k, v in m.headers if k.lower() in ('via', 'from', 'to', 'call-id', 'cseq')]
        headers.append(('Contact', f'<sip:{SIP[0]}:{SIP[1]};transport=tcp>'))
        if body:
            headers.append(('Content-Type', 'application/sdp'))
        writer.write(Message('SIP/2.0 200 OK', headers, body).bytes())


async def carry(answering):
    with netns.inside('p'):
        listening = netns.socket.create_server(SIP)
    await asyncio.start_server(answering.serve, sock=listening)
    clock = ['faketime', '-m', '-f', f'+0 x{SPEED}'] if SPEED > 1 else []
    parties = [Baresip(f'baresip-{name}', 'a', f'198.51.100.2:{5060 + 10 * n}', 400 + 100 * n,
                       4000 + 200 * n, 'srtp-mand', '-4', '-t', f'{TALK_S + 5 * SPEED}', '-e',
                       f'd sip:{name}@{SIP[0]}:{SIP[1]};transport=tcp', more='module l16.so',
                       codec=f'L16/{RATE}/1', talk_s=TALK_S, before=clock)
               for n, (name, *_) in enumerate(CALLS)]
    await asyncio.wait_for(answering.ended.wait(), TALK_S / SPEED + 30)
    for p in parties:
        p.process.wait(10)


def main():
    taps = [Tap(ns) for ns in 'ab']
    answering = Answering(Client())
    asyncio.run(carry(answering))
    for tap in taps:
        tap.stop()
    calls = answering.calls.values()
    for call in calls:
        call.judge(taps)
        call.judge_parties()
    sent, got = sum(len(c.sent[2]) for c in calls), sum(c.received for c in calls)
    lost = udp_count('a', 'RcvbufErrors')
    print(f'baresip got {got} of {sent}, {lost} were too many for its sockets', flush=True)
    check(sent - lost - 20 <= got <= sent, f'baresip got {got} of {sent}, {lost} overflowed')
    done()


if __name__ == '__main__':
    main()
