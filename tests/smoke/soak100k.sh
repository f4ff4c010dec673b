#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: 100,000 sessions, three times
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin soak

# Eight addresses a side, since one has at most 31,000 pairs of ports.
make_ns t
start_tandemd net_null '.limits.sessions = 100000' \
	'.addresses = [range(8) | tostring as $n |
		{name: ("lan4-" + $n), interface: "lan", ip: ("10.0.0.10" + $n + "/24"),
			ports: {min: 20000, max: 65535}},
		{name: ("wan6-" + $n), interface: "wan", ip: ("2001:db8::10" + $n + "/64"),
			ports: {min: 20000, max: 65535}}]' \
	'.log.level = "warning"'
"$PYTHON" "$SMOKE_DIR/lib/soak.py" "$tandemd_pid"
stop_tandemd
