#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: the API by its schema, and bad clients
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin api

make_ns t
start_tandemd net_null '.limits.sessions = 400'

step "one line in, one line out, by socat"
answer=$(printf '{"jsonrpc":"2.0","id":1,"method":"system.hello"}\n' |
	socat - "UNIX-CONNECT:$SOCKET")
equal "$(wc -l <<<"$answer")" 1 "lines of the answer"
equal "$(jq -r '[.jsonrpc, .id, .result.name, .result.state] | join(" ")' <<<"$answer")" \
	"2.0 1 tandem running" "the answer"
equal "$(stat -c %a "$SOCKET")" 660 "mode of the socket"

"$PYTHON" "$SMOKE_DIR/lib/api.py"

step "writers are in the log, readers are not"
matches "$(grep ' api: pid' "$TMP/tandemd.log" || true)" \
	"pid [0-9]+ uid 0 gid 0 writes \(session.create\)" "log"
before=$(grep -c ' api: pid .* writes' "$TMP/tandemd.log")
writer=$("$PYTHON" -c 'import os, tandem
c = tandem.Client(); c.call("session.list"); c.call("system.drain", on=False); print(os.getpid())')
matches "$(tail -n 3 "$TMP/tandemd.log")" "pid $writer uid 0 gid 0 writes \(system.drain\)" "log"
"$PYTHON" -c 'import tandem; tandem.Client().call("session.list")'
equal "$(grep -c ' api: pid .* writes' "$TMP/tandemd.log")" $((before + 1)) "lines about writers"
matches "$(grep 'cut off' "$TMP/tandemd.log" || true)" "pid [0-9]+ cut off: it does not read" "log"
stop_tandemd
