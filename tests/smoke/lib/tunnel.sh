# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Two sites, each with a tandem, and a NAT between them. To be sourced after smoke.sh.
#
#          P-a  site A                  P-n                          P-b  site B
#   ┌───────────────────────┐    ┌───────────────────┐    ┌────────────────────────────┐
#   │ kernel   192.168.7.2  │    │ 192.168.7.1       │    │ kernel   203.0.113.2       │
#   │          fd07::2      │eth0│ fd07::1     NAT,  │eth0│          2001:db8:1::2     │
#   │ tandem   192.168.7.3  ├────┤         a door    ├────┤ tandem   203.0.113.3       │
#   │          fd07::3      │  in│ 203.0.113.1       │out │          2001:db8:1::3     │
#   │ tun0     as it is told│    │ 2001:db8:1::1     │    │ tun0     10.9.0.1/16       │
#   └───────────────────────┘    └───────────────────┘    │          fd00:9::1/64      │
#                                                         └────────────────────────────┘
#
# Kernel and tandem have addresses of their own on the same wire: signalling goes by the kernel's,
# media by tandem's. P-n changes the addresses of all that leaves, IPv4 and IPv6, and lets in only
# what belongs to it.

TUNNEL_SECRET=$(printf 'alice:%064x' 0xa11ce)

make_sites() {
	local ns
	for ns in a n b; do make_ns $ns; done
	make_veth a eth0 n in
	make_veth b eth0 n out
	ip -n "$P-a" addr add 192.168.7.2/24 dev eth0
	ip -n "$P-a" addr add fd07::2/64 dev eth0 nodad
	ip -n "$P-n" addr add 192.168.7.1/24 dev in
	ip -n "$P-n" addr add fd07::1/64 dev in nodad
	ip -n "$P-n" addr add 203.0.113.1/24 dev out
	ip -n "$P-n" addr add 2001:db8:1::1/64 dev out nodad
	ip -n "$P-b" addr add 203.0.113.2/24 dev eth0
	ip -n "$P-b" addr add 2001:db8:1::2/64 dev eth0 nodad
	ip -n "$P-a" route add default via 192.168.7.1
	ip -n "$P-a" route add default via fd07::1
	in_ns n sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	nat_rules 'masquerade'
}

# nat_rules HOW: what leaves gets its addresses anew by HOW ("masquerade", "masquerade to :40000-40999").
nat_rules() {
	in_ns n nft -f - <<-END
		flush ruleset
		table inet door {
			chain out {
				type nat hook postrouting priority srcnat;
				oifname "out" meta l4proto { tcp, udp } $1
				oifname "out" masquerade
			}
			chain in {
				type filter hook forward priority filter; policy drop;
				iifname "in" accept
				ct state established,related accept
				counter
			}
		}
	END
}

# site_config SITE FILE [JQ-FILTER…]: what both have in common.
site_config() {
	local site=$1 file=$2 filter
	local -A ip4=([a]=192.168.7.3/24 [b]=203.0.113.3/24) ip6=([a]=fd07::3/64 [b]=2001:db8:1::3/64)
	shift 2
	jq -n --arg socket "$TMP/$site.sock" --arg ro "$TMP/$site.ro" \
		--arg ip4 "${ip4[$site]}" --arg ip6 "${ip6[$site]}" '{
		eal: {args: ["--no-huge"]},
		workers: {lcores: [1], idle: "adaptive"},
		interfaces: [{name: "wan", device: "net_af_packet0,iface=eth0"},
			{name: "tun", device: "net_tun0,iface=tun0", role: "inner", mtu: 1420}],
		addresses: [
			{name: "wan4", interface: "wan", ip: $ip4, ports: {min: 20000, max: 29999}},
			{name: "wan6", interface: "wan", ip: $ip6, ports: {min: 20000, max: 29999}}],
		limits: {sessions: 2000},
		api: {socket: $socket, ro_socket: $ro}}' >"$file"
	if [ "$site" = a ]; then
		set -- '.addresses[0].gateway = "192.168.7.1"' '.addresses[1].gateway = "fd07::1"' "$@"
	else
		set -- '.addresses[0].gateway = "203.0.113.1"' '.addresses[1].gateway = "2001:db8:1::1"' \
			'.interfaces[1].kernel = {addresses: ["10.9.0.1/16", "fd00:9::1/64"]}' \
			'.tunnel = {pool: ["10.9.0.0/16", "fd00:9::/64"], routes: ["10.9.0.0/16", "fd00:9::/64"],
				listen: {psk_file: "'"$TMP"'/users.psk"}}' "$@"
	fi
	for filter; do
		jq "$filter" "$file" >"$file.new"
		mv "$file.new" "$file"
	done
}

