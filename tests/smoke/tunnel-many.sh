#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: 1,000 tunnels at once, 10,000 users, and a restart
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunnelmany

make_sites
for ((i = 0; i < 1000; i++)); do printf 'u%04d:%064x\n' $i $((i + 1)); done >"$TMP/users.psk"
# Each user is told a network of its own, all of which site B answers in.
ip -n "$P-b" route add local 10.100.0.0/16 dev lo
start_b() {
	start_site b '.tunnel.store = "'"$TMP"'/users.db"' '.tunnel.pool = []' '.log.level = "warning"'
}
start_b
start_site a '.log.level = "warning"'
many() { "$PYTHON" "$SMOKE_DIR/lib/tunnel_many.py" "$@"; }

step "10,000 users, by name and by the 32-byte form"
many users "$TMP/b.sock"
step "1,000 of them dial"
many dial "$TMP/a.sock"
many up "$TMP/a.sock" "$TMP/b.sock" 240
step "each goes to where it belongs"
in_ns a "$PYTHON" "$SMOKE_DIR/lib/tunnel_many.py" ping
equal "$(site_counter b drop.tunnel_source)" 0 "drop.tunnel_source"

step "site B is killed, and starts again: the users are there, and the tunnels come back"
kill -9 "$site_pid_b"
wait "$site_pid_b" 2>/dev/null || true
forget_job "$site_pid_b"
start_b
many same "$TMP/b.sock"
many up "$TMP/a.sock" "$TMP/b.sock" 240
in_ns a "$PYTHON" "$SMOKE_DIR/lib/tunnel_many.py" ping
stop_site a
stop_site b
smoke_asserts=$((smoke_asserts + 1))
