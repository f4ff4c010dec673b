#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tandem behind a NAT (ice-srflx.sh): what a STUN server says of it is in its candidates, and aiortc,
beyond the NAT, reaches it there. It offers, and it answers."""
import peer
from calls import IP, Call, plain, wait_for, webrtc
from media import check, done, equal
from tandem import Client
from wiretap import Tap

INSIDE, OUTSIDE = '172.16.9.1', '192.0.2.1'


def reflexive(lines):
    """(ip, port, base's ip, base's port) of those of this type."""
    found = []
    for line in lines:
        words = line.split()
        if words[6:8] == ['typ', 'srflx']:
            equal((words[8], words[10]), ('raddr', 'rport'), f'members of {line}')
            found.append((words[4], int(words[5]), words[9], int(words[11])))
    return found


class NatCall(Call):
    """Of the leg `outer`, beyond the NAT, the SDP goes out when there is all to be told."""
    outer = None

    def through(self, method, sdp, **more):
        out = super().through(method, sdp, **more)
        if self.outer == (1 if method == 'session.offer' else 0):
            # The same again: as it was, but for what has become known since.
            self.candidate = wait_for('a server-reflexive candidate', self.known)
            out = super().through(method, sdp, **more)
            equal(reflexive(x[2:] for x in out.split('\r\n') if x.startswith('a=candidate')),
                  [self.candidate], 'candidates in SDP')
        return out

    def known(self):
        found = reflexive(self.leg('audio', self.outer)['ice']['candidates'])
        check(len(found) <= 1, f'several of one server: {found}')
        return found[0] if found else None


def one_call(client, call_id, answers):
    tap = Tap('b')
    with peer.plain('a', f'{call_id}-phone', IP['lan4']) as phone, \
            peer.aiortc('b', f'{call_id}-aiortc') as party:
        sides = [(phone, plain('lan4')), (party, webrtc('wan4', ice='full'))]
        if not answers:
            sides.reverse()
        (a, profile_a), (b, profile_b) = sides
        call = NatCall(client, call_id, a, b, profile_a, profile_b)
        call.outer = 1 if answers else 0
        call.offer()
        call.wait_media(100)
        leg = call.leg('audio', call.outer)
        ip, port, base_ip, base_port = call.candidate
        equal((ip, base_ip, base_port), (OUTSIDE, INSIDE, leg['local']['port']),
              f'{call_id}: the candidate')
        equal(party.stats()['pair']['remote'], {'ip': ip, 'port': port, 'type': 'srflx'},
              f'{call_id}: where the party reaches tandem')
        equal((leg['ice']['state'], leg['ice']['pair']['remote']['ip']), ('completed', IP['wan4']),
              f'{call_id}: ICE of tandem')
        call.judge_silence()
        call.end()
    seen = {d.src[0] for d in tap.stop().datagrams if d.dst[0] == IP['wan4']}
    equal(seen, {OUTSIDE}, f'{call_id}: whom the party has heard')


def main():
    client = Client()
    one_call(client, 'phone-calls', True)
    one_call(client, 'party-calls', False)
    done()


if __name__ == '__main__':
    main()
