#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: three workers, three queues, many calls
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/call.sh"
smoke_begin multi

# Three workers on whatever CPUs there are. The kernel spreads packets over the queues by its own
# hash, so that two of three come to a worker that does not own their call.
make_topology 3
start_tandemd af_packet '.workers.lcores = [1, 2, 3]' \
	'.interfaces[].device += ",qpairs=3"'
equal "$(rpc interface.list | jq -c '[.interfaces[] | [.rx_queues, .tx_queues]]')" '[[3,3],[3,3]]' "queues"
equal "$(rpc system.health | jq '.workers | length')" 3 "workers"

step "60 calls by hand, 25 packets a second each way, for 8 s"
"$PYTHON" "$SMOKE_DIR/lib/multi.py"

step "12 calls of sipp at once"
a_out=$(udp_count a 4 OutDatagrams) a_in=$(udp_count a 4 InDatagrams)
b_out=$(udp_count b 6 OutDatagrams) b_in=$(udp_count b 6 InDatagrams)
start_call_servers 3
call 12 6
a_out=$(($(udp_count a 4 OutDatagrams) - a_out)) a_in=$(($(udp_count a 4 InDatagrams) - a_in))
b_out=$(($(udp_count b 6 OutDatagrams) - b_out)) b_in=$(($(udp_count b 6 InDatagrams) - b_in))
equal "$(jq -s length "$TMP/reports.json")" 12 "reports"
equal "$(jq -s 'map(.report.worker) | unique | length' "$TMP/reports.json")" 3 "workers with calls"
is "$a_out" -ge $((12 * 145)) "packets of A"
equal "$b_in" "$a_out" "from A to B"
equal "$a_in" "$b_out" "from B to A"
equal "$(jq -s '[.[].report.legs[0].rx.packets] | add' "$TMP/reports.json")" "$a_out" "received from A"
equal "$(jq -s '[.[].report.legs[].rx.lost] | add' "$TMP/reports.json")" 0 "lost, by the reports"

step "the workers helped each other, and dropped nothing"
is "$(counter worker.handoff_in)" -gt 500 "packets handed over"
equal "$(counter worker.handoff_in)" "$(counter worker.handoff_out)" "handed over and received"
for name in handoff_full tx_full no_flow source no_mbuf udp_checksum; do
	equal "$(counter drop.$name)" 0 "drop.$name"
done
stop_tandemd
