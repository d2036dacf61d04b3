#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A slow token, and one that comes and goes: faulty/block.c.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_kek kek orders --id "$kek_id"

export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
write_cnf "pkcs11-module-path=\"$faulty\""
with_envelope timeout 300 "$ENVELOPE_PROGRAMS/token_block" "$faulty" "$work/$cnf" >out 2>&1 ||
    fail "status $?: $(tail -n 40 out)"
cat out
