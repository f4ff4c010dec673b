#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: tandem-rtpproxy as a daemon: options, pid file, user, drain
. "$(dirname "$0")/lib/smoke.sh"
. "$(dirname "$0")/lib/kamailio.sh"
smoke_begin rtppprogram

make_ns t
make_ns a
make_veth t ta a eth0
ip -n "$P-t" addr add 192.0.2.99/24 dev ta
chmod 777 "$TMP"
write_config "$TMP/base.json" net_null0,no-rx=1 net_null1,no-rx=1

# program OPTION…: its exit code is $code, what it says $said.
program() {
	code=0
	said=$(in_ns t "$TANDEM_RTPPROXY" --base "$TMP/base.json" "$@" 2>&1 </dev/null) || code=$?
}

# ask COMMAND: of the daemon, by UDP.
ask() {
	in_ns t "$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(b"c%d " % hash(sys.argv[1]) + sys.argv[1].encode(), ("127.0.0.1", 7722))
print(s.recv(2048).decode().split(" ", 1)[1], end="")' "$1"
}

step "what can't be, and what to do"
program -f -l 192.0.2.99
equal $code 1 "exit code with an address of the kernel's"
matches "$said" "the kernel has 192.0.2.99 on ta" "the message"
matches "$said" "ip address del 192.0.2.99 dev ta" "the message"
program -f -l 192.0.2.77
equal $code 1 "exit code with an address that nobody has"
matches "$said" "192.0.2.77 .*is not among the addresses" "the message"
for bad in -Z '-t 256' '-m 70000' '-m 5000 -M 4000' '-d LOUD' '-S /tmp' '-u nobody-here' '-l a/b/c' \
	'--dso=x.so' 'argument'; do
	# shellcheck disable=SC2086
	program $bad
	equal $code 2 "exit code of $bad"
	[ -n "$said" ] || fail "$bad: nothing is said"
done
program -l 10.0.0.1/192.0.2.1 -A 203.0.113.1/203.0.113.2 -m 40000 -M 41000 -t 96 -T 30 -W 10 -r /rec -S \
	/spool -P -a -i -2 --strict -s tcp:127.0.0.1 -n unix:/run/b2bua.sock --print-config
equal $code 0 "exit code of --print-config"
equal "$(jq -c '[.rtpproxy | .control[0], .bind.internal, .bind.external, .latch, .ttl_s, .setup_ttl_s,
	.ttl_mode, .tos, .record_all, .record_format, .duplicate, .timeout_targets[0]]' <<<"$said")" \
	'["tcp:127.0.0.1","lan4","wan4","strict",30,10,"independent",96,true,"pcap",true,"unix:/run/b2bua.sock"]' \
	"the block rtpproxy"
equal "$(jq -c '[.addresses[] | select(.advertise) | [.name, .advertise, .ports.min, .ports.max]]' <<<"$said")" \
	'[["lan4","203.0.113.1",40000,41000],["wan4","203.0.113.2",40000,41000]]' "the addresses"
equal "$(jq -c .media <<<"$said")" '{"record_dir":"/rec","spool_dir":"/spool"}' "the block media"

step "a daemon: ready when it returns, another user, the pid file"
# As /var/run is: the user that is meant may not make anything there.
mkdir -m 755 "$TMP/root"
in_ns t "$TANDEM_RTPPROXY" --base "$TMP/base.json" -l 10.0.0.1 -s udp:127.0.0.1:7722 -s "$TMP/r.sock" \
	-s "$TMP/root/r.sock" -s tcp:127.0.0.1:722 -p "$TMP/pid" -u nobody -d DBUG:LOG_LOCAL0 -F -b -c fifo >"$TMP/daemon.log" 2>&1 </dev/null ||
	fail "it does not start"
keeper=$(cat "$TMP/pid")
equal "$(ask V)" 20040107 "V at once"
equal "$(ask 'U call 198.51.100.7 4000 from' | cut -d' ' -f2)" 10.0.0.1 "the address of a session"
equal "$(grep -c 'changes nothing' "$TMP/daemon.log")" 3 "options said to change nothing"
tandemd=$(pgrep -P "$keeper")
equal "$(stat -c %U "/proc/$tandemd")" nobody "user of tandemd"
equal "$(readlink "/proc/$keeper/cwd")" / "directory of the daemon"
for sock in "$TMP/r.sock" "$TMP/root/r.sock"; do
	equal "$(stat -c '%a %U' "$sock")" "660 nobody" "mode and owner of $sock"
	equal "$(in_ns t "$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.send(b"V")
print(s.recv(64).decode(), end="")' "$sock")" 20040107 "V by $sock"
done
equal "$(in_ns t "$PYTHON" -c 'import socket
s = socket.create_connection(("127.0.0.1", 722))
s.send(b"V\n")
print(s.recv(64).decode(), end="")')" 20040107 "V by a port below 1024"

step "what the user of -u lacks is said"
program -f -l 10.0.0.1 -s "$TMP/root/r.sock" -u nobody
equal $code 5 "exit code with a control socket that somebody answers at"
matches "$said" "root/r.sock: somebody answers there already" "the message"
jq --arg s "$TMP/root/api.sock" '.api.socket = $s' "$TMP/base.json" >"$TMP/base2.json"
program -f --base "$TMP/base2.json" -l 10.0.0.1 -s "$TMP/root/s.sock" -r "$TMP/root" -u nobody
equal $code 5 "exit code with a folder that is root's"
matches "$said" "tandem's own socket is to be made there" "the message"
matches "$said" "$TMP/root: Permission denied: there will be no recordings" "the message"

step "the unit"
if command -v systemd-analyze >/dev/null; then
	sed 's#@SBINDIR@/tandem-rtpproxy#/bin/true#' "$(dirname "$0")/../../configs/tandem-rtpproxy.service.in" \
		>"$TMP/tandem-rtpproxy.service"
	systemd-analyze verify --man=no "$TMP/tandem-rtpproxy.service" || fail "systemd refuses the unit"
fi

step "SIGHUP drains; the last call ends it"
kill -HUP "$keeper"
until_true 5 bash -c '[ "$("$0" -s "$1" -j system.hello | jq -r .state)" = draining ]' "$TANDEMCTL" "$SOCKET" ||
	fail "it does not drain"
equal "$(ask 'U other 198.51.100.7 4000 from')" E99 "a new session"
equal "$(ask 'Q call from' | cut -d' ' -f2-)" "0 0 0 0" "the call is there"
equal "$(ask 'D call from')" 0 "its end"
until_true 10 bash -c '! kill -0 "$0"' "$keeper" || fail "it does not end"
for f in pid r.sock root/r.sock api.sock; do [ ! -e "$TMP/$f" ] || fail "$f is left"; done
