#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Broken and hostile packets at every layer: dropped by name, and the call goes on."""
import random
import unittest

from tandem_pkt import (A_IP, A_LOCAL, A_MAC, B_IP, B_LOCAL, B_MAC, Dot1Q, Ether, IP, IPv6, Raw,
                        UDP, rtp)
from scapy.all import (ICMP, IPOption_NOP, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                       IPv6ExtHdrHopByHop, TCP)
from test_relay import CallTest


class Bad(CallTest):
    def setUp(self):
        super().setUp()
        self.call()

    def still_well(self):
        """The call is as it was before."""
        self.seq = getattr(self, 'seq', 0) + 1
        self.send(0, self.packet_in(0, rtp(self.seq)))
        self.send(1, self.packet_in(1, rtp(self.seq)))
        self.assertEqual(len(self.h.tx('wan')), 1)
        self.assertEqual(len(self.h.tx('lan')), 1)

    def check(self, drops, *packets, leg=0):
        self.send(leg, *packets)
        self.assert_drops(drops)
        self.assert_packets(self.h.tx('lan'), [])
        self.assert_packets(self.h.tx('wan'), [])
        self.still_well()

    def changed(self, leg=0, fix_ip=True, **fields):
        p = self.packet_in(leg, rtp(1))
        p = Ether(bytes(p))
        layer = p[IP] if IP in p else p[IPv6]
        for k, v in fields.items():
            setattr(layer, k, v)
        if fix_ip and IP in p:
            del p[IP].chksum
        return Ether(bytes(p))

    def cut(self, packet, n):
        """As scapy would not let a broken frame be: raw bytes."""
        raw = bytes(packet)[:n]
        return Raw(raw)

    def test_every_truncation(self):
        for leg in (0, 1):
            whole = bytes(self.packet_in(leg, rtp(1)))
            self.send(leg, *[Raw(whole[:n]) for n in range(1, len(whole))])
            drops = self.h.changes()
            self.assertEqual(sum(drops.values()), len(whole) - 1)
            self.assertEqual(set(drops), {'drop.truncated'})
            self.assert_packets(self.h.tx('wan') + self.h.tx('lan'), [])
            self.still_well()

    def test_ethertypes(self):
        p = bytes(self.packet_in(0, rtp(1)))
        self.check({'ethertype': 3}, Raw(p[:12] + b'\x88\xcc' + p[14:]),
                   Raw(p[:12] + b'\x88\xa8\0\1' + p[12:]),
                   Raw(p[:12] + b'\x81\0\0\0\x81\0\0\0' + p[12:]))

    def test_ip_version(self):
        p4, p6 = bytes(self.packet_in(0, rtp(1))), bytes(self.packet_in(1, rtp(1)))
        self.check({'ip_version': 3}, Raw(p4[:12] + b'\x86\xdd' + p4[14:] + bytes(40)),
                   Raw(p6[:12] + b'\x08\0' + p6[14:]), Raw(p4[:14] + b'\x15' + p4[15:]))

    def test_ip4_header(self):
        self.check({'ip_header': 2}, self.changed(len=19), self.changed(ihl=4))
        self.check({'truncated': 1}, self.changed(len=1000))
        self.check({'ip_checksum': 2}, self.changed(fix_ip=False, ttl=63),
                   self.changed(chksum=0, fix_ip=False))

    def test_ip_options(self):
        p = self.packet_in(0, rtp(1))
        p[IP].options = [IPOption_NOP()] * 4
        self.check({'ip_options': 1}, p)

    def test_fragments(self):
        self.check({'fragment': 3}, self.changed(flags='MF'), self.changed(flags=0, frag=10),
                   self.changed(flags='MF', frag=8191))
        p = self.packet_in(1, rtp(1))
        p = Ether(bytes(p))
        udp = p[UDP]
        p[IPv6].remove_payload()
        del p[IPv6].plen, p[IPv6].nh
        self.check({'fragment': 1}, p / IPv6ExtHdrFragment(m=1) / udp, leg=1)

    def test_extension_headers(self):
        out = []
        for ext in (IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()):
            p = Ether(bytes(self.packet_in(1, rtp(1))))
            udp = p[UDP]
            p[IPv6].remove_payload()
            del p[IPv6].plen, p[IPv6].nh
            out.append(p / ext / udp)
        self.check({'ext_header': 2}, *out, leg=1)

    def test_protocols(self):
        eth = Ether(src=A_MAC, dst=self.mac('lan'))
        self.check({'protocol': 2}, eth / IP(src=A_IP, dst=A_LOCAL) / TCP(dport=80),
                   eth / IP(src=A_IP, dst=A_LOCAL, proto=4) / Raw(b'x' * 30))

    def test_udp_length(self):
        self.check({'udp_length': 3}, self.packet_in(0, rtp(1), len=7),
                   self.packet_in(0, rtp(1), len=0), self.packet_in(0, rtp(1), len=181))

    def test_udp_checksum(self):
        self.check({'udp_checksum': 1}, self.packet_in(0, rtp(1), chksum=0x1234))
        self.check({'udp_checksum': 2}, self.packet_in(1, rtp(1), chksum=0x1234),
                   self.packet_in(1, rtp(1), chksum=0), leg=1)

    def test_mapped_addresses_on_the_wire(self):
        self.check({'ip_header': 1},
                   Ether(src=B_MAC, dst=self.mac('wan')) /
                   IPv6(src='::ffff:10.0.0.2', dst=B_LOCAL) /
                   UDP(sport=4000, dport=self.local[1]) / Raw(rtp(1)), leg=1)

    def test_rtp(self):
        def header(first, rest=b'\0' + bytes(10)):
            return bytes([first]) + rest

        bad = [
            header(0x80)[:11],                                # shorter than its header
            header(0x8f),                                     # 15 CSRC, none there
            header(0x81),                                     # 1 CSRC
            header(0x90),                                     # extension, none there
            header(0x90) + b'\xbe\xde\0\1',                   # extension of 4 bytes, none there
            header(0x90) + b'\xbe\xde\xff\xff' + bytes(100),
            header(0xa0),                                     # padding, none there
            header(0xa0) + b'\0',                             # padding of nothing
            header(0xa0) + b'\5abc',                          # more than there is
            header(0xbf) + bytes(59) + b'\1',                 # CSRC list ends in the padding
            b'\x80\xc8\0\6' + bytes(8),                       # RTCP longer than the datagram
            b'\x80\xc8\0',
        ]
        self.check({'rtp_malformed': len(bad)}, *[self.packet_in(0, p) for p in bad])

    def test_rtp_that_is_unusual_but_right(self):
        good = [
            b'\x8f\0' + bytes(10) + bytes(60),
            b'\x90\0' + bytes(10) + b'\xbe\xde\0\1' + bytes(4),
            b'\xa0\0' + bytes(10) + b'\1',
            b'\xa0\0' + bytes(10) + b'abc\4',
            b'\x80\x7f' + bytes(10),
        ]
        self.send(0, *[self.packet_in(0, p) for p in good])
        self.expect(1, *[self.packet_out(1, p) for p in good])
        self.assert_drops({})

    def test_to_others(self):
        eth = Ether(src=A_MAC, dst=self.mac('lan'))
        udp = UDP(sport=4000, dport=self.local[0]) / Raw(rtp(1))
        self.check({'not_ours': 3}, eth / IP(src=A_IP, dst='10.0.0.77') / udp,
                   eth / IP(src=A_IP, dst='10.0.0.255') / udp,
                   eth / IP(src=A_IP, dst='224.0.0.1') / udp)
        self.check({'no_flow': 1}, eth / IP(src=A_IP, dst=A_LOCAL) / UDP(sport=4000, dport=9) /
                   Raw(rtp(1)))
        # Leg B's address is not reachable through leg A's interface.
        self.check({'not_ours': 1}, eth / IPv6(src='fd00::2', dst=B_LOCAL) /
                   UDP(sport=4000, dport=self.local[1]) / Raw(rtp(1)))

    def test_noise(self):
        """Random bytes, and good packets with random bytes changed; the same each time."""
        rnd = random.Random(7)
        for _ in range(20):
            batch = []
            for _ in range(100):
                if rnd.random() < 0.3:
                    batch.append(Raw(rnd.randbytes(rnd.randint(1, 200))))
                    continue
                p = bytearray(bytes(self.packet_in(0, rtp(1))))
                for _ in range(rnd.randint(1, 6)):
                    p[rnd.randrange(12, len(p))] = rnd.randrange(256)
                batch.append(Raw(bytes(p)))
            self.send(0, *batch)
        self.h.advance(10)
        self.drain()
        self.still_well()


if __name__ == '__main__':
    unittest.main()
