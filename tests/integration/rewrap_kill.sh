#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A running `envelope rewrap` over 200 files is killed again and again, at random times: each file
# opens afterwards, and one run to its end leaves nothing behind. ENVELOPE_KILLS is how often
# (default 20); ENVELOPE_LONG lets a kill come as late as the end of a run, instead of in its first
# third of a second.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
kills=${ENVELOPE_KILLS:-20}
mkdir tree tree/below
sizes=(0 4096 20000)
directories=("" below/)
for size in "${sizes[@]}"; do
    stream "$size" >"plain.$size"
    seal_as one "plain.$size" "sealed.$size"
done
for ((i = 0; i < 200; i++)); do
    size=${sizes[i % 3]}
    cp "sealed.$size" "tree/${directories[i % 2]}$i.$size"
done
cp -a tokens tokens.saved # SoftHSM writes to its token at a login: a kill there could cost it

rewrap() { # arguments
    rm -rf tokens
    cp -a tokens.saved tokens
    envelope rewrap --workers 2 "$@" tree
}

# Everything opens, whatever was left beside it, except a header that a kill tears; then one
# complete run, and everything opens with the new KEK alone.
check_all() { # KEK
    local file
    rewrap --kek "$1" >output 2>&1 || fail "a second run fails: $(<output)"
    expect_no_sidecars tree
    write_cnf "kek=$1" "open-kek=$1"
    envelope verify --quiet tree || fail "some files do not open: $(envelope verify tree)"
    write_cnf kek=one
    for file in tree/0.0 tree/below/1.4096 tree/2.20000; do
        same_body "sealed.${file##*.}" "$file"
        opens_with_only "$1" "$file" "plain.${file##*.}"
    done
}

write_cnf kek=one
begin=$(date +%s%N)
rewrap --kek two >output || fail "$(<output)"
whole=$((($(date +%s%N) - begin) / 1000000)) # ms
[[ -n ${ENVELOPE_LONG-} ]] || whole=$((whole < 330 ? whole : 330))
killed=0 left=0
keks=(one two)
for ((i = 0; killed < kills && i < 4 * kills; i++)); do
    kek=${keks[i % 2]} status=0
    ms=$((10 + (RANDOM * 32768 + RANDOM) % whole))
    envelope_prefix=(timeout -s KILL "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))")
    rewrap --kek "$kek" >output 2>&1 || status=$?
    envelope_prefix=()
    ((status == 137 || status == 0)) || fail "status $status: $(<output)"
    if ((status == 137)); then
        killed=$((killed + 1))
    else
        whole=$((ms > 40 ? ms : 40)) # it was quicker than that
    fi
    [[ -z $(find tree -name '.*envelope-*') ]] || left=$((left + 1))
    (((i + 1) % 10 != 0)) || check_all "$kek"
done 2>/dev/null
check_all two
((killed == kills)) || fail "only $killed of $i runs were killed"
echo "$killed of $i runs were killed, $left of them with a journal open"
