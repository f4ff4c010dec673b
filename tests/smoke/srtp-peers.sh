#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: SRTP with GStreamer, ffmpeg and baresip
. "$(dirname "$0")/lib/smoke.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin srtppeers

make_topology
start_tandemd af_xdp
step "GStreamer and ffmpeg: profiles, families, both ways"
"$PYTHON" "$SMOKE_DIR/lib/srtp_peers.py" short
step "tshark on both sides: no loss, no wrong checksum"
for p in a b; do
	tshark -r "$TMP/$p.pcap" -q -o rtp.heuristic_rtp:TRUE -z rtp,streams >"$TMP/streams" 2>/dev/null
	equal "$(grep -c 0x "$TMP/streams")" 17 "RTP streams seen at $p"
	equal "$(awk '/0x/ && !/ 250 +0 /' "$TMP/streams" | wc -l)" 0 "streams with losses, seen at $p"
	equal "$(tshark -r "$TMP/$p.pcap" -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE \
		-Y 'udp.checksum.status == 0 || ip.checksum.status == 0' 2>/dev/null | wc -l)" 0 \
		"wrong checksums at $p"
done
step "70,000 packets both ways"
"$PYTHON" "$SMOKE_DIR/lib/srtp_peers.py" long
stop_tandemd
