#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two calls of one tandem whose legs with ICE and DTLS face each other: all of it stays inside."""
import unittest

from tandem_pkt import (A_IP, A_LOCAL, A_MAC, B4_IP, B4_LOCAL, B_MAC, IP, Ether, PacketTest, UDP,
                        config, rtp)


class Inside(PacketTest):
    def secure(self, address, mode, setup):
        return {'address': address, 'rtcp': 'mux', 'ice': {'mode': mode},
                'security': {'type': 'dtls', 'setup': setup}}

    def tell(self, id, position, reply):
        """The far end of a leg is that of which `reply` tells."""
        ice, security = reply['ice'], reply['security']
        leg = {'ice': {'remote': {'ufrag': ice['ufrag'], 'pwd': ice['pwd'], 'lite': ice['lite'],
                                  'candidates': ice['candidates']}, 'end_of_candidates': True},
               'security': {'type': 'dtls', 'fingerprint': security['fingerprint']}}
        self.h.rpc('session.update', id=id, legs=[{}] * position + [leg])

    def connect(self, address, other, modes=('full', 'lite')):
        """A - a | A's call | WebRTC leg - WebRTC leg | B's call | - B"""
        a = self.h.rpc('session.create', id='a', legs=[
            {'address': 'lan4', 'remote': {'ip': A_IP, 'port': 4000}},
            self.secure(address, modes[0], 'active')])
        b = self.h.rpc('session.create', id='b', legs=[
            self.secure(other, modes[1], 'passive'),
            {'address': 'wan4', 'remote': {'ip': B4_IP, 'port': 5000}}])
        self.a, self.b = a['legs'], b['legs']
        self.drain()
        self.tell('a', 1, self.b[0])
        self.tell('b', 0, self.a[1])
        for _ in range(200):
            self.h.advance(10)
            legs = [self.h.rpc('session.get', id='a')['legs'][1],
                    self.h.rpc('session.get', id='b')['legs'][0]]
            if all(l['ice']['state'] == 'completed' and l['security']['state'] == 'connected'
                   for l in legs):
                return legs
        self.fail(legs)

    def talk(self):
        """Media both ways; what A sends is what B gets."""
        for i in range(5):
            payload = rtp(i)
            self.h.rx('lan', [Ether(src=A_MAC, dst=self.mac('lan')) / IP(src=A_IP, dst=A_LOCAL) /
                              UDP(sport=4000, dport=self.a[0]['local']['port']) / payload])
            self.h.advance(1)
            got = [p for p in self.h.tx('wan') if UDP in p]
            self.assertEqual([bytes(p[UDP].payload) for p in got], [bytes(payload)])
            self.h.rx('wan', [Ether(src=B_MAC, dst=self.mac('wan')) /
                              IP(src=B4_IP, dst=B4_LOCAL) /
                              UDP(sport=5000, dport=self.b[1]['local']['port']) / payload])
            self.h.advance(1)
            got = [p for p in self.h.tx('lan') if UDP in p]
            self.assertEqual([bytes(p[UDP].payload) for p in got], [bytes(payload)])

    def nothing_outside(self):
        for port in ('lan', 'wan'):
            self.assertEqual([p for p in self.h.tx(port) if UDP in p], [])

    def test_full_and_lite(self):
        legs = self.connect('lan4', 'lan4')
        self.assertEqual([l['ice']['role'] for l in legs], ['controlling', 'controlled'])
        self.assertEqual(legs[0]['ice']['pair']['remote'], self.b[0]['local'])
        self.nothing_outside()
        self.talk()
        self.assert_drops({})

    def test_both_full(self):
        self.connect('lan4', 'lan4', ('full', 'full'))
        self.nothing_outside()
        self.talk()
        self.assert_drops({})

    def test_ipv6(self):
        self.connect('lan6', 'lan6')
        self.nothing_outside()
        self.talk()
        self.assert_drops({})

    def test_it_goes_on(self):
        """A minute without media, over which both ask for consent; then media again."""
        self.connect('lan4', 'lan4', ('full', 'full'))
        for call in ('a', 'b'):
            self.h.rpc('session.update', id=call, idle_timeout_s=0)
        for _ in range(60):
            self.h.advance(1000)
        self.assertEqual(self.h.rpc('session.get', id='a')['legs'][1]['ice']['state'], 'completed')
        self.drain()
        self.talk()
        self.assert_drops({})

    def test_deleting_one_says_goodbye_to_the_other(self):
        self.connect('lan4', 'lan4')
        self.h.rpc('session.delete', id='a')
        for _ in range(10):
            self.h.advance(10)
        leg = self.h.rpc('session.get', id='b')['legs'][0]
        self.assertEqual(leg['security']['state'], 'closed')
        self.assertFalse(leg['security']['ready'])
        self.nothing_outside()


class InsideOfWorkers(Inside):
    """The same where both calls may belong to different workers."""
    conf = config(workers=3)
    queues = 3


if __name__ == '__main__':
    unittest.main()
