# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A SIP proxy and rtpproxy's place beside it, as they are usually installed: Kamailio and tandem in
# one machine (namespace P-t), Kamailio with addresses of the kernel's, tandem with its own.
# To be sourced after smoke.sh.
#
#     P-a                  P-w                     P-t                     P-v             P-b
#  ┌──────────┐      ┌────────────┐      ┌───────────────────────┐   ┌────────────┐  ┌─────────────┐
#  │ party A  │eth0  │   switch   │      │ Kamailio              │   │   switch   │  │ party B     │
#  │ 10.0.0.2 ├──────┤            ├──────┤ 10.0.0.5  2001:db8::5 ├───┤            ├──┤ 192.0.2.2   │
#  └──────────┘      │            │      ├───────────────────────┤   │            │  │ 2001:db8::2 │
#                    │            │ta    │ tandem                │tb │            │  └─────────────┘
#                    │            ├──────┤ 10.0.0.1  2001:db8::1 ├───┤            │
#                    │            │      └───────────────────────┘   │            │
#                    │            │          ┌────────┐              │            │
#                    │            ├──────────┤ router ├──────────────┤            │
#                    └────────────┘10.0.0.254└────────┘192.0.2.254   └────────────┘
#                                              P-r (IPv4 only)
TANDEM_RTPPROXY=$BUILD/control/rtpproxy/tandem-rtpproxy
MAKEANN=$BUILD/control/makeann/tandem-makeann

make_switch() {
	make_ns "$1"
	ip -n "$P-$1" link add dev br0 type bridge
	ip -n "$P-$1" link set br0 up
}

# plug NS DEV SWITCH PORT: the switch knows it as port-PORT.
plug() {
	make_veth "$1" "$2" "$3" "port-$4"
	ip -n "$P-$3" link set "port-$4" master br0
}

make_proxy_network() {
	local ns
	for ns in a b t r; do make_ns $ns; done
	make_switch w
	make_switch v
	plug a eth0 w a
	plug t ta w t
	plug t lan w k
	plug r lan w r
	plug b eth0 v b
	plug t tb v t
	plug t wan v k
	plug r wan v r
	mute_kernel ta
	mute_kernel tb
	ip -n "$P-a" addr add 10.0.0.2/24 dev eth0
	ip -n "$P-b" addr add 192.0.2.2/24 dev eth0
	ip -n "$P-b" addr add 2001:db8::2/64 dev eth0 nodad
	ip -n "$P-t" addr add 10.0.0.5/24 dev lan
	ip -n "$P-t" addr add 2001:db8::5/64 dev wan nodad
	ip -n "$P-r" addr add 10.0.0.254/24 dev lan
	ip -n "$P-r" addr add 192.0.2.254/24 dev wan
	ip netns exec "$P-r" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$P-t" route add 192.0.2.0/24 via 10.0.0.254
	ip -n "$P-b" route add default via 192.0.2.254
}

# start_rtpproxy OPTION…: those of rtpproxy(8). Sets $rtpproxy_pid. The devices are in base.json.
start_rtpproxy() {
	local device_a device_b
	devices_of "${DEVICES:-af_xdp}"
	write_config "$TMP/base.json" "$device_a" "$device_b" '.addresses[0].gateway = "10.0.0.254"'
	spawn t rtpproxy bash -c \
		'mount -t bpf bpf /sys/fs/bpf 2>/dev/null; exec "$0" "$@"' "$TANDEM_RTPPROXY" \
		--base "$TMP/base.json" -f "$@"
	rtpproxy_pid=$last_pid
	wait_ready "$rtpproxy_pid" "$SOCKET" || fail "tandem-rtpproxy does not start"
}

# stock_config FILE FLAGS: Debian's kamailio.cfg, with more flags, music on hold and recording.
stock_config() {
	"$PYTHON" "$SMOKE_DIR/lib/stock_kamailio.py" "$2" "$TMP/play/hold" \
		</etc/kamailio/kamailio.cfg >"$1" 2>"$TMP/stock.log" || fail "kamailio.cfg is not as it is known"
}

# start_kamailio CONFIG
start_kamailio() {
	mkdir -p "$TMP/kamailio"
	spawn t kamailio kamailio -f "$1" -A WITH_NAT -DD -E -T -n 4 -m 64 -M 8 -Y "$TMP/kamailio" \
		-l udp:10.0.0.5:5060 -l "udp:[2001:db8::5]:5060"
	kamailio_pid=$last_pid
	until_true 20 in_ns t bash -c '[ -n "$(ss -Hlun sport = 5060)" ]' || fail "Kamailio does not listen"
	until_true 10 kamcmd -s "unix:$TMP/kamailio/kamailio_ctl" rtpproxy.list >"$TMP/kamcmd.log" ||
		fail "Kamailio does not answer kamcmd"
}
