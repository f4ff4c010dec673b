#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: everything through a tunnel, but the way to its server
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunneldefault

make_sites
start_site b 'del(.tunnel.routes)'
succeeds "user.add" site b user.add '{"name":"alice"}'
start_site a

# way IP: device and gateway by which the kernel of site A sends there.
way() { in_ns a ip -j route get "$1" | jq -r '.[0] | "\(.dev) \(.gateway // "-")"'; }
goes_inside() { [ "$(way 198.51.100.1)" = "tun0 -" ]; }
routes() { in_ns a ip route show; in_ns a ip -6 route show | grep -v fe80; }

before=$(routes | grep -v tun0)
for version in 4 6; do
	step "IPv$version outside"
	dial_tunnel $version
	until_true 5 goes_inside || fail "198.51.100.1 goes by $(way 198.51.100.1)"
	equal "$(way 2001:db8:77::1)" "tun0 -" "the way to 2001:db8:77::1"
	[ $version = 4 ] && equal "$(way 203.0.113.2)" "eth0 192.168.7.1" "the way to the server"
	[ $version = 6 ] && equal "$(way 2001:db8:1::2)" "eth0 fd07::1" "the way to the server"
	pings a 10.9.0.1 56 "ping through the tunnel"
	pings a fd00:9::1 56 "ping through the tunnel, IPv6"
	[ $version = 4 ] && host=203.0.113.2 || host=2001:db8:1::2
	succeeds "tunnel hangup" ctl a tunnel hangup "alice@$host"
	until_true 3 no_inner || fail "tun0 of site A keeps addresses"
	equal "$(routes | grep -v tun0)" "$before" "routes that are left"
done
stop_site a
stop_site b
