#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 16 threads whose token is lost and comes back: one retries, the others are not delayed:
# faulty/away.c.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_kek kek orders --id "$kek_id"
make_kek kek invoices --id 01

export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
write_cnf "pkcs11-module-path=\"$faulty\""
with_envelope timeout 300 "$ENVELOPE_PROGRAMS/token_away" "$faulty" "$work/$cnf" >out 2>&1 || fail "$(tail -n 40 out)"
cat out
