#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope rewrap and its descriptors: closed ones, whose numbers no message may get, because the
# report is written there; and few, with many directories.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
stream 100 >plain
seal_as one plain sealed

# Enough output to be written while files are open.
mkdir tree
for ((i = 0; i < 200; i++)); do
    cp sealed "tree/a long name, so that there is more output than a buffer holds $i"
done

without() { # the descriptors' redirections, command ...
    case $1 in
    in-out) "${@:2}" <&- >&- ;;
    out-err) "${@:2}" >&- 2>&- ;;
    all) "${@:2}" <&- >&- 2>&- ;;
    esac
}

kek=one
for closed in in-out out-err all in-out out-err all; do
    [[ $kek == two ]] && kek=one || kek=two
    write_cnf kek=$kek
    status=0
    without $closed envelope rewrap --verbose tree || status=$?
    [[ $status == 2 ]] || fail "$closed: status $status: the report could not be written"
    expect_no_sidecars tree
    write_cnf kek=$kek open-kek=$kek
    envelope verify tree >output || fail "$closed: $(<output)"
    grep -qx '200 opened .*, 0 failed, 0 skipped' output || fail "$closed: $(<output)"
done
status=0
without in-out envelope rewrap --list 2>output || status=$?
[[ $status == 2 ]] || fail "a list from a closed descriptor: status $status: $(<output)"

# A directory for every file, as a cache has them: not all of them are open at once.
mkdir many
for ((i = 0; i < 1300; i++)); do
    mkdir many/$i
done
for directory in many/*; do
    cp sealed "$directory"
done
write_cnf kek=two
rewrap_with_few() {
    (
        ulimit -n 512
        envelope rewrap --workers 64 many
    )
}
expect_output "1300 re-wrapped (1300 in place), 0 current, 0 skipped, 0 failed" 0 rewrap_with_few
