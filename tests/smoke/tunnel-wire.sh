#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: what is to be seen of tunnels on the way, with keys and without
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunnelwire

make_sites
start_site b
succeeds "user.add" site b user.add '{"name":"alice"}'
start_site a

# capture FILE, and end_capture: UDP between the two tandems, as it leaves the NAT.
capture() {
	spawn n tshark tshark -q -i out -f 'udp' -w "$1" -F pcap
	capture_pid=$last_pid
	until_true 10 grep -q 'Capture started' "$TMP/tshark.log" || fail "tshark does not start"
}
end_capture() {
	sleep 0.3
	end_job "$capture_pid" || true
	forget_job "$capture_pid"
}

# A ping whose bytes are known when they are seen: "TandemSecretByte".
SECRET=54616e64656d53656372657442797465
pings() { succeeds "ping $1" in_ns a ping -q -c 5 -i 0.2 -w 10 -s 200 -p "$SECRET" "$1"; }
readable() { grep -c -a -F TandemSecretByte "$1" || true; }

step "with DTLS: STUN, DTLS and SRTP, and nothing that can be read"
capture "$TMP/dtls.pcap"
dial_tunnel 4
pings 10.9.0.1
pings fd00:9::1
sleep 2.2
end_capture
id=$(site b tunnel.list | jq -r '.tunnels[0].id')
port=$(site b tunnel.get "{\"id\":\"$id\"}" | jq .local.port)
"$PYTHON" "$SMOKE_DIR/lib/tunnel_seen.py" "$TMP/dtls.pcap" 203.0.113.3 "$port" >"$TMP/seen.json"
printf '   %s\n' "$(jq -c . "$TMP/seen.json")"
for kind in stun dtls rtp; do
	is "$(jq ".$kind" "$TMP/seen.json")" -gt 0 "packets of $kind"
done
equal "$(jq .other "$TMP/seen.json")" 0 "packets that are none of these"
equal "$(jq -c .order "$TMP/seen.json")" '["stun","dtls","rtp"]' "what was seen first, second, third"
equal "$(jq .inner "$TMP/seen.json")" 0 "RTP payloads that are IP packets or keep-alives"
equal "$(readable "$TMP/dtls.pcap")" 0 "lines with bytes of the ping"
equal "$(jq .keepalives "$TMP/seen.json")" 0 "keep-alives that can be told"
succeeds "tunnel hangup" ctl a tunnel hangup "$(ctl a -j tunnel.list | jq -r '.tunnels[0].id')"

step "plain, where that is asked for: RTP, IP packets in it, and a keep-alive each second"
! site a tunnel.create '{"id":"plain", "networks":["10.9.0.0/16"], "security":{"type":"none"}}' \
	>"$TMP/command.log" 2>&1 || fail "a plain tunnel without allow_plain"
capture "$TMP/plain.pcap"
site b tunnel.create '{"id":"plain", "allow_plain":true, "security":{"type":"none"}, "address":"wan4",
	"networks":["10.99.0.2/32", "fd00:99::2/128"]}' >"$TMP/b.tunnel"
site a tunnel.create "$(jq '{id: "plain", allow_plain: true, mode: "client", security: {type: "none"},
	address: "wan4", remote: .local, networks: ["10.9.0.0/16", "fd00:9::/64"]}' "$TMP/b.tunnel")" >"$TMP/a.tunnel"
succeeds "addresses" in_ns a ip addr add 10.99.0.2/32 dev tun0
succeeds "addresses" in_ns a ip -6 addr add fd00:99::2/128 dev tun0 nodad
in_ns a ip link set tun0 up
in_ns a ip route replace 10.9.0.0/16 dev tun0 src 10.99.0.2
in_ns a ip -6 route replace fd00:9::/64 dev tun0 src fd00:99::2
in_ns b ip route replace 10.99.0.2/32 dev tun0
in_ns b ip -6 route replace fd00:99::2/128 dev tun0
until_true 5 in_ns a bash -c "ping -q -c 1 -W 1 10.9.0.1 >/dev/null" || fail "the plain tunnel does not come up"
pings 10.9.0.1
pings fd00:9::1
sent() { [ "$(site_counter "$1" worker.keepalive_out)" -ge "$2" ]; }
for s in a b; do
	enough=$(($(site_counter $s worker.keepalive_out) + 4))
	until_true 30 sent $s $enough || fail "keep-alives of site $s"
done
end_capture
port=$(jq -r '.local.port' "$TMP/b.tunnel")
"$PYTHON" "$SMOKE_DIR/lib/tunnel_seen.py" "$TMP/plain.pcap" 203.0.113.3 "$port" >"$TMP/seen.json"
printf '   %s\n' "$(jq -c . "$TMP/seen.json")"
equal "$(jq '.stun + .dtls + .other' "$TMP/seen.json")" 0 "packets that are no RTP"
is "$(jq .inner "$TMP/seen.json")" -ge 20 "IP packets in RTP"
is "$(readable "$TMP/plain.pcap")" -gt 0 "lines with bytes of the ping"
is "$(jq .keepalives "$TMP/seen.json")" -ge 8 "keep-alives of both sides"
equal "$(jq '.inner + .keepalives' "$TMP/seen.json")" "$(jq .rtp "$TMP/seen.json")" "payloads that are one or the other"
# A machine that is busy may make one of them late, but none early.
is "$(jq .keepalive_ms.least "$TMP/seen.json")" -ge 900 "ms between keep-alives, at least"
is "$(jq .keepalive_ms.least "$TMP/seen.json")" -le 1300 "ms between keep-alives, at least"

step "tshark says the same"
tshark -r "$TMP/plain.pcap" -d "udp.port==$port,rtp" -Y "udp.port == $port && rtp.p_type == 97" -T fields -e rtp.payload \
	>"$TMP/payloads" 2>/dev/null
equal "$(wc -l <"$TMP/payloads")" "$(jq .rtp "$TMP/seen.json")" "RTP of type 97"
equal "$(grep -c '^00$' "$TMP/payloads")" "$(jq .keepalives "$TMP/seen.json")" "payloads of one byte 0x00"
equal "$(grep -c '^45\|^6' "$TMP/payloads")" "$(jq .inner "$TMP/seen.json")" "payloads that are IP packets"
stop_site a
stop_site b
