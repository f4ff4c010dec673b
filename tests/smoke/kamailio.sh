#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: Kamailio with its rtpproxy module; hold, music, recording; v4 to v4, v4 to v6
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/kamailio.sh"
smoke_begin kamailio

talk_ms=2500
hold_ms=3000       # as in proxy_uac.xml
tone_a=2 tone_b=1.6 # seconds, twice

make_proxy_network
mkdir -p "$TMP/play" "$TMP/a" "$TMP/b"
"$PYTHON" "$SMOKE_DIR/lib/tone.py" "$TMP/a/tone.alaw" 400 $tone_a
"$PYTHON" "$SMOKE_DIR/lib/tone.py" "$TMP/b/tone.alaw" 440 $tone_b
ffmpeg -nostdin -v error -f lavfi -i sine=1000:r=44100:d=1.3 "$TMP/play/hold.wav"
succeeds "makeann" "$MAKEANN" "$TMP/play/hold.wav" "$TMP/play/hold"

# one_call NAME B_SIP B_MEDIA PROXY: B registers, A calls it, both captures are in $TMP/NAME.
one_call() {
	local name=$1 b=$2 b_media=$3 proxy=$4 p sipp_b
	local common=(-nostdin -skip_rlimit -rtp_echo -m 1)
	mkdir -p "$TMP/$name"
	(cd "$TMP/b" && in_ns b timeout 20 sipp "$proxy" -sf "$SMOKE_DIR/sipp/register.xml" -i "$b" -p 5060 \
		-nostdin -skip_rlimit -m 1) >"$TMP/sipp-register.log" 2>&1 || fail "B can't register"
	captures=()
	for p in a b; do
		spawn $p "tshark-$p" tshark -q -i eth0 -f udp -w "$TMP/$name/$p.pcap" -F pcap
		captures+=("$last_pid")
		until_true 20 grep -q 'Capture started' "$TMP/tshark-$p.log" || fail "tshark does not start"
	done
	spawn b sipp-b bash -c 'cd "$0" && exec sipp "$@"' "$TMP/b" -sf "$SMOKE_DIR/sipp/proxy_uas.xml" \
		-i "$b" -mi "$b_media" -p 5060 -mp 6000 "${common[@]}"
	sipp_b=$last_pid
	until_true 5 in_ns b bash -c '[ -n "$(ss -Hlun sport = 5060)" ]' || fail "sipp (party B) does not listen"
	(cd "$TMP/a" && in_ns a timeout 60 sipp 10.0.0.5:5060 -sf "$SMOKE_DIR/sipp/proxy_uac.xml" \
		-i 10.0.0.2 -mi 10.0.0.2 -p 5060 -mp 4000 -d $talk_ms "${common[@]}") \
		>"$TMP/sipp-a.log" 2>&1 &
	sipp_a=$!
	smoke_jobs+=("$sipp_a")
	if [ "$name" = v4 ]; then
		step "the call is one of the sessions that the API knows"
		until_true 10 bash -c '"$0" -s "$1" -j session.list | jq -e ".sessions | length == 1"' \
			"$TANDEMCTL" "$SOCKET" >/dev/null || fail "the call is not in session.list"
		session=$(rpc session.list | jq -r '.sessions[0].id')
		call=${session%%/*} tag=${session#*/} tag=${tag%;1}
		equal "$(rpc session.get "{\"id\":\"$session\"}" | jq '.legs | length')" 2 "legs of $session"
	fi
	wait "$sipp_a" || fail "sipp (party A): exit code $?"
	forget_job "$sipp_a"
	wait "$sipp_b" || fail "sipp (party B): exit code $?"
	forget_job "$sipp_b"
	sleep 0.3
	for p in "${captures[@]}"; do end_job "$p" || true; forget_job "$p"; done
}

# other_call NAME MS WATCHER…: A calls the registered B by the scenarios NAME_uac, NAME_uas; meanwhile
# WATCHER is carried out.
other_call() {
	local name=$1 ms=$2 sipp_b
	local common=(-nostdin -skip_rlimit -m 1)
	shift 2
	spawn b sipp-b bash -c 'cd "$0" && exec sipp "$@"' "$TMP/b" -sf "$SMOKE_DIR/sipp/${name}_uas.xml" \
		-i 192.0.2.2 -mi 192.0.2.2 -p 5060 -mp 6000 "${common[@]}"
	sipp_b=$last_pid
	until_true 5 in_ns b bash -c '[ -n "$(ss -Hlun sport = 5060)" ]' || fail "sipp (party B) does not listen"
	(cd "$TMP/a" && in_ns a timeout 60 sipp 10.0.0.5:5060 -sf "$SMOKE_DIR/sipp/${name}_uac.xml" \
		-i 10.0.0.2 -mi 10.0.0.2 -p 5060 -mp 4000 -d "$ms" "${common[@]}") >"$TMP/sipp-a.log" 2>&1 &
	sipp_a=$!
	smoke_jobs+=("$sipp_a")
	"$@"
	wait "$sipp_a" || fail "$name: sipp (party A): exit code $?"
	forget_job "$sipp_a"
	wait "$sipp_b" || fail "$name: sipp (party B): exit code $?"
	forget_job "$sipp_b"
	until_true 5 bash -c '"$0" -s "$1" -j session.list | jq -e ".sessions | length == 0"' \
		"$TANDEMCTL" "$SOCKET" >/dev/null || fail "$name: sessions are left"
}

