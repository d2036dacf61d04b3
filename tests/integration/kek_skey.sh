#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KEKs as symmetric keys of OpenSSL 3.5 and later: no -K. Not registered with an earlier openssl.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
has_option() { # of openssl enc
    openssl enc -help 2>&1 | found -- " $1 "
}
has_option -skeymgmt || fail "$(openssl version) has no -skeymgmt"
make_usual
write_cnf -kek
echo words >plain

by_skey() { # -e or -d, cipher, option of the key, further arguments of openssl enc
    local way=$1 cipher=$2 option=$3
    shift 3
    ossl enc "$way" "-$cipher" -skeymgmt ENVELOPE-KEK -skeyopt "$option" "$@"
}

expect_quiet ossl list -skey-managers >managers
grep -q 'ENVELOPE-KEK' managers || fail "$(<managers)"

# A KEK is made and named, and what it seals needs no choice to open.
expect_quiet ossl skeyutl -genkey -skeymgmt ENVELOPE-KEK -skeyopt label:invoices >made
grep -q 'pkcs11:token=kek;.*object=invoices;type=secret-key' made || fail "$(<made)"
for option in label:orders label:invoices 'uri:pkcs11:token=kek;object=orders' \
    "uri:pkcs11:object=orders?pin-source=file:$work/pin"; do
    expect_quiet by_skey -e envelope "$option" -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
    expect_quiet by_skey -d envelope "$option" -in sealed -out opened
    same plain opened
done

# The key-wrap ciphers take them as well.
stream 32 >key
expect_quiet by_skey -e envelope-aes-256-wrap label:orders -in key -out wrapped
expect_quiet by_skey -d envelope-aes-256-wrap label:orders -in wrapped -out unwrapped
same key unwrapped

expect_failure KEK_NOT_FOUND absent by_skey -e envelope label:absent -in plain
expect_failure CONFIG_BAD_URI "" by_skey -e envelope uri:pkcs11:token=%zz -in plain
expect_failure BAD_PARAMETER "" by_skey -e envelope uri:orders -in plain
expect_failure KEK_EXISTS orders ossl skeyutl -genkey -skeymgmt ENVELOPE-KEK -skeyopt label:orders
make_kek kek exposed --id 77 --extractable
expect_failure KEK_EXTRACTABLE exposed by_skey -e envelope label:exposed -in plain
if by_skey -e aes-256-cbc label:orders -in plain >out 2>err; then
    fail "a KEK went to another cipher"
fi

# From 4.0 on by URI alone.
if has_option -skeyuri; then
    expect_quiet ossl enc -e -envelope -skeyuri envelope:object=orders -in plain -out sealed
    expect_quiet ossl enc -d -envelope -skeyuri envelope:object=orders -in sealed -out opened
    same plain opened
    expect_failure KEK_NOT_FOUND absent ossl enc -e -envelope -skeyuri envelope:object=absent \
        -in plain
fi
