#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzz target: its corpus, and then new inputs for the given number of seconds. The seed is
# fixed unless ENVELOPE_FUZZ_SEED sets another. An input that finds a bug is left in the current
# directory; add it to corpus/ with the fix.
#
#     tests/fuzz/run.sh build/fuzz/tests/fuzz/fuzz_header 1200
set -euo pipefail

target=$(realpath "$1")
seconds=${2:-60}
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
corpus=$here/corpus/$(basename "$target")
# libFuzzer puts new inputs into the first directory that it is given
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

# what was freed is kept for a while, but not half a gigabyte of it
export ASAN_OPTIONS=quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}
# first the corpus by itself: each input once, whatever time that takes
"$target" -runs=0 -timeout=20 "$new" "$corpus"
"$target" -seed="${ENVELOPE_FUZZ_SEED:-20250101}" -max_total_time="$seconds" -timeout=20 \
    -rss_limit_mb=2048 -max_len=20000 -len_control=20 -print_final_stats=1 "$new" "$corpus"
