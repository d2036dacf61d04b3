#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make_seeds still makes seeds, each of them stands in the corpus under its name, and what has
# neither randomness nor a time in it is there byte by byte: the corpus is written anew with
# "make_seeds tests/fuzz/corpus" after a change of the format.
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
