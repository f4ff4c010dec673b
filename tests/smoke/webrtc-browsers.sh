#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: two browsers with video, key frames on demand
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/webrtc.sh"
smoke_begin webrtcbrowsers

make_topology
make_default_routes
start_tandemd af_xdp
run_parties browsers.py
stop_tandemd
