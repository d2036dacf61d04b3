#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file that is re-wrapped or re-encrypted opens afterwards, whatever interrupts it. The command is
# stopped at each of its calls on the file in turn (tests/preload): killed, by a power cut that
# takes back what was not synced, by errors, by a disk that stays full. Each time a second run must
# succeed, with the same file as without an interruption. With ENVELOPE_LONG every kind of power cut
# is tried everywhere, not only for changes in place.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
make_kek kek short --id 2011
stream 5000 >plain
seal_as one plain original

# shellcheck source=../lib/accidents.sh
source "$source_dir/tests/lib/accidents.sh"
make_slots

case_command() { # subcommand, directory
    envelope "$1" --workers 1 "$2/tree"
}

# Every case of one kind of change. A case's name is its kind, the number and name of the call, and
# what happens there.
start_cases() { # kind, KEK, subcommand, directory to begin with
    local kind=$1 subcommand=$3 from=$4 number call power error powers=(none data all)
    [[ $kind != inplace && -z ${ENVELOPE_LONG-} ]] || powers=(none data half names all)
    write_cnf "kek=$2"
    start_case "cases/$kind" "$from" "$subcommand"
    wait_for_cases
    expect_status "cases/$kind" 0
    grep -vE ' (openat|pread) ' "cases/$kind/log" >/dev/null || fail "$kind changes nothing"
    while read -r number call _; do
        local at=cases/$kind.$number.$call
        if [[ $call != openat && $call != pread ]]; then
            for power in "${powers[@]}"; do
                start_case "$at.killed.$power" "$from" "$subcommand" FAULT_AT="$number" \
                    FAULT_DO=before FAULT_POWER="$power"
                [[ $call == pwrite || $call == copy_file_range ]] || continue
                start_case "$at.torn.$power" "$from" "$subcommand" FAULT_AT="$number" \
                    FAULT_DO=torn FAULT_POWER="$power"
            done
        fi
        if [[ $call == pwrite || $call == copy_file_range ]]; then
            start_case "$at.half" "$from" "$subcommand" FAULT_AT="$number" FAULT_DO=half
            start_case "$at.dent" "$from" "$subcommand" FAULT_AT="$number" FAULT_DO=dent
        fi
        for error in EIO EINTR; do
            start_case "$at.$error" "$from" "$subcommand" FAULT_AT="$number" FAULT_DO=$error
        done
        start_case "$at.full" "$from" "$subcommand" FAULT_AT="$number" FAULT_DO=ENOSPC FAULT_ALWAYS=1
    done <"cases/$kind/log"
    start_case "cases/$kind.short" "$from" "$subcommand" FAULT_DO=short
    wait_for_cases
}

# What each case ended with.
check_cases() { # kind
    local directory
    for directory in cases/"$1".*; do
        case $directory in
        *.killed.* | *.torn.*) expect_status "$directory" 137 ;;
        # after a signal, only what the kernel may interrupt continues
        *.fchmod.EINTR | *.futimens.EINTR) ;;
        *.EINTR | *.short) expect_status "$directory" 0 ;;
        *)
            expect_status "$directory" 1
            grep -qF "$(reason FILE_FAILED)" "$directory/output" ||
                fail "$directory: $(<"$directory/output")"
            # one failure is put right at once
            case $directory in
            cases/recovery.*) ;;
            *.pwrite.EIO | *.fsync.EIO) expect_no_sidecars "$directory/tree" ;;
            *.dent)
                expect_no_sidecars "$directory/tree"
                same original "$directory/tree/file"
                ;;
            esac
            ;;
        esac
    done
}

# Those that do not open as they are, before the command has run again.
count_torn() { # kind
    envelope verify --json cases/"$1".*/tree >verified || :
    grep -c '"state":"fails"' verified || :
}

check_files() { # kind, KEK that opens them all
    local directory status=0
    expect_no_sidecars cases
    write_cnf "kek=$2" "open-kek=$2"
    envelope verify --quiet cases/"$1"*/tree || status=$?
    ((status == 0)) || fail "some files do not open: $(envelope verify cases/"$1"*/tree)"
    for directory in cases/"$1"*; do
        [[ $1 == reencrypt* ]] || same_body original "$directory/tree/file"
        [[ $(find "$directory/tree" -type f | wc -l) == 1 ]] || fail "$directory: more than the file"
    done
    open -in "cases/$1/tree/file" -out opened 2>/dev/null || fail "cases/$1 does not open"
    same plain opened
}

again() { # subcommand, kind
    local status=0
    envelope "$1" cases/"$2".*/tree >output 2>&1 || status=$?
    [[ $status == 0 ]] || fail "a second run fails: $(<output)"
}

mkdir original.tree
cp original original.tree/file
for change in "inplace two rewrap" "replace short rewrap" "reencrypt two reencrypt"; do
    read -r kind kek subcommand <<<"$change"
    start_cases "$kind" "$kek" "$subcommand" original.tree
    check_cases "$kind"
    torn=$(count_torn "$kind")
    # The header alone can be torn, and only where it is written in place.
    [[ $kind == inplace ]] && ((torn >= 3)) || ((torn == 0)) || fail "$kind: $torn do not open"
    again "$subcommand" "$kind"
    check_files "$kind" "$kek"
    echo "$kind: $(find cases -maxdepth 1 -name "$kind.*" | wc -l) accidents, $torn torn headers"
done

# Accidents while an accident is put right.
write_cnf kek=two
torn=$(echo cases/inplace.*.pwrite.torn.none | tr ' ' '\n' | sort -t. -k2n | tail -n 1)
number=${torn#cases/inplace.}
start_case torn original.tree rewrap FAULT_AT="${number%%.*}" FAULT_DO=torn
wait_for_cases
[[ -f torn/tree/.file.envelope-journal ]] || fail "no journal is left"
if envelope verify --quiet torn/tree; then
    fail "it is not torn"
fi
start_cases recovery two rewrap torn/tree
check_cases recovery
again rewrap recovery
check_files recovery two
echo "recovery: $(find cases -maxdepth 1 -name "recovery.*" | wc -l) accidents"