# One session, whose legs have both got so many packets.
media_both_ways() {
	until_true 20 bash -c 'id=$("$0" -s "$1" -j session.list | jq -r ".sessions[0].id // empty") &&
		"$0" -s "$1" -j session.get id="$id" | jq -e --argjson n "$2" "[.legs[].rx.packets >= \$n] | all"' \
		"$TANDEMCTL" "$SOCKET" "$1" >/dev/null || fail "no media both ways"
}

one_session() {
	until_true 10 bash -c '"$0" -s "$1" -j session.list | jq -e ".sessions | length == 1"' \
		"$TANDEMCTL" "$SOCKET" >/dev/null || fail "there is no session while it rings"
}

# Jitter is a matter of the machine, too: what is asked for needs a core that nobody else takes.
quiet() {
	awk -v cores="$(nproc)" '{exit !($1 < cores * 0.75)}' /proc/loadavg
}

# Shown if the script fails.
seen() { jq -c ".$1" "$TMP/seen.log"; }

# check_call NAME B_MEDIA RELAY…
check_call() {
	local name=$1 b_media=$2
	shift 2
	"$PYTHON" "$SMOKE_DIR/lib/rtp_seen.py" "$TMP/$name/a.pcap" 10.0.0.2 "$TMP/$name/b.pcap" "$b_media" \
		"$TMP/play/hold.8" >"$TMP/seen.log"
	is "$(seen a_sent)" -ge 190 "packets of A"
	is "$(seen b_sent)" -ge 150 "packets of B"
	equal "$(seen b_got)" "$(seen a_sent)" "packets of A that B got"
	equal "$(seen a_got)" "$(seen b_sent)" "packets of B that A got"
	equal "$(seen same)" true "they are the same, in order"
	is "$(seen music)" -ge $((hold_ms / 60)) "packets of music that B got on hold"
	equal "$(seen music_as_sent)" true "the music is the file, again and again"
	equal "$(seen music_while_a_talks)" 0 "packets of A amid the music"
	if quiet; then
		is "$(seen music)" -ge $((hold_ms / 20 - 5)) "packets of music that B got on hold"
		is "$(seen 'music_jitter_ms * 1000 | floor')" -le 1000 "jitter of the music, us"
	fi
	equal "$(seen relay)" "$(printf '%s\n' "$@" | jq -Rnc '[inputs] | sort')" "addresses of the far ends"
	equal "$(rpc session.list | jq '.sessions | length')" 0 "sessions left"
}

# recorded FILE COUNT: tshark opens it, and there are as many packets of RTP in it.
recorded() {
	tshark -r "$1" -o rtp.heuristic_rtp:TRUE -Y rtp >"$TMP/recorded" 2>"$TMP/tshark.log" || fail "tshark can't read $1"
	equal "$(wc -l <"$TMP/recorded")" "$2" "packets in $(basename "$1")"
}

step "v4 to v4: the stock configuration, one address, a router between the networks"
mkdir -p "$TMP/rec4" "$TMP/spool4"
start_rtpproxy -s udp:127.0.0.1:7722 -l 10.0.0.1 -r "$TMP/rec4" -S "$TMP/spool4" -P -d DBUG
stock_config "$TMP/v4.cfg" ''
start_kamailio "$TMP/v4.cfg"
one_call v4 192.0.2.2 192.0.2.2 10.0.0.5:5060
check_call v4 192.0.2.2 10.0.0.1
step "recorded is what B said: start_recording() in a reply names its tag first"
until_true 5 bash -c '[ -z "$(ls "$0")" ]' "$TMP/spool4" || fail "recordings stay in the spool directory"
equal "$(ls "$TMP/rec4")" "$call=${tag}.a.rtp" "files"
recorded "$TMP/rec4/$call=$tag.a.rtp" "$(seen b_sent)"
step "A offers nothing: B's 200 does, and A's ACK answers"
other_call late 5000 media_both_ways 60
step "A gives up while it rings"
other_call cancel 1500 one_session
end_job "$kamailio_pid" || true
forget_job "$kamailio_pid"
stop_tandemd "$rtpproxy_pid"

step "v4 to v6: two addresses, everything recorded (-a)"
mkdir -p "$TMP/rec6"
start_rtpproxy -s udp:127.0.0.1:7722 -l 10.0.0.1 -6 /2001:db8::1 -r "$TMP/rec6" -P -a
stock_config "$TMP/v6.cfg" x
start_kamailio "$TMP/v6.cfg"
one_call v6 2001:db8::2 2001:db8::2 '[2001:db8::5]:5060'
check_call v6 2001:db8::2 10.0.0.1 2001:db8::1
step "recorded are both, in one file, and again what B said"
until_true 5 bash -c '[ "$("$0" -s "$1" -j stats.get | jq ".counters[\"media.sinks\"] // 0")" = 0 ]' \
	"$TANDEMCTL" "$SOCKET" || fail "recordings do not end"
recorded "$(ls "$TMP"/rec6/*.pcap)" $(($(seen a_sent) + $(seen b_sent)))
recorded "$(ls "$TMP"/rec6/*.a.rtp)" "$(seen b_sent)"
equal "$(ls "$TMP/rec6" | wc -l)" 2 "files"
end_job "$kamailio_pid" || true
forget_job "$kamailio_pid"
stop_tandemd "$rtpproxy_pid"
