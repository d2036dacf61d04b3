#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every call to the token fails in turn, in every way: faulty/driver.c. By default a sample of the
# cases is run; FAULTS_EVERY=1 runs them all.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_kek kek orders --id "$kek_id" --usage both
make_kek kek invoices --id 01 --usage both

export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so

run() { # fail|lie, every, further lines of openssl.cnf
    local what=$1 every=$2
    shift 2
    write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=0 "$@"
    FAULTS_EVERY=${FAULTS_EVERY:-$every} with_envelope "$ENVELOPE_PROGRAMS/token_faults" "$what" \
        "$faulty" "$work/$cnf" >out 2>&1 || fail "$what $*: $(tail -n 3000 out)"
    tail -n 1 out
}

run fail 149
run fail 149 wrap=aes-gcm
run lie 37
run lie 37 wrap=aes-gcm
