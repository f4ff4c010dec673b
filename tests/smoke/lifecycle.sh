#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: configuration, start, watchdog, end
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin lifecycle

make_ns t

step "--version, --help, usage"
matches "$("$TANDEMD" --version)" '^tandemd [0-9]+\.[0-9]+\.[0-9]+$' "--version"
matches "$("$TANDEMD" --help)" 'usage: tandemd' "--help"
rc=0; "$TANDEMD" --nonsense >"$TMP/out" 2>&1 || rc=$?
equal $rc 2 "exit code of an unknown option"

# ---- configurations that are refused ---------------------------------------------------------

refused() { # FILE POINTER REASON
	local rc=0
	"$TANDEMD" --check "$1" >"$TMP/out" 2>"$TMP/err" || rc=$?
	equal $rc 1 "exit code of --check ($2: $3)"
	equal "$(cut -d: -f1 "$TMP/out")" "$2" "pointer of --check in '$(cat "$TMP/out")'"
	matches "$(cat "$TMP/out")" "$3" "reason"
}

step "--check names the place and the reason"
write_config "$TMP/good.json" net_null0,no-rx=1 net_null1,no-rx=1
succeeds "--check of a good configuration" "$TANDEMD" --check "$TMP/good.json"
succeeds "--check of the example" "$TANDEMD" --check "$ROOT/configs/example.json"
while IFS=';' read -r filter pointer reason; do
	jq "$filter" "$TMP/good.json" >"$TMP/bad.json"
	refused "$TMP/bad.json" "$pointer" "$reason"
done <<'END'
.nonsense = 1;/nonsense;
.interfaces[0].speed = 1;/interfaces/0/speed;
del(.interfaces);/interfaces;
.interfaces = [];/interfaces;
.interfaces = {};/interfaces;
.interfaces[1].name = "lan" | .addresses[].interface = "lan";/interfaces/1/name;/interfaces/0
.interfaces[0].device = "eth0";/interfaces/0/device;PCI address
.interfaces[1].device = .interfaces[0].device;/interfaces/1/vlan;VLAN
.interfaces[0].mtu = 100;/interfaces/0/mtu;
.interfaces[0].mtu = 1000;/interfaces/0/mtu;1280
.interfaces[0].vlan = 4095;/interfaces/0/vlan;
.addresses = [];/addresses;
.addresses[0].interface = "dmz";/addresses/0/interface;dmz
.addresses[0].ip = "10.0.0.1";/addresses/0/ip;
.addresses[0].ip = "10.0.0.256/24";/addresses/0/ip;
.addresses[0].ip = "224.0.0.1/24";/addresses/0/ip;
.addresses[0].ip = "10.0.0.0/24";/addresses/0/ip;
.addresses[1].name = "lan4";/addresses/1/name;/addresses/0
.addresses[0].gateway = "192.168.1.1";/addresses/0/gateway;10.0.0.1/24
.addresses[0].gateway = "2001:db8::2";/addresses/0/gateway;IP version
.addresses[0].advertise = "2001:db8::1";/addresses/0/advertise;IP version
del(.addresses[0].ports);/addresses/0/ports;
.addresses[0].ports = {min: 20001, max: 20010};/addresses/0/ports/min;even
.addresses[0].ports = {min: 20000, max: 19000};/addresses/0/ports/max;
.addresses[0].ports = {min: 100, max: 2000};/addresses/0/ports/min;1024
.addresses[0].ports = {min: 20000, max: 70000};/addresses/0/ports/max;
.addresses[0].ports = {min: 20000, max: 20001} | .workers.lcores = [1, 2];/addresses/0/ports;workers
.addresses += [.addresses[0] + {name: "twin", ports: {min: 25000, max: 35000}}];/addresses/4/ports;overlap
.workers.lcores = [1, 1];/workers/lcores/1;
.workers.lcores = [2000];/workers/lcores/0;
.workers.idle = "sleep";/workers/idle;
.limits.sessions = 0;/limits/sessions;
.limits.sessions = 2.5;/limits/sessions;
.limits.sessions = "many";/limits/sessions;
.eal.args = ["--help"];/eal/args/0;
.neighbours = [{interface: "lan", ip: "10.0.0.2", mac: "01:00:5e:00:00:01"}];/neighbours/0/mac;
.neighbours = [{interface: "lan", ip: "10.9.0.2", mac: "02:00:00:00:00:01"}];/neighbours/0/ip;lan
.neighbours = [{interface: "wan", ip: "2001:db8::1", mac: "02:00:00:00:00:01"}];/neighbours/0/ip;own
.routes = [{interface: "lan", prefix: "10.20.0.1/16", gateway: "10.0.0.3"}];/routes/0/prefix;
.routes = [{interface: "lan", prefix: "10.20.0.0/16", gateway: "10.1.0.3"}];/routes/0/gateway;
.api.socket = "api.sock";/api/socket;absolute
.api.ro_socket = .api.socket;/api/ro_socket;
.log.level = "loud";/log/level;
END
printf '{"interfaces":[],"interfaces":[]}' >"$TMP/bad.json"
refused "$TMP/bad.json" /interfaces ""
{ cat "$TMP/good.json"; echo x; } >"$TMP/bad.json"
refused "$TMP/bad.json" "$TMP/bad.json" "line"
printf '{"log":{"level":"\xff"}}' >"$TMP/bad.json"
refused "$TMP/bad.json" /log/level "UTF-8"
: >"$TMP/bad.json"
refused "$TMP/bad.json" "$TMP/bad.json" ""
refused "$TMP/absent.json" "$TMP/absent.json" "No such file"
refused "$TMP" "$TMP" ""

