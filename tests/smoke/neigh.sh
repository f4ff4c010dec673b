#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: ping, neighbours, and a liar
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin neigh

make_topology 1 with_stranger
ip -n "$P-b" addr add 192.0.2.7/24 dev eth0
start_tandemd af_xdp

declare -A mac
for i in lan wan; do
	mac[$i]=$(rpc interface.list | jq -r ".interfaces[] | select(.name == \"$i\").mac" | tr A-F a-f)
done

step "ping and ping6, small and large"
while read -r ns ip; do
	for size in 0 56 1400; do
		succeeds "ping $ip with $size bytes from $ns" \
			in_ns "$ns" ping -q -c 3 -i 0.05 -W 3 -s $size "$ip"
		matches "$(cat "$TMP/command.log")" ' 3 received, 0% packet loss' "ping $ip"
	done
done <<-END
	a 10.0.0.1
	a fd00:a::1
	x 10.0.0.1
	b 192.0.2.1
	b 2001:db8::1
END
is "$(counter control.echo_answered)" -ge 45 "echo requests answered"

step "nobody else's addresses are answered for"
while read -r ns ip; do
	! in_ns "$ns" ping -q -c 1 -W 0.3 "$ip" >"$TMP/command.log" 2>&1 || fail "$ip answers"
done <<-END
	a 10.0.0.7
	a fd00:a::7
END

step "arping and ndisc6 get tandemd's own MAC"
while read -r ns iface ip; do
	succeeds "arping $ip" in_ns "$ns" arping -c 2 -w 3 -I eth0 "$ip"
	matches "$(tr A-F a-f <"$TMP/command.log")" "\[${mac[$iface]}\]" "arping $ip"
done <<-END
	a lan 10.0.0.1
	b wan 192.0.2.1
END
while read -r ns iface ip; do
	succeeds "ndisc6 $ip" in_ns "$ns" ndisc6 -1 "$ip" eth0
	matches "$(tr A-F a-f <"$TMP/command.log")" "Target link-layer address: ${mac[$iface]}" "ndisc6 $ip"
done <<-END
	a lan fd00:a::1
	b wan 2001:db8::1
END
! in_ns a arping -c 1 -w 1 -I eth0 10.0.0.7 >"$TMP/command.log" 2>&1 || fail "arping 10.0.0.7"
! in_ns a ndisc6 -1 -w 300 -r 1 fd00:a::7 eth0 >"$TMP/command.log" 2>&1 || fail "ndisc6 fd00:a::7"

"$PYTHON" "$SMOKE_DIR/lib/neigh.py"
stop_tandemd
