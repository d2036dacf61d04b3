#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/ROTATION.md, word for word and in its order, and that each step has worked. Two machines,
# which are two configurations with their own state files, share a token. A program on each seals
# and opens from the first day to the last, and opens what the other one seals; none of their
# operations fails.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
# shellcheck source=../lib/moved_clock.sh
source "$source_dir/tests/lib/moved_clock.sh"
make_token kek
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}") # for programs such as cmp and grep
page=$source_dir/docs/ROTATION.md
stream 50000 >report.pdf
stream 4096 >invoice.pdf
stream 32 >customer.key

# Where a machine has its files. It looks every second: nobody waits here for a minute.
with_paths() { # machine
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/state.d|$work/$1/state.d|" \
        -e "s|/etc/envelope/|$work/|" -e 's|^state-refresh = .*|state-refresh = 1|'
}

configure() { # example
    local machine
    for machine in a b; do
        block "$page" "$1" ini | with_paths "$machine" >"$machine/openssl.cnf"
    done
}

performed=()
perform_on() { # machine, example
    block "$page" "$2" sh | with_paths "$1" >"$2.sh"
    cnf=$1/openssl.cnf
    PATH=$ENVELOPE_MODULE_DIR:$PATH with_envelope bash -euo pipefail "$2.sh" >"$2.out" 2>&1 ||
        fail "example $2: $(<"$2.out")"
    cnf=a/openssl.cnf
    performed+=("$2")
}

perform() { # example
    perform_on a "$1"
}

says() { # example, line
    grep -qE -- "$2" "$1.out" || fail "'$2' expected: $(<"$1.out")"
}

# ---- what runs on the machines ----

mkdir -p a/state.d b/state.d
cnf=a/openssl.cnf
running=()
start() { # machine, other
    (
        cnf=$1/openssl.cnf
        with_envelope "$ENVELOPE_PROGRAMS/steady" "$1" "$2" 2>"$1/errors"
    ) &
    running+=($!)
}

all_run() {
    local pid
    for pid in "${running[@]}"; do
        kill -0 "$pid" 2>/dev/null || fail "a program has ended: $(cat a/errors b/errors)"
    done
}

# Both seal with that version, within a minute.
both_seal_with() { # label
    local machine tries
    for machine in a b; do
        for ((tries = 0; ; tries++)); do
            all_run
            ((tries < 600)) || fail "$machine does not seal with $1: $(<sealed.out)"
            envelope census --labels "$machine/now" >sealed.out 2>&1 || fail "$(<sealed.out)"
            ! grep -q "key '$1'" sealed.out || break
            sleep 0.1
        done
    done
}

# Each has done so many more rounds.
rounds_go_on() {
    local machine before tries
    for machine in a b; do
        before=$(<"$machine/rounds")
        for ((tries = 0; $(<"$machine/rounds") < before + 3; tries++)); do
            all_run
            ((tries < 600)) || fail "$machine makes no progress"
            sleep 0.1
        done
    done
}

# ---- the walk ----

it_is 2027-06-01
configure configuration
perform first
says first "^    Seals: from 2027-01-01 to 2027-12-31$"
says first "^orders/1 in token 'kek': .*: seals today$"
start a b
start b a
for machine in a b; do
    for ((tries = 0; tries < 600; tries++)); do
        [[ ! -s $machine/rounds ]] || break
        all_run
        sleep 0.1
    done
done
perform old-files
cp -a archive backup
cp column.txt column.backup

it_is 2027-12-10
perform rotate
says rotate "'orders/1'.*its last day is 2027-12-31, in 21 days"
says rotate "^orders/2 in token 'kek': .*seals from 2028-01-01 to 2028-12-30: made$"
says rotate "^orders/2 .*: not yet, opened what it wraps$"
both_seal_with orders/1
it_is 2027-12-31 23:59:59
rounds_go_on
both_seal_with orders/1
it_is 2028-01-01 00:00:00
both_seal_with orders/2

perform seals
says seals "^orders/2 .*: seals today$"
says seals "key 'orders/1'.*an older version: the newest is orders/2"
perform rewrap
says rewrap '^2 to be re-wrapped \(2 in place\), 1 current, 0 skipped, 0 failed$'
says rewrap '^2 re-wrapped \(2 in place\), 1 current, 0 skipped, 0 failed$'
for name in report invoice; do
    same_body backup/$name.sealed archive/$name.sealed
done
perform nothing-left
[[ $(grep -c "key 'orders/2'" nothing-left.out) == 2 ]] || fail "$(<nothing-left.out)"
says nothing-left 'none of which an older version protects'

# Retired, it opens and does not seal; shut out, it does nothing, and a backup shows that.
for machine in a b; do
    perform_on $machine retire
done
by_number() {
    ossl enc -e -envelope -K "$(printf orders/1 | od -An -v -tx1 | tr -d ' \n')" -in report.pdf
}
date -u -d '2027-12-31 12:00:00' +%s >"then" # when it would seal; not for the programs that run
MOVED_CLOCK=$work/then expect_failure KEK_OPENS_ONLY "'orders/1'" by_number
it_is 2028-01-02
expect_quiet open -in backup/report.sealed -out opened
same report.pdf opened
for machine in a b; do
    perform_on $machine shut-out
done
expect_failure KEK_DISABLED "'orders/1'" open -in backup/report.sealed
perform opens-without-the-old
rounds_go_on
perform destroy
perform still-opens
rounds_go_on
rm a/state.d/* b/state.d/*
expect_failure KEK_NOT_HERE "" open -in backup/report.sealed

# At once: not a day ahead, and each machine switches by itself.
it_is 2028-05-10
rounds_go_on
perform at-once
says at-once "^orders/3 in token 'kek': .*seals from 2028-05-10 to 2029-05-09: made$"
both_seal_with orders/3
perform away-from-it
perform_on b away-from-it
rounds_go_on
both_seal_with orders/3
touch a/stop b/stop
for pid in "${running[@]}"; do
    wait "$pid" || fail "an operation failed: $(cat a/errors b/errors)"
done
[[ ! -s a/errors && ! -s b/errors ]] || fail "$(cat a/errors b/errors)"

# ---- the renewed recovery key ----

# The message in the inbox is for it alone, and nothing else is asked of it.
perform recovery-key
configure recovery-before
perform recovery-old-files
configure recovery-alone
perform recovery-sealed-alone
configure recovery-before
perform recovery-new-key
configure recovery-after
expect_failed KEK_NOT_NAMED "key 'recovery-2025'" envelope rewrap inbox
perform recovery-rewrap
grep -q "contract.sealed: re-wrapped.*, opened through key 'orders/3' of token 'kek'$" recovery-rewrap.out ||
    fail "$(<recovery-rewrap.out)"
perform recovery-from
grep -qx "inbox/invoice.sealed: would be re-wrapped, opened through key 'recovery-2025' of token 'kek'" recovery-from.out ||
    fail "$(<recovery-from.out)"
grep -qx "inbox/invoice.sealed: re-wrapped, opened through key 'recovery-2025' of token 'kek'" recovery-from.out ||
    fail "$(<recovery-from.out)"

# ---- a leak ----

configure configuration
cp archive/report.sealed rewrapped
perform reencrypt
cmp -s <(tail -c 45000 rewrapped) <(tail -c 45000 archive/report.sealed) && fail "the body is the same"
[[ $(block_names "$page" | sort) == $(printf '%s\n' "${performed[@]}" configuration recovery-before \
    recovery-alone recovery-after | sort -u) ]] ||
    fail "examples that are not run: $(block_names "$page")"
