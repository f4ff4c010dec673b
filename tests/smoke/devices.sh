#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: AF_PACKET, TAP, memif, pcap, ring, null
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin devices

relay() { "$PYTHON" "$SMOKE_DIR/lib/relay.py" "$@"; }

driver_is() {
	equal "$(rpc interface.list | jq -r '[.interfaces[].driver] | unique | join(" ")')" "$1" "drivers"
}

make_topology

step "net_af_packet: ffmpeg to ffmpeg"
start_tandemd af_packet
driver_is net_af_packet
rpc session.create '{"id":"ff","legs":[
	{"address":"lan4","remote":{"ip":"10.0.0.2","port":4000}},
	{"address":"wan6","remote":{"ip":"2001:db8::2","port":6000}}]}' >"$TMP/ff.json"
port=$(jq .legs[0].local.port "$TMP/ff.json")
cat >"$TMP/ff.sdp" <<-END
	v=0
	o=- 0 0 IN IP6 2001:db8::2
	s=-
	c=IN IP6 2001:db8::2
	t=0 0
	m=audio 6000 RTP/AVP 8
END
spawn b ffmpeg-b ffmpeg -nostdin -loglevel error -protocol_whitelist file,udp,rtp \
	-analyzeduration 200000 -i "$TMP/ff.sdp" -t 2.5 -y "$TMP/received.wav"
receiver=$last_pid
until_true 5 in_ns b bash -c '[ -n "$(ss -Hlun sport = 6000)" ]' || fail "ffmpeg does not listen"
in_ns a timeout 20 ffmpeg -nostdin -loglevel error -re -f lavfi -i 'sine=frequency=440:sample_rate=8000' \
	-t 4 -c:a pcm_alaw -ac 1 -f rtp "rtp://10.0.0.1:$port?localrtpport=4000&localrtcpport=4001" \
	>"$TMP/ffmpeg-a.log" 2>&1 || fail "ffmpeg (party A)"
rc=0; wait "$receiver" || rc=$?
equal $rc 0 "exit code of ffmpeg (party B)"
forget_job "$receiver"
duration=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$TMP/received.wav")
is "$(awk -v s="$duration" 'BEGIN {print int(s * 100)}')" -ge 245 "hundredths of a second received"
rpc session.delete '{"id":"ff"}' >"$TMP/ff.json"
equal "$(jq .legs[1].tx.packets "$TMP/ff.json")" "$(udp_count a 4 OutDatagrams)" \
	"sent to B, RTP and RTCP, and sent by A"
equal "$(jq .legs[0].rx.lost "$TMP/ff.json")" 0 "lost"
relay a b
stop_tandemd

step "net_pcap on live interfaces"
start_tandemd net_pcap '.interfaces[0].device = "net_pcap0,rx_iface_in=ta,tx_iface=ta"' \
	'.interfaces[1].device = "net_pcap1,rx_iface_in=tb,tx_iface=tb"'
driver_is net_pcap
succeeds "ping" in_ns a ping -q -c 3 -i 0.1 -W 1 10.0.0.1
relay a b
stop_tandemd

step "net_tap: the kernel of tandemd's namespace is both parties"
ip -n "$P-t" link set ta down
ip -n "$P-t" link set tb down
start_tandemd net_tap '.interfaces[0].device = "net_tap0,iface=tap0"' \
	'.interfaces[1].device = "net_tap1,iface=tap1"'
driver_is net_tap
while read -r dev addr; do ip -n "$P-t" addr add "$addr" dev "$dev"; done <<-END
	tap0 10.0.0.2/24
	tap0 fd00:a::2/64
	tap1 192.0.2.2/24
	tap1 2001:db8::2/64
END
for ip in 10.0.0.1 fd00:a::1 192.0.2.1 2001:db8::1; do
	succeeds "ping $ip" in_ns t ping -q -c 3 -i 0.1 -W 1 $ip
done
relay t t
stop_tandemd
ip -n "$P-t" link set ta up
ip -n "$P-t" link set tb up

step "net_memif: two tandemd, one behind the other"
link='.interfaces[1] = {name: "wan", device: "net_memif0,role=ROLE,socket=SOCK,socket-abstract=no"} |
	.addresses = (.addresses | map(select(.interface == "lan"))) + [
	{name: "wan6", interface: "wan", ip: "fd00:b::NUMBER/64", ports: {min: 30000, max: 39999}}]'
link=${link/SOCK/$TMP\/memif.sock}
lan=${link/ROLE/server}
start_tandemd af_packet "${lan/NUMBER/1}"
near=$tandemd_pid
wan=${link/ROLE/client}
devices_of af_packet
write_config "$TMP/far.json" "$device_a" "$device_b" "${wan/NUMBER/2}" \
	'.interfaces[0].device = "net_af_packet0,iface=tb"' \
	'.addresses[0].ip = "192.0.2.1/24" | .addresses[1].ip = "2001:db8::1/64"' \
	'.api.socket += ".far" | .api.ro_socket += ".far"'
launch_tandemd far "$TMP/far.json"
far=$tandemd_pid
wait_ready "$far" "$SOCKET.far" || fail "the second tandemd does not start"
equal "$(rpc interface.list | jq -r '[.interfaces[].driver] | join(" ")')" \
	"net_af_packet net_memif" "drivers"
link_up() { rpc interface.list | jq -e '.interfaces[1].link.up' >/dev/null; }
until_true 5 link_up || fail "memif does not come up"
relay a b "$SOCKET.far"
stop_tandemd "$near"
kill "$far"
rc=0; wait "$far" || rc=$?
equal $rc 0 "exit code of the second tandemd"
forget_job "$far"

step "net_pcap with files: questions in, answers out"
"$PYTHON" "$SMOKE_DIR/lib/questions.py" "$TMP/in.pcap"
start_tandemd net_pcap ".interfaces[0].device = \"net_pcap0,rx_pcap=$TMP/in.pcap,tx_pcap=$TMP/out.pcap\"" \
	".interfaces[1].device = \"net_pcap1,rx_pcap=$TMP/in.pcap,tx_pcap=$TMP/out2.pcap\""
until_true 5 test "$(counter control.arp_answered)" -ge 1 || fail "ARP is not answered"
sleep 0.3
stop_tandemd
tshark -r "$TMP/out.pcap" 2>/dev/null >"$TMP/answers" || true
for answer in '10.0.0.1 is at' 'Neighbor Advertisement fd00:a::1' 'Echo \(ping\) reply'; do
	matches "$(cat "$TMP/answers")" "$answer" "out.pcap"
done

step "net_ring and net_null: what is no packet is dropped by name"
start_tandemd net_ring '.interfaces[1].device = "net_null1,size=10"'
equal "$(rpc interface.list | jq -r '[.interfaces[].driver] | join(" ")')" "net_ring net_null" "drivers"
until_true 5 test "$(counter drop.truncated)" -gt 0 || fail "runts are not dropped"
equal "$(rpc system.health | jq .ok)" true "health under a flood of runts"
rpc session.create '{"id":"r","legs":[{"address":"lan4"},{"address":"wan6"}]}' >/dev/null
rpc session.delete '{"id":"r"}' >/dev/null
stop_tandemd
