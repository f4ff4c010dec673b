#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels in time and among others: keep-alives, liveness, routes, roaming, losses, workers."""
import unittest

from scapy.all import ICMP
from secure_call import CM80, GCM128
from tandem_pkt import IP, UDP, Ether, Raw
from tunnel_bed import HOST_MAC, KEEPALIVE, TunnelTest, back, echo, in4, tunnel_config


class KeepAlive(TunnelTest):
    def test_each_second_without_a_packet(self):
        self.tunnel(profile=CM80)
        self.far_end_sends(KEEPALIVE)
        self.sent()
        start = self.h.counters()['worker.keepalive_out']
        self.h.advance(5050)
        got = self.sent()
        self.assertEqual([g[2] for g in got], [KEEPALIVE] * 5)
        self.assertEqual(self.h.counters()['worker.keepalive_out'] - start, 5)
        rtp = [g[1] for g in got]
        for a, b in zip(rtp, rtp[1:]):
            self.assertEqual((b[2] - a[2]) & 0xffff, 1)
            self.assertAlmostEqual((b[3] - a[3]) & 0xffffffff, 8000, delta=160)
        self.assertEqual(len({r[4] for r in rtp}), 1)

    def test_none_while_packets_are_sent(self):
        self.tunnel()
        for _ in range(20):
            self.host_sends(back(in4()))
            self.h.advance(300)
        self.assertEqual(len(self.goes_in(*[back(in4())] * 20)), 20)

    def test_one_that_comes_goes_no_further(self):
        self.tunnel()
        self.far_end_sends(KEEPALIVE)
        self.comes_out()
        self.assertEqual(self.h.changes('worker.keepalive_in'), {'worker.keepalive_in': 1})
        self.assert_drops({})


class Liveness(TunnelTest):
    def ids(self):
        return [t['id'] for t in self.h.rpc('tunnel.list')['tunnels']]

    def test_down_after_ten_seconds(self):
        self.tunnel(profile=GCM128)
        self.far_end_sends(KEEPALIVE)
        self.h.advance(9900)
        self.assertEqual(self.ids(), ['t1'])
        self.far_end_sends(KEEPALIVE)
        self.h.advance(9900)
        self.assertEqual(self.ids(), ['t1'])
        self.h.advance(300)
        self.assertEqual(self.ids(), [])
        self.drain()
        self.host_sends(back(in4()))
        self.assertEqual(self.sent(), [])
        self.assertEqual(self.h.changes('drop.inner_no_route'), {'drop.inner_no_route': 1})

    def test_only_authentic_packets_count(self):
        """Neither one that was forged nor one that came twice."""
        self.tunnel(profile=GCM128)
        old = self.wrapped(KEEPALIVE)
        self.h.rx('lan', [old])
        for _ in range(10):
            self.h.advance(1000)
            forged = self.wrapped(in4())
            forged[Raw].load = forged[Raw].load[:-1] + bytes([forged[Raw].load[-1] ^ 1])
            del forged[UDP].chksum
            self.h.rx('lan', [forged, old])
        self.h.advance(200)
        self.assertEqual(self.ids(), [])
        drops = self.h.changes('drop.srtp')
        self.assertEqual(drops['drop.srtp_auth'], 10)
        self.assertEqual(drops['drop.srtp_replay'], 10)

    def test_a_setting(self):
        self.tunnel(liveness_s=3)
        self.far_end_sends(KEEPALIVE)
        self.h.advance(2900)
        self.assertEqual(self.ids(), ['t1'])
        self.h.advance(300)
        self.assertEqual(self.ids(), [])


class Routes(TunnelTest):
    def test_longest_prefix(self):
        nets = {'wide': ['10.0.0.0/8', 'fd00:9::/32'], 'mid': ['10.9.0.0/16'],
                'host': ['10.9.0.2/32']}
        ports = {}
        for i, (name, networks) in enumerate(nets.items()):
            self.tunnel(name, networks=networks, port=4000 + 2 * i)
            ports[4000 + 2 * i] = name
        for dst, name in (('10.1.2.3', 'wide'), ('10.9.3.3', 'mid'), ('10.9.0.2', 'host'),
                          ('10.9.0.3', 'mid'), ('10.255.255.254', 'wide')):
            self.host_sends(back(in4(src=dst)))
            self.assertEqual([ports[g[0][UDP].dport] for g in self.sent()], [name], dst)
        self.h.rpc('tunnel.delete', id='host')
        self.host_sends(back(in4(src='10.9.0.2')))
        self.assertEqual([ports[g[0][UDP].dport] for g in self.sent()], ['mid'])

    def test_a_source_that_is_routed_elsewhere(self):
        """Within this tunnel's network, but another's is longer."""
        self.tunnel('narrow', networks=['10.9.0.2/32'], port=4100)
        self.tunnel('wide', networks=['10.9.0.0/16'])
        self.far_end_sends(in4(src='10.9.0.2'), in4(src='10.9.0.3'))
        self.comes_out(in4(src='10.9.0.3'))
        self.assert_drops({'tunnel_source': 1})

    def test_its_own_far_end(self):
        """A tunnel that its own packets would go into."""
        self.tunnel(networks=['10.0.0.0/8'])
        self.host_sends(back(in4(src='10.0.0.2')), back(in4(src='10.0.0.3')))
        self.assertEqual(len(self.sent()), 1)
        self.assert_drops({'tunnel_recursion': 1})

    def test_networks_change(self):
        self.tunnel()
        self.h.rpc('tunnel.update', id='t1', networks=['10.11.0.0/24'])
        self.host_sends(back(in4()), back(in4(src='10.11.0.9')))
        self.goes_in(back(in4(src='10.11.0.9')))
        self.assertEqual([(p[ICMP].type, p[ICMP].code) for p in self.h.tx('inn')], [(3, 0)])
        self.far_end_sends(in4(), in4(src='10.11.0.9'))
        self.comes_out(in4(src='10.11.0.9'))
        self.assert_drops({'inner_no_route': 1, 'tunnel_source': 1})


