#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: ICE restart and a change of the browser's path in mid-call
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/webrtc.sh"
smoke_begin webrtcrestart

make_topology 1 with_stranger
make_veth a eth1 w port-a1
ip -n "$P-w" link set port-a1 master br0
# Two interfaces on one link: each answers for its own address only, and sends its own.
in_ns a sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 \
	net.ipv6.conf.all.disable_ipv6=1
ip -n "$P-a" rule add from 10.0.0.3 table 100
ip -n "$P-a" route add default via 10.0.0.1
start_tandemd af_xdp
run_parties restart.py
stop_tandemd
