#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several runs at once on the same tree, also with different KEKs, do no harm. A run that finds a
# file locked reports that, or finds it done.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
make_kek kek short --id 2011
mkdir tree
stream 5000 >plain
seal_as one plain sealed
for ((i = 0; i < 60; i++)); do
    cp sealed tree/$i
done
ln tree/7 tree/7.again

# One run in the background, with a token of its own (see rewrap_faults.sh).
start() { # number, arguments ...
    local number=$1 SOFTHSM2_CONF=$work/softhsm2.$1.conf status=0
    shift
    if [[ ! -d tokens.$number ]]; then
        cp -a tokens "tokens.$number"
        sed "s|/tokens\$|/tokens.$number|" softhsm2.conf >"$SOFTHSM2_CONF"
    fi
    {
        envelope rewrap --workers 4 "$@" tree >"output.$number" 2>&1 || status=$?
        echo $status >"status.$number"
    } &
}

# The status is 0, or 1 if only locked files failed.
check() { # number
    local status
    status=$(<"status.$1")
    ((status <= 1)) || fail "status $status: $(<"output.$1")"
    grep -v -e "$(reason FILE_LOCKED)" -e "$(reason FILE_CHANGED)" -e '^[0-9]* re-wrapped' \
        "output.$1" >other || return 0
    fail "run $1: $(<other)"
}

# The same at once: both end, together they have done it all.
for kek in two one two; do
    start 1 --kek $kek
    start 2 --kek $kek
    wait
    check 1
    check 2
    envelope rewrap --kek $kek tree >output 2>&1 || fail "$(<output)"
    expect_no_sidecars tree
    write_cnf kek=$kek open-kek=$kek
    envelope verify --quiet tree || fail "some files do not open with $kek alone"
    write_cnf kek=one
done

# To different ends, in place and by new files (7 has two names, which a new file would not have).
rm tree/7.again
for ((round = 0; round < 4; round++)); do
    start 1 --kek one
    start 2 --kek two
    start 3 --kek short
    wait
    for number in 1 2 3; do
        check $number
    done
    envelope verify --quiet tree || fail "some files do not open: $(envelope verify tree)"
done
envelope rewrap --kek two tree >output 2>&1 || fail "$(<output)"
expect_no_sidecars tree
for ((i = 0; i < 60; i += 7)); do
    same_body sealed tree/$i
    opens_with_only two tree/$i plain
done
