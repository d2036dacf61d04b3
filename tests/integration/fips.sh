#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSL's FIPS provider instead of the default one, and everything fetched with fips=yes:
# everything that the provider offers, and messages in both directions. The token is NSS's, and at
# the end SoftHSM's, which uses this process's libcrypto itself.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

make_nss

nss_cnf() { # further lines
    write_cnf "${nss_lines[@]}" "$@"
}

genpkey() { # pkeyopt ...
    local options=() option
    for option; do
        options+=(-pkeyopt "$option")
    done
    ossl genpkey -algorithm ENVELOPE-KEK "${options[@]}"
}

# The two modules have to be in one directory.
mkdir modules
cp "$ENVELOPE_MODULE_DIR/envelope.so" modules
cp "$(openssl version -m | sed 's/^MODULESDIR: "\(.*\)"$/\1/')/fips.so" modules
stock fipsinstall -quiet -module modules/fips.so -out fips.section # [fips_sect]

stream 100000 >plain
nss_cnf
expect_quiet genpkey label:orders >orders.pem
expect_quiet seal -in plain -out sealed.default

ENVELOPE_MODULE_DIR=$work/modules
with_fips() { # further lines
    nss_cnf propquery=fips=yes "$@"
    sed -i 's/^default = default_sect$/fips = fips_sect\nbase = default_sect/' "$cnf"
    cat fips.section >>"$cnf"
}

with_fips
ossl list -providers | tr -d ' \n' | found 'base.*envelope.*fips' || fail "other providers"
if ossl list -providers | found '^  default$'; then
    fail "the default provider is active"
fi

round_trip() {
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
}

round_trip
expect_quiet open -in sealed.default -out opened
same plain opened
expect_quiet ossl enc -e -envelope-rewrap -K 0 -in sealed.default -out rewrapped
expect_quiet open -in rewrapped -out opened
same plain opened
program=$ENVELOPE_PROGRAMS/whole_message
expect_quiet with_envelope "$program" seal ENVELOPE-64K plain sealed.64k
expect_quiet with_envelope "$program" open ENVELOPE-64K sealed.64k opened
same plain opened

# ---- every way to wrap ----

for wrap in aes-kw aes-kwp aes-gcm; do
    with_fips kek=$wrap wrap=$wrap
    expect_quiet genpkey label:$wrap >key.pem
    round_trip
done
with_fips
expect_quiet genpkey label:rsa type:RSA >rsa.pem
expect_quiet ossl pkey -in rsa.pem -pubout -out rsa.pub
with_fips kek=rsa
round_trip
with_fips "kek=\"file:$work/rsa.pub\""
round_trip

# ---- keys, key wrap ----

with_fips 'kek="orders rsa"'
for key in orders rsa; do
    expect_quiet ossl pkeyutl -encrypt -inkey $key.pem -in <(head -c 1000 plain) -out short
    expect_quiet ossl pkeyutl -decrypt -inkey $key.pem -in short -out opened
    same <(head -c 1000 plain) opened
    secret=$(with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate $key.pem sealed.key)
    [[ $secret == $(with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate $key.pem sealed.key) ]] ||
        fail "another secret"
done
with_fips
key=$(printf orders | od -An -v -tx1 | tr -d ' \n')$(printf '00%.0s' {1..26})
for cipher in envelope-aes-256-wrap envelope-aes-256-wrap-pad; do
    head -c 32 plain >data
    expect_quiet with_envelope "$ENVELOPE_PROGRAMS/wrap" -e $cipher "$key" <data >wrapped
    expect_quiet with_envelope "$ENVELOPE_PROGRAMS/wrap" -d $cipher "$key" <wrapped >opened
    same data opened
done
with_fips standard-names=yes
marked=$(printf kek:orders | od -An -v -tx1 | tr -d ' \n')$(printf '00%.0s' {1..22})
expect_quiet with_envelope "$ENVELOPE_PROGRAMS/wrap" -d aes-256-wrap-pad "$marked" provider=envelope \
    <wrapped >opened
same data opened
# who asks for fips=yes gets no token, and the selector is no key
expect_failure SELECTOR_IN_FIPS "" with_envelope "$ENVELOPE_PROGRAMS/wrap" -d aes-256-wrap-pad \
    "$marked" provider=envelope,fips=yes <wrapped

# ---- SoftHSM: fips and base are enough for it as well ----

make_token kek
nss_lines=()
for wrap in aes-kw aes-gcm; do
    with_fips kek=$wrap wrap=$wrap
    expect_quiet genpkey label:$wrap >key.pem
    round_trip
done
with_fips kek=soft-rsa
expect_quiet genpkey label:soft-rsa type:RSA >rsa.pem
round_trip
if ossl list -providers | found '^  default$'; then
    fail "the default provider is active"
fi
