#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: calls of baresip, keys by SDES in SIP
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/call.sh"
export PYTHONPATH=$PYTHONPATH:$ROOT/tests/pkt
smoke_begin srtpbaresip

make_topology
make_sip_network
start_tandemd af_xdp

step "B listens, and the B2BUA"
"$PYTHON" -c 'import srtp_baresip
srtp_baresip.Baresip("baresip-b", "b", "[fd00:51::2]:5060", 700, 6000, "srtp", "-6")' &
wait $!
until_true 10 in_ns b bash -c '[ -n "$(ss -Hltn sport = 5060)" ]' || fail "baresip does not listen"
profiles=$("$PYTHON" -c 'import srtp_baresip
print(",".join(profile for _, profile in srtp_baresip.CALLS))')
ip netns exec "$P-p" env SMOKE_PROFILES="$profiles" "$PYTHON" "$SMOKE_DIR/lib/b2bua_sdes.py" \
	"$SOCKET" 198.51.100.1:5060 fd00:51::2 5060 lan4 wan6 \
	>"$TMP/reports.json" 2>"$TMP/b2bua.log" </dev/null &
smoke_jobs+=($!)
until_true 5 grep -q ready "$TMP/b2bua.log" || fail "the B2BUA does not start"

step "encrypted on both sides, on A's, on B's"
"$PYTHON" "$SMOKE_DIR/lib/srtp_baresip.py"
stop_tandemd
