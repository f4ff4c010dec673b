#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""B moves five times in a call, as by re-INVITE; A's packets are numbered and go on all the time.

Each of A's packets must come to exactly one of B's sockets, in order, and none to a socket that
was left before it was sent. B's packets come from where it is, and all must come to A.
"""
import threading
import time

from media import Endpoint, check, done, equal, paced, settle
from tandem import Client, RpcError

RATE = 200
MOVES = [('2001:db8::2', 6000), ('2001:db8::3', 7000), ('2001:db8::3', 7002),
         ('2001:db8::2', 6100), ('2001:db8::4', 9000), ('2001:db8::2', 6000)]


def sender(a, to, stop):
    for _ in paced(RATE, 60):
        if stop.is_set():
            return
        a.send(to)


def main():
    client = Client()
    a = Endpoint('a', '10.0.0.2', 4000)
    places = {place: Endpoint('b', *place) for place in set(MOVES)}
    b = places[MOVES[0]]
    session = client.call('session.create', id='moving', legs=[
        {'address': 'lan4', 'remote': a.address}, {'address': 'wan6', 'remote': b.address}])
    local = [leg['local'] for leg in session['legs']]
    stop = threading.Event()
    thread = threading.Thread(target=sender, args=(a, local[0], stop))
    thread.start()
    number = 0
    left = {}  # place -> (A's number when the answer to the update came, count there)
    for i, place in enumerate(MOVES):
        if i > 0:
            time.sleep(0.005)  # what B has sent is through
            before = client.call('session.get', id='moving')
            answer = client.call('session.update', id='moving', if_generation=i,
                                 legs=[{}, {'remote': places[place].address}])
            equal(answer['generation'], i + 1, 'generation')
            equal([x['local'] for x in answer['legs']], local, 'local ports after the update')
            check(before['generation'] == i, 'generation before')
            time.sleep(0.02)
            left[MOVES[i - 1]] = b.count()
            b = places[place]
        for _ in paced(RATE, 0.4, *places.values()):
            b.next = number
            b.send(local[1])
            number += 1
        if i > 0 and MOVES[i - 1] != place:
            equal(places[MOVES[i - 1]].count(), left[MOVES[i - 1]],
                  f'packets at {MOVES[i - 1]} after it was left')
    stop.set()
    thread.join()
    settle([a, *places.values()])

    got = sorted(n for e in places.values() for n in e.numbers())
    equal(got, list(range(a.next)), "A's packets, at all of B's places together")
    for place, e in places.items():
        check(len(e.got) > RATE * 0.3, f'only {len(e.got)} packets at {place}')
        equal([n for _, n, _ in e.got], sorted(n for _, n, _ in e.got), f'order at {place}')
    equal(a.numbers(), list(range(number)), "B's packets at A")

    try:
        client.call('session.update', id='moving', if_generation=2,
                    legs=[{}, {'remote': {'ip': '2001:db8::4', 'port': 1}}])
        check(False, 'an update with an old generation is carried out')
    except RpcError as e:
        equal(e.name, 'conflict', 'error of an update with an old generation')
    report = client.call('session.delete', id='moving')
    equal(report['legs'][0]['rx']['packets'], a.next, 'received from A, by the report')
    equal(report['legs'][1]['tx']['packets'], a.next, 'sent to B, by the report')
    equal(report['legs'][1]['rx']['packets'], number, 'received from B, by the report')
    for leg in report['legs']:
        equal((leg['rx']['lost'], leg['drops']), (0, {}), 'lost and dropped')
    print(f'A to B {a.next} of {a.next}, B to A {number} of {number}, {len(MOVES) - 1} moves')
    done()


if __name__ == '__main__':
    main()
