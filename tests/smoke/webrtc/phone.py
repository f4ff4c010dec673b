#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A browser and a phone: Chromium with audio and video in a BUNDLE, and a party that knows neither
ICE nor DTLS nor SRTP nor BUNDLE. Who calls whom, and in which address families."""

import peer
from calls import IP, Call, plain, webrtc
from media import check, done, equal
from tandem import Client


def judge_browser(stats, call):
    equal((stats['ice'] in ('connected', 'completed'), stats['state'], stats['dtls']),
          (True, 'connected', 'connected'), f'{call.id}: states of the browser')
    check(stats['pair']['requests'] and stats['pair']['responses'] >= 1,
          f'{call.id}: checks of the browser are answered')


def judge_tandem(call, leg, stats):
    """What session.get says of the browser's leg."""
    report = call.leg('audio', leg)
    equal((report['ice']['state'], report['security']['state']), ('completed', 'connected'),
          f'{call.id}: states by session.get')
    pair = report['ice']['pair']
    equal(pair['remote']['port'], stats['pair']['local']['port'], f'{call.id}: nominated port')
    if call.media['video']:
        bundle = call.leg('video', leg)['bundle']
        equal(bundle.get('id'), call.id, f'{call.id}: transport of the video')


def one_call(client, call_id, browser_address, phone_address, browser_calls, *options):
    mdns = [o for o in options if o == 'mdns']
    phone_options = [o for o in options if o != 'mdns']
    phone_profile = plain(phone_address)
    if 'mux' in options:
        phone_profile['rtcp_mux'] = 'offer'
    if 'feedback' in options:
        phone_profile['transport'] = 'RTP/AVPF'
    with peer.browser('a', f'{call_id}-browser', 'chromium', *mdns) as browser, \
            peer.plain('b', f'{call_id}-phone', IP[phone_address], *phone_options) as phone:
        sides = [(browser, webrtc(browser_address)), (phone, phone_profile)]
        leg = 0 if browser_calls else 1
        if not browser_calls:
            sides.reverse()
        (a, profile_a), (b, profile_b) = sides
        call = Call(client, call_id, a, b, profile_a, profile_b, video=True).offer()
        call.wait_media(50)
        call.wait_reports()
        both = call.stats()
        judge_browser(both[leg], call)
        judge_tandem(call, leg, both[leg])
        for party, s in zip((a, b), both):
            for kind in 'audio', 'video':
                if kind == 'video' or party is phone:
                    check(s[kind]['frames_decoded'] > 20,
                          f'{call_id}: {party.name} decodes {kind}: {s[kind]["frames_decoded"]}')
        check(both[leg]['audio']['samples'] > 20000, f'{call_id}: browser decodes audio')
        if 'feedback' in options:
            check(both[leg]['video']['pli_sent'] > 0, f'{call_id}: the phone began mute, '
                  'and its first key frame is nobody\'s: the browser asks for one')
            print(f'{call_id}: key frames asked for: {both[leg]["video"]["pli_sent"]}, '
                  f'{both[leg]["video"]["pli_received"]}', flush=True)
        call.judge_silence()
        call.end(1 - leg)


def main():
    client = Client()
    one_call(client, 'browser-calls', 'lan4', 'wan4', True)
    one_call(client, 'phone-calls', 'lan6', 'wan4', False, 'mux', 'feedback')
    one_call(client, 'mdns', 'lan4', 'wan6', True, 'mdns')
    equal(client.call('session.list')['sessions'], [], 'sessions that are left')
    done()


if __name__ == '__main__':
    main()
