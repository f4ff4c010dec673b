#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""questions.py FILE: a pcap with an ARP request, a neighbour solicitation and two pings."""
import sys

from scapy.all import (ARP, ICMP, IP, Ether, ICMPv6EchoRequest, ICMPv6ND_NS,
                       ICMPv6NDOptSrcLLAddr, IPv6, wrpcap)

MAC = '02:00:00:00:00:02'
ALL = 'ff:ff:ff:ff:ff:ff'
TANDEM = '02:70:63:61:70:00'  # what net_pcap gives its first port

wrpcap(sys.argv[1], [
    Ether(src=MAC, dst=ALL) / ARP(op=1, hwsrc=MAC, psrc='10.0.0.2', pdst='10.0.0.1'),
    Ether(src=MAC, dst='33:33:ff:00:00:01') / IPv6(src='fd00:a::2', dst='ff02::1:ff00:1') /
    ICMPv6ND_NS(tgt='fd00:a::1') / ICMPv6NDOptSrcLLAddr(lladdr=MAC),
    Ether(src=MAC, dst=TANDEM) / IP(src='10.0.0.2', dst='10.0.0.1') / ICMP(id=1, seq=1) / b'ping',
    Ether(src=MAC, dst=TANDEM) / IPv6(src='fd00:a::2', dst='fd00:a::1') /
    ICMPv6EchoRequest(id=1, seq=1, data=b'ping')])
