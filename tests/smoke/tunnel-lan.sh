#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: a LAN behind a tunnel
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunnellan

# P-c is a host on a LAN of site B, whose router is tandem:
#   P-c eth0 10.20.0.5, fd00:20::5 ── lan0 of P-b, tandem: 10.20.0.1, fd00:20::1
make_sites
make_ns c
make_veth c eth0 b lan0
in_ns b sysctl -qw net.ipv6.conf.lan0.disable_ipv6=1
ip -n "$P-c" addr add 10.20.0.5/24 dev eth0
ip -n "$P-c" addr add fd00:20::5/64 dev eth0 nodad
ip -n "$P-c" route add default via 10.20.0.1
ip -n "$P-c" route add default via fd00:20::1
# start_lan [JQ-FILTER]: site B, whose users are in no store.
start_lan() {
	start_site b '.interfaces[1] = {name: "lan", device: "net_af_packet1,iface=lan0", role: "inner"}' \
		'.addresses += [{name: "lan4", interface: "lan", ip: "10.20.0.1/24"},
			{name: "lan6", interface: "lan", ip: "fd00:20::1/64"}]' \
		'.tunnel.routes = ["10.20.0.0/24", "fd00:20::/64"]' "$@"
	succeeds "user.add" site b user.add '{"name":"alice"}'
}
is_up() { [ "$(site a tunnel.dials | jq -r '.dials[0].state')" = up ]; }
start_lan
start_site a
dial_tunnel 4

step "hosts of the LAN, and its router, answer"
for host in 10.20.0.5 fd00:20::5 10.20.0.1 fd00:20::1; do pings a $host 56 "ping $host from A"; done
pings a 10.20.0.5 1300 "ping with 1,300 bytes"
pings c "$inner4" 56 "ping A from the LAN, IPv4"
pings c "$inner6" 56 "ping A from the LAN, IPv6"
equal "$(site b neighbour.list | jq -r '[.neighbours[] | select(.interface == "lan" and .state != "static") | .state] | unique | @csv')" \
	'"reachable"' "neighbours on the LAN"
"$PYTHON" "$SMOKE_DIR/lib/tunnel_tcp.py" a c 10.20.0.5 fd00:20::5

step "its own addresses: ping and no more, and nobody is asked for them"
before=$(site_counter b drop.protocol)
spawn c arps tcpdump -nl -i eth0 arp
until_true 5 grep -q listening "$TMP/arps.log" || fail "tcpdump does not start"
! in_ns a timeout 2 bash -c 'echo >/dev/tcp/10.20.0.1/22' 2>/dev/null || fail "10.20.0.1 speaks TCP"
is "$(site_counter b drop.protocol)" -gt "$before" "drop.protocol of site B"
in_ns a ping -q -c 5 -i 0.1 -w 5 10.20.0.1 >"$TMP/command.log" 2>&1 || fail "ping 10.20.0.1"
! grep -q 'who-has 10\.20\.0\.1 ' "$TMP/arps.log" || fail "tandem asks for its own address"

step "a LAN that takes less: cut where it may be, told where not"
stop_site b
in_ns c ip link set eth0 mtu 1280
in_ns b ip link set lan0 mtu 1280
start_lan '.interfaces[1].mtu = 1280'
until_true 20 is_up || fail "the tunnel is not up again"
before=$(site_counter b worker.tunnel_fragments)
for size in 1253 1400; do
	in_ns a ping -q -c 3 -i 0.2 -w 8 -M dont -s $size 10.20.0.5 >"$TMP/command.log" 2>&1 || true
	matches "$(cat "$TMP/command.log")" ' 3 received' "$size bytes to the LAN"
done
is "$(site_counter b worker.tunnel_fragments)" -ge $((before + 12)) "fragments to the LAN"
in_ns a ping -c 1 -w 4 -M "do" -s 1300 10.20.0.5 >"$TMP/command.log" 2>&1 || true
matches "$(cat "$TMP/command.log")" 'From 10\.20\.0\.1 .*mtu = 1280' "too big for the LAN"
in_ns c ip link set eth0 mtu 1500
in_ns b ip link set lan0 mtu 1500

step "a router says what a router has to"
in_ns a ping -c 1 -w 4 -t 1 10.20.0.5 >"$TMP/command.log" 2>&1 || true
matches "$(cat "$TMP/command.log")" 'From 10\.20\.0\.1 .*Time to live exceeded' "no hops left, from A"
in_ns c ping -c 1 -w 4 -t 1 "$inner4" >"$TMP/command.log" 2>&1 || true
matches "$(cat "$TMP/command.log")" 'From 10\.20\.0\.1 .*Time to live exceeded' "no hops left, from the LAN"
in_ns c ping -M "do" -c 1 -w 4 -s 1472 "$inner4" >"$TMP/command.log" 2>&1 || true
matches "$(cat "$TMP/command.log")" 'From 10\.20\.0\.1 .*(mtu|Frag needed)' "too big, from the LAN"
in_ns a ping -c 1 -w 8 10.20.0.77 >"$TMP/command.log" 2>&1 && fail "10.20.0.77 answers"
in_ns a ping -c 2 -i 3 -w 8 10.20.0.77 >"$TMP/command.log" 2>&1 && fail "10.20.0.77 answers"
matches "$(cat "$TMP/command.log")" 'From 10\.20\.0\.1 .*Host Unreachable' "nobody there"
before=$(site_counter b drop.inner_no_route)
in_ns c ping -c 1 -w 4 10.99.0.1 >"$TMP/command.log" 2>&1 || true
matches "$(cat "$TMP/command.log")" 'From 10\.20\.0\.1 .*Destination Net Unreachable' "no route, IPv4"
in_ns c ping -c 1 -w 4 fd99::1 >"$TMP/command.log" 2>&1 || true
matches "$(cat "$TMP/command.log")" 'From fd00:20::1 .*No route' "no route, IPv6"
equal "$(site_counter b drop.inner_no_route)" $((before + 2)) "drop.inner_no_route of site B"
stop_site a
stop_site b
