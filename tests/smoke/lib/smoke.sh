# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The ground of all smoke scripts: namespaces of their own, tandemd in one of them, assertions.
#
#        P-a                         P-t                          P-b
#   ┌───────────┐  veth   ┌────────────────────────┐   veth  ┌─────────────┐
#   │ party A   │eth0   ta│        tandemd         │tb   eth0│ party B     │
#   │ 10.0.0.2  ├─────────┤ 10.0.0.1   2001:db8::1 ├─────────┤ 2001:db8::2 │
#   │ fd00:a::2 │         │ fd00:a::1  192.0.2.1   │         │ 192.0.2.2   │
#   └─────┬─────┘         └────────────────────────┘         └──────┬──────┘
#         │ sip 198.51.100.2        P-p                 fd00:51::2  │ sip
#         │               ┌────────────────────────┐                │
#         └───────────────┤ B2BUA   198.51.100.1   ├────────────────┘
#                         │         fd00:51::1     │  (make_sip_network, in call.sh)
#                         └────────────────────────┘
#
# make_topology with_stranger puts a bridge (namespace P-w) into A's link, and a stranger (P-x: 10.0.0.66,
# fd00:a::66) on it. P is the script's name and process number, so that scripts may run side by
# side; the host's own network is never touched. Nobody can reach anybody else's addresses but
# through tandemd.
#
# A script begins with:   . "$(dirname "$0")/lib/smoke.sh"; smoke_begin NAME
# Everything is taken down when it ends, however it ends; the logs are shown if it failed.
set -euo pipefail

SMOKE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=$(cd "$SMOKE_DIR/../.." && pwd)
BUILD=${TANDEM_BUILD:-$ROOT/build}
TANDEMD=$BUILD/control/tandemd
TANDEMCTL=$BUILD/control/ctl/tandemctl
SCHEMA=$ROOT/configs/schema/api.schema.json
PYTHON=/usr/bin/python3
export PYTHONPATH=$SMOKE_DIR/lib PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8

smoke_jobs=()      # process ids that cleanup ends
smoke_hugepages='' # how many there were, if we made more
smoke_asserts=0

smoke_begin() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "$(basename "$0"): needs root, for network namespaces" >&2
		exit 2
	fi
	local f
	for f in "$TANDEMD" "$TANDEMCTL"; do
		[ -x "$f" ] || { echo "$(basename "$0"): $f is not built; run ./test build" >&2; exit 2; }
	done
	PATH=$PATH:/usr/sbin:/sbin
	P=tnd-$1-$$
	TMP=$(mktemp -d "/tmp/$P.XXXXXX")
	SOCKET=$TMP/api.sock
	RO_SOCKET=$TMP/ro.sock
	export SMOKE_PREFIX=$P SMOKE_SOCKET=$SOCKET SMOKE_RO_SOCKET=$RO_SOCKET SMOKE_TMP=$TMP
	export SMOKE_SCHEMA=$SCHEMA
	trap smoke_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	sweep_leftovers
}

