# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A real call: sipp as party A (IPv4) and as party B (IPv6), SIP over TCP through the B2BUA,
# media through tandemd. To be sourced after smoke.sh.

# The signalling network: B2BUA with A by IPv4 and with B by IPv6.
make_sip_network() {
	make_ns p
	make_veth a sip p sip-a
	make_veth b sip p sip-b
	ip -n "$P-a" addr add 198.51.100.2/30 dev sip
	ip -n "$P-p" addr add 198.51.100.1/30 dev sip-a
	ip -n "$P-b" addr add fd00:51::2/64 dev sip nodad
	ip -n "$P-p" addr add fd00:51::1/64 dev sip-b nodad
}

# start_call_servers SECONDS [ADDRESS_A ADDRESS_B]: party B and the B2BUA; each party's tone
# lasts SECONDS.
start_call_servers() {
	local p i
	talk_s=$1
	make_sip_network
	i=0
	for p in a b; do
		mkdir -p "$TMP/$p"
		"$PYTHON" "$SMOKE_DIR/lib/tone.py" "$TMP/$p/tone.alaw" $((400 + 40 * i++)) "$talk_s"
	done
	spawn b sipp-b bash -c 'cd "$0" && exec sipp "$@"' "$TMP/b" -sf "$SMOKE_DIR/sipp/uas.xml" \
		-i fd00:51::2 -mi 2001:db8::2 -p 5060 -t t1 -mp 6000 \
		-rtp_echo -nostdin -skip_rlimit
	until_true 5 in_ns b bash -c '[ -n "$(ss -Hltn sport = 5060)" ]' || fail "sipp (party B) does not listen"
	ip netns exec "$P-p" "$PYTHON" "$SMOKE_DIR/lib/b2bua.py" "$SOCKET" 198.51.100.1:5060 \
		fd00:51::2 5060 "${2:-lan4}" "${3:-wan6}" >"$TMP/reports.json" 2>"$TMP/b2bua.log" </dev/null &
	smoke_jobs+=($!)
	until_true 5 grep -q ready "$TMP/b2bua.log" || fail "the B2BUA does not start"
}

# What party A's sipp is told, besides how many calls and how long (-d, ms).
uac=(198.51.100.1:5060 -sf "$SMOKE_DIR/sipp/uac.xml" -i 198.51.100.2 -mi 10.0.0.2 -mp 4000 -t t1
	-rtp_echo -nostdin -skip_rlimit)

# call [CALLS [RATE]]: party A makes them; returns when all have ended.
call() {
	local calls=${1:-1} rate=${2:-1}
	(cd "$TMP/a" && in_ns a timeout $((talk_s + 20 + calls / rate)) sipp "${uac[@]}" \
		-m "$calls" -r "$rate" -l "$calls" -d $((talk_s * 1000 + 800))) \
		>"$TMP/sipp-a.log" 2>&1 || fail "sipp (party A): exit code $?"
}
