#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""relay.py NS_A NS_B [SECOND_SOCKET]: RTP and RTCP both ways, all of it there, none lost.

With a second socket the call goes through two tandemd: A, lan of the first, its wan to the
wan of the second, and that one's lan to B.
"""
import struct
import sys

from media import Endpoint, done, equal, paced, settle
from tandem import Client

PACKETS = 100
KINDS = [(4, '10.0.0.2', 6, '2001:db8::2'), (6, 'fd00:a::2', 4, '192.0.2.2'),
         (4, '10.0.0.2', 4, '192.0.2.2')]


def rtcp(number):
    """A receiver report with one block, the tag where RTP has it."""
    return (struct.pack('!BBHII', 0x81, 201, 7, 0x1234, 0x5678) + b'rtcp' +
            struct.pack('!I', number) + bytes(12))


def through_one(client, a, b, family_b):
    return client.call('session.create', id='relay', legs=[
        {'address': a.name, 'remote': a.address},
        {'address': f'wan{family_b}', 'remote': b.address}])['legs']


def through_two(client, second, a, b, family_b):
    near = client.call('session.create', id='relay', legs=[
        {'address': a.name, 'remote': a.address}, {'address': 'wan6'}])['legs']
    far = second.call('session.create', id='relay', legs=[
        {'address': f'lan{family_b}', 'remote': b.address},
        {'address': 'wan6', 'remote': near[1]['local']}])['legs']
    client.call('session.update', id='relay', legs=[{}, {'remote': far[1]['local']}])
    return near[0], far[0]


def pair(ns, ip, port):
    """An endpoint with the one for RTCP beside it."""
    e = Endpoint(ns, ip, port)
    e.rtcp = Endpoint(ns, ip, port + 1)
    return e


def main():
    ns_a, ns_b = sys.argv[1:3]
    client = Client()
    second = Client(sys.argv[3]) if len(sys.argv) > 3 else None
    for family_a, a_ip, family_b, b_ip in KINDS:
        what = f'v{family_a} to v{family_b}'
        a, b = pair(ns_a, a_ip, 4000), pair(ns_b, b_ip, 6000)
        a.name = f'lan{family_a}'
        if second:
            legs = through_two(client, second, a, b, family_b)
        else:
            legs = through_one(client, a, b, family_b)
        for i in paced(100, PACKETS / 100, a, b):
            a.send(legs[0]['local'])
            b.send(legs[1]['local'])
            if i % 10 == 0:
                for e, leg in (a, legs[0]), (b, legs[1]):
                    e.rtcp.socket.sendto(rtcp(i), (leg['rtcp']['ip'], leg['rtcp']['port']))
        settle([a, b, a.rtcp, b.rtcp], 150)
        for e, name in (a, 'A'), (b, 'B'):
            equal(e.numbers(), list(range(PACKETS)), f'{what}: RTP at {name}')
            equal(e.rtcp.numbers(b'rtcp'), list(range(0, PACKETS, 10)), f'{what}: RTCP at {name}')
            e.socket.close()
            e.rtcp.socket.close()
        for c in filter(None, (client, second)):
            for leg in c.call('session.delete', id='relay')['legs']:
                equal((leg['rx']['lost'], leg['drops']), (0, {}), f'{what}: lost and dropped')
    done()


if __name__ == '__main__':
    main()
