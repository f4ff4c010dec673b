#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One WebRTC stack after the other with a party of plain RTP: all parts that tandem can have in ICE
and DTLS, by all who offer and answer."""
import peer
from calls import IP, Call, plain, webrtc
from media import check, done, equal
from tandem import Client


def firefox(ns, name):
    return peer.browser(ns, name, 'firefox')


# Call, party, its options, does it offer?, tandem's profile for it, and what must come of it:
# ICE role of tandem, DTLS setup of tandem's, SRTP profile.
CM80, GCM128 = 'AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'
CALLS = [
    ('firefox-offers', firefox, (), True, webrtc('lan4'), ('controlled', 'passive', None)),
    ('firefox-answers', firefox, (), False, webrtc('lan6', ice='full'),
     ('controlling', 'passive', None)),
    ('aiortc-offers', peer.aiortc, (), True, webrtc('lan4', dtls='active'),
     ('controlled', 'active', CM80)),
    ('aiortc-answers', peer.aiortc, (), False, webrtc('lan6'), ('controlled', 'passive', CM80)),
    ('pion-offers', peer.pion, ('gcm',), True, webrtc('lan6', dtls='active'),
     ('controlled', 'active', GCM128)),
    ('pion-lite-answers', peer.pion, ('lite', 'active'), False, webrtc('lan4', ice='full'),
     ('controlling', 'passive', None)),
    ('pion-lite-offers', peer.pion, ('lite',), True, webrtc('lan4', ice='full'),
     ('controlling', 'passive', None)),
    ('pion-answers', peer.pion, ('passive',), False, webrtc('lan4'),
     ('controlled', 'active', None)),
    ('webrtcbin-offers', peer.webrtcbin, (), True, webrtc('lan4'), ('controlled', 'passive', None)),
    ('webrtcbin-answers', peer.webrtcbin, (), False, webrtc('lan6', ice='full'),
     ('controlling', 'passive', None)),
]


def judge_tandem(call, leg, role, setup, profile, lite):
    report = call.leg('audio', leg)
    equal((report['ice']['state'], report['security']['state']), ('completed', 'connected'),
          f'{call.id}: states by session.get')
    equal((report['ice']['role'], report['security']['setup']), (role, setup),
          f'{call.id}: parts in ICE and DTLS')
    equal(report['ice'].get('remote_lite', False), lite, f'{call.id}: far end is lite')
    if profile:
        equal(report['security']['profile'], profile, f'{call.id}: profile')


def one_call(client, call_id, kind, options, offers, profile, expected):
    phone_address = 'wan4' if profile['address'] == 'lan4' else 'wan6'
    with kind('a', f'{call_id}-webrtc', *options) as party, \
            peer.plain('b', f'{call_id}-phone', IP[phone_address]) as phone:
        sides = [(party, profile), (phone, plain(phone_address))]
        leg = 0 if offers else 1
        if not offers:
            sides.reverse()
        (a, profile_a), (b, profile_b) = sides
        call = Call(client, call_id, a, b, profile_a, profile_b, video=True).offer()
        call.wait_media(30)
        judge_tandem(call, leg, *expected, 'lite' in options)
        s = party.stats()
        check(s['ice'] in ('connected', 'completed') and s['dtls'] == 'connected',
              f'{call_id}: states of the party: {s}')
        call.wait_reports()
        for name, stats in zip((a.name, b.name), call.stats()):
            # pion sends the same black key frame again and again, and counts packets.
            for k in call.kinds:
                if not (k == 'audio' and kind is firefox and name == party.name):
                    check(stats[k]['frames_decoded'] > 10, f'{name} decodes {k}')
        call.judge_silence()
        call.end(1 - leg)


def main():
    client = Client()
    for call in CALLS:
        one_call(client, *call)
    done()


if __name__ == '__main__':
    main()
