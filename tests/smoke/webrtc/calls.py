# SPDX-License-Identifier: BSD-3-Clause
"""Calls of two parties (peer.py) through tandem, by session.offer and session.answer, and how they
are judged: every packet that one has sent the other has, and both learn as much by RTCP."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))
from media import check, equal  # noqa: E402

IP = {'lan4': '10.0.0.2', 'lan6': 'fd00:a::2', 'wan4': '192.0.2.2', 'wan6': '2001:db8::2'}


# Packets that may come before there are keys for them, and before there is anywhere to send them.
UNKNOWN, EARLY = 5, 500


def webrtc(address='lan4', **more):
    return {'transport': 'UDP/TLS/RTP/SAVPF', 'ice': 'lite', 'rtcp_mux': 'require',
            'address': address, **more}


def plain(address='wan4', **more):
    return {'transport': 'RTP/AVP', 'ice': 'remove', 'rtcp_mux': 'demux', 'address': address, **more}


def wait_for(what, condition, seconds=20, state=None):
    """Until the condition holds; if it does not, `state` tells how things stand."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            for x in state() if state else ():
                print(x, flush=True)
            check(False, f'{what}: not after {seconds} s')
        time.sleep(0.1)
    return value


class Call:
    """`a` offers, and each is spoken to by its profile."""

    def __init__(self, client, call_id, a, b, profile_a, profile_b, audio=True, video=False):
        self.client, self.id, self.parties = client, call_id, (a, b)
        self.profiles = profile_a, profile_b
        self.media = {'audio': audio, 'video': video}
        self.kinds = [k for k in ('audio', 'video') if self.media[k]]
        # The session of each kind of media.
        self.sessions = {k: f'{call_id}/{n}' if n else call_id for n, k in enumerate(self.kinds)}

    def offer(self):
        """Offer and answer, both parties' first."""
        a, b = self.parties
        to_b = self.through('session.offer', a.ask('offer', **self.media)['sdp'], **{
            'from': self.profiles[0], 'to': self.profiles[1]})
        answer = b.ask('accept', sdp=to_b, **self.media)['sdp']
        a.ask('answered', sdp=self.through('session.answer', answer))
        wait_for(f'{self.id}: connection', self.connected)
        # Those who don't know when the others can hear them.
        for p in self.parties:
            if p.plain:
                p.ask('mute', on=False)
        return self

    def connected(self):
        legs = self.client.call('session.get', id=self.id)['legs']
        return all(s.get('dtls', 'connected') == 'connected' for s in self.stats()) and all(
            leg['security'].get('state', 'connected') == 'connected' and
            leg.get('ice', {}).get('state', 'completed') == 'completed' for leg in legs)

    def offer_again(self, by=0, anew=False, **how):
        """In the running call, by party `by`; `anew`: answered by another connection than before."""
        one, other = self.parties[by], self.parties[1 - by]
        to_other = self.through('session.offer', one.ask('offer', again=True, **how)['sdp'], by=by)
        answer = other.ask('accept', sdp=to_other, again=not anew, **self.media)['sdp']
        one.ask('answered', sdp=self.through('session.answer', answer))

    def through(self, method, sdp, **more):
        self.log(f'{method}: in', sdp)
        started = time.monotonic()
        out = self.client.call(method, id=self.id, sdp=sdp, **more)['sdp']
        self.took_ms = 1000 * (time.monotonic() - started)
        self.log(f'{method}: out, {self.took_ms:.1f} ms', out)
        return out

    def log(self, what, text):
        with open(f'{os.environ["SMOKE_TMP"]}/{self.id}-sdp.log', 'a', encoding='utf-8') as f:
            f.write(f'--- {what}\n{text}\n')

    def stats(self):
        """Of both, at about the same time."""
        for p in self.parties:
            p.begin('stats')
        return [p.finish() for p in self.parties]

    def state(self):
        """What to look at if something fails."""
        return [*self.stats(), *(self.client.call('session.get', id=i)
                                 for i in self.sessions.values()),
                self.client.call('neighbour.list'),
                {k: v for k, v in self.client.call('stats.get')['counters'].items()
                 if v and k.startswith(('drop.', 'control.'))}]

    def leg(self, kind, leg):
        return self.client.call('session.get', id=self.sessions[kind])['legs'][leg]

    def wait_media(self, packets=100, seconds=20, kinds=None):
        """Until each has got so many of each kind since it was called."""
        before = self.stats()

        def enough():
            return all(s.get(k, {}).get('received', 0) - b.get(k, {}).get('received', 0) >= packets
                       for s, b in zip(self.stats(), before) for k in kinds or self.kinds)
        return wait_for(f'{self.id}: media both ways', enough, seconds, self.state)

    def wait_reports(self, seconds=30):
        """Until each party has a sender report on all that the other has sent by now, and all of
        that, and is told by receiver reports how its own fares: no loss, and a round trip."""
        sent = self.stats()

        def told():
            now = self.stats()
            return all(now[i][k].get('reported_sent', 0) >= sent[1 - i][k]['sent'] and
                       now[i][k]['received'] >= now[i][k]['reported_sent'] - self.early(1 - i) and
                       now[i][k].get('round_trips', 0) > 0
                       for i in (0, 1) for k in self.kinds) and now
        now = wait_for(f'{self.id}: reports by RTCP both ways', told, seconds, self.state)
        for party, s in zip(self.parties, now):
            for kind in self.kinds:
                # GStreamer begins to count one packet late.
                check(-1 <= s[kind]['reported_lost'] <= 0,
                      f'{party.name}: {kind}: {s[kind]["reported_lost"]} lost by report')

    def judge_silence(self):
        """Both stop; then each has got exactly what the other has sent, and so has tandem."""
        for p in self.parties:
            p.ask('mute', on=True)
        last = [None]

        def settled():
            now = [[(s[k]['sent'], s[k]['received']) for k in self.kinds] for s in self.stats()]
            same, last[0] = now == last[0], now
            time.sleep(0.3)
            return same
        wait_for(f'{self.id}: silence', settled)
        a, b = self.stats()
        line = []
        for kind in self.kinds:
            legs = self.client.call('session.get', id=self.sessions[kind])['legs']
            for n, (one, other) in enumerate(((a, b), (b, a))):
                missing = one[kind]['sent'] - other[kind]['received']
                check(0 <= missing <= self.early(n) + self.parties[n].unsent,
                      f'{self.id}: {kind} of {self.parties[n].name}: sent {one[kind]["sent"]}, '
                      f'got {other[kind]["received"]}, {self.early(n)} too early')
                check(-1 <= other[kind].get('lost', 0) <= 0, f'{self.id}: {kind}: lost')
                equal((legs[n]['rx']['lost'], legs[n]['rx']['duplicate']), (0, 0),
                      f'{self.id}: {kind}: lost and twice at tandem, leg {n}')
                line.append(f'{kind} {one[kind]["sent"]}')
        early = [self.early(n) for n in (0, 1)]
        print(f'{self.id}: {", ".join(line)}: all there' +
              (f' but {early[0]} and {early[1]} too early' if any(early) else ''), flush=True)
        return a, b

    def early(self, leg):
        """Packets from a leg that came before there were keys for them, or anywhere to send them.
        Chromium sends from its first check on, and nominates with one that may be seconds later:
        what it sends is taken in, but until then nothing is sent to it."""
        drops = [self.leg(kind, leg)['drops'] for kind in self.kinds]
        unknown = sum(d.get(name, 0) for d in drops for name in ('srtp_key', 'source'))
        unsent = sum(d.get('no_remote', 0) for d in drops)
        check(unknown <= UNKNOWN, f'{self.id}: {unknown} packets of leg {leg} were nobody\'s')
        check(unsent < EARLY, f'{self.id}: {unsent} packets too early')
        return unknown + unsent

    def end(self, phone=None):
        """`phone`: its leg, which has lost nothing but what it reported before the nomination."""
        report = self.client.call('session.delete', id=self.id)
        if phone is not None:
            check(set(report['legs'][phone]['drops']) <= {'no_remote'},
                  f"{self.id}: drops on the phone's leg: {report['legs'][phone]['drops']}")
        return report
