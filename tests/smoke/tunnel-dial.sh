#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: two tandems make a VPN through a NAT, by themselves
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunneldial

# paper NAME SAN: a certificate by the authority, and its key.
paper() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$TMP/$1.key" -out "$TMP/$1.csr" 2>"$TMP/openssl.log" &&
		openssl x509 -req -days 1 -in "$TMP/$1.csr" -CA "$TMP/ca.crt" -CAkey "$TMP/ca.key" \
			-CAcreateserial -out "$TMP/$1.crt" -extfile <(echo "subjectAltName=$2") \
			2>>"$TMP/openssl.log" || fail "openssl: a certificate for $1"
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=authority \
	-keyout "$TMP/ca.key" -out "$TMP/ca.crt" 2>"$TMP/openssl.log" || fail "openssl: an authority"
paper server IP:203.0.113.2
paper alice DNS:alice
paper mallory DNS:mallory

make_sites
start_site b '.tunnel.listen += {certificate: "'"$TMP"'/server.crt", key: "'"$TMP"'/server.key", ca: "'"$TMP"'/ca.crt"}'
succeeds "user.add" site b user.add '{"name":"alice"}'
start_site a

# What goes through the tunnel: $1 is the IP version outside.
through() {
	local size
	for size in 56 1300; do
		pings a 10.9.0.1 $size "ping to B, IPv4 over IPv$1"
		pings a fd00:9::1 $size "ping to B, IPv6 over IPv$1"
		pings b "$inner4" $size "ping to A, IPv4 over IPv$1"
		pings b "$inner6" $size "ping to A, IPv6 over IPv$1"
	done
	"$PYTHON" "$SMOKE_DIR/lib/tunnel_tcp.py" a b 10.9.0.1 fd00:9::1
	for host in 10.9.0.1 fd00:9::1; do
		in_ns a timeout 20 iperf3 -J -c "$host" -t 2 >"$TMP/tcp.json" 2>"$TMP/tcp.log" || fail "iperf3 to $host over IPv$1"
		is "$(jq '.end.sum_received.bytes' "$TMP/tcp.json")" -gt 100000 "bytes to $host"
		printf '   TCP to %s over IPv%s: %s Mbit/s\n' "$host" "$1" \
			"$(jq '.end.sum_received.bits_per_second / 1e6 | floor' "$TMP/tcp.json")"
	done
}

no_tunnels() { [ "$(site "$1" tunnel.list | jq '.tunnels | length')" = 0 ]; }

spawn b iperf3 iperf3 -s
for version in 4 6; do
	step "IPv$version outside"
	dial_tunnel $version
	tunnel=$(ctl a -j tunnel.list | jq -r '.tunnels[0].id')
	equal "$(site a tunnel.dials | jq -r '.dials[0].state')" up "state of the dial"
	through $version
	for s in a b; do
		for name in tunnel_source tunnel_framing srtp_auth srtp_replay; do
			equal "$(site_counter $s drop.$name)" 0 "drop.$name of site $s"
		done
	done

	step "the same dial again changes nothing, another one is refused"
	succeeds "dial again" ctl a tunnel dial "$([ $version = 4 ] && echo 203.0.113.2 || echo 2001:db8:1::2)" \
		--user alice --psk-file "$TMP/users.psk"
	! ctl a tunnel dial 203.0.113.9 --user alice --psk-file "$TMP/users.psk" --id "$tunnel" \
		>"$TMP/command.log" 2>&1 || fail "another dial of the same id"
	matches "$(cat "$TMP/command.log")" conflict "another dial of the same id"

	step "hung up: addresses and routes are gone"
	succeeds "tunnel hangup" ctl a tunnel hangup "$tunnel"
	until_true 2 no_tunnels b || fail "site B still has the tunnel that A has hung up"
	until_true 3 no_inner || fail "tun0 of site A keeps addresses"
	equal "$(site a tunnel.dials | jq '.dials | length')" 0 "dials that are left"
done

step "by certificates"
papers() { ctl a tunnel dial 203.0.113.2 --user alice --ca "$TMP/ca.crt" --certificate "$TMP/$1.crt" --key "$TMP/$1.key"; }
succeeds "dial with alice's certificate" papers alice
until_true 5 has_inner || fail "no addresses on tun0 of site A"
pings a 10.9.0.1 56 "ping through a tunnel by certificates"
succeeds "tunnel hangup" ctl a tunnel hangup alice@203.0.113.2
! papers mallory >"$TMP/command.log" 2>&1 || fail "mallory is taken for alice"
matches "$(cat "$TMP/command.log")" denied "mallory, who says that she is alice"
succeeds "tunnel hangup" ctl a tunnel hangup alice@203.0.113.2

step "nobody without the secret"
echo "alice:$(printf '%064x' 0xbad)" >"$TMP/wrong.psk"
! ctl a tunnel dial 203.0.113.2 --user alice --psk-file "$TMP/wrong.psk" >"$TMP/command.log" 2>&1 ||
	fail "a wrong secret"
is "$(site_counter b dial.handshakes_failed)" -gt 0 "handshakes that failed at site B"
succeeds "tunnel hangup" ctl a tunnel hangup "alice@203.0.113.2"

step "the server hangs up, and is dialled again"
dial_tunnel 4
before=$(site b tunnel.list | jq -r '.tunnels[0].id')
dial_reason() { site a tunnel.dials | jq -r '.dials[0].reason'; }
dial_state() { site a tunnel.dials | jq -r '.dials[0].state'; }
is_down() { [ "$(dial_reason)" = "down: hangup" ]; }
is_another() { [ "$(dial_state)" = up ] && [ "$(site b tunnel.list | jq -r '.tunnels[0].id')" != "$before" ]; }
until_true 3 [ "$(dial_state)" = up ] || fail "the tunnel is not up"
succeeds "tunnel.delete at site B" site b tunnel.delete "{\"id\":\"$before\"}"
until_true 1 is_down || fail "site A has not heard that B has hung up"
until_true 6 is_another || fail "site A does not dial again"
until_true 3 has_inner || fail "no addresses on tun0 of site A"
pings a 10.9.0.1 56 "ping through the next tunnel"

step "tunnels that are up for seconds only are dialled ever more seldom"
for attempts in 2 3; do
	before=$(site b tunnel.list | jq -r '.tunnels[0].id')
	succeeds "tunnel.delete at site B" site b tunnel.delete "{\"id\":\"$before\"}"
	until_true 1 is_down || fail "site A has not heard that B has hung up"
	equal "$(site a tunnel.dials | jq '.dials[0].attempts')" $attempts "attempts in vain"
	until_true 10 is_another || fail "site A does not dial again"
done

step "the server's daemon stops: down at once, and dialled until it is there again"
stop_site b
until_true 2 no_inner || fail "tun0 of site A keeps addresses"
start_site b
succeeds "user.add" site b user.add '{"name":"alice"}'
until_true 20 has_inner || fail "no addresses on tun0 of site A"
pings a 10.9.0.1 56 "ping after the server's restart"
stop_site a
until_true 2 no_tunnels b || fail "site B still has the tunnel of A's daemon"
stop_site b
