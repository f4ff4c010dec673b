#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keys by the control API: good and bad ones, the offer's way through, how fast, and whether
they are gone afterwards."""
import base64
import json
import os
import time

from api import Checked, legs, step
from media import check, done, equal
from tandem import Client

CM = 'AES_CM_128_HMAC_SHA1_80'
LENGTHS = {CM: 30, 'AES_CM_128_HMAC_SHA1_32': 30, 'AES_192_CM_HMAC_SHA1_80': 38,
           'AES_192_CM_HMAC_SHA1_32': 38, 'AES_256_CM_HMAC_SHA1_80': 46,
           'AES_256_CM_HMAC_SHA1_32': 46, 'AEAD_AES_128_GCM': 28, 'AEAD_AES_256_GCM': 44}


def key(length=30, padded=True):
    text = base64.b64encode(os.urandom(length)).decode()
    return text if padded else text.rstrip('=')


def sdes(profile=CM, **members):
    return dict({'type': 'sdes', 'profile': profile}, **members)


def every_profile(c):
    step('every profile, with keys given and made, padded and not')
    for profile, n in LENGTHS.items():
        a = c.call('session.create', id=profile, legs=legs(
            security=sdes(profile, local_key=key(n), remote_key=key(n, False))))
        equal(a['legs'][0]['security'], {'type': 'sdes', 'profile': profile}, 'answer')
        check('security' not in a['legs'][1], 'a plain leg with security')
        leg = c.call('session.get', id=profile)['legs'][0]['security']
        equal((leg['type'], leg['profile'], leg['ready'], leg['untouched'], leg['window']),
              ('sdes', profile, True, False, 256), 'session.get')
        equal(set(leg), {'type', 'profile', 'engine', 'ready', 'untouched', 'window'}, 'members')
        c.call('session.delete', id=profile)
        crypto = f'42 {profile} inline:{key(n)}|2^31|1:4'
        params = {'id': profile, 'legs': legs(security={'type': 'sdes', 'remote_crypto': crypto})}
        a = c.call('session.create', **params)
        ours = a['legs'][0]['security']
        equal(ours['local_crypto'], f'42 {profile} inline:{ours["local_key"]}', 'local_crypto')
        equal(len(base64.b64decode(ours['local_key'])), n, 'bytes of the key made')
        equal(c.call('session.create', **params), dict(a, created=False), 'the same again')
        c.call('session.delete', id=profile)


def offer_and_answer(c):
    step('an offer from the left, its answer from the right, a new key, and off')
    left = c.call('session.create', id='oa', legs=[
        dict(legs()[0], security={'type': 'sdes', 'remote_crypto': f'1 {CM} inline:{key()}'}),
        dict(legs()[1], security=sdes(local_mki='7:2', local_lifetime='2^20'))])['legs']
    check(left[0]['security']['local_crypto'].startswith(f'1 {CM} inline:'), 'for the left')
    check(left[1]['security']['local_crypto'].endswith('|2^20|7:2'), 'for the right')
    get = c.call('session.get', id='oa')['legs']
    equal([x['security']['ready'] for x in get], [True, False], 'ready')
    answer = {'type': 'sdes', 'remote_crypto': f'1 {CM} inline:{key()}'}
    a = c.call('session.update', id='oa', legs=[None, {'security': answer}])
    equal(a['generation'], 2, 'generation')
    equal(a['legs'][1]['security'], left[1]['security'], 'our key stays')
    check('security' not in a['legs'][0], 'a leg that was not asked about')
    equal(c.call('session.update', id='oa', legs=[None, {'security': answer}])['generation'], 2,
          'the same answer again')
    get = c.call('session.get', id='oa')['legs']
    equal([x['security']['ready'] for x in get], [True, True], 'ready')
    a = c.call('session.update', id='oa', legs=[{'security': sdes(local_key=key())}])
    equal((a['generation'], 'local_key' in a['legs'][0]['security']), (3, False), 'new key')
    c.call('session.update', id='oa', legs=[{'security': {'type': 'none'}}])
    get = c.call('session.get', id='oa')['legs']
    equal([x['security']['type'] for x in get], ['none', 'sdes'], 'types')
    c.call('session.delete', id='oa')

    a, b = key(), key()
    c.call('session.create', id='same', legs=[
        dict(legs()[0], security=sdes(local_key=a, remote_key=b)),
        dict(legs()[1], security=sdes(local_key=b, remote_key=a))])
    get = c.call('session.get', id='same')['legs']
    equal([x['security']['untouched'] for x in get], [True, True], 'the same keys crosswise')
    c.call('session.delete', id='same')


def bad_security(c):
    step('what is wrong is named, and never repeated')
    bad, no = 'invalid_params', 'unsupported'
    crypto = f'1 {CM} inline:{key()}'
    for name, member, security in [
            (bad, '/type', {}),
            (bad, '/type', {'type': 'zrtp'}),
            (bad, '', {'type': 'none', 'profile': CM}),
            (bad, '', {'type': 'none', 'window': 128}),
            (bad, '/profile', {'type': 'sdes'}),
            (bad, '/profile', {'type': 'sdes', 'remote_key': key()}),
            (bad, '/profile', sdes('AES_CM_128_HMAC_SHA1_8')),
            (bad, '/local_key', sdes(local_key='')),
            (bad, '/local_key', sdes(local_key=key(29))),
            (bad, '/local_key', sdes(local_key=key(31))),
            (bad, '/local_key', sdes(local_key=key(47))),
            (bad, '/local_key', sdes(local_key='*' + key()[1:])),
            (bad, '/local_key', sdes(local_key=key() + '=')),
            (bad, '/local_key', sdes(local_key=key() + '\n')),
            (bad, '/local_key', sdes(local_key=' ' + key())),
            (bad, '/local_key', sdes('AEAD_AES_128_GCM', local_key=key(28)[:-3] + '/==')),
            (bad, '/local_key', sdes(local_key=5)),
            (bad, '/remote_key', sdes(remote_key=key(28))),
            (bad, '/remote_key', sdes('AEAD_AES_256_GCM', remote_key=key(46))),
            (bad, '/remote_mki', sdes(remote_mki='1:4')),
            (bad, '/remote_lifetime', sdes(remote_lifetime='2^31')),
            (bad, '/remote_mki', sdes(remote_key=key(), remote_mki='256:1')),
            (bad, '/remote_mki', sdes(remote_key=key(), remote_mki='1:129')),
            (bad, '/local_mki', sdes(local_mki='one:1')),
            (bad, '/local_lifetime', sdes(local_lifetime='2^49')),
            (bad, '/local_lifetime', sdes(local_lifetime='0')),
            (bad, '/window', sdes(window=127)),
            (bad, '/window', sdes(window=32769)),
            (bad, '/setup', sdes(setup='active')),
            (bad, '/fingerprint', sdes(fingerprint={'hash': 'sha-256', 'value': 'AB'})),
            (bad, '/colour', sdes(colour=1)),
            (bad, '/profile', sdes(remote_crypto=crypto)),
            (bad, '/remote_key', {'type': 'sdes', 'remote_crypto': crypto, 'remote_key': key()}),
            (bad, '/remote_crypto', {'type': 'sdes', 'remote_crypto': 'a=crypto:' + crypto}),
            (bad, '/remote_crypto', {'type': 'sdes', 'remote_crypto': crypto + '='}),
            (bad, '/remote_crypto', {'type': 'sdes', 'remote_crypto': crypto[:-1]}),
            (no, '/remote_crypto', {'type': 'sdes', 'remote_crypto': crypto + ' UNENCRYPTED_SRTCP'}),
            (no, '/remote_crypto', {'type': 'sdes', 'remote_crypto': crypto + ' KDR=2'}),
            (no, '/remote_crypto', {'type': 'sdes', 'remote_crypto': crypto.replace('AES_CM', 'F8')}),
            (no, '/remote_crypto', {'type': 'sdes', 'remote_crypto':
                                    f'{crypto}|1:1;inline:{key()}|2:1'})]:
        params = {'id': 'x', 'legs': legs(security=security)}
        c.refuses(name, '/params/legs/0/security' + member, 'session.create', params)
        error = json.dumps(c.answer('session.create', params))
        for secret in security.get('local_key'), security.get('remote_key'):
            check(not isinstance(secret, str) or len(secret) < 8 or secret not in error, error)
    known = c.answer('session.create', {'id': 'x', 'legs': legs(security=sdes('x'))})
    for profile in LENGTHS:
        check(profile in known['error']['message'], f'{profile} is not among those known')
    for kind in 'local_key', 'remote_key':
        message = c.answer('session.create', {
            'id': 'x', 'legs': legs(security=sdes(**{kind: key(16)}))})['error']['message']
        check('30' in message and '16' in message, message)
    c.refuses(bad, '/params/legs/0/security', 'session.create',
              {'id': 'x', 'kind': 'udp', 'legs': legs(security=sdes())})
    c.call('session.create', id='w', legs=legs(security=sdes(window=1000)))
    for name, member, security in [
            ('conflict', '/window', {'type': 'sdes', 'window': 128}),
            (bad, '/local_key', {'type': 'sdes', 'local_mki': '1:1'}),
            (bad, '/remote_key', {'type': 'sdes', 'remote_key': key(28)})]:
        c.refuses(name, '/params/legs/0/security' + member, 'session.update',
                  {'id': 'w', 'legs': [{'security': security}]})
    equal(c.call('session.get', id='w')['legs'][0]['security']['window'], 1024, 'window')
    c.call('session.delete', id='w')
    equal(c.call('session.list')['sessions'], [], 'sessions left by bad requests')


def process_memory():
    """All that tandemd may write to, but packet memory, a region at a time."""
    pid = os.environ['SMOKE_TANDEMD_PID']
    with open(f'/proc/{pid}/maps', encoding='ascii') as maps, open(f'/proc/{pid}/mem', 'rb') as mem:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(x, 16) for x in span.split('-'))
            if mode[:2] != 'rw' or end - start > 1 << 30:
                continue
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:
                pass


def gone_afterwards(c):
    step('a session has ended: its keys are nowhere in the daemon')
    given = [key() for _ in range(4)]
    params = {'id': 'secret', 'legs': legs(security=sdes(local_key=given[0], remote_key=given[1]))}
    c.call('session.create', **params)
    c.refuses('invalid_params', '/params/legs/0/security/local_key', 'session.update',
              {'id': 'secret', 'legs': [{'security': sdes(local_key=given[2][:36])}]})
    made = c.call('session.update', id='secret', legs=[None, {'security': {
        'type': 'sdes', 'remote_crypto': f'1 {CM} inline:{given[3]}'}}])
    secrets = given + [made['legs'][1]['security']['local_key']]
    check(any(secrets[4].encode() in region for region in process_memory()),
          'a key that a repeated create would answer is not found: the search is blind')
    c.call('session.delete', id='secret')
    found = set()
    for region in process_memory():
        for i, text in enumerate(secrets):
            for form in text[:36].encode(), base64.b64decode(text)[:16]:
                if form in region:
                    found.add((i, 'text' if form.isascii() else 'bytes'))
    equal(found, set(), 'keys left in memory')


def how_fast(c, count=5000, at_once=200):
    step(f'{count} sessions with two given keys a leg')
    requests = []
    for i in range(count):
        requests.append(('session.create', {'id': f'f{i}', 'legs': [
            dict(leg, security=sdes(local_key=key(), remote_key=key())) for leg in legs()]}))
    plain = Client()
    batches = [json.dumps([plain.request(m, p) for m, p in requests[i:i + at_once]],
                          separators=(',', ':')).encode() + b'\n'
               for i in range(0, count, at_once)]
    start, answers = time.monotonic(), []
    for b in batches:
        plain.send(b)
        answers.append(plain.read_line())
    took = time.monotonic() - start
    for a in answers:
        check('"error"' not in str(a), a)
    print(f'{count / took:.0f} sessions created a second', flush=True)
    counters = c.call('stats.get', names=['session.'])['counters']
    equal(counters['session.secured_legs'], 2 * count, 'session.secured_legs')
    print(f'{counters["session.secure_bytes"] / count:.0f} bytes of keys a session', flush=True)
    for i in range(0, count, at_once):
        c.batch([('session.delete', {'id': f'f{n}'}) for n in range(i, i + at_once)])
    counters = c.call('stats.get', names=['session.'])['counters']
    equal((counters['session.secured_legs'], counters['session.secure_bytes']), (0, 0), 'left')


def main():
    c = Checked()
    every_profile(c)
    offer_and_answer(c)
    bad_security(c)
    gone_afterwards(c)
    how_fast(c)
    done()


if __name__ == '__main__':
    main()
