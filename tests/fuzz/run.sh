#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Fuzz each target for a while, from the kept corpus on. Nothing is written to the source tree.
usage="usage: $0 BUILD [SECONDS [TARGET...]]
BUILD was configured with CC=clang and -Dfuzz=true; SECONDS for each target, default 10.
What is found stays in BUILD/fuzz/TARGET: corpus/, and crash-*, timeout-* or oom-* if any."

if [ $# -lt 1 ] || [ ! -d "$1/tests/fuzz" ]; then
	echo "$usage" >&2
	exit 2
fi
build=$(cd "$1" && pwd)
seconds=${2:-10}
[ $# -ge 2 ] && shift
shift
kept=$(cd "$(dirname "$0")" && pwd)/corpus

if [ $# -eq 0 ]; then
	for binary in "$build"/tests/fuzz/fuzz_*; do
		[ -f "$binary" ] && [ -x "$binary" ] && set -- "$@" "${binary##*/fuzz_}"
	done
fi
if [ $# -eq 0 ]; then
	echo "no targets in $build/tests/fuzz" >&2
	exit 2
fi

# Said in one go, since targets run side by side.
fuzz() {
	found=$build/fuzz/$1
	mkdir -p "$found/corpus"
	if "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=5 -max_len=2048 \
		-rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$found/" \
		"$found/corpus" "$kept/$1" >"$found/log" 2>&1; then
		echo "fuzz $1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")" \
			"inputs in $seconds s, nothing found"
	else
		echo "fuzz $1: FAILED, see $found
$(tail -n 40 "$found/log")" >&2
		return 1
	fi
}

# One for each core at a time.
cores=$(nproc)
failed=
while [ $# -gt 0 ]; do
	running=
	while [ $# -gt 0 ] && [ "$(echo "$running" | wc -w)" -lt "$cores" ]; do
		fuzz "$1" &
		running="$running $!"
		shift
	done
	for pid in $running; do
		wait "$pid" || failed=1
	done
done
[ -z "$failed" ]
