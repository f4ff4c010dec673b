#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: the path of a tunnel is gone for 9 s, for longer, and for 40,000 packets
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunnelloss

make_sites
start_site b
succeeds "user.add" site b user.add '{"name":"alice"}'
start_site a
# Events of a site, a line of JSON each, with the time of arrival.
for s in a b; do
	spawn $s events-$s bash -c '"$0" -s "$1" -j events | while read -r e; do echo "$(date +%s.%3N) $e"; done' \
		"$TANDEMCTL" "$TMP/$s.sock"
done
dial_tunnel 4

# pull RULE: what is not forwarded any more; mend: all is again.
pull() {
	in_ns n nft -f - <<-END
		table inet pulled {
			chain forward {
				type filter hook forward priority -10;
				$1 drop
			}
		}
	END
}
mend() { in_ns n nft delete table inet pulled; }

# Does something come through within so many seconds?
reaches() { in_ns a bash -c "for i in \$(seq $(($1 * 10))); do ping -q -c 1 -W 0.1 $2 && exit; done >/dev/null; exit 1"; }
# The id of a site's tunnel.
tunnel_of() { site "$1" tunnel.list | jq -r '.tunnels[0].id // "none"'; }
timeouts() { grep -c '"tunnel.down".*"timeout"' "$TMP/events-$1.log" || true; }
now_ms() { date +%s%3N; }
sleep_until() {
	local left=$(($1 - $(now_ms)))
	[ $left -le 0 ] || sleep "$((left / 1000)).$(printf '%03d' $((left % 1000)))"
}

# Something goes both ways all the time, so that both heard of each other when the path goes, and
# do again when it is back: how long it is gone is how long they hear nothing.
spawn a pings bash -c 'while sleep 0.1; do ping -q -c 1 -W 0.1 10.9.0.1; done'
reaches 5 10.9.0.1 || fail "the tunnel does not carry"
id_a=$(tunnel_of a) id_b=$(tunnel_of b)

step "gone for 9 s: the tunnel lives"
sleep 1
start=$(now_ms)
pull 'meta l4proto { tcp, udp }'
sleep_until $((start + 9000))
mend
reaches 5 10.9.0.1 || fail "nothing comes through when the path is back"
equal "$(tunnel_of a) $(tunnel_of b)" "$id_a $id_b" "tunnels afterwards"
equal "$(timeouts a) $(timeouts b)" "0 0" "tunnels that went down"

step "gone for longer: down after ten seconds, and back by itself"
start=$(now_ms)
pull 'meta l4proto { tcp, udp }'
is_down() { [ "$(timeouts a) $(timeouts b)" = "1 1" ]; }
until_true 20 is_down || fail "the tunnel does not go down: $(timeouts a) $(timeouts b)"
for s in a b; do
	took=$(($(sed -nE 's/^([0-9]+)\.([0-9]+) .*"tunnel.down".*/\1\2/p' "$TMP/events-$s.log") - start))
	printf '   down at site %s after %s ms\n' $s $took
	is $took -ge 9700 "ms until it was down at site $s"
	is $took -le 12000 "ms until it was down at site $s"
done
until_true 2 no_inner || fail "tun0 of site A keeps its addresses"
sleep_until $((start + 14000))
mend
start=$(now_ms)
until_true 60 has_inner || fail "it does not come back"
reaches 5 10.9.0.1 && reaches 5 fd00:9::1 || fail "nothing comes through when it is back"
printf '   back %s ms after the path\n' $(($(now_ms) - start))
equal "$(site a tunnel.dials | jq -r '.dials[0].state')" up "state of the dial"

step "40,000 packets lost in a row: on within a second"
id_a=$(tunnel_of a) id_b=$(tunnel_of b)
# However long a busy machine takes to send so many.
site a tunnel.update "{\"id\":\"$id_a\", \"liveness_s\":60}" >/dev/null
site b tunnel.update "{\"id\":\"$id_b\", \"liveness_s\":60}" >/dev/null
in_ns a ip link set tun0 txqueuelen 10000
before=$(site_counter a worker.tunnel_out)
pull 'iifname "in" meta l4proto udp'
spawn a flood "$PYTHON" "$SMOKE_DIR/lib/tunnel_flood.py" 10.9.0.1
flood=$last_pid
lost() { [ "$(site_counter a worker.tunnel_out)" -ge $((before + 40000)) ]; }
until_true 25 lost || fail "only $(($(site_counter a worker.tunnel_out) - before)) packets in 25 s"
end_job "$flood" || true
forget_job "$flood"
sent=$(($(site_counter a worker.tunnel_out) - before))
mend
start=$(now_ms)
reaches 2 10.9.0.1 || fail "nothing comes through after $sent packets were lost"
took=$(($(now_ms) - start))
printf '   %s packets lost; something came through within %s ms\n' "$sent" $took
succeeds "ping" in_ns a ping -q -c 10 -i 0.05 -w 10 10.9.0.1
matches "$(cat "$TMP/command.log")" ' 10 received' "after that all"
equal "$(tunnel_of a) $(tunnel_of b)" "$id_a $id_b" "the tunnel"
equal "$(timeouts a) $(timeouts b)" "1 1" "tunnels that went down"
stop_site a
stop_site b
