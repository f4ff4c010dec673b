#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""openssl s_client as a party whose leg has DTLS without ICE: what becomes of the session, and
whether media passes under the keys that s_client exports."""
import json
import os
import re
import subprocess
import time

import jsonschema

import netns
from dtls_client import EXPORTER, OPENSSL, Identity, Keys, master_keys
from media import Endpoint, check, done, equal, settle
from srtp_hand import Secured
from srtp_ref import PROFILES, key_of
from tandem import Client

TMP = os.environ['SMOKE_TMP']
CM80, CM32 = 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'
GCM128, GCM256 = 'AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'
PORT = 4433


class Sclient:
    """Its socket is bound to the signalled address; the handshake begins at once."""

    def __init__(self, local, stem, profiles, version='-dtls1_2', cipher=None):
        use = ['-use_srtp', ':'.join(OPENSSL[p][0] for p in profiles),
               '-keymatexport', EXPORTER.decode(),
               '-keymatexportlen', f'{2 * sum(PROFILES[profiles[0]][:2])}'] if profiles else []
        self.out = f'{TMP}/s_client-{time.monotonic_ns()}.log'
        with open(self.out, 'wb') as log:
            self.process = subprocess.Popen(
                ['ip', 'netns', 'exec', f'{os.environ["SMOKE_PREFIX"]}-a', 'openssl', 's_client',
                 version, '-timeout', '-mtu', '1200', '-connect',
                 f'{local["ip"]}:{local["port"]}', '-bind', f'10.0.0.2:{PORT}', '-cert',
                 f'{stem}.crt', '-key', f'{stem}.key', *use,
                 *(('-cipher', cipher) if cipher else ())],
                stdin=subprocess.PIPE, stdout=log, stderr=log)

    @property
    def text(self):
        with open(self.out, encoding='ascii', errors='replace') as f:
            return f.read()

    def wait_keys(self):
        """It prints its session when the last flight is there."""
        end = time.monotonic() + 5
        while not re.search(r'Keying material: .*\n', self.text):
            check(time.monotonic() < end, f'no handshake: {self.text[-400:]}')
            time.sleep(0.05)

    def end(self):
        """At the end of its input it says goodbye."""
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Events:
    def __init__(self):
        with open(os.environ['SMOKE_SCHEMA'], encoding='utf-8') as f:
            schema = json.load(f)
        kind = schema['events']['dtls.state']['params']
        self.validator = jsonschema.Draft202012Validator({**kind, '$defs': schema['$defs']})
        self.client = Client()
        self.client.call('events.subscribe', types=['dtls.state'])

    def next(self, call_id, seconds=10):
        """(state, reason or profile) of the next one."""
        self.client.socket.settimeout(seconds)
        event = self.client.read_event()
        self.validator.validate(event)
        equal((event['id'], event['leg']), (call_id, 0), 'whose event')
        return event['state'], event.get('reason') or event.get('profile')


class Call:
    """A leg with DTLS, and B without anything."""

    def __init__(self, client, events, call_id, fingerprint, profiles=None, **where):
        self.client, self.events, self.id = client, events, call_id
        self.b = Endpoint('b', '192.0.2.2', 0)
        security = {'type': 'dtls', 'setup': 'passive', 'fingerprint': fingerprint}
        if profiles:
            security['profiles'] = profiles
        legs = client.call('session.create', id=call_id, legs=[
            {'address': 'lan4', 'rtcp': 'mux', 'security': security,
             **(where or {'remote': {'ip': '10.0.0.2', 'port': PORT}})},
            {'address': 'wan4', 'remote': self.b.address}])['legs']
        self.local = [x['local'] for x in legs]
        self.fingerprint = legs[0]['security']['fingerprint']
        equal(legs[0]['security']['setup'], 'passive', f'{call_id}: setup')

    def expect(self, *states):
        for state in states:
            equal(self.events.next(self.id), state, f'{self.id}: event')

    @property
    def security(self):
        return self.client.call('session.get', id=self.id)['legs'][0]['security']

    def end(self):
        return self.client.call('session.delete', id=self.id)


class Exported(Secured):
    """Media from s_client's address, when it is not there any more, under the keys it had."""

    def __init__(self, profile, client_key, server_key):
        Endpoint.__init__(self, 'a', '10.0.0.2', PORT)
        self.first, self.sealed, self.bad, self.old = 0, [], 0, 0
        self.out, self.into = [Keys(profile, client_key)], [Keys(profile, server_key)]


def exported_keys(text, profile):
    found = re.search(r'Keying material: ([0-9A-F]+)', text)
    check(found, 's_client exports keys')
    return master_keys(profile, bytes.fromhex(found[1]))


def right(client, events, identity, stem, profile, n):
    """The right certificate: connected, media both ways, goodbye."""
    call = Call(client, events, f'right-{n}', identity.fingerprint, [profile])
    s = Sclient(call.local[0], stem, [profile])
    call.expect(('connecting', None), ('connected', profile))
    security = call.security
    equal((security['state'], security['profile'], security['remote_fingerprint']),
          ('connected', profile, identity.fingerprint), f'{call.id}: session.get')
    s.wait_keys()
    equal(fingerprint_of(s.text), call.fingerprint['value'], "tandem's certificate")
    check(f'SRTP Extension negotiated, profile={OPENSSL[profile][0]}' in s.text,
          f'{call.id}: profile at s_client')
    keys = exported_keys(s.text, profile)
    # Without goodbye, which would take the keys away: its place is for the media now.
    s.process.kill()
    s.process.wait()
    a = Exported(profile, *keys)
    for _ in range(50):
        a.send(call.local[0])
        call.b.send(call.local[1])
        time.sleep(0.005)
    settle([a, call.b])
    equal(call.b.numbers(), list(range(50)), f'{call.id}: from A, at B')
    equal((a.numbers(), a.bad), (list(range(50)), 0), f'{call.id}: from B, at A')
    a.socket.close()
    # Another handshake from there replaces the keys, without a state between, and its goodbye
    # ends them.
    s = Sclient(call.local[0], stem, [profile])
    s.wait_keys()
    check(exported_keys(s.text, profile) != keys, f'{call.id}: new keys')
    s.end()
    call.expect(('closed', None))
    equal(call.security['state'], 'closed', f'{call.id}: session.get')
    call.b.clear()
    call.b.send(call.local[1], 5)
    settle([call.b])
    report = call.end()
    equal(report['legs'][0]['rx']['packets'], 50, f'{call.id}: rx')
    equal(report['legs'][0]['tx']['packets'], 50, f'{call.id}: nothing is sent without keys')