# ---- starts that fail ------------------------------------------------------------------------

fails() { # EXIT-CODE REASON [JQ-FILTER…]
	local want=$1 reason=$2 rc=0
	shift 2
	write_config "$TMP/fails.json" net_null2,no-rx=1 net_null3,no-rx=1 \
		'.api.socket += ".2" | .api.ro_socket += ".2"' "$@"
	in_ns t timeout 20 "$TANDEMD" --config "$TMP/fails.json" >"$TMP/fails.log" 2>&1 || rc=$?
	equal $rc "$want" "exit code, where the reason is: $reason"
	matches "$(cat "$TMP/fails.log")" "$reason" "log"
	[ ! -e "$SOCKET.2" ] || fail "a socket is left"
}

step "what is missing is named"
fails 1 '/interfaces/0/device: there is no network interface nosuch' \
	'.interfaces[0].device = "net_af_packet0,iface=nosuch"'
fails 1 '/interfaces/1/device: there is no network interface nosuch' \
	'.interfaces[1].device = "net_af_xdp0,iface=nosuch"'
fails 1 '/interfaces/0/device: there is no PCI device 0000:7f:1f.7' \
	'.interfaces[0].device = "0000:7f:1f.7"'
fails 5 '/interfaces/0/device: .*net_nosuch0' '.interfaces[0].device = "net_nosuch0"'
fails 1 '/api/group: there is no group "nosuch-group"' '.api.group = "nosuch-group"'
fails 4 'hugepages: have [0-9]+ MiB free, need about [0-9]+ MiB .*sysctl -w vm.nr_hugepages=[0-9]+' \
	'.eal.args = [] | .limits.sessions = 4000000 | .mbufs = 16777215'

# ---- life ------------------------------------------------------------------------------------

step "READY and WATCHDOG reach the service manager"
"$PYTHON" "$SMOKE_DIR/lib/notify.py" "$TMP/notify.sock" >"$TMP/notify" &
smoke_jobs+=($!)
until_true 5 test -S "$TMP/notify.sock"
launch_tandemd tandemd "$TMP/good.json" NOTIFY_SOCKET="$TMP/notify.sock" WATCHDOG_USEC=1200000
first=$tandemd_pid
wait_ready "$first" "$SOCKET" || fail "tandemd does not start"
until_true 5 grep -q '^READY=1$' "$TMP/notify" || fail "no READY"
until_true 5 grep -q '^WATCHDOG=1$' "$TMP/notify" || fail "no WATCHDOG"
fed=$(grep -c WATCHDOG "$TMP/notify")
sleep 2
is "$(grep -c WATCHDOG "$TMP/notify")" -ge $((fed + 3)) "watchdog fed in 2 s"

step "a worker that stands still starves the watchdog, is told of, and recovers"
"$PYTHON" "$SMOKE_DIR/lib/stall.py" "$first" "$TMP/notify"
matches "$(cat "$TMP/tandemd.log")" 'worker 0 on lcore 1 has not turned' "log"
matches "$(cat "$TMP/tandemd.log")" 'worker 0 turns again' "log"

step "a second instance is refused, the first goes on"
instance=$(rpc system.hello | jq -r .instance)
fails 3 "another tandemd \(pid $first\) serves $SOCKET" '.api.socket |= rtrimstr(".2")'
fails 3 "another tandemd \(pid $first\) serves $RO_SOCKET" '.api.ro_socket |= rtrimstr(".2")'
equal "$(rpc system.hello | jq -r .instance)" "$instance" "the first instance"

step "SIGTERM: exit code 0, sockets gone, the service manager told"
stop_tandemd "$first"
matches "$(cat "$TMP/notify")" 'STOPPING=1' "notifications"

step "SIGKILL, then a start over what was left"
launch_tandemd tandemd2 "$TMP/good.json"
wait_ready "$tandemd_pid" "$SOCKET" || fail "tandemd does not start"
instance2=$(rpc system.hello | jq -r .instance)
[ "$instance2" != "$instance" ] || fail "the same instance twice"
rpc session.create '{"id":"lost","legs":[{"address":"lan4"},{"address":"wan6"}]}' >/dev/null
kill -9 "$tandemd_pid"
wait "$tandemd_pid" 2>/dev/null || true
forget_job "$tandemd_pid"
[ -e "$SOCKET" ] || fail "SIGKILL has removed the socket: this test is none"
rc=0; "$TANDEMCTL" -s "$SOCKET" system.hello >"$TMP/out" 2>&1 || rc=$?
equal $rc 3 "exit code of tandemctl without a daemon"
launch_tandemd tandemd3 "$TMP/good.json"
wait_ready "$tandemd_pid" "$SOCKET" || fail "tandemd does not start after SIGKILL"
equal "$(rpc session.list | jq '.sessions | length')" 0 "sessions after the restart"

step "SIGINT ends it like SIGTERM"
stop_tandemd "$tandemd_pid" INT
