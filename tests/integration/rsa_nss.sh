#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# RSA KEKs in another kind of token: NSS opens OAEP with SHA-256, which is tried first.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

make_nss

nss_cnf() { # further lines
    write_cnf "${nss_lines[@]}" "$@"
}

hash_of() { # message
    if stock cms -cmsout -print -noout -inform DER -in "$1" | found sha256; then
        echo sha256
    else
        echo sha1
    fi
}

stream 10000 >plain
nss_cnf kek=rsa
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:rsa -pkeyopt type:RSA -out rsa.pem
expect_quiet ossl pkey -in rsa.pem -noout -text >text
grep -q '^    Wraps with: RSA-OAEP (C_Decrypt' text || fail "$(<text)"
expect_quiet ossl pkey -in rsa.pem -pubout -out rsa.pub.pem

# ---- which hash ----

expect_quiet seal -in plain -out sealed
[[ $(hash_of sealed) == sha256 ]] || fail "SHA-256 was not tried first"
expect_quiet open -in sealed -out opened
same plain opened
for hash in sha1 sha256; do
    nss_cnf kek=rsa oaep-hash=$hash
    expect_quiet seal -in plain -out sealed.label
    nss_cnf "kek=\"file:$work/rsa.pub.pem\"" oaep-hash=$hash
    expect_quiet seal -in plain -out sealed.file
    nss_cnf open-only-kek=rsa
    for sealed in sealed.label sealed.file; do
        [[ $(hash_of $sealed) == "$hash" ]] || fail "$sealed: not $hash"
        expect_quiet open -in $sealed -out opened
        same plain opened
    done
done

# ---- what is altered looks like a bad MAC here too ----

nss_cnf open-only-kek=rsa
told() { # message
    expect_failure NOT_AUTHENTIC "" open -in "$1"
    sed -E 's/^[0-9A-F]+://; s/:[0-9]+:/::/' failed.err
}
at=$(stock asn1parse -inform DER -in sealed | sed -nE 's/^ *([0-9]+):.*hl=4 l= +384 prim: OCTET STRING.*/\1/p')
cp sealed altered
flip altered $(($(header_length altered) - 1))
told altered >told.mac
grep -q NOT_AUTHENTIC told.mac || grep -q envelope told.mac || fail "nothing is told"
for offset in $((at + 4)) $((at + 200)) $((at + 387)); do
    cp sealed altered
    flip altered "$offset"
    told altered >told.key
    same told.key told.mac
done
cp sealed altered # a number larger than the modulus
printf '\377%.0s' {1..384} | dd of=altered bs=1 seek=$((at + 4)) conv=notrunc status=none
told altered >told.key
same told.key told.mac
