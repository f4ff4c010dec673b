# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For scripts with WebRTC parties (tests/smoke/webrtc). To be sourced after smoke.sh.
WEBRTC_DIR=$SMOKE_DIR/webrtc
PYTHONPATH=$PYTHONPATH:$WEBRTC_DIR:$ROOT/tests/pkt

# Browsers look for the address of their default route.
make_default_routes() {
	ip -n "$P-a" route add default via 10.0.0.1
	ip -n "$P-a" -6 route add default via fd00:a::1
	ip -n "$P-b" route add default via 192.0.2.1
	ip -n "$P-b" -6 route add default via 2001:db8::1
}

# run_parties SCRIPT [ARGUMENT…]: one of tests/smoke/webrtc.
run_parties() {
	[ -d "$ROOT/build-webrtc/node_modules/puppeteer-core" ] ||
		fail "puppeteer-core is not installed: run scripts/install-deps --test"
	local script=$1
	shift
	"$PYTHON" "$WEBRTC_DIR/$script" "$@"
}
