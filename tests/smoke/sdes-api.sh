#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: keys of SRTP legs by the API, and that they are gone afterwards
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin sdes-api

make_ns t
start_tandemd net_null '.limits.sessions = 6000' '.addresses[].ports = {min: 10000, max: 65535}' \
	'.srtp.window = 200'
SMOKE_TANDEMD_PID=$tandemd_pid "$PYTHON" "$SMOKE_DIR/lib/sdes_api.py"

step "the engine is in the log, no key is"
matches "$(grep ' SRTP by ' "$TMP/tandemd.log" || true)" \
	"SRTP by (ipsec-mb|libsrtp2), replay window 256 packets" "log"
equal "$(grep -c 'inline:' "$TMP/tandemd.log")" 0 "keys in the log"
stop_tandemd

step "another engine is taken on demand, one that there is not is refused"
start_tandemd net_null '.srtp.engine = "libsrtp2"'
equal "$(rpc system.health | jq -r .srtp.engine)" libsrtp2 "engine"
stop_tandemd
write_config "$TMP/bad.json" net_null0 net_null1 '.srtp = {engine: "mine"}'
matches "$("$TANDEMD" --check "$TMP/bad.json" || true)" \
	"/srtp/engine: must be one of: auto, ipsec-mb, libsrtp2" "check"
write_config "$TMP/bad.json" net_null0 net_null1 '.srtp = {window: 64}'
matches "$("$TANDEMD" --check "$TMP/bad.json" || true)" "/srtp/window: " "check"