# start_site SITE [JQ-FILTER…]: sets $site_pid.
start_site() {
	local site=$1
	shift
	[ -e "$TMP/users.psk" ] || echo "$TUNNEL_SECRET" >"$TMP/users.psk"
	site_config "$site" "$TMP/$site.json" "$@"
	spawn "$site" "tandemd-$site" "$TANDEMD" --config "$TMP/$site.json"
	site_pid=$last_pid
	eval "site_pid_$site=$last_pid"
	wait_ready "$site_pid" "$TMP/$site.sock" || fail "tandemd of site $site does not start"
}

# stop_site SITE
stop_site() {
	local pid rc=0
	eval "pid=\$site_pid_$1"
	kill -TERM "$pid" 2>/dev/null || true
	wait "$pid" || rc=$?
	equal "$rc" 0 "exit code of tandemd of site $1"
	forget_job "$pid"
}

# site SITE METHOD [PARAMS], and ctl SITE ARGUMENT…: in the namespace of the site.
site() { "$PYTHON" "$SMOKE_DIR/lib/tandem.py" "$TMP/$1.sock" "${@:2}"; }
ctl() { in_ns "$1" "$TANDEMCTL" -s "$TMP/$1.sock" "${@:2}"; }

# site_counter SITE NAME
site_counter() { site "$1" stats.get "{\"names\":[\"$2\"]}" | jq -e ".counters[\"$2\"]" || fail "no counter $2"; }

# dial_tunnel 4|6: site A dials site B as alice, and has the tunnel's addresses. Sets $inner4, $inner6.
dial_tunnel() {
	local host=203.0.113.2
	[ "$1" = 4 ] || host=2001:db8:1::2
	succeeds "tunnel dial over IPv$1" ctl a tunnel dial "$host" --user alice --psk-file "$TMP/users.psk"
	until_true 5 has_inner || fail "no addresses on tun0 of site A"
}

has_inner() {
	inner4=$(in_ns a ip -j -4 addr show dev tun0 | jq -r '.[0].addr_info[0].local // empty')
	inner6=$(in_ns a ip -j -6 addr show dev tun0 scope global | jq -r '.[0].addr_info[0].local // empty')
	[ -n "$inner4" ] && [ -n "$inner6" ]
}

no_inner() { [ -z "$(in_ns a ip addr show dev tun0 scope global | grep inet)" ]; }

# pings NS HOST SIZE WHAT: three must be answered; else what was dropped is shown. With
# -w, ping waits for late answers; otherwise it gives up after two round trips.
pings() {
	local s all=' ([3-9]|[1-9][0-9]+) received'
	in_ns "$1" ping -A -q -c 3 -w 8 -s "$3" "$2" >"$TMP/command.log" 2>&1 || true
	if ! grep -Eq "$all" "$TMP/command.log"; then
		for s in a b; do
			site $s stats.get | jq -c --arg site $s '[$site, (.counters | with_entries(select(.value > 0 and
				(.key | test("^drop|missed|no_mbuf|_full|errors|up$")))))]'
		done >"$TMP/drops.log"
	fi
	matches "$(cat "$TMP/command.log")" "$all" "$4"
}