smoke_end() {
	local rc=$? f
	trap - EXIT
	trap '' INT TERM HUP
	set +e
	if [ $rc -ne 0 ] && [ $rc -ne 130 ] && [ $rc -ne 143 ]; then
		for f in "$TMP"/*.log; do
			[ -s "$f" ] || continue
			echo "--- $(basename "$f")"
			tail -n 25 "$f"
		done
	fi
	destroy
	if [ -n "${SMOKE_KEEP:-}" ]; then echo "kept: $TMP"; else rm -rf "$TMP"; fi
	[ $rc -eq 0 ] && [ $smoke_asserts -gt 0 ] && echo "ok: $smoke_asserts checks"
	exit $rc
}

# ---- processes ------------------------------------------------------------------------------

# Runs COMMAND in the background in namespace P-NS; its log is NAME.log. Sets $last_pid.
spawn() {
	local ns=$1 name=$2
	shift 2
	ip netns exec "$P-$ns" "$@" >"$TMP/$name.log" 2>&1 </dev/null &
	last_pid=$!
	smoke_jobs+=("$last_pid")
}

# In namespace P-NS.
in_ns() {
	local ns=$1
	shift
	ip netns exec "$P-$ns" "$@"
}

# Ends a job of ours: SIGTERM, and after 5 s SIGKILL. The exit code is the job's.
end_job() {
	local i
	kill "$1" 2>/dev/null
	for ((i = 0; i < 100; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.05
	done
	kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# until_true SECONDS COMMAND…
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# ---- namespaces -----------------------------------------------------------------------------

make_ns() {
	ip netns add "$P-$1"
	ip netns exec "$P-$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
	ip -n "$P-$1" link set lo up
}

# make_veth NS1 DEV1 NS2 DEV2 [QUEUES]. Their senders must not leave checksums to the device:
# AF_XDP and AF_PACKET would see them unfinished.
make_veth() {
	local q="numrxqueues ${5:-1} numtxqueues ${5:-1}"
	# shellcheck disable=SC2086
	ip link add dev "$2" netns "$P-$1" $q type veth peer name "$4" netns "$P-$3" $q
	ip netns exec "$P-$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
	ip netns exec "$P-$3" ethtool -K "$4" tx off tso off gso off gro off >/dev/null
	ip -n "$P-$1" link set "$2" up
	ip -n "$P-$3" link set "$4" up
}

# The kernel of tandemd's namespace stays silent on the ends that tandemd drives.
mute_kernel() {
	ip netns exec "$P-t" sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"
}

# make_topology [QUEUES [with_stranger]]
make_topology() {
	local queues=${1:-1} ns
	for ns in a t b; do make_ns $ns; done
	if [ "${2:-}" = with_stranger ]; then
		make_ns w
		make_ns x
		ip -n "$P-w" link add dev br0 type bridge
		ip -n "$P-w" link set br0 up
		make_veth t ta w port-t "$queues"
		make_veth a eth0 w port-a
		make_veth x eth0 w port-x
		for ns in t a x; do ip -n "$P-w" link set "port-$ns" master br0; done
		ip -n "$P-x" addr add 10.0.0.66/24 dev eth0
		ip -n "$P-x" addr add fd00:a::66/64 dev eth0 nodad
	else
		make_veth t ta a eth0 "$queues"
	fi
	make_veth t tb b eth0 "$queues"
	mute_kernel ta
	mute_kernel tb
	ip -n "$P-a" addr add 10.0.0.2/24 dev eth0
	ip -n "$P-a" addr add fd00:a::2/64 dev eth0 nodad
	ip -n "$P-b" addr add 192.0.2.2/24 dev eth0
	ip -n "$P-b" addr add 2001:db8::2/64 dev eth0 nodad
}

destroy() {
	local pid ns
	for pid in "${smoke_jobs[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${smoke_jobs[@]}"; do end_job "$pid"; done
	smoke_jobs=()
	remove_namespaces "$P-"
	[ -z "$smoke_hugepages" ] || sysctl -qw "vm.nr_hugepages=$smoke_hugepages"
}

# Namespaces whose names begin with PREFIX, and what still runs in them. Another script that
# sweeps may be faster, which is as well.
remove_namespaces() {
	local ns pid
	ip netns list | awk -v p="$1" 'index($1, p) == 1 {print $1}' | while read -r ns; do
		for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
		ip netns del "$ns" 2>/dev/null || true
	done
}

# What a script left that was killed by SIGKILL: known by its process number, which is no more.
sweep_leftovers() {
	local name number
	{
		ip netns list
		ls /tmp
	} | sed -nE 's/^(tnd-[a-z0-9]+-([0-9]+))[-.].*/\1 \2/p' | sort -u | while read -r name number; do
		[ -d "/proc/$number" ] && continue
		remove_namespaces "$name-"
		rm -rf "/tmp/$name".??????
	done
}

# ---- tandemd --------------------------------------------------------------------------------

# Writes the configuration for this topology to FILE. device_a and device_b are DPDK devices;
# the rest are jq filters that change it: write_config FILE DEVICE_A DEVICE_B ['.x = y' …]
write_config() {
	local file=$1 a=$2 b=$3
	shift 3
	jq -n --arg a "$a" --arg b "$b" --arg socket "$SOCKET" --arg ro "$RO_SOCKET" '{
		eal: {args: ["--no-huge"]},
		workers: {lcores: [1], idle: "adaptive"},
		interfaces: [{name: "lan", device: $a}, {name: "wan", device: $b}],
		addresses: [
			{name: "lan4", interface: "lan", ip: "10.0.0.1/24", ports: {min: 20000, max: 29999}},
			{name: "lan6", interface: "lan", ip: "fd00:a::1/64", ports: {min: 20000, max: 29999}},
			{name: "wan6", interface: "wan", ip: "2001:db8::1/64", ports: {min: 30000, max: 39999}},
			{name: "wan4", interface: "wan", ip: "192.0.2.1/24", ports: {min: 30000, max: 39999}}],
		limits: {sessions: 1000},
		api: {socket: $socket, ro_socket: $ro}}' >"$file"
	local filter
	for filter; do
		jq "$filter" "$file" >"$file.new"
		mv "$file.new" "$file"
	done
}

# The devices of a kind for this topology: sets $device_a and $device_b.
devices_of() {
	case $1 in
	af_xdp) device_a=net_af_xdp0,iface=ta device_b=net_af_xdp1,iface=tb ;;
	af_packet) device_a=net_af_packet0,iface=ta device_b=net_af_packet1,iface=tb ;;
	net_null) device_a=net_null0,no-rx=1 device_b=net_null1,no-rx=1 ;;
	*) device_a=${1}0 device_b=${1}1 ;;
	esac
}

