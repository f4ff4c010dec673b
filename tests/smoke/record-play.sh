#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: recording, copying, capturing and playing
. "$(dirname "$0")/lib/smoke.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin recordplay

# A small disk of our own, for captures and then for a record directory that is full.
small_disk() {
	mkdir -p "$TMP/full"
	mount -t tmpfs -o size=256k,mode=0700 tmpfs "$TMP/full"
}
end_all() {
	local rc=$?
	umount -l "$TMP/full" 2>/dev/null
	(exit $rc)
	smoke_end
}
trap end_all EXIT

# Packets of an RTP stream in FILE, and those with a wrong checksum: rtp_in FILE FILTER
rtp_in() {
	tshark -r "$1" --enable-heuristic rtp_udp --enable-heuristic rtcp_udp -Y "$2" 2>/dev/null | wc -l
}
wrong_in() {
	tshark -r "$1" -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE \
		-Y 'udp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed' 2>/dev/null | wc -l
}

mkdir -p "$TMP/done" "$TMP/spool" "$TMP/captures" "$TMP/sounds"
make_topology
small_disk
media_config() {
	echo ".media = {record_dir: \"$1\", capture_dir: \"$TMP/captures\", play_dir: \"$TMP/sounds\"} |
		if \"$2\" != \"\" then .media.spool_dir = \"$2\" else . end"
}

start_tandemd af_xdp "$(media_config "$TMP/done" "$TMP/spool")"

step "recording, plain and SRTP, in all formats; a copy by UDP; captures with limits"
"$PYTHON" "$SMOKE_DIR/lib/record.py" record
[ -z "$(ls "$TMP/spool")" ] || fail "left in the spool directory: $(ls "$TMP/spool")"
smoke_asserts=$((smoke_asserts + 1))

step "tshark reads them: all packets, right checksums, one stream each"
sent=$(cat "$TMP/sent")
for side in o a; do
	f=$TMP/done/plain.$side.rtp.pcap
	equal "$(rtp_in "$f" rtp)" "$sent" "RTP in $f"
	equal "$(wrong_in "$f")" 0 "wrong packets in $f"
	equal "$(rtp_in "$TMP/done/plain.$side.rtcp.pcap" rtcp)" 5 "RTCP of side $side"
	f=$TMP/done/secret.$side.rtp.pcap
	equal "$(rtp_in "$f" rtp)" "$sent" "RTP in $f"
	equal "$(wrong_in "$f")" 0 "wrong packets in $f"
done
f=$TMP/done/both.pcapng
equal "$(rtp_in "$f" rtp)" $((2 * sent)) "RTP in $f"
equal "$(rtp_in "$f" 'frame.interface_id == 0 && rtp')" "$sent" "RTP of leg 0 in $f"
equal "$(wrong_in "$f")" 0 "wrong packets in $f"
tshark -r "$f" -q --enable-heuristic rtp_udp -z rtp,streams >"$TMP/streams" 2>/dev/null
equal "$(grep -c 'g711A' "$TMP/streams")" 2 "streams in $f"
equal "$(awk '/g711A/ {print $10}' "$TMP/streams" | sort -u)" 0 "packets lost in $f"
equal "$(tshark -r "$f" -Y 'ip.src == 10.0.0.2 && ip.dst == 10.0.0.1' 2>/dev/null | wc -l)" \
	$((sent + 5)) "packets from A to tandemd in $f"
equal "$(tshark -r "$f" -Y 'ipv6.src == 2001:db8::2 && ipv6.dst == 2001:db8::1' 2>/dev/null | wc -l)" \
	$((sent + 5)) "packets from B to tandemd in $f"
f=$(ls "$TMP"/captures/small*.pcapng)
is "$(stat -c %s "$f")" -le 8192 "bytes of a capture of 8,192"
equal "$(wrong_in "$f")" 0 "wrong packets in $f"

step "playing: the bytes of the file, in time, and the other party meanwhile muted"
"$PYTHON" "$SMOKE_DIR/lib/record.py" play

step "names that lead elsewhere, faults, limits"
"$PYTHON" "$SMOKE_DIR/lib/record.py" bad
equal "$(find "$TMP" -maxdepth 1 -name 'evil*' | wc -l)" 0 "files outside the record directory"
stop_tandemd

step "a disk that is full: the call goes on, what is lost is counted"
start_tandemd af_xdp "$(media_config "$TMP/full" '')"
"$PYTHON" "$SMOKE_DIR/lib/record.py" full
stop_tandemd
for f in "$TMP"/full/*.pcap; do
	equal "$(wrong_in "$f")" 0 "wrong packets in $f"
done
is "$(grep -c "can't be written" "$TMP/tandemd.log")" -ge 1 "lines in the log about the full disk"
is "$(grep -c "can't be written" "$TMP/tandemd.log")" -le 12 "lines in the log about the full disk"
