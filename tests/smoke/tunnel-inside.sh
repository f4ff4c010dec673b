#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: packets that are too large for a tunnel, and packets from where nobody is
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunnelinside

# The TUN devices take more than the tunnel does, and TCP is left alone: it has to be told.
LARGE='.interfaces[1].mtu = 1500 | .tunnel += {mss_clamp: false}'
make_sites
start_site b "$LARGE"
succeeds "user.add" site b user.add '{"name":"alice", "networks":["10.77.0.0/24"]}'
start_site a "$LARGE"
dial_tunnel 4
mtu=$(ctl a -j tunnel.list | jq -r '.tunnels[0].mtu')
equal "$mtu" 1444 "MTU in force, of an Ethernet with AEAD_AES_128_GCM"
in_ns a ip link set tun0 mtu 1500

# ping NS ARGUMENT…: its output in $said.
pings() {
	said=$(in_ns "$1" ping "${@:2}" 2>&1) || true
}
clear_learned() {
	in_ns "$1" ip route flush cache
	in_ns "$1" ip -6 route flush cache
}

step "with DF: the sender is told what fits"
for s in a b; do
	there4=10.9.0.1 there6=fd00:9::1
	[ $s = a ] || there4=$inner4 there6=$inner6
	clear_learned $s
	before=$(site_counter $s drop.tunnel_too_big)
	pings $s -c 2 -i 0.3 -w 4 -M 'do' -s 1472 "$there4"
	matches "$said" "[Ff]rag needed and DF set .mtu = $mtu.|message too long, mtu.$mtu" "IPv4 from site $s"
	pings $s -c 2 -i 0.3 -w 4 -M 'do' -s 1452 "$there6"
	matches "$said" "Packet too big: mtu=$mtu|message too long, mtu.? ?$mtu" "IPv6 from site $s"
	is "$(site_counter $s drop.tunnel_too_big)" -ge $((before + 2)) "packets that were too big, at site $s"
	pings $s -c 3 -i 0.2 -w 10 -M 'do' -s $((mtu - 28)) "$there4"
	matches "$said" ' 3 received' "as large as fits, IPv4 from site $s"
	pings $s -c 3 -i 0.2 -w 10 -M 'do' -s $((mtu - 48)) "$there6"
	matches "$said" ' 3 received' "as large as fits, IPv6 from site $s"
done

step "without DF: they arrive whole"
for s in a b; do
	there4=10.9.0.1
	[ $s = a ] || there4=$inner4
	clear_learned $s
	before=$(site_counter $s worker.tunnel_fragments)
	for size in 1417 1472 4000; do
		pings $s -c 3 -i 0.2 -w 10 -M dont -s $size "$there4"
		matches "$said" ' 3 received' "$size bytes from site $s"
	done
	is "$(site_counter $s worker.tunnel_fragments)" -gt "$before" "fragments of site $s"
done

step "TCP finds its way"
for s in a b; do clear_learned $s; done
"$PYTHON" "$SMOKE_DIR/lib/tunnel_tcp.py" a b 10.9.0.1 fd00:9::1
"$PYTHON" "$SMOKE_DIR/lib/tunnel_tcp.py" b a "$inner4" "$inner6"

step "from where nobody is: dropped by name, at the other side"
in_ns a ip addr add 10.66.0.1/32 dev lo
in_ns a ip addr add 10.9.200.1/32 dev lo
in_ns a ip -6 addr add fd66::1/128 dev lo nodad
before=$(site_counter b drop.tunnel_source)
for from in 10.66.0.1 10.9.200.1; do
	pings a -c 3 -i 0.2 -W 1 -I $from 10.9.0.1
	matches "$said" ' 0 received' "a ping from $from"
done
pings a -c 3 -i 0.2 -W 1 -I fd66::1 fd00:9::1
matches "$said" ' 0 received' "a ping from fd66::1"
equal "$(site_counter b drop.tunnel_source)" $((before + 9)) "drop.tunnel_source of site B"
id=$(site b tunnel.list | jq -r '.tunnels[0].id')
equal "$(site b tunnel.get "{\"id\":\"$id\"}" | jq .drops.tunnel_source)" 9 "drops of the tunnel at site B"

step "from a network behind the user: it passes"
in_ns a ip addr add 10.77.0.1/32 dev lo
in_ns b ip route replace 10.77.0.0/24 dev tun0
pings a -c 3 -i 0.2 -w 10 -I 10.77.0.1 10.9.0.1
matches "$said" ' 3 received' "a ping from 10.77.0.1"

step "to where no tunnel leads: the kernel behind the TUN device is told"
for to in 10.9.250.1 fd00:9::250:1; do
	pings b -c 1 -W 3 $to
	matches "$said" 'From .* (Destination Net Unreachable|Destination unreachable: No route)' "ping $to"
done
stop_site a
stop_site b
