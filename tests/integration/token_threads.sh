#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 16 threads on one token: one login whatever they do, one try of a wrong PIN, and children that are
# independent of their parent: faulty/threads.c.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_kek kek orders --id "$kek_id" --usage both
make_kek kek invoices --id 01 --usage both

export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
echo 00000000 >wrong
write_cnf "pkcs11-module-path=\"$faulty\"" "pin-source=file:$work/wrong"
cp "$cnf" wrong.cnf
write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=1
cp "$cnf" impatient.cnf
write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=100
with_envelope timeout 400 "$ENVELOPE_PROGRAMS/token_threads" "$faulty" "$work/$cnf" \
    "$work/impatient.cnf" "$work/wrong.cnf" >out 2>&1 || fail "$(tail -n 40 out)"
cat out
