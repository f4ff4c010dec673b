#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: DTLS-SRTP with openssl s_client, right and wrong fingerprint
. "$(dirname "$0")/lib/smoke.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin dtlssclient

make_topology
start_tandemd af_xdp
"$PYTHON" "$SMOKE_DIR/lib/dtls_sclient.py"
stop_tandemd
