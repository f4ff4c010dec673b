#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: Firefox, aiortc, pion, webrtcbin and baresip
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/call.sh"
. "$(dirname "$0")/lib/webrtc.sh"
smoke_begin webrtcpeers

make_topology
make_default_routes
make_sip_network
"$WEBRTC_DIR/build-pion" "$ROOT/build-webrtc/pion-peer"
start_tandemd af_xdp
run_parties peers.py
run_parties baresip.py
stop_tandemd
