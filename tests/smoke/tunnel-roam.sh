#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: a tunnel whose client gets another NAT mapping, and a forger
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/tunnel.sh"
smoke_begin tunnelroam

make_sites
nat_rules 'masquerade to :40000-40999'
start_site b
succeeds "user.add" site b user.add '{"name":"alice"}'
start_site a
dial_tunnel 4
tunnel=$(site b tunnel.list | jq -r '.tunnels[0].id')

# Where site B sends to.
far_end() { site b session.get "{\"id\":\"$tunnel\"}" | jq -r '.legs[0].learned | "\(.ip):\(.port)"'; }
moved() { [ "$(far_end)" != "$before" ]; }

step "packets of a forger move nothing"
succeeds "ping" in_ns a ping -q -c 2 -i 0.2 -w 8 10.9.0.1
before=$(far_end)
matches "$before" '^203\.0\.113\.1:40[0-9]+$' "the NAT's mapping"
port=$(site b session.get "{\"id\":\"$tunnel\"}" | jq -r '.legs[0].local.port')
"$PYTHON" "$SMOKE_DIR/lib/tunnel_forger.py" n 203.0.113.1 203.0.113.3 "$port"
is "$(site_counter b drop.srtp_auth)" -ge 100 "forged packets that were dropped"
equal "$(far_end)" "$before" "the far end after forged packets"
succeeds "ping after forged packets" in_ns a ping -q -c 2 -i 0.2 -w 8 10.9.0.1

step "another mapping: traffic follows with the first packet"
nat_rules 'masquerade to :50000-50999'
in_ns n "$PYTHON" "$SMOKE_DIR/lib/conntrack_flush.py"
succeeds "one ping" in_ns a ping -q -c 1 -w 8 10.9.0.1
matches "$(far_end)" '^203\.0\.113\.1:50[0-9]+$' "the new mapping"
in_ns a ping -q -c 20 -i 0.05 -w 8 10.9.0.1 >"$TMP/command.log" || fail "ping after the move"
matches "$(cat "$TMP/command.log")" ' ([2-9][0-9]|[1-9][0-9][0-9]+) received' "ping after the move"

step "consent goes the new way: the tunnel lives on"
sleep 12
equal "$(site b tunnel.list | jq -r '.tunnels[0].id')" "$tunnel" "the tunnel, at site B"
equal "$(site a tunnel.dials | jq -r '.dials[0] | [.state, .attempts] | @csv')" '"up",0' "the dial"
succeeds "ping at the end" in_ns a ping -q -c 2 -i 0.2 -w 8 10.9.0.1
stop_site a
stop_site b
