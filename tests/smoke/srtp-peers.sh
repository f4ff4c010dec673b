#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: SRTP with GStreamer, ffmpeg and baresip
. "$(dirname "$0")/lib/smoke.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin srtppeers

make_topology
start_tandemd af_xdp
step "GStreamer and ffmpeg: profiles, families, both ways"
"$PYTHON" "$SMOKE_DIR/lib/srtp_peers.py"
stop_tandemd
