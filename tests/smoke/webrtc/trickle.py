#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Chromium tells its candidates one by one, when offer and answer are over, and they come to tandem
by session.update. It is told none of tandem's, so that only tandem's checks can bring both
together. It offers, and it answers."""
import time

import peer
from calls import IP, Call, plain, wait_for, webrtc
from media import check, done, equal
from tandem import Client

CANDIDATE = 'a=candidate:', 'a=end-of-candidates'


class TrickleCall(Call):
    """`leg` is the browser's."""

    def __init__(self, *args, leg):
        super().__init__(*args)
        self.leg_number = leg
        self.media['trickle'] = True

    def through(self, method, sdp, **more):
        out = super().through(method, sdp, **more)
        from_browser = (method == 'session.offer') == (self.leg_number == 0)
        if from_browser:
            check(not any(x in sdp for x in CANDIDATE), f'{self.id}: SDP with candidates:\n{sdp}')
            return out
        check('a=candidate:' in out, f'{self.id}: no candidates of tandem in\n{out}')
        return ''.join(x for x in out.splitlines(True) if not x.startswith(CANDIDATE))

    def ice(self):
        return self.leg('audio', self.leg_number)['ice']

    def connected(self):
        """Offer and answer are done: now the candidates."""
        if self.ice()['state'] != 'completed':
            self.trickle()
        return super().connected()

    def trickle(self):
        time.sleep(1)
        ice = self.ice()
        equal((ice['state'] == 'completed', ice['remotes'], ice['checks_in'], ice['checks_out']),
              (False, 0, 0, 0), f'{self.id}: before the first candidate: {ice}')
        browser = self.parties[self.leg_number]
        candidates = browser.ask('candidates')['candidates']
        usable = [c for c in candidates if c.split()[2] == 'udp' and ':' not in c.split()[4]]
        check(usable, f'{self.id}: none of them is UDP over IPv4: {candidates}')
        # Those that are of no use first.
        known = 0
        for c in sorted(candidates, key=usable.__contains__):
            check(self.ice()['state'] != 'completed' or c in usable[1:],
                  f'{self.id}: connected before {c}')
            self.tell(remote={'candidates': [c]})
            known += c in usable
            ice = self.ice()
            equal(ice['remotes'] - ice['learned'], known, f'{self.id}: candidates known after {c}')
        self.tell(end_of_candidates=True)
        wait_for(f'{self.id}: ICE', lambda: self.ice()['state'] == 'completed')
        print(f'{self.id}: {len(candidates)} candidates, {len(usable)} of use', flush=True)

    def tell(self, **ice):
        legs = [{}, {}]
        legs[self.leg_number] = {'ice': ice}
        self.client.call('session.update', id=self.id, legs=legs)


def one_call(client, call_id, browser_address, browser_calls):
    with peer.browser('a', f'{call_id}-browser') as browser, \
            peer.plain('b', f'{call_id}-phone', IP['wan4']) as phone:
        sides = [(browser, webrtc(browser_address, ice='full')), (phone, plain('wan4'))]
        if not browser_calls:
            sides.reverse()
        (a, profile_a), (b, profile_b) = sides
        call = TrickleCall(client, call_id, a, b, profile_a, profile_b,
                           leg=0 if browser_calls else 1)
        call.offer()
        call.wait_media(50)
        pair = call.ice()['pair']
        equal(pair['remote']['ip'], IP[browser_address], f'{call_id}: nominated')
        call.judge_silence()
        call.end()


def main():
    client = Client()
    one_call(client, 'browser-calls', 'lan4', True)
    one_call(client, 'phone-calls', 'lan4', False)
    done()


if __name__ == '__main__':
    main()
