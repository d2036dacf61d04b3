#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KEKs made in another kind of token (NSS wraps by C_Encrypt), and in one that cannot be written.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

make_nss

nss_cnf() { # the database's flags, further lines
    local init_args="configdir='sql:$work/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags=$1"
    shift
    write_cnf "pkcs11-module-path=\"$softokn\"" "pkcs11-module-init-args=\"$init_args\"" \
        'token="pkcs11:token=NSS%20Certificate%20DB"' "$@"
}

genpkey() {
    ossl genpkey -algorithm ENVELOPE-KEK "$@"
}

nss_cnf ""
expect_quiet genpkey -pkeyopt label:orders -pkeyopt id:0102 -out orders.pem
expect_quiet ossl pkey -in orders.pem -noout -text >text
grep -q '^    Allowed: encrypt decrypt$' text || fail "$(<text)"
grep -q '^    Wraps with: AES-KW (C_Encrypt, C_Decrypt)' text || fail "$(<text)"
echo words >plain
expect_quiet ossl pkeyutl -encrypt -inkey orders.pem -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
expect_failure KEK_EXISTS orders genpkey -pkeyopt label:orders

nss_cnf readOnly
expect_quiet open -in sealed -out opened
same plain opened
expect_failure TOKEN_READ_ONLY "NSS Certificate DB" genpkey -pkeyopt label:more

# A copy that only unwraps: NSS would let it be given the other use again, so it is not given out.
nss_cnf "" allow-imported-kek=yes
expect_failure COPY_NOT_LOCKED "NSS Certificate DB" genpkey -pkeyopt label:reader -pkeyopt copy-of:orders -pkeyopt uses:unwrap
expect_failure KEK_NOT_FOUND reader ossl pkey -in envelope:object=reader -noout