# launch_tandemd NAME CONFIG [ENVIRONMENT…]: starts it and does not wait. Sets $tandemd_pid.
# `ip netns exec` mounts a /sys of its own, on which AF_XDP needs a BPF file system.
launch_tandemd() {
	local name=$1 config=$2
	shift 2
	spawn t "$name" env "$@" bash -c \
		'mount -t bpf bpf /sys/fs/bpf 2>/dev/null; ulimit -l unlimited 2>/dev/null; exec "$0" "$@"' "$TANDEMD" --config "$config"
	tandemd_pid=$last_pid
}

# wait_ready PID SOCKET: until it answers, or 1 if it has ended without.
wait_ready() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$TANDEMCTL" -s "$2" system.hello >/dev/null 2>&1 && return 0
		kill -0 "$1" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

# start_tandemd KIND [JQ-FILTER…]: KIND is af_xdp, af_packet or a vdev's name.
start_tandemd() {
	local device_a device_b
	devices_of "$1"
	shift
	write_config "$TMP/tandemd.json" "$device_a" "$device_b" "$@"
	launch_tandemd tandemd "$TMP/tandemd.json"
	wait_ready "$tandemd_pid" "$SOCKET" || fail "tandemd does not start"
}

# stop_tandemd [PID [SIGNAL]]: it must end with 0 and take its sockets along. On a busy machine
# the kernel takes seconds to close AF_XDP sockets. Ctrl-C on a terminal may have reached it already.
stop_tandemd() {
	local pid=${1:-$tandemd_pid} signal=${2:-TERM} rc=0 start=$SECONDS
	kill "-$signal" "$pid" 2>/dev/null || true
	wait "$pid" || rc=$?
	equal "$rc" 0 "exit code of tandemd after SIG$signal"
	[ $((SECONDS - start)) -le 20 ] || fail "tandemd took $((SECONDS - start)) s to end"
	[ ! -e "$SOCKET" ] && [ ! -e "$RO_SOCKET" ] || fail "tandemd left its sockets behind"
	forget_job "$pid"
}

forget_job() {
	local keep=() j
	for j in "${smoke_jobs[@]}"; do [ "$j" = "$1" ] || keep+=("$j"); done
	smoke_jobs=("${keep[@]}")
}

# rpc METHOD [PARAMS]: prints the result; an error answer fails the script.
rpc() { "$PYTHON" "$SMOKE_DIR/lib/tandem.py" "$SOCKET" "$@"; }

# counter NAME: one of stats.get.
counter() { rpc stats.get "{\"names\":[\"$1\"]}" | jq ".counters[\"$1\"] // 0"; }

# have_hugepages MIB: are as many free, or can they be made for as long as the script runs?
have_hugepages() {
	local dir=/sys/kernel/mm/hugepages/hugepages-2048kB free total
	[ -r "$dir/free_hugepages" ] || return 1
	free=$(cat "$dir/free_hugepages") total=$(cat "$dir/nr_hugepages")
	[ $((free * 2)) -ge "$1" ] && return 0
	smoke_hugepages=$total
	sysctl -qw vm.nr_hugepages=$((total + ($1 + 1) / 2 - free)) 2>/dev/null
	[ $(($(cat "$dir/free_hugepages") * 2)) -ge "$1" ]
}

# ---- what the kernel counted ----------------------------------------------------------------

# udp_count NS 4|6 NAME: InDatagrams, OutDatagrams, NoPorts, InErrors …
udp_count() {
	if [ "$2" = 4 ]; then
		in_ns "$1" awk -v name="$3" '$1 == "Udp:" {
			if (++n == 1) { for (i = 2; i <= NF; i++) at[$i] = i } else print $at[name] }' /proc/net/snmp
	else
		in_ns "$1" awk -v name="Udp6$3" '$1 == name {print $2}' /proc/net/snmp6
	fi
}

# ---- assertions -----------------------------------------------------------------------------

fail() {
	echo "FAILED: $*"
	exit 1
}

equal() {
	smoke_asserts=$((smoke_asserts + 1))
	[ "$1" = "$2" ] || fail "$3: is '$1', should be '$2'"
}

# is A OP B WHAT, with OP as test(1) has it: is "$n" -gt 0 "packets"
is() {
	smoke_asserts=$((smoke_asserts + 1))
	test "$1" "$2" "$3" || fail "$4: $1 is not $2 $3"
}

# matches TEXT REGEX WHAT
matches() {
	smoke_asserts=$((smoke_asserts + 1))
	[[ $1 =~ $2 ]] || fail "$3: '$2' is not in: $1"
}

# succeeds WHAT COMMAND…
succeeds() {
	local what=$1
	shift
	smoke_asserts=$((smoke_asserts + 1))
	"$@" >"$TMP/command.log" 2>&1 || fail "$what: $*"
}

step() { printf '== %s\n' "$*"; }
