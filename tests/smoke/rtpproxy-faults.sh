#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Smoke: rtpproxy's protocol without its target, disk, clients; calls go on
. "$(dirname "$0")/lib/smoke.sh"
smoke_begin rtppfaults

make_topology
mkdir "$TMP/disk"
devices_of af_xdp
write_config "$TMP/tandemd.json" "$device_a" "$device_b" '.media.record_dir = $ENV.SMOKE_TMP + "/disk"' \
	'.rtpproxy = {
		control: ["udp:127.0.0.1:22222", "tcp:127.0.0.1:22223", "unix:\($ENV.SMOKE_TMP)/u.sock",
			"cunix:\($ENV.SMOKE_TMP)/c.sock"],
		bind: {internal: "lan4", external: "wan4"}, record_format: "pcap",
		timeout_targets: ["unix:\($ENV.SMOKE_TMP)/notify.sock"]}'
# The disk is its own, as `ip netns exec` makes its mounts: it goes when tandemd does.
spawn t tandemd bash -c 'mount -t bpf bpf /sys/fs/bpf 2>/dev/null
	mount -t tmpfs -o size=512k tmpfs "$0"; exec "$@"' "$TMP/disk" "$TANDEMD" --config "$TMP/tandemd.json"
tandemd_pid=$last_pid
wait_ready "$tandemd_pid" "$SOCKET" || fail "tandemd does not start"
"$PYTHON" "$SMOKE_DIR/lib/rtpproxy_faults.py" "$TMP" "$tandemd_pid"
stop_tandemd
