#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: Chromium's candidates one by one
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/webrtc.sh"
smoke_begin webrtctrickle

make_topology
make_default_routes
start_tandemd af_xdp
run_parties trickle.py
stop_tandemd
