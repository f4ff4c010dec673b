#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: a call of two sipp, IPv4 to IPv6
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/call.sh"
smoke_begin call46

make_topology
start_tandemd af_xdp
start_call_servers 4

for p in a b; do
	spawn $p "tshark-$p" tshark -q -i eth0 -f udp -w "$TMP/$p.pcap" -F pcap
	until_true 10 grep -q 'Capture started' "$TMP/tshark-$p.log" || fail "tshark does not start"
done
captures=("${smoke_jobs[@]: -2}")

step "one call of 4 s"
call
sleep 0.2
for pid in "${captures[@]}"; do end_job "$pid" || true; done

jq -e . "$TMP/reports.json" >/dev/null || fail "no report"
leg() { jq ".report.legs[$1]$2" "$TMP/reports.json"; }
a_out=$(udp_count a 4 OutDatagrams) a_in=$(udp_count a 4 InDatagrams)
b_out=$(udp_count b 6 OutDatagrams) b_in=$(udp_count b 6 InDatagrams)

step "the three counts agree: party A, tandemd, party B"
is "$a_out" -ge 190 "packets of A"
is "$b_out" -ge 190 "packets of B"
equal "$(leg 0 .rx.packets)" "$a_out" "received from A by tandemd"
equal "$(leg 1 .tx.packets)" "$a_out" "sent to B by tandemd"
equal "$b_in" "$a_out" "received by B"
equal "$(leg 1 .rx.packets)" "$b_out" "received from B by tandemd"
equal "$(leg 0 .tx.packets)" "$b_out" "sent to A by tandemd"
equal "$a_in" "$b_out" "received by A"
for i in 0 1; do
	equal "$(leg $i .rx.lost)" 0 "lost on leg $i"
	equal "$(leg $i .rx.duplicate)" 0 "duplicates on leg $i"
	equal "$(leg $i .drops)" '{}' "drops on leg $i"
	equal "$(leg $i .rx.payload_type)" 8 "payload type on leg $i"
done
is "$(jq '.report.mos * 100 | floor' "$TMP/reports.json")" -ge 400 "MOS times 100"
equal "$(rpc session.list | jq '.sessions | length')" 0 "sessions left"

step "tshark on both sides: two streams, no loss, no wrong checksum"
for p in a b; do
	tshark -r "$TMP/$p.pcap" -q -o rtp.heuristic_rtp:TRUE -z rtp,streams >"$TMP/streams" 2>/dev/null
	equal "$(grep -c 'g711A' "$TMP/streams")" 2 "RTP streams seen at $p"
	equal "$(awk '/g711A/ {print $10}' "$TMP/streams" | sort -u)" 0 "packets lost, seen at $p"
	equal "$(tshark -r "$TMP/$p.pcap" -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE \
		-Y 'udp.checksum.status == 0 || ip.checksum.status == 0' 2>/dev/null | wc -l)" 0 \
		"wrong checksums at $p"
	equal "$(tshark -r "$TMP/$p.pcap" -o udp.check_checksum:TRUE \
		-Y 'udp.checksum.status == 1' 2>/dev/null | wc -l)" $((a_out + b_out)) \
		"right checksums at $p"
done
stop_tandemd
