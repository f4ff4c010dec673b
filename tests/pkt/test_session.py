#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A session's life as its packets see it: moved in mid-call, idle, many at once, used up."""
import unittest

from tandem_pkt import A_IP, B_IP, B_MAC, PacketTest, UDP, config, rtp
from test_relay import CallTest


class Update(CallTest):
    def test_moving_a_party_loses_nothing(self):
        """Packets of both directions around each of many updates; the other leg never notices."""
        self.call()
        seq = 0
        for i in range(50):
            self.h.rx('lan', [self.packet_in(0, rtp(s)) for s in range(seq, seq + 3)])
            seq += 3
            self.party[1] = 5004 + 2 * i
            self.h.rpc('session.update', id='call-1',
                       legs=[{}, {'remote': {'ip': B_IP, 'port': self.party[1]}}])
            self.h.rx('lan', [self.packet_in(0, rtp(seq))])
            seq += 1
            got = self.h.tx('wan')
            self.assertEqual(got[-1][UDP].dport, self.party[1])
            self.assertEqual(len(got), 4)
            self.h.rx('wan', [self.packet_in(1, rtp(i))])
            self.assertEqual(len(self.h.tx('lan')), 1)
        self.assert_drops({})
        report = self.h.rpc('session.get', id='call-1')
        self.assertEqual([leg['rx']['packets'] for leg in report['legs']], [200, 50])
        self.assertEqual([leg['rx']['lost'] for leg in report['legs']], [0, 0])

    def test_the_old_address_is_a_stranger(self):
        self.call()
        self.h.rpc('session.update', id='call-1',
                   legs=[{}, {'remote': {'ip': B_IP, 'port': 5010}}])
        self.send(1, self.packet_in(1, rtp(1)))
        self.expect(0)
        self.assert_drops({'source': 1})

    def test_generation(self):
        first = self.call()['generation']
        second = self.h.rpc('session.update', id='call-1', if_generation=first,
                            legs=[{'hold': True}, {}])['generation']
        self.assertGreater(second, first)
        reply = self.h.rpc_reply('session.update', {'id': 'call-1', 'if_generation': first,
                                                    'legs': [{'hold': False}, {}]})
        self.assertEqual(reply['error']['data']['name'], 'conflict')
        self.assertTrue(self.h.rpc('session.get', id='call-1')['legs'][0]['hold'])

    def test_cells_come_back(self):
        """Far more updates than there are spare plans."""
        self.call()
        for i in range(3000):
            self.h.rpc('session.update', id='call-1',
                       legs=[{}, {'remote': {'ip': B_IP, 'port': 5004 + 2 * (i % 100)}}])


class Idle(CallTest):
    def test_times_out_when_nobody_sends(self):
        self.call(idle_timeout_s=5)
        for i in range(12):
            self.h.advance(1000)
            self.send(i % 2, self.packet_in(i % 2, rtp(i)))
        self.h.advance(4500)
        self.h.rpc('session.get', id='call-1')
        self.h.advance(1000)
        self.assertEqual(self.h.rpc_reply('session.get', {'id': 'call-1'})['error']['data']['name'],
                         'not_found')
        self.drain()
        self.send(0, self.packet_in(0, rtp(99)))
        self.assert_drops({'no_flow': 1})

    def test_strangers_keep_nothing_alive(self):
        self.call(idle_timeout_s=5)
        for _ in range(6):
            self.h.advance(1000)
            self.send(0, self.packet_in(0, rtp(1), sport=9999))
        self.assertIn('error', self.h.rpc_reply('session.get', {'id': 'call-1'}))

    def test_zero_is_never(self):
        self.call(idle_timeout_s=0)
        self.h.advance(200000)
        self.h.rpc('session.get', id='call-1')


class Exhaustion(PacketTest):
    conf = config(addresses=[
        {'name': 'lan4', 'interface': 'lan', 'ip': '10.0.0.1/24', 'ports': {'min': 20000, 'max': 20009}},
        {'name': 'wan6', 'interface': 'wan', 'ip': '2001:db8::1/64',
         'ports': {'min': 30000, 'max': 30999}}], neighbours=[])

    def create(self, i):
        return self.h.rpc_reply('session.create', {'id': f'c{i}', 'legs': [
            {'address': 'lan4', 'remote': {'ip': A_IP, 'port': 4000}},
            {'address': 'wan6', 'remote': {'ip': B_IP, 'port': 5004}}]})

    def test_ports(self):
        for _ in range(3):
            ports = [self.create(i)['result']['legs'][0]['local']['port'] for i in range(5)]
            self.assertEqual(sorted(ports), [20000, 20002, 20004, 20006, 20008])
            error = self.create(5)['error']
            self.assertEqual((error['code'], error['data']['name']), (1101, 'no_ports'))
            for i in range(5):
                self.h.rpc('session.delete', id=f'c{i}')

    def test_the_oldest_port_is_used_again_first(self):
        first = [self.create(i)['result']['legs'][0]['local']['port'] for i in range(3)]
        for i in (1, 0, 2):
            self.h.rpc('session.delete', id=f'c{i}')
        again = [self.create(i)['result']['legs'][0]['local']['port'] for i in range(5)]
        self.assertEqual(again[2:], [first[1], first[0], first[2]])


class TableFull(PacketTest):
    conf = config(limits={'sessions': 3})

    def test_recovers(self):
        def create(i):
            return self.h.rpc_reply('session.create', {'id': f'c{i}', 'legs': [
                {'address': 'lan4'}, {'address': 'wan6'}]})
        for i in range(3):
            self.assertIn('result', create(i))
        self.assertEqual(create(3)['error']['data']['name'], 'table_full')
        self.h.rpc('session.delete', id='c1')
        self.assertIn('result', create(3))


if __name__ == '__main__':
    unittest.main()
