#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# TCP through two tandems, and through two of each VPN in userspace that Debian has, over the same
# wire in turn: openvpn and strongSwan's ESP (kernel-libipsec) with AES-128-GCM, as the tandems, and
# wireguard-go with ChaCha20-Poly1305. Prints the median of each in Mbit/s, and fails where another
# is faster than tandem.
#
#	tests/bench/tunnel-tcp.sh [ROUNDS [SECONDS]]
. "$(dirname "$0")/../smoke/lib/smoke.sh"
. "$(dirname "$0")/../smoke/lib/tunnel.sh"
rounds=${1:-3} seconds=${2:-4}
# What site b is reached by, through each.
declare -A inside=([tandem]=10.9.0.1 [openvpn]=10.8.0.1 [strongswan]=10.7.0.1 [wireguard-go]=10.6.0.1)
names=(tandem openvpn strongswan wireguard-go)
smoke_begin tunneltcp
for program in openvpn charon-systemd swanctl wireguard-go wg; do
	command -v $program >/dev/null || { echo "$(basename "$0"): $program is not installed" >&2; exit 2; }
done

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

# strongswan_site SITE OWN-IP OTHER-IP OWN-OUTER OTHER-OUTER
strongswan_site() {
	local vici=unix://$TMP/vici-$1
	cat >"$TMP/strongswan-$1.conf" <<-END
		charon-systemd {
			load = random nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
			plugins { vici { socket = $vici } }
		}
	END
	cat >"$TMP/swanctl-$1.conf" <<-END
		connections { vpn {
			version = 2
			local_addrs = $4
			remote_addrs = $5
			proposals = aes128gcm16-prfsha256-ecp256
			local { auth = psk
				id = $1 }
			remote { auth = psk }
			children { vpn {
				local_ts = $2/32
				remote_ts = $3/32
				esp_proposals = aes128gcm16
			} }
		} }
		secrets { ike-vpn { secret = "$(cat "$TMP/ike.psk")" } }
	END
	ip -n "$P-$1" addr add "$2/32" dev lo
	spawn "$1" "strongswan-$1" env STRONGSWAN_CONF="$TMP/strongswan-$1.conf" charon-systemd
	until_true 10 test -S "$TMP/vici-$1" || fail "strongSwan does not start"
	in_ns "$1" swanctl --load-all --uri "$vici" --file "$TMP/swanctl-$1.conf" >"$TMP/swanctl-$1.log" 2>&1 ||
		fail "swanctl --load-all"
}

# wireguard_site SITE OWN-IP OTHER-IP PORT WG-ARGUMENT…
wireguard_site() {
	local other=a
	[ "$1" = b ] || other=b
	spawn "$1" "wireguard-$1" env WG_PROCESS_FOREGROUND=1 wireguard-go --foreground "wg-$1-$$"
	until_true 10 in_ns "$1" ip link show "wg-$1-$$" >/dev/null 2>&1 || fail "wireguard-go does not start"
	in_ns "$1" wg set "wg-$1-$$" private-key "$TMP/wg-$1.key" listen-port "$4" \
		peer "$(wg pubkey <"$TMP/wg-$other.key")" allowed-ips "$3/32" "${@:5}" || fail "wg set"
	ip -n "$P-$1" addr add "$2/32" dev "wg-$1-$$"
	ip -n "$P-$1" link set "wg-$1-$$" up
	ip -n "$P-$1" route add "$3" dev "wg-$1-$$"
}

start_openvpn() {
	certificate vpn-a
	certificate vpn-b
	openvpn_site b a 10.8.0.1 10.8.0.2 --port 1194 --tls-server --dh none
	openvpn_site a b 10.8.0.2 10.8.0.1 --remote 203.0.113.2 1194 --nobind --tls-client
}

start_strongswan() {
	openssl rand -hex 16 >"$TMP/ike.psk"
	strongswan_site b 10.7.0.1 10.7.0.2 203.0.113.2 %any
	strongswan_site a 10.7.0.2 10.7.0.1 192.168.7.2 203.0.113.2
	in_ns a swanctl --initiate --child vpn --uri "unix://$TMP/vici-a" >"$TMP/initiate.log" 2>&1 ||
		fail "swanctl --initiate"
}

start_wireguard() {
	(umask 077; wg genkey >"$TMP/wg-a.key"; wg genkey >"$TMP/wg-b.key")
	wireguard_site b 10.6.0.1 10.6.0.2 51820
	wireguard_site a 10.6.0.2 10.6.0.1 51821 endpoint 203.0.113.2:51820 persistent-keepalive 5
}

mbits() {
	in_ns a timeout $((seconds + 10)) iperf3 -J -c "$1" -t "$seconds" >"$TMP/tcp.json" 2>"$TMP/tcp.log" ||
		fail "iperf3 to $1"
	jq '.end.sum_received.bits_per_second / 1e6 | floor' "$TMP/tcp.json"
}

median() { sort -n "$TMP/$1.mbits" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

make_sites
start_site b
site b user.add '{"name":"alice"}' >"$TMP/user.json" || fail "user.add"
start_site a
dial_tunnel 4
start_openvpn
start_strongswan
start_wireguard
spawn b iperf3-server iperf3 -s
for name in "${names[@]}"; do
	until_true 20 in_ns a ping -q -c 1 -W 1 "${inside[$name]}" >/dev/null || fail "$name does not connect"
done

for ((round = 1; round <= rounds; round++)); do
	line=''
	for name in "${names[@]}"; do
		m=$(mbits "${inside[$name]}")
		echo "$m" >>"$TMP/$name.mbits"
		line+=" $name $m"
	done
	echo "round $round, Mbit/s:$line"
done
for name in "${names[@]}"; do printf 'median: %s %s Mbit/s\n' "$name" "$(median "$name")"; done
for name in "${names[@]:1}"; do is "$(median tandem)" -ge "$(median "$name")" "Mbit/s, against $name's"; done
stop_site a
stop_site b
