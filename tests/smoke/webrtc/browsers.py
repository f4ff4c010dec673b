#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Browsers among themselves, audio and video, and key frames when they are wanted: a receiver that
missed some seconds, on either side."""
import time

import peer
from calls import Call, wait_for, webrtc
from media import check, done, equal
from tandem import Client


def judge_states(call):
    for n, (party, s) in enumerate(zip(call.parties, call.stats())):
        equal((s['state'], s['dtls']), ('connected', 'connected'), f'{party.name}: states')
        leg = call.leg('audio', n)
        equal((leg['ice']['state'], leg['security']['state']), ('completed', 'connected'),
              f'{party.name}: states by session.get')
        equal(leg['ice']['pair']['remote']['port'], s['pair']['local']['port'],
              f'{party.name}: nominated port')


def wait_frames(call, frames=30):
    before = [s['video']['frames_decoded'] for s in call.stats()]
    return wait_for(f'{call.id}: frames decoded', lambda: all(
        s['video'].get('frames_decoded', 0) - b >= frames
        for s, b in zip(call.stats(), before)))


def missed(call, who):
    """One is sent nothing for 3 s; then it needs a key frame, and asks the other, and gets it."""
    def hold(on):
        for kind in call.kinds:
            call.client.call('session.update', id=call.sessions[kind],
                             legs=[{'hold': on} if n == who else {} for n in (0, 1)])

    def of(stats):
        return stats[who]['video'], stats[1 - who]['video']

    (before, before_other), name = of(call.stats()), call.parties[who].name
    hold(True)
    time.sleep(3)
    held, _ = of(call.stats())
    hold(False)
    check(held['frames_decoded'] - before['frames_decoded'] < 20, f'{name}: frames on hold')

    def helped():
        me, other = of(call.stats())
        return (me['pli_sent'] + me['fir_sent'] > before['pli_sent'] + before['fir_sent'] and
                other['pli_received'] + other['fir_received'] >
                before_other['pli_received'] + before_other['fir_received'] and
                me['key_frames_decoded'] > before['key_frames_decoded'] and
                me['frames_decoded'] > held['frames_decoded'] + 20) and (me, other)
    me, other = wait_for(f'{name}: a key frame', helped, 20, call.state)
    print(f'{name} missed 3 s: PLI sent {me["pli_sent"] - before["pli_sent"]}, got by the other '
          f'{other["pli_received"] - before_other["pli_received"]}, key frames decoded '
          f'{me["key_frames_decoded"] - before["key_frames_decoded"]}', flush=True)


def talk(client, call_id, a, b, profile_a, profile_b):
    call = Call(client, call_id, a, b, profile_a, profile_b, video=True).offer()
    call.wait_media(100)
    wait_frames(call)
    judge_states(call)
    return call


def main():
    client = Client()
    with peer.browser('a', 'chromium-a') as a:
        with peer.browser('b', 'chromium-b') as b:
            call = talk(client, 'first', a, b, webrtc('lan4'), webrtc('wan6'))
            call.wait_reports()
            missed(call, 1)
            missed(call, 0)
            b.process.kill()
        call.end()
        # Another takes its place, in a call of its own.
        with peer.browser('b', 'chromium-c') as c:
            call = talk(client, 'second', c, a, webrtc('wan4'), webrtc('lan6'))
            call.judge_silence()
            call.end()
    done()


if __name__ == '__main__':
    main()
