#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: ICE from behind a NAT, by coturn as STUN server
#
# tandemd's wan has a private address; the NAT in between lets in only what answers what went out.
#
#	      P-t                     P-n                  P-w             P-b
#	┌──────────────┐     ┌──────────────────────┐     ┌────┐     ┌────────────────────┐
#	│   tandemd    │tb in│         NAT          │out  │    ├─eth0┤ party B 192.0.2.2  │
#	│ 172.16.9.1   ├─────┤ 172.16.9.9  192.0.2.1├─────┤br0 │     └────────────────────┘
#	└──────────────┘     └──────────────────────┘     │    ├─eth0┬────────────────────┐
#	                                                  └────┘     │ coturn  192.0.2.10 │
#	                                                         P-s └────────────────────┘
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/webrtc.sh"
smoke_begin icesrflx

for ns in a t n w s b; do make_ns $ns; done
make_veth t ta a eth0
make_veth t tb n in
ip -n "$P-w" link add dev br0 type bridge
ip -n "$P-w" link set br0 up
make_veth n out w port-n
make_veth b eth0 w port-b
make_veth s eth0 w port-s
for ns in n b s; do ip -n "$P-w" link set "port-$ns" master br0; done
mute_kernel ta
mute_kernel tb
ip -n "$P-a" addr add 10.0.0.2/24 dev eth0
ip -n "$P-n" addr add 172.16.9.9/24 dev in
ip -n "$P-n" addr add 192.0.2.1/24 dev out
ip -n "$P-b" addr add 192.0.2.2/24 dev eth0
ip -n "$P-s" addr add 192.0.2.10/24 dev eth0
in_ns n sysctl -qw net.ipv4.ip_forward=1
in_ns n nft -f - <<'NFT'
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat;
		oifname "out" masquerade
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname "in" accept
		ct state established accept
	}
	chain input {
		type filter hook input priority filter; policy accept;
		iifname "out" meta l4proto udp drop
	}
}
NFT

spawn s turnserver turnserver -n --stun-only --listening-ip 192.0.2.10 --no-tcp --no-tls --no-dtls \
	--no-cli --log-file stdout --simple-log --pidfile "$TMP/turnserver.pid"
until_true 10 in_ns s bash -c '[ -n "$(ss -Hlnu src 192.0.2.10:3478)" ]' || fail "coturn does not listen"
start_tandemd af_xdp '.addresses |= map(if .name == "wan4" then
		.ip = "172.16.9.1/24" | .gateway = "172.16.9.9" else . end)' \
	'.ice.stun_servers = [{ip: "192.0.2.10"}]'
run_parties srflx.py
stop_tandemd
