#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: a party moves, no packet is lost
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin reinvite

make_topology
ip -n "$P-b" addr add 2001:db8::3/64 dev eth0 nodad
ip -n "$P-b" addr add 2001:db8::4/64 dev eth0 nodad
start_tandemd af_xdp
"$PYTHON" "$SMOKE_DIR/lib/reinvite.py"
stop_tandemd
