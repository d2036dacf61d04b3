#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KEKs as keys of OpenSSL under valgrind: the commands. valgrind_unit.sh has unit tests of their life
# cycle.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

valgrind=(valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
    --num-callers=30 "--suppressions=$source_dir/tests/lib/valgrind.supp")

checked() {
    with_envelope "${valgrind[@]}" "$@" 2>err || {
        cat err >&2
        fail "valgrind: $*"
    }
}

stream 10000 >plain
checked openssl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:invoices -out kek.pem
# the token's search for primes would take a minute
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:recovery -pkeyopt type:RSA -out rsa.pem
checked openssl pkey -in kek.pem -noout -text >text
checked openssl pkey -in rsa.pem -pubout >text
checked openssl storeutl -keys envelope: >text
checked openssl pkeyutl -encrypt -inkey kek.pem -in plain -out sealed
checked openssl pkeyutl -decrypt -inkey kek.pem -in sealed -out opened
same plain opened
checked "$ENVELOPE_PROGRAMS/kek_kem" encapsulate kek.pem sealed.key >secret
checked "$ENVELOPE_PROGRAMS/kek_kem" decapsulate kek.pem sealed.key >again
same secret again
