# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The command is stopped at each of its calls on the files of a tree in turn (tests/preload); sourced
# after fixture.sh and rotation.sh. The script has a function case_command: a kind of run, and the
# directory of the case, where the tree is.
: "${work:?}" "${source_dir:?}" "${sanitizer_env[*]-}"
mkdir cases

faults=$(behind_sanitizer "$ENVELOPE_PROGRAMS/faults.so")

# Several cases run at once, each with a copy of the token: SoftHSM writes to its token at every
# login, for a moment without a lock that other processes respect.
slots=4
slot=0
pids=()
make_slots() {
    for ((slot = 0; slot < slots; slot++)); do
        cp -a tokens tokens.$slot
        sed "s|^directories.tokendir=.*|directories.tokendir=$work/tokens.$slot|" softhsm2.conf \
            >softhsm2.$slot.conf
    done
    slot=0
}

# Runs the command on a case's files, with the faults that the further arguments say; its status is
# put into the case's directory.
run_case() { # slot, directory, kind, faults ...
    local directory=$2 kind=$3 status=0
    local -x SOFTHSM2_CONF=$work/softhsm2.$1.conf
    shift 3
    # shellcheck disable=SC2034 # the function envelope uses it
    local envelope_prefix=(env "FAULT_DIR=$work/$directory/tree" "FAULT_STASH=$work/$directory"
        "FAULT_LOG=$work/$directory/log" "$@" "LD_PRELOAD=$faults")
    case_command "$kind" "$directory" >"$directory/output" 2>&1 || status=$?
    echo $status >"$directory/status"
}

start_case() { # directory, tree to begin with, kind, faults ...
    local directory=$1 tree=$2
    shift 2
    mkdir -p "$directory"
    cp -a "$tree" "$directory/tree"
    [[ -z ${pids[slot]-} ]] || wait "${pids[slot]}"
    run_case $slot "$directory" "$@" 2>/dev/null &
    pids[slot]=$!
    slot=$(((slot + 1) % slots))
}

wait_for_cases() {
    wait
    pids=()
}

expect_status() { # directory, status
    [[ $(<"$1/status") == "$2" ]] || fail "$1: status $(<"$1/status"), $2 expected: $(<"$1/output")"
}
