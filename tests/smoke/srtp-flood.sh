#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: forged and replayed SRTP, and new keys in a running call
. "$(dirname "$0")/lib/smoke.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin srtpflood

make_topology 1 with_stranger
start_tandemd af_xdp
"$PYTHON" "$SMOKE_DIR/lib/srtp_flood.py"
stop_tandemd
