#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The worked example of docs/FORMAT.md is what it says: to the second reader of the format by the
# KEK and by the DEK, and to the provider with the KEK in a token. The lengths it names are right.
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

# Section 4: an empty message of the usual kind.
: >empty
expect_quiet seal -in empty -out sealed
[[ $(header_length sealed) == 178 && $(stat -c %s sealed) == 284 ]] || fail "an empty message's lengths"
