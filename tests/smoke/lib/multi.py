#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many calls at once by numbered packets: IPv4 to IPv6, IPv4 to IPv4, IPv6 to IPv6."""
from media import Endpoint, check, done, equal, paced, settle
from tandem import Client

CALLS, RATE, SECONDS = 60, 25, 8
KINDS = [('lan4', '10.0.0.2', 'wan6', '2001:db8::2'), ('lan4', '10.0.0.2', 'wan4', '192.0.2.2'),
         ('lan6', 'fd00:a::2', 'wan6', '2001:db8::2')]


def main():
    client = Client()
    parties, workers = [], set()
    for i in range(CALLS):
        address_a, a_ip, address_b, b_ip = KINDS[i % len(KINDS)]
        a, b = Endpoint('a', a_ip), Endpoint('b', b_ip)
        s = client.call('session.create', id=f'many-{i}', legs=[
            {'address': address_a, 'remote': a.address},
            {'address': address_b, 'remote': b.address, 'latch': 'once'}])
        workers.add(s['worker'])
        parties.append((a, s['legs'][0]['local'], b, s['legs'][1]['local']))
    equal(workers, {0, 1, 2}, 'workers with calls')
    # One call after the other, so that packets come at an even pace.
    for n in paced(RATE * CALLS, SECONDS):
        a, to_a, b, to_b = parties[n % CALLS]
        a.send(to_a)
        b.send(to_b)
        a.read()
        b.read()
    settle([e for p in parties for e in (p[0], p[2])])
    for i, (a, _, b, _) in enumerate(parties):
        equal(b.numbers(), list(range(a.next)), f'call {i}: from A to B, in order')
        equal(a.numbers(), list(range(b.next)), f'call {i}: from B to A, in order')
        report = client.call('session.delete', id=f'many-{i}')
        for leg in report['legs']:
            equal((leg['rx']['packets'], leg['rx']['lost'], leg['drops']), (RATE * SECONDS, 0, {}),
                  f'call {i}: packets, lost and drops by the report')
        check(report['state'] == 'active', f'call {i}: {report["state"]}')
    done()


if __name__ == '__main__':
    main()
