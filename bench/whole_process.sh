#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processor time that `openssl enc` takes for 1 GiB, the whole process from start to exit: ENVELOPE
# in both directions, and envelope seal and open as streams, compared with enc's own ciphers and with
# cat; and the maximum memory of each. All take turns in rounds, because timings are noisy. The output has the best round and
# the median of each round's ratio to aes-256-ctr, which is the more reliable number.
# framed_provider.c describes its two ciphers.
#
#     bench/whole_process.sh bench_framed.so [rounds]     run by cmake --build ... --target bench
#     bench/whole_process.sh count                        instructions per byte, by callgrind
set -euo pipefail
framed=$(realpath "$1")
rounds=${2:-7}
source_dir=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=../tests/lib/fixture.sh
source "$source_dir/tests/lib/fixture.sh"

make_usual

# Instructions of the whole process for a file of that name.
instructions() { # what, file
    local words=() input=/dev/null
    case $1 in
    "enc -e") words=(openssl enc -e -envelope -K 0 -in "$2" -out /dev/null) ;;
    "enc -d") words=(openssl enc -d -envelope -K 0 -in "$2.sealed" -out /dev/null) ;;
    "envelope seal") words=("$ENVELOPE_MODULE_DIR/envelope" seal) input=$2 ;;
    "envelope open") words=("$ENVELOPE_MODULE_DIR/envelope" open) input=$2.sealed ;;
    "envelope seal FILE") words=("$ENVELOPE_MODULE_DIR/envelope" seal --force --output out "$2") ;;
    esac
    with_envelope valgrind --tool=callgrind --callgrind-out-file=/dev/null "${words[@]}" <"$input" \
        2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}

if [[ $1 == count ]]; then
    head -c 1M /dev/zero >few
    head -c 17M /dev/zero >many
    for file in few many; do
        seal -in $file -out $file.sealed 2>stderr
    done
    for what in "enc -e" "enc -d" "envelope seal" "envelope open" "envelope seal FILE"; do
        few=$(instructions "$what" few)
        many=$(instructions "$what" many)
        awk -v what="$what" -v n=$((many - few)) 'BEGIN { printf "%-20s %5.2f instructions per byte\n", what, n / (16 * 2^20) }'
    done
    exit
fi

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
    tool-seal) with_envelope "$ENVELOPE_MODULE_DIR/envelope" seal <plain >/dev/null ;;
    tool-open) with_envelope "$ENVELOPE_MODULE_DIR/envelope" open <sealed >/dev/null ;;
    esac
}

whats=(cat ctr cbc copy framed seal open tool-seal tool-open)
seal -in plain -out sealed 2>stderr
TIMEFORMAT='%U %S'
for ((round = 0; round < rounds; round++)); do
    for what in "${whats[@]}"; do
        { time run "$what" 2>stderr; } 2>seconds || { cat stderr >&2 && exit 1; }
        echo "$round $what $(<seconds)" >>measured
    done
done

stock version
awk '
    function median(a, n,   i, j, t) {
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
        return a[int((n + 1) / 2)]
    }
    { s[$1, $2] = $3 + $4; rounds = $1 + 1; if (!($2 in best) || $3 + $4 < best[$2]) best[$2] = $3 + $4 }
    END {
        n = split("cat ctr cbc copy framed seal open tool-seal tool-open", what, " ")
        split("cat;enc -e -aes-256-ctr;enc -e -aes-256-cbc;enc -e -bench-copy;enc -e -bench-framed;" \
              "enc -e -envelope;enc -d -envelope;envelope seal;envelope open", title, ";")
        for (w = 1; w <= n; w++) {
            for (r = 0; r < rounds; r++)
                ratio[r + 1] = s[r, what[w]] / s[r, "ctr"]
            printf "%-20s %6.2f s  %5.2f of aes-256-ctr\n", title[w], best[what[w]], median(ratio, rounds)
        }
    }' measured

for what in seal open; do
    input=plain direction=-e
    [[ $what == seal ]] || input=sealed direction=-d
    with_envelope /usr/bin/time -f %M -o peak openssl enc $direction -envelope -K 0 -in $input -out /dev/null \
        2>stderr
    echo "enc -envelope, $what: peak of $(<peak) KiB"
    with_envelope /usr/bin/time -f %M -o peak "$ENVELOPE_MODULE_DIR/envelope" $what <$input >/dev/null 2>stderr
    echo "envelope $what: peak of $(<peak) KiB"
done
