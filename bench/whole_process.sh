#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Seconds that `openssl enc` takes for 1 GiB, the whole process from start to exit: ENVELOPE in both
# directions beside what enc has of its own, and beside cat. All are run in turn, in rounds, since
# timings are noisy; the best of the rounds counts, and the ratio to aes-256-ctr is what to look at.
# framed_provider.c says what its two ciphers are. Usage: bench/whole_process.sh bench_framed.so
# [rounds]. Run by `cmake --build ... --target bench`.
set -euo pipefail
framed=$1
rounds=${2:-7}
source_dir=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=../tests/lib/fixture.sh
source "$source_dir/tests/lib/fixture.sh"

make_usual
head -c 1073741824 /dev/zero >plain
key=$(printf '%064d' 1)
iv=$(printf '%032d' 1)

run() { # what
    case $1 in
    cat) cat plain >/dev/null ;;
    ctr) stock enc -e -aes-256-ctr -K "$key" -iv "$iv" -in plain -out /dev/null ;;
    cbc) stock enc -e -aes-256-cbc -K "$key" -iv "$iv" -in plain -out /dev/null ;;
    copy | framed)
        stock enc -e -provider-path "$(dirname "$framed")" -provider default \
            -provider "$(basename "$framed" .so)" "-bench-$1" -K "$key" -in plain -out /dev/null
        ;;
    seal) seal -in plain -out /dev/null ;;
    open) open -in sealed -out /dev/null ;;
    esac
}

seal -in plain -out sealed 2>stderr
declare -A best
TIMEFORMAT=%R
for ((round = 0; round < rounds; round++)); do
    for what in cat ctr cbc copy framed seal open; do
        { time run "$what" 2>stderr; } 2>seconds || { cat stderr >&2 && exit 1; }
        seconds=$(cat seconds)
        if [[ -z ${best[$what]:-} ]] || awk "BEGIN { exit !($seconds < ${best[$what]}) }"; then
            best[$what]=$seconds
        fi
    done
done
stock version
declare -A title=([cat]="cat" [ctr]="enc -e -aes-256-ctr" [cbc]="enc -e -aes-256-cbc"
    [copy]="enc -e -bench-copy" [framed]="enc -e -bench-framed" [seal]="enc -e -envelope" [open]="enc -d -envelope")
for what in cat ctr cbc copy framed seal open; do
    awk -v t="${title[$what]}" -v s="${best[$what]}" -v c="${best[ctr]}" \
        'BEGIN { printf "%-20s %6.2f s  %5.2f of aes-256-ctr\n", t, s, s / c }'
done
