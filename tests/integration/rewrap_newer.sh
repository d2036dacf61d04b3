#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A newer file that another program renames into a file's place while that is re-wrapped or
# re-encrypted is never lost: it comes in before each call in turn (tests/preload), several come in
# one after the other, and the command is killed before it has looked.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
make_kek kek short --id 2011
stream 5000 >plain
seal_as one plain original
for number in 1 2 3; do
    stream $((6000 + number)) >plain.$number
    seal_as one plain.$number newer.$number
done

faults=$(behind_sanitizer "$ENVELOPE_PROGRAMS/faults.so")

# Runs the command on a fresh file, the faults that are said, and sets status.
run_with() { # subcommand, faults ...
    local subcommand=$1
    shift
    rm -rf tree
    mkdir tree
    cp original tree/file
    for number in 1 2 3; do
        cp newer.$number in.$number
    done
    rm -f log
    status=0
    envelope_prefix=(env "FAULT_DIR=$work/tree" "FAULT_LOG=$work/log" "FAULT_OVER=$work/tree/file"
        "FAULT_NEWER=$work/in" "$@" "LD_PRELOAD=$faults")
    envelope "$subcommand" --workers 1 tree >output 2>&1 || status=$?
    envelope_prefix=()
}

# The file is this message, re-wrapped or not, and nothing is beside it.
is_newer() { # which, subcommand
    expect_no_sidecars tree
    open -in tree/file -out opened 2>/dev/null || fail "it does not open: $(<output)"
    same "plain.$1" opened
    [[ $2 == reencrypt ]] || same_body "newer.$1" tree/file
}

again() { # subcommand
    local status=0
    envelope "$1" tree >output 2>&1 || status=$?
    [[ $status == 0 ]] || fail "once more, and it fails: $(<output)"
}

for change in "two rewrap" "short rewrap" "two reencrypt"; do
    read -r kek subcommand <<<"$change"
    write_cnf "kek=$kek"
    run_with "$subcommand"
    [[ $status == 0 ]] || fail "$change: $(<output)"
    calls=$(wc -l <log)
    exchange=$(sed -n 's/^\([0-9]*\) renameat2 .*/\1/p' log)
    ((calls > 5)) || fail "$change: $calls calls"
    changed=0
    for ((call = 1; call <= calls; call++)); do
        run_with "$subcommand" FAULT_AT=$call FAULT_DO=newer
        is_newer 1 "$subcommand"
        if ((status != 0)); then
            grep -qF "$(reason FILE_CHANGED)" output || fail "$change, call $call: $(<output)"
            changed=$((changed + 1))
        fi
        again "$subcommand"
        is_newer 1 "$subcommand"
    done
    ((changed > 3)) || fail "$change: only $changed runs saw that the file had changed"
    echo "$change: $calls calls, $changed runs saw a newer file"
    [[ -n $exchange ]] || continue

    # The last look was before: without the exchange it would be lost here.
    run_with "$subcommand" FAULT_AT="$exchange" FAULT_DO=newer
    [[ $status == 1 ]] || fail "$change: status $status: $(<output)"
    # Another one while the first is given back, and a third after that.
    run_with "$subcommand" FAULT_AT="$exchange" FAULT_DO=newer FAULT_ALWAYS=1
    [[ $status == 1 ]] || fail "$change: status $status: $(<output)"
    grep -qF "$(reason FILE_CHANGED)" output || fail "$change: $(<output)"
    is_newer 3 "$subcommand"
    # Killed before it could look: the next run gives it back, and the one after that goes on.
    run_with "$subcommand" FAULT_AT="$exchange" FAULT_DO=newer-killed
    [[ $status == 137 && -L tree/.file.envelope-exchange ]] || fail "$change: status $status"
    expect_failed FILE_CHANGED "" envelope "$subcommand" tree
    is_newer 1 "$subcommand"
    again "$subcommand"
    # The same, and what is there is older files under other inodes, as from a backup: nobody knows.
    run_with "$subcommand" FAULT_AT="$exchange" FAULT_DO=newer-killed
    cp -a tree restored
    rm -rf tree
    mv restored tree
    expect_failed FILE_UNSAFE "may be the newer file" envelope "$subcommand" tree
    same newer.1 tree/.file.envelope-new
    # A file system that has no exchange, or no links.
    for fault in "renameat2 EINVAL" "symlinkat EPERM"; do
        read -r call error <<<"$fault"
        run_with "$subcommand"
        run_with "$subcommand" FAULT_AT="$(sed -n "s/^\([0-9]*\) $call .*/\1/p" log)" FAULT_DO="$error"
        [[ $status == 0 ]] || fail "$change, $fault: $(<output)"
        expect_no_sidecars tree
        opens_with_only "$kek" tree/file plain
        write_cnf "kek=$kek"
    done
done

# Other programs do not find what is left under the names in use.
write_cnf kek=short
run_with rewrap
cp original tree/file
ln -s somewhere tree/.file.envelope-exchange
: >tree/.file.envelope-new
expect_failed FILE_UNSAFE "may be the newer file" envelope rewrap tree
rm tree/.file.envelope-exchange
: >tree/.file.envelope-exchange
expect_failed FILE_UNSAFE "the name of its exchange record is not one" envelope rewrap tree
same original tree/file
envelope verify --json tree >json && :
grep -c '"state":"skipped"' json | found -x 2 || fail "sidecars: $(<json)"
