#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: tandemctl and top, with a call on
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/call.sh"
smoke_begin top

ctl() { "$TANDEMCTL" -s "$SOCKET" "$@"; }

# exits CODE ARGUMENT…: what tandemctl says is in $TMP/out.
exits() {
	local want=$1 rc=0
	shift
	ctl "$@" >"$TMP/out" 2>"$TMP/err" </dev/null || rc=$?
	equal $rc "$want" "exit code of tandemctl $*"
}

says() { matches "$(cat "$TMP/out")" "$1" "tandemctl"; }

step "without a daemon"
exits 3 sessions
exits 2
exits 2 no-such-verb
exits 0 --help
exits 0 --version

make_topology
start_tandemd af_packet
start_call_servers 14
call &
caller=$!
live() { ctl -j session.get id=call-1 2>/dev/null | jq -e '.state == "active"' >/dev/null; }
until_true 8 live || fail "no call"
for _ in 1 2 3; do in_ns a bash -c 'echo stranger >/dev/udp/10.0.0.1/20000'; done

step "the verbs, with a call on"
exits 0 show
says 'lan4|10\.0\.0\.1'
exits 0 sessions
says 'active .*call-1'
exits 0 sessions --ids
equal "$(cat "$TMP/out")" call-1 "tandemctl sessions --ids"
exits 0 call call-1
says '10\.0\.0\.2:4000 +\[2001:db8::2\]:6000'
says 'MOS 4\.'
exits 1 call nobody
exits 0 drops
says '(^|'$'\n'') +3 +source'
exits 0 stats worker.relayed drop.source
says 'worker.relayed'
exits 0 stats --watch --interval 0.3 --count 3 worker.relayed
is "$(grep -c worker.relayed "$TMP/out")" -ge 3 "lines of stats --watch"
exits 0 system.hello
exits 0 interface.list
exits 0 neighbour.list
says '2001:db8::2'

step "JSON, methods, parameters"
for m in system.hello system.health config.get interface.list neighbour.list stats.get session.list; do
	exits 0 -j $m
	succeeds "JSON of $m" jq -e . "$TMP/out"
done
exits 0 session.create id=by-hand 'legs:=[{"address":"lan4"},{"address":"wan6"}]'
exits 0 session.update id=by-hand 'legs:=[{"remote":{"ip":"10.0.0.2","port":9000}}]'
exits 0 -j session.get id=by-hand
equal "$(jq .legs[0].remote.port "$TMP/out")" 9000 "port after session.update"
exits 1 session.create id=by-hand 'legs:=[{"address":"lan4"},{"address":"wan4"}]'
matches "$(cat "$TMP/err")" conflict "error"
echo '{"id":"by-hand"}' | ctl session.delete - >"$TMP/out"
exits 1 session.get id=by-hand
exits 2 session.get id
exits 0 drain on
exits 1 session.create id=late 'legs:=[{"address":"lan4"},{"address":"wan6"}]'
exits 0 drain off

step "events, as they come"
ctl -j events --count 2 session. >"$TMP/events.log" 2>&1 &
watcher=$!
smoke_jobs+=("$watcher")
sleep 0.3
ctl session.create id=seen 'legs:=[{"address":"lan4"},{"address":"wan6"}]' >/dev/null
ctl session.delete id=seen >/dev/null
until_true 5 test ! -d /proc/$watcher || fail "events --count 2 does not end"
rc=0; wait $watcher || rc=$?
equal $rc 0 "exit code of events"
equal "$(jq -rs '[.[] | (.params // .).type] | join(" ")' "$TMP/events.log")" \
	"session.created session.ended" "events"

step "top"
exits 0 top --once
says 'sessions 1 of 1,000'
relayed=$(awk '$1 == "relayed" {print $2}' "$TMP/out")
is "$relayed" -ge 60 "packets a second relayed, by top --once"
is "$relayed" -le 140 "packets a second relayed, by top --once"
says 'source +[0-9.]+ +3'
# On a terminal of 30 rows: it refreshes, and q ends it with the terminal as it was.
rc=0
(sleep 2.2; printf q) | TERM=xterm timeout 10 script -qec \
	"stty rows 30 cols 100; stty -g >$TMP/stty1; $TANDEMCTL -s $SOCKET top --interval 0.4; echo \"exit \$?\"; stty -g >$TMP/stty2" \
	"$TMP/screen" >/dev/null || rc=$?
equal $rc 0 "exit code of script"
matches "$(cat "$TMP/screen")" 'exit 0' "exit code of top"
is "$(grep -o 'relayed' "$TMP/screen" | wc -l)" -ge 4 "pictures of top"
equal "$(cat "$TMP/stty2")" "$(cat "$TMP/stty1")" "modes of the terminal"
matches "$(cat "$TMP/screen")" $'\e''\[\?25h' "the cursor is shown again"

step "completion"
complete_line() { # prints candidates for a line
	(
		# shellcheck disable=SC2034
		COMP_LINE=$1 COMP_POINT=${#1}
		PATH=$(dirname "$TANDEMCTL"):$PATH
		export TANDEM_SOCKET=$SOCKET
		complete() { :; }
		compopt() { :; }
		# shellcheck disable=SC1091
		. "$ROOT/configs/bash-completion/tandemctl"
		_tandemctl
		printf '%s\n' "${COMPREPLY[@]}"
	)
}
matches "$(complete_line 'tandemctl sess')" 'sessions.*session.create' "verbs and methods"
matches "$(complete_line 'tandemctl session.create ')" 'idle_timeout_s=' "parameters"
matches "$(complete_line 'tandemctl call ')" 'call-1' "ids of sessions"

wait $caller || fail "the call failed"
exits 0 sessions --ids
equal "$(cat "$TMP/out")" "" "sessions left"
stop_tandemd
