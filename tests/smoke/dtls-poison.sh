#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: 10,000 poisoned ClientHellos a second beside 200 good handshakes
. "$(dirname "$0")/lib/smoke.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin dtlspoison

make_topology 1 with_stranger
start_tandemd af_xdp
"$PYTHON" "$SMOKE_DIR/lib/dtls_poison.py" "$tandemd_pid"
stop_tandemd
