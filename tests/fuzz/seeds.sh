#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make_seeds still makes seeds, each of them is in the corpus under its name, and those without
# randomness or a time are identical. After a change of the format, write the corpus again with
# "make_seeds tests/fuzz/corpus".
#
#     tests/fuzz/seeds.sh build/fuzz/tests/fuzz/make_seeds
set -euo pipefail

make_seeds=$(realpath "$1")
corpus=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/corpus
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

"$make_seeds" "$new"
cd "$new"
count=0
for seed in */*; do
    [[ -f $corpus/$seed ]] || { echo "not in the corpus: $seed" >&2 && exit 1; }
    case $seed in
    # the lengths of headers and segments are the format's, their bytes are random
    fuzz_message/* | fuzz_header/* | fuzz_tool/* | fuzz_key_file/file)
        (($(stat -c %s "$seed") == $(stat -c %s "$corpus/$seed"))) ||
            { echo "another length than in the corpus: $seed" >&2 && exit 1; }
        ;;
    *)
        cmp "$seed" "$corpus/$seed"
        ;;
    esac
    count=$((count + 1))
done
((count > 90)) || { echo "only $count seeds" >&2 && exit 1; }
echo "$count seeds"
