#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Stock OpenSSL shows from the header who can open a message, and a message opens without the
# provider: with only libcrypto, given the KEK (tests/programs/open_by_hand.c).
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

# The keyIdentifiers that stock openssl prints, one in a line, in hexadecimal.
key_identifiers() { # message
    stock cms -cmsout -print -noout -inform DER -in "$1" | awk '
        /keyIdentifier:/ { inside = 1; id = ""; next }
        inside && /^ *[0-9a-f]+ - / {
            sub(/^ *[0-9a-f]+ - /, "")
            sub(/   .*/, "") # the same as text
            gsub(/[ -]/, "")
            id = id $0
            next
        }
        inside { print id; inside = 0 }'
}

# One message, opened by hand.
check() { # wrap as the header names it, KEK in hex, CKA_ID, context or "", plain file
    local wrap=$1 kek=$2 id=$3 context=$4 plain=$5
    "$ENVELOPE_PROGRAMS/open_by_hand" --kek "$kek" --id "$id" --context "$context" --show \
        <sealed >opened 2>shown || fail "by hand: $(<shown)"
    same "$plain" opened
    grep -qx "kek $id" shown || fail "another KEK: $(<shown)"
    grep -qx "wrap $wrap" shown || fail "wrapped by another mechanism: $(<shown)"
    if "$ENVELOPE_PROGRAMS/open_by_hand" --kek "${kek/1/2}" --id "$id" --context "$context" \
        <sealed >opened 2>shown; then
        fail "another KEK opens it"
    fi
}

orders=$(stock rand -hex 31)11
orders_id=0102030405060708090a0b0c0d0e0f10
invoices=$(stock rand -hex 31)11
invoices_id=$(printf 'ab%.0s' {1..64}) # the longest that there may be
make_token kek
make_kek kek orders --id $orders_id --import "$orders" --usage both
make_kek kek invoices --id "$invoices_id" --import "$invoices"

for size in 0 1 4095 4096 4097 100000; do
    stream $size >plain
    for context in "" "invoice 7"; do
        write_cnf allow-imported-kek=yes ${context:+"context=$context"}
        expect_quiet seal -in plain -out sealed
        [[ $(key_identifiers sealed) == "$orders_id" ]] ||
            fail "openssl cms shows: $(key_identifiers sealed)"
        check id-aes256-wrap "$orders" $orders_id "$context" plain
    done
done

# Two KEKs: each of them opens, with and without us.
write_cnf allow-imported-kek=yes "kek=orders invoices"
expect_quiet seal -in plain -out sealed
[[ $(key_identifiers sealed | sort) == $(printf '%s\n' $orders_id "$invoices_id" | sort) ]] ||
    fail "openssl cms shows: $(key_identifiers sealed)"
check id-aes256-wrap "$orders" $orders_id "" plain
check id-aes256-wrap "$invoices" "$invoices_id" "" plain
for id in $orders_id "$invoices_id"; do
    write_cnf allow-imported-kek=yes open-kek="$id" -kek
    expect_quiet open -in sealed -out opened
    same plain opened
done

# Wrapped by AES-GCM where that is chosen.
write_cnf allow-imported-kek=yes wrap=aes-gcm
expect_quiet seal -in plain -out sealed
[[ $(key_identifiers sealed) == "$orders_id" ]] || fail "openssl cms shows another KEK"
check aes-256-gcm "$orders" $orders_id "" plain
expect_quiet open -in sealed -out opened
same plain opened
