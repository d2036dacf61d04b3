#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whatever happens while a file is sealed or opened, nothing is lost: its name never stands for half
# a file, the earlier output stays until the new one is complete, and the source stays until the
# output exists. The command is stopped at each of its calls on the files in turn (tests/preload):
# killed, by a power cut that takes back what was not synced, by errors, by a disk that stays full.
# Each time a second run succeeds, and leaves no temporary file.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_usual
# shellcheck source=../lib/accidents.sh
source "$source_dir/tests/lib/accidents.sh"
make_slots
stream 300000 >plain # more than two pieces
stream 5000 >plain.old
seal -in plain -out sealed 2>/dev/null
seal -in plain.old -out sealed.old 2>/dev/null

# The initial files of each kind of run. "old" is the existing output.
mkdir -p begin/{seal,seal-over,seal-away,seal-apart/apart,open,open-over,open-away}
for kind in seal seal-over seal-away seal-apart; do cp plain begin/$kind/file; done
for kind in open open-over open-away; do cp sealed begin/$kind/file.sealed; done
cp sealed.old begin/seal-over/file.sealed
cp plain.old begin/open-over/file

case_command() { # kind, directory
    case $1 in
    seal) envelope seal "$2/tree/file" ;;
    seal-over) envelope seal --force "$2/tree/file" ;;
    seal-away) envelope seal --remove-source "$2/tree/file" ;;
    seal-apart) envelope seal --remove-source "$2/tree/file" -o "$2/tree/apart/file.sealed" ;;
    open) envelope open "$2/tree/file.sealed" ;;
    open-over) envelope open --force "$2/tree/file.sealed" ;;
    open-away) envelope open --remove-source "$2/tree/file.sealed" ;;
    esac
}

start_cases() { # kind
    local kind=$1 from=begin/$1 number call power error powers=(none data all)
    [[ -z ${ENVELOPE_LONG-} ]] || powers=(none data half names all)
    start_case "cases/$kind" "$from" "$kind"
    wait_for_cases
    expect_status "cases/$kind" 0
    grep -qE ' renameat2? ' "cases/$kind/log" || fail "$kind renames nothing"
    while read -r number call _; do
        local at=cases/$kind.$number.$call
        if [[ $call != openat && $call != pread ]]; then
            for power in "${powers[@]}"; do
                start_case "$at.killed.$power" "$from" "$kind" FAULT_AT="$number" FAULT_DO=before \
                    FAULT_POWER="$power"
            done
        fi
        # what was done, and the next call not: of a rename and a removal the last moment
        [[ $call != renameat* && $call != unlinkat && $call != fsync ]] ||
            start_case "$at.killed.after" "$from" "$kind" FAULT_AT="$number" FAULT_DO=after FAULT_POWER=all
        if [[ $call == pwrite ]]; then
            start_case "$at.killed.torn" "$from" "$kind" FAULT_AT="$number" FAULT_DO=torn FAULT_POWER=none
            start_case "$at.half" "$from" "$kind" FAULT_AT="$number" FAULT_DO=half
            start_case "$at.dent" "$from" "$kind" FAULT_AT="$number" FAULT_DO=dent
        fi
        for error in EIO EINTR; do
            start_case "$at.$error" "$from" "$kind" FAULT_AT="$number" FAULT_DO=$error
        done
        start_case "$at.full" "$from" "$kind" FAULT_AT="$number" FAULT_DO=ENOSPC FAULT_ALWAYS=1
    done <"cases/$kind/log"
    start_case "cases/$kind.short" "$from" "$kind" FAULT_DO=short
    if [[ $kind == seal ]]; then # a file system that has no rename to a free name alone: by a link
        number=$(sed -n 's/ renameat2 .*//p' "cases/$kind/log")
        start_case "cases/$kind.$number.renameat2.link" "$from" "$kind" FAULT_AT="$number" FAULT_DO=EINVAL
    fi
    wait_for_cases
}

# Any of these is whole, where it is there.
check_files() { # kind, directory
    local kind=$1 tree=$2/tree
    local source=$tree/file output=$tree/file.sealed
    [[ $kind != seal-apart ]] || output=$tree/apart/file.sealed # a folder that is synced by itself
    [[ $kind == seal* ]] || source=$tree/file.sealed output=$tree/file
    if [[ -e $source ]]; then
        same "begin/$kind/$(basename "$source")" "$source"
    else
        [[ $kind == *-a* && -e $output ]] || fail "$2: the source is lost: $(<"$2/output")"
    fi
    if [[ ! -e $output ]]; then
        [[ $kind != *-over ]] || fail "$2: the earlier output is lost"
        return 0
    fi
    [[ $kind != *-over ]] || ! cmp -s "begin/$kind/$(basename "$output")" "$output" || return 0
    if [[ $kind == open* ]]; then
        same plain "$output"
    else # opened with all others, by one command
        cp "$output" "opened/${2//\//_}.sealed"
    fi
}

check_status() { # directory
    case $1 in
    *.killed.*) expect_status "$1" 137 ;;
    # after a signal, only what the kernel may interrupt continues
    *.fchmod.EINTR | *.futimens.EINTR | *.fchown.EINTR | *.fsetxattr.EINTR) ;;
    *.EINTR | *.short | *.link) expect_status "$1" 0 ;;
    *)
        expect_status "$1" 1
        grep -qF "$(reason FILE_FAILED)" "$1/output" || fail "$1: $(<"$1/output")"
        [[ $1 == *.full || $1 == *.half || $1 == *.unlinkat.EIO ]] || expect_no_sidecars "$1/tree"
        ;;
    esac
}

# A run that is not disturbed puts all right: what is left is taken away, the output is there.
run_again() { # kind, directory
    local kind=$1 tree=$2/tree status=0
    if [[ $kind != *-a* || -e $tree/file && $kind == seal-a* || -e $tree/file.sealed && $kind == open-a* ]]; then
        case $kind in
        seal-apart) envelope seal --force "$tree/file" -o "$tree/apart/file.sealed" >output 2>&1 || status=$? ;;
        seal*) envelope seal --force "$tree/file" >output 2>&1 || status=$? ;;
        open*) envelope open --force "$tree/file.sealed" >output 2>&1 || status=$? ;;
        esac
        ((status == 0)) || fail "$2: a second run fails: $(<output)"
    fi
    expect_no_sidecars "$tree"
}

total=0
for kind in seal seal-over seal-away seal-apart open open-over open-away; do
    mkdir opened
    start_cases $kind
    for directory in cases/"$kind".*; do
        check_status "$directory"
        check_files $kind "$directory"
        total=$((total + 1))
    done
    if [[ $kind == seal* ]]; then
        envelope open --remove-source opened/*.sealed >output 2>&1 || fail "some files do not open: $(<output)"
        for file in opened/*; do same plain "$file"; done
    fi
    # one of each call is enough: they leave the same behind
    for directory in cases/"$kind".*.killed.none cases/"$kind".*.full; do
        run_again $kind "$directory"
    done
    rm -rf opened cases/"$kind".*
done
((total >= 300)) || fail "only $total interruptions"
echo "$total accidents"
