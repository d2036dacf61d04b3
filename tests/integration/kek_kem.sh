#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sealed keys by a program that knows EVP alone, and short messages by openssl pkeyutl.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
make_kek kek invoices --id 0102 --usage encrypt
expect_quiet ossl pkey -in envelope:object=orders -out orders.pem
expect_quiet ossl pkey -in envelope:object=invoices -out invoices.pem

kem() { # encapsulate or decapsulate, key, file, perhaps a context
    with_envelope "$ENVELOPE_PROGRAMS/kek_kem" "$@"
}

# ---- sealed keys ----

wrapped_at() { # where the wrapped key is: an OCTET STRING of 40 bytes
    stock asn1parse -inform DER -in "$1" | sed -nE 's/^ *([0-9]+):.*hl=2 l= +40 prim: OCTET STRING.*/\1/p' |
        awk '{ print $1 + 2 }'
}

for key in orders invoices; do
    expect_quiet kem encapsulate $key.pem sealed.$key >secret
    expect_quiet kem decapsulate $key.pem sealed.$key >again
    same secret again
    grep -qxE '[0-9a-f]{64}' secret || fail "no secret: $(<secret)"
    expect_quiet kem decapsulate envelope:object=$key sealed.$key >again
    same secret again
    (($(stat -c %s sealed.$key) < 256)) || fail "a sealed key of $(stat -c %s sealed.$key) bytes"
    # stock OpenSSL shows whose it is
    stock cms -cmsout -print -noout -inform DER -in sealed.$key >shown
    grep -q 'keyIdentifier' shown || fail "$(<shown)"
done
expect_quiet kem encapsulate orders.pem sealed.again >again
if cmp -s secret again; then
    fail "the same secret twice"
fi
expect_quiet kem encapsulate orders.pem sealed.context "column 7" >secret
expect_quiet kem decapsulate orders.pem sealed.context "column 7" >again
same secret again
expect_quiet kem decapsulate orders.pem sealed.context "column 8" >again
if cmp -s secret again; then
    fail "the context does not matter"
fi

# The lengths that docs/KEYS.md and envelope(7) name; the KEKs have references of 16 bytes there.
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:rsa -pkeyopt type:RSA -out rsa.pem
make_kek kek gcm --id 0102030405060708090a0b0c0d0e0f10 --usage encrypt
expect_quiet ossl pkey -in envelope:object=gcm -out gcm.pem
lengths=()
for key in orders gcm rsa; do
    expect_quiet kem encapsulate $key.pem sealed.length >secret
    lengths+=("$(stat -c %s sealed.length)")
done
[[ ${lengths[*]} == "177 204 534" ]] || fail "sealed keys of ${lengths[*]} bytes"
grep -qF '/* 177 bytes with an AES KEK */' "$source_dir/docs/KEYS.md" || fail "KEYS.md"
tr '\n' ' ' <"$source_dir/docs/KEYS.md" | found '177 bytes are what.* 204 with .wrap = aes-gcm., and 534 with' ||
    fail "KEYS.md has other lengths"
tr '\n' ' ' <"$source_dir/docs/envelope.7" | found 'nothing behind it, 177 bytes with an AES KEK' ||
    fail "envelope(7) has another length"

invoices_id=$(ossl pkey -in invoices.pem -noout -text | sed -nE 's/^ *Reference: ([0-9a-f]+)$/\1/p')
expect_failure OTHER_KEK "the input is for $invoices_id; the key is pkcs11:.*object=orders" \
    kem decapsulate orders.pem sealed.invoices
echo words >plain
expect_quiet seal -in plain -out message
expect_failure WRONG_CONTENT "" kem decapsulate orders.pem message
expect_failure NOT_A_MESSAGE "" kem decapsulate orders.pem plain
head -c 100 sealed.orders >short
expect_failure TRUNCATED "" kem decapsulate orders.pem short
cat sealed.orders plain >long
expect_failure TRAILING_DATA "" kem decapsulate orders.pem long
cp sealed.orders altered
flip altered $(($(stat -c %s altered) - 1)) # the MAC
expect_failure NOT_AUTHENTIC "" kem decapsulate orders.pem altered
cp sealed.orders altered
flip altered "$(wrapped_at altered)"
expect_failure NOT_AUTHENTIC "" kem decapsulate orders.pem altered
expect_failure CONTEXT_TOO_LONG "" kem encapsulate orders.pem out "$(printf 'x%.0s' {1..4097})"
write_cnf open-kek=invoices
expect_failure KEK_NOT_ALLOWED orders kem decapsulate orders.pem sealed.orders
write_cnf
# A sealed key is no message.
expect_failure WRONG_CONTENT "" open -in sealed.orders
expect_failure WRONG_CONTENT "" ossl pkeyutl -decrypt -inkey orders.pem -in sealed.orders

# ---- short messages ----

for size in 0 1 4095 4096 4097 65536; do
    stream $size >plain
    expect_quiet ossl pkeyutl -encrypt -inkey orders.pem -in plain -out sealed
    expect_quiet ossl pkeyutl -decrypt -inkey orders.pem -in sealed -out opened
    same plain opened
    expect_quiet open -in sealed -out opened
    same plain opened
    expect_quiet seal -in plain -out sealed
    expect_quiet ossl pkeyutl -decrypt -inkey orders.pem -in sealed -out opened
    same plain opened
done
flip sealed $(($(stat -c %s sealed) - 1))
expect_failure BAD_SEGMENT "" ossl pkeyutl -decrypt -inkey orders.pem -in sealed -out opened.bad
[[ ! -s opened.bad ]] || fail "plaintext before all was verified"
stream 65537 >plain
expect_failure INPUT_TOO_LONG "" ossl pkeyutl -encrypt -inkey orders.pem -in plain
expect_quiet seal -in plain -out sealed
expect_failure INPUT_TOO_LONG "" ossl pkeyutl -decrypt -inkey orders.pem -in sealed
expect_failure OTHER_KEK invoices ossl pkeyutl -decrypt -inkey invoices.pem -in message
expect_failure NOT_A_MESSAGE "" ossl pkeyutl -decrypt -inkey orders.pem -in orders.pem

# The context is that of the cipher: by option, or from openssl.cnf.
echo words >plain
expect_quiet ossl pkeyutl -encrypt -inkey orders.pem -pkeyopt context:"invoice 7" -in plain -out sealed
expect_failure CONTEXT_MISMATCH "" open -in sealed
expect_failure CONTEXT_MISMATCH "no context was given" ossl pkeyutl -decrypt -inkey orders.pem -in sealed
expect_failure CONTEXT_MISMATCH "the context that was given has 4 bytes" \
    ossl pkeyutl -decrypt -inkey orders.pem -pkeyopt context:none -in sealed
write_cnf context="invoice 7"
expect_quiet open -in sealed -out opened
same plain opened
expect_quiet ossl pkeyutl -decrypt -inkey orders.pem -in sealed -out opened
same plain opened
