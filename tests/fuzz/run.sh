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
failed=

if [ $# -eq 0 ]; then
	for binary in "$build"/tests/fuzz/fuzz_*; do
		[ -f "$binary" ] && [ -x "$binary" ] && set -- "$@" "${binary##*/fuzz_}"
	done
fi
if [ $# -eq 0 ]; then
	echo "no targets in $build/tests/fuzz" >&2
	exit 2
fi

for name in "$@"; do
	found=$build/fuzz/$name
	mkdir -p "$found/corpus"
	if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=5 -max_len=2048 \
		-rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$found/" \
		"$found/corpus" "$kept/$name" >"$found/log" 2>&1; then
		echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")" \
			"inputs in $seconds s, nothing found"
	else
		echo "fuzz $name: FAILED, see $found" >&2
		tail -n 40 "$found/log" >&2
		failed=1
	fi
done
[ -z "$failed" ]
