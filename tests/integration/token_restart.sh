#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A running program whose token goes away and comes back, drops its sessions, has few of them, and
# whose module loses all state: faulty/restart.c.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_kek kek orders --id "$kek_id"
make_kek kek invoices --id 01

export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=1
cp "$cnf" impatient.cnf
write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=100
with_envelope timeout 300 "$ENVELOPE_PROGRAMS/token_restart" "$faulty" "$work/$cnf" \
    "$work/impatient.cnf" >out 2>&1 || fail "$(tail -n 40 out)"
cat out