def fingerprint_of(text):
    pem = re.search(r'-----BEGIN CERT.*?END CERTIFICATE-----', text, re.S)
    check(pem, 's_client has a certificate')
    out = subprocess.run(['openssl', 'x509', '-noout', '-fingerprint', '-sha256'],
                         input=pem[0].encode(), capture_output=True, check=True).stdout.decode()
    return out.strip().split('=')[1]


def wrong(client, events, identity, other, stem):
    """Another certificate than the signalled: failed, and nothing passes, either way."""
    call = Call(client, events, 'wrong', other.fingerprint)
    s = Sclient(call.local[0], stem, [CM80])
    call.expect(('connecting', None), ('failed', 'fingerprint'))
    security = call.security
    equal((security['state'], security['reason'], security['profile']),
          ('failed', 'fingerprint', None), 'wrong: session.get')
    s.process.wait(5)
    check(re.search(r'alert bad certificate|alert handshake failure|alert access denied',
                    s.text), f'an alert at s_client: {s.text[-400:]}')
    found = re.search(r'Keying material: ([0-9A-F]+)', s.text)
    keys = exported_keys(s.text, CM80) if found else [key_of(CM80), key_of(CM80)]
    a = Exported(CM80, *keys)
    a.send(call.local[0], 20)
    call.b.send(call.local[1], 20)
    settle([a, call.b], 200)
    a.read()
    equal((call.b.got, a.got, a.bad), ([], [], 0), 'wrong: what got through')
    a.socket.close()
    # The session has not come to harm: told the right fingerprint, it takes the next handshake.
    client.call('session.update', id=call.id, legs=[{'security': {
        'type': 'dtls', 'fingerprint': identity.fingerprint}}, {}])
    s = Sclient(call.local[0], stem, [CM80])
    states = [events.next(call.id)]
    while states[-1][0] != 'connected':
        states.append(events.next(call.id))
    check(states[-1] == ('connected', CM80), f'wrong, then right: {states}')
    s.end()
    call.expect(('closed', None))
    report = call.end()
    equal((report['legs'][0]['tx']['packets'], report['legs'][1]['tx']['packets']), (0, 0),
          'wrong: what was sent on')


def unusable(client, events, identity, stem):
    """Each costs its handshake only: the next, which is right, gets through."""
    call = Call(client, events, 'unusable', identity.fingerprint, [GCM128, CM80])
    for what, profiles, more, reason in (
            ('no use_srtp', None, {}, 'no_profile'),
            ('none of our profiles', [CM32], {}, 'no_profile'),
            ('none of our ciphers', [CM80], {'cipher': 'DHE-RSA-AES256-SHA'}, 'no_cipher'),
            ('DTLS 1.0', [CM80], {'cipher': 'DEFAULT@SECLEVEL=0', 'version': '-dtls1'},
             'version')):
        s = Sclient(call.local[0], stem, profiles, **more)
        states = [events.next(call.id)]
        while states[-1][0] != 'failed':
            states.append(events.next(call.id))
        equal(states[-1], ('failed', reason), f'{what}: event')
        s.process.kill()
        s.process.wait()
        print(f'{what}: {reason}', flush=True)
        s = Sclient(call.local[0], stem, [CM80, GCM128])
        call.expect(('connecting', None), ('connected', GCM128))
        s.end()
        call.expect(('closed', None))
    call.end()


def from_anywhere(client, events, identity, stem):
    """Whose address is not known is asked for a cookie, and is nobody before a handshake."""
    call = Call(client, events, 'anywhere', identity.fingerprint, latch='once')

    def asked():
        return client.call('stats.get')['counters']['dtls.verify_requests']
    before = asked()
    s = Sclient(call.local[0], stem, [CM80], '-dtls1', 'DEFAULT@SECLEVEL=0')
    s.process.wait(5)
    check('alert protocol version' in s.text, f'an alert at s_client: {s.text[-400:]}')
    equal(asked(), before + 1, 'cookies asked for')
    equal(call.security['state'], 'new', 'anywhere: after a hello of no use')
    s = Sclient(call.local[0], stem, [CM80])
    call.expect(('connecting', None), ('connected', CM80))
    s.wait_keys()
    equal(asked(), before + 2, 'cookies asked for')
    s.end()
    call.expect(('closed', None))
    call.end()
    print('from anywhere: by a cookie', flush=True)


def main():
    client, events = Client(), Events()
    identity, other = Identity(), Identity()
    stem = f'{TMP}/party'
    identity.write(stem)
    for n, profile in enumerate((CM80, CM32, GCM128, GCM256)):
        right(client, events, identity, stem, profile, n)
        print(f'right fingerprint, {profile}: media both ways', flush=True)
    wrong(client, events, identity, other, stem)
    print('wrong fingerprint: nothing passes', flush=True)
    unusable(client, events, identity, stem)
    from_anywhere(client, events, identity, stem)
    done()


if __name__ == '__main__':
    main()
