#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Several workers: a session lives on one of them, wherever its packets arrive."""
import unittest

from tandem_pkt import config, rtcp, rtp
from test_relay import CallTest


class Workers(CallTest):
    """Three workers, three queues; packets are brought to every queue in turn."""
    conf = config(workers=3)
    queues = 3

    def test_strays_are_handed_over(self):
        owners = set()
        for i in range(6):
            answer = self.call(session=f'call-{i}')
            owners.add(answer['worker'])
            seq = 0
            for queue in range(3):
                for _ in range(10):
                    seq += 1
                    self.h.rx('lan', [self.packet_in(0, rtp(seq))], queue=queue)
                    self.h.rx('wan', [self.packet_in(1, rtp(seq))], queue=queue)
                self.h.rx('lan', [self.packet_in(0, rtcp(), rtcp_port=True)], queue=queue)
            self.assertEqual(len(self.h.tx('wan')), 33)
            self.assertEqual(len(self.h.tx('lan')), 30)
            report = self.h.rpc('session.get', id=f'call-{i}')
            self.assertEqual([leg['rx']['lost'] for leg in report['legs']], [0, 0])
            self.assertEqual([leg['rx']['reordered'] for leg in report['legs']], [0, 0])
        self.assertEqual(owners, {0, 1, 2})
        self.assert_drops({})
        handed = self.h.counters()['worker.handoff_in']
        self.assertEqual(handed, 6 * (2 * (30 + 30) + 2 * 3) // 3)

    def test_ports_of_a_session_have_one_owner(self):
        for i in range(30):
            answer = self.h.rpc('session.create', id=f'c{i}', legs=[
                {'address': 'lan4', 'remote': {'ip': '10.0.0.2', 'port': 4000}},
                {'address': 'wan6', 'remote': {'ip': '2001:db8::9', 'port': 5004}}])
            owners = {(leg[k]['port'] >> 1) % 3 for leg in answer['legs']
                      for k in ('local', 'rtcp')}
            self.assertEqual(owners, {answer['worker']})

    def test_a_burst_for_many_owners(self):
        calls = []
        for i in range(12):
            answer = self.h.rpc('session.create', id=f'c{i}', legs=[
                {'address': 'lan4', 'remote': {'ip': '10.0.0.2', 'port': 4000}},
                {'address': 'wan6', 'remote': {'ip': '2001:db8::9', 'port': 5004 + i}}])
            calls.append([leg['local']['port'] for leg in answer['legs']])
        self.sides, self.party = ('lan4', 'wan6'), [4000, 5004]
        packets = []
        for seq in range(20):
            for c in calls:
                self.local = c
                packets.append(self.packet_in(0, rtp(seq)))
        self.h.rx('lan', packets, queue=1)
        got = self.h.tx('wan')
        self.assertEqual(len(got), 240)
        for i, c in enumerate(calls):
            mine = [bytes(p['UDP'].payload) for p in got if p['UDP'].dport == 5004 + i]
            self.assertEqual(mine, [rtp(seq) for seq in range(20)])
        self.assert_drops({})


class FewerQueues(CallTest):
    """Three workers, one queue: what two of them own still comes in and goes out."""
    conf = config(workers=3)
    queues = 1

    def test_all_of_it_passes(self):
        for i in range(3):
            self.call(session=f'call-{i}')
            self.h.rx('lan', [self.packet_in(0, rtp(s)) for s in range(50)])
            self.h.rx('wan', [self.packet_in(1, rtp(s)) for s in range(50)])
            self.assertEqual([bytes(p['UDP'].payload) for p in self.h.tx('wan')],
                             [rtp(s) for s in range(50)])
            self.assertEqual(len(self.h.tx('lan')), 50)
        self.assert_drops({})


if __name__ == '__main__':
    unittest.main()
