#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: RTP bleed, each latch and a stranger
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin bleed

make_topology 1 with_stranger
start_tandemd af_xdp
"$PYTHON" "$SMOKE_DIR/lib/bleed.py"
stop_tandemd
