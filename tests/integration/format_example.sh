#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples of docs/FORMAT.md are correct, for the second reader of the format by the KEK and by
# the DEK, and for the provider with the KEK in a token. The stated lengths are right.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"

example() { # name
    block "$source_dir/docs/FORMAT.md" "example-$1" hex
}

kek=$(example kek)
dek=$(example dek)
example message | tr -d '\n' | tr a-f A-F | basenc --base16 -d >message
printf 'attack at dawn\n' >plain

[[ $(stat -c %s message) == 299 && $(header_length message) == 178 ]] || fail "its lengths"
"$ENVELOPE_PROGRAMS/open_by_hand" --kek "$kek" --context "invoice 7" <message >by_kek
same plain by_kek
"$ENVELOPE_PROGRAMS/open_by_hand" --dek "$dek" --context "invoice 7" <message >by_dek
same plain by_dek

make_token kek
make_kek kek orders --id 00112233445566778899aabbccddeeff --import "$kek" --usage both
write_cnf allow-imported-kek=yes 'context="invoice 7"'
expect_quiet open -in message -out opened
same plain opened

# ---- with an RSA KEK: by the private key, and what stock OpenSSL makes of the wrapped DEK ----

vectors=$source_dir/tests/vectors/rsa
example rsa-message | tr -d '\n' | tr a-f A-F | basenc --base16 -d >message
[[ $(stat -c %s message) == 699 && $(header_length message) == 578 ]] || fail "its lengths"
"$ENVELOPE_PROGRAMS/open_by_hand" --rsa "$vectors/kek-3072.pem" --context "invoice 7" <message >by_kek
same plain by_kek
"$ENVELOPE_PROGRAMS/open_by_hand" --dek "$(example rsa-dek)" --context "invoice 7" <message >by_dek
same plain by_dek
part message 123 384 >wrapped
stock pkeyutl -decrypt -inkey "$vectors/kek-3072.pem" -in wrapped -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -out dek
[[ $(od -An -v -tx1 dek | tr -d ' \n') == "$(example rsa-dek)" ]] || fail "another DEK"

# ---- with a nonce that a token made ----

example gcm-message | tr -d '\n' | tr a-f A-F | basenc --base16 -d >message
[[ $(stat -c %s message) == 330 && $(header_length message) == 209 ]] || fail "its lengths"
(($(byte_at message 68) == 16 && $(byte_at message 89) == 48)) || fail "where nonce and key are"
"$ENVELOPE_PROGRAMS/open_by_hand" --kek "$kek" --context "invoice 7" <message >by_kek
same plain by_kek
expect_quiet open -in message -out opened
same plain opened

# Section 4: an empty message of the usual kind.
: >empty
expect_quiet seal -in empty -out sealed
[[ $(header_length sealed) == 178 && $(stat -c %s sealed) == 284 ]] || fail "an empty message's lengths"

# ---- section 6: a named key, by the KEK and by the DEK; nothing else opens it ----

named_context="envelope named key v1:orders@1"
example named-file | tr -d '\n' | tr a-f A-F | basenc --base16 -d >orders@1.envkey
[[ $(stat -c %s orders@1.envkey) == 487 && $(header_length orders@1.envkey) == 295 ]] ||
    fail "its lengths"
"$ENVELOPE_PROGRAMS/open_by_hand" --named-key --kek "$kek" --context "$named_context" \
    <orders@1.envkey >by_kek
"$ENVELOPE_PROGRAMS/open_by_hand" --named-key --dek "$(example named-dek)" \
    --context "$named_context" <orders@1.envkey >by_dek
same by_kek by_dek
stock asn1parse -inform DER -in by_kek >parsed
grep -q "UTF8STRING *:orders\$" parsed || fail "another name: $(<parsed)"
[[ $(part by_kek 18 32 | od -An -v -tx1 | tr -d ' \n') == "$(example named-key)" ]] ||
    fail "another key: $(<parsed)"
hash=$(printf key:0123456789abcdefghijklmnopqr | sha256sum | cut -d' ' -f1)
grep -iq "$hash" parsed || fail "another stand-in: $(<parsed)"
part orders@1.envkey 148 113 >parameters
stock asn1parse -inform DER -in parameters >parsed
for text in orders AES-256-GCM shop webshop 20260101000000Z; do
    grep -q ":$text\$" parsed || fail "its parameters have no $text: $(<parsed)"
done
grep -iq "hex dump\]:${hash:0:16}\$" parsed || fail "its hint is another"
grep -iq 'hex dump\]:f1285775de4360aa' parsed || fail "its id is another"
id=$(printf 'envelope key id v1\001' | stock mac -digest SHA384 \
    -macopt "hexkey:$(example named-key)" HMAC | cut -c1-16 | tr A-F a-f)
[[ $id == f1285775de4360aa ]] || fail "the key's id is $id"
expect_failure IS_NAMED_KEY "" open -in orders@1.envkey

# ---- section 7: fields, to their second reader ----

field_by_hand() { # expected value, block, option ...
    local expected=$1 name=$2
    shift 2
    example "$name" | tr -d '\n' | tr a-f A-F | basenc --base16 -d >field
    "$ENVELOPE_PROGRAMS/open_field_by_hand" --key "$(example field-key | tr -d '\n')" "$@" <field >value
    [[ $(cat value) == "$expected" ]] || fail "$name opens to something else"
}

field_by_hand JBSWY3DPEHPK3PXP field --context users.otp_secret/17
[[ $(stat -c %s field) == 65 ]] || fail "its length"
field_by_hand ann@example.com field-deterministic --context users.email
[[ $(stat -c %s field) == 40 ]] || fail "its length"
tenant_key=$(example tenant-key | tr -d '\n')
[[ ${#tenant_key} == 162 ]] || fail "a tenant key's length"
field_by_hand JBSWY3DPEHPK3PXP tenant-field --tenant-key "$tenant_key" --tenant acme \
    --context users.otp_secret/17
field_by_hand JBSWY3DPEHPK3PXP tenant-field --key-bytes "$(example key-bytes | tr -d '\n')" --show \
    2>shown
[[ $(cat shown) == "stand-in key:mB3tQ9vLx0Zr7Wd2Hs6Yk1Np, tenant acme, context users.otp_secret/17" ]] ||
    fail "other parts: $(cat shown)"
