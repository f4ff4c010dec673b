#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# TCP through two tandems, and through two openvpn in userspace, over the same wire and with the same
# cipher, in turn. Prints the median of each in Mbit/s, and fails where openvpn is faster.
#
#	tests/bench/tunnel-tcp.sh [ROUNDS [SECONDS]]
. "$(dirname "$0")/../smoke/lib/smoke.sh"
. "$(dirname "$0")/../smoke/lib/tunnel.sh"
rounds=${1:-3} seconds=${2:-4}
smoke_begin tunneltcp
command -v openvpn >/dev/null || { echo "$(basename "$0"): openvpn is not installed" >&2; exit 2; }

# certificate NAME: self-signed; each side knows the other's fingerprint.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=$1" \
		-keyout "$TMP/$1.key" -out "$TMP/$1.crt" 2>"$TMP/openssl.log" || fail "openssl req"
}

fingerprint() { openssl x509 -noout -fingerprint -sha256 -in "$TMP/$1.crt" | sed 's/.*=//'; }

# openvpn_site SITE OTHER OWN-IP OTHER-IP ARGUMENT…
openvpn_site() {
	spawn "$1" "openvpn-$1" openvpn --dev tun9 --dev-type tun --proto udp --ifconfig "$3" "$4" \
		--cert "$TMP/vpn-$1.crt" --key "$TMP/vpn-$1.key" --peer-fingerprint "$(fingerprint "vpn-$2")" \
		--cipher AES-128-GCM --data-ciphers AES-128-GCM --disable-dco --tun-mtu 1500 \
		--sndbuf 0 --rcvbuf 0 "${@:5}"
}

mbits() {
	in_ns a timeout $((seconds + 10)) iperf3 -J -c "$1" -t "$seconds" >"$TMP/tcp.json" 2>"$TMP/tcp.log" ||
		fail "iperf3 to $1"
	jq '.end.sum_received.bits_per_second / 1e6 | floor' "$TMP/tcp.json"
}

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

make_sites
certificate vpn-a
certificate vpn-b
start_site b
site b user.add '{"name":"alice"}' >"$TMP/user.json" || fail "user.add"
start_site a
dial_tunnel 4
openvpn_site b a 10.8.0.1 10.8.0.2 --port 1194 --tls-server --dh none
openvpn_site a b 10.8.0.2 10.8.0.1 --remote 203.0.113.2 1194 --nobind --tls-client
spawn b iperf3-server iperf3 -s
until_true 20 in_ns a ping -q -c 1 -W 1 10.8.0.1 >/dev/null || fail "openvpn does not connect"

for ((round = 1; round <= rounds; round++)); do
	t=$(mbits 10.9.0.1) o=$(mbits 10.8.0.1)
	echo "$t" >>"$TMP/tandem.mbits"
	echo "$o" >>"$TMP/openvpn.mbits"
	printf 'round %d: tandem %s Mbit/s, openvpn %s Mbit/s\n' "$round" "$t" "$o"
done
t=$(median <"$TMP/tandem.mbits") o=$(median <"$TMP/openvpn.mbits")
printf 'median: tandem %s Mbit/s, openvpn %s Mbit/s\n' "$t" "$o"
is "$t" -ge "$o" "Mbit/s, against openvpn's"
stop_site a
stop_site b
