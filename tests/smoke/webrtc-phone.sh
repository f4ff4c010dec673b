#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: a browser and a phone: Chromium with audio and video to plain RTP
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/webrtc.sh"
smoke_begin webrtcphone

make_topology
make_default_routes
start_tandemd af_xdp
run_parties phone.py
stop_tandemd