class Roaming(TunnelTest):
    def test_follows_one_authentic_packet(self):
        self.tunnel(profile=GCM128, latch='follow')
        self.far_end_sends(in4())
        self.far_end_sends(in4(), port=4321)
        self.comes_out(in4(), in4())
        self.h.advance(5)
        self.host_sends(back(in4()))
        self.assertEqual([g[0][UDP].dport for g in self.sent()], [4321])
        self.assert_drops({})

    def test_nobody_else_moves_it(self):
        self.tunnel(profile=GCM128, latch='follow')
        self.far_end_sends(in4())
        self.comes_out(in4())
        forged = self.wrapped(in4(), port=4321)
        again = self.wrapped(in4(), seq=self.seq - 1, port=666)
        forged[Raw].load = forged[Raw].load[:-4] + b'????'
        del forged[UDP].chksum
        self.h.rx('lan', [forged, again])
        self.h.advance(5)
        self.host_sends(back(in4()))
        self.assertEqual([g[0][UDP].dport for g in self.sent()], [self.port])
        self.assert_drops({'srtp_auth': 1, 'srtp_replay': 1})


class Losses(TunnelTest):
    def test_40000_in_a_row(self):
        """More than half of the sequence numbers: the rollover counter is found again."""
        for profile in (CM80, GCM128):
            self.tunnel(profile=profile)
            self.far_end_sends(in4(), seq=100)
            self.comes_out(in4())
            lost = 0
            for i in range(200):
                n = 100 + 40001 + i
                self.far_end_sends(in4(), seq=n & 0xffff, roc=n >> 16)
                got = self.h.tx('inn')
                if got:
                    self.assert_packets(got, [self.on_lan(in4())])
                    break
                lost += 1
                self.h.advance(10)
            self.assertLess(lost, 100, 'within a second')
            self.far_end_sends(in4(), seq=(n + 1) & 0xffff, roc=n + 1 >> 16)
            self.comes_out(in4())
            self.h.rpc('tunnel.delete', id='t1')
            self.h.changes()

    def test_wrap_after_wrap(self):
        self.tunnel(profile=GCM128)
        for n in range(0xff00, 0x40000, 0x3001):
            self.far_end_sends(in4(), seq=n & 0xffff, roc=n >> 16)
            self.comes_out(in4())
        self.assert_drops({})

    def test_late_by_8000(self):
        self.tunnel(profile=GCM128)
        self.far_end_sends(in4(), seq=9000)
        self.far_end_sends(in4(), seq=1000)
        self.far_end_sends(in4(), seq=800)
        self.comes_out(in4(), in4())
        self.assert_drops({'srtp_replay': 1})


class ThreeWorkers(TunnelTest):
    """Whoever receives it, the tunnel's owner sends it, in its order."""
    conf = tunnel_config(workers=3)
    queues = 3

    def test_handed_over(self):
        owners = set()
        for i in range(6):
            answer = self.tunnel(f't{i}', networks=[f'10.9.{i}.0/24'], port=4000 + 2 * i)
            owners.add(answer['worker'])
            user = f'10.9.{i}.2'
            for n in range(12):
                packet = back(in4(echo(n), src=user))
                self.h.rx('inn', [Ether(src=HOST_MAC, dst=self.mac('inn')) / packet], queue=n % 3)
            got = self.sent()
            self.assertEqual([IP(g[2])[ICMP].seq for g in got], list(range(12)))
            seqs = [g[1][2] for g in got]
            self.assertEqual([(s - seqs[0]) & 0xffff for s in seqs], list(range(12)))
            for n in range(3):
                self.h.rx('lan', [self.wrapped(in4(src=user))], queue=n)
            self.comes_out(*[in4(src=user)] * 3)
        self.assertEqual(owners, {0, 1, 2})
        self.assert_drops({})

    def test_a_burst_for_many(self):
        for i in range(9):
            self.tunnel(f't{i}', networks=[f'10.9.{i}.0/24'], port=4000 + 2 * i)
        self.host_sends(*[back(in4(echo(n), src=f'10.9.{n % 9}.2')) for n in range(90)])
        got = self.sent()
        self.assertEqual(len(got), 90)
        for i in range(9):
            mine = [IP(g[2])[ICMP].seq for g in got if g[0][UDP].dport == 4000 + 2 * i]
            self.assertEqual(mine, list(range(i, 90, 9)))
        self.assert_drops({})


if __name__ == '__main__':
    unittest.main()
