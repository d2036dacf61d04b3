#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How often a PIN is tried on a token that counts the tries: faulty/pin.c, a program with threads.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

export FAULTY_P11_MODULE=$softhsm
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
count_low=10000 final_try=20000 locked=40000 # CKF_USER_PIN_*
threads=8
all=$((threads * 16)) # two operations in each of eight rounds

tries() { # flags, wanted, further lines of the section
    local flags=$1 wanted=$2
    shift 2
    write_cnf "pkcs11-module-path=\"$faulty\"" "$@"
    with_envelope timeout 200 "$ENVELOPE_PROGRAMS/token_pin" "$faulty" "$work/$cnf" "$flags" "$threads" \
        >out 2>&1 || fail "$(<out)"
    [[ $(<out) == "$wanted" ]] || fail "flags $flags, $*: $(<out), not $wanted"
}

nothing="succeeded 0, failed $all"
everything="failed 0, reason 0"
refused="logins 1, in a child 0; $nothing, reason $(reason_number PIN_WRONG)"
printf 9999 >wrong

# The right one: once a library context, and once each in a child.
tries 0 "logins 2, in a child 2; succeeded $all, $everything"
tries $count_low "logins 2, in a child 2; succeeded $all, $everything"

# A wrong one: once, whatever follows.
tries 0 "$refused" "pin-source=\"file:$work/wrong\""
tries $count_low "$refused" "pin-source=\"file:$work/wrong\"" pin-final-try=yes

# The last try is a person's.
untouched="logins 0, in a child 0; $nothing"
for choice in -pin-final-try pin-final-try=no; do
    tries $final_try "$untouched, reason $(reason_number PIN_FINAL_TRY)" $choice
    tries $final_try "$untouched, reason $(reason_number PIN_FINAL_TRY)" $choice "pin-source=\"file:$work/wrong\""
done
tries $final_try "logins 2, in a child 2; succeeded $all, $everything" pin-final-try=yes
tries $final_try "$refused" pin-final-try=yes "pin-source=\"file:$work/wrong\""

# Locked is locked.
for choice in no yes; do
    tries $locked "$untouched, reason $(reason_number PIN_LOCKED)" pin-final-try=$choice
done

# openssl's errors, with only the configuration.
write_cnf pin-final-try=maybe
expect_failure CONFIG_VALUE 'pin-final-try takes yes or no' seal -in wrong
write_cnf pin_final_try=yes
expect_failure CONFIG_UNKNOWN_KEY pin_final_try seal -in wrong
