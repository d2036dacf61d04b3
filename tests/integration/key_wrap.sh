#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The key-wrap ciphers under our own names: the same bytes as stock OpenSSL's for the same key, and
# operations that the token gets wrong are refused.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

hex_label() { # label, key length in bytes: the key bytes that name it
    { printf '%s' "$1" && head -c $(($2 - ${#1})) /dev/zero; } | od -An -v -tx1 | tr -d ' \n'
}

wrap() { # program's arguments
    with_envelope "$ENVELOPE_PROGRAMS/wrap" "$@"
}

stock_wrap() {
    OPENSSL_CONF=/dev/null "$ENVELOPE_PROGRAMS/wrap" "$@"
}

declare -A value
for bits in 128 192 256; do
    value[$bits]=$(stock rand -hex $((bits / 8)))
    make_kek kek "known$bits" --id "a$bits" --import "${value[$bits]}"
done
write_cnf allow-imported-kek=yes

for bits in 128 192 256; do
    key=$(hex_label "known$bits" $((bits / 8)))
    for size in 16 24 32 40 256 2048 4096; do
        stream $size >plain
        for pad in "" -pad; do
            name=aes-$bits-wrap$pad
            expect_quiet wrap -e "envelope-$name" "$key" <plain >wrapped
            stock_wrap -e "$name" "${value[$bits]}" <plain >expected
            same wrapped expected
            expect_quiet wrap -d "envelope-$name" "$key" <expected >unwrapped
            same plain unwrapped
            flip wrapped 5
            expect_failure WRAPPED_KEY "" wrap -d "envelope-$name" "$key" <wrapped
        done
    done
done

# Lengths: what the standard has not, what SoftHSM has not, and what is too much.
key=$(hex_label known256 32)
for size in 1 7 8 15 17 20 4100 4104; do
    stream $size >plain
    expect_failure INPUT_LENGTH "$size bytes to wrap" wrap -e envelope-aes-256-wrap "$key" <plain
done
for size in 1 7 9 20 4095; do
    stream $size >plain
    expect_failure WRAP_LENGTH "known256.*to wrap $size bytes" wrap -e envelope-aes-256-wrap-pad "$key" <plain
done
for size in 16 4105; do
    stream $size >plain
    expect_failure INPUT_LENGTH "$size bytes to unwrap" wrap -d envelope-aes-256-wrap "$key" <plain
done

# Which KEK: by label, the configured one; of the right length, and only one.
stream 32 >plain
zeros=$(printf '0%.0s' {1..64})
write_cnf kek=known256 allow-imported-kek=yes
expect_quiet wrap -e envelope-aes-256-wrap "$zeros" <plain >wrapped
stock_wrap -d aes-256-wrap "${value[256]}" <wrapped >unwrapped
same plain unwrapped
expect_failure KEK_LENGTH known128 wrap -e envelope-aes-256-wrap "$(hex_label known128 32)" <plain
expect_failure KEK_LENGTH known256 wrap -e envelope-aes-128-wrap "$(hex_label known256 16)" <plain
expect_failure KEK_NOT_FOUND "" wrap -e envelope-aes-256-wrap "$(hex_label known257 32)" <plain
expect_failure KEY_IS_NO_SELECTOR "" wrap -e envelope-aes-256-wrap "${value[256]}" <plain
write_cnf "kek=orders known256" allow-imported-kek=yes
expect_failure ONE_KEK "" wrap -e envelope-aes-256-wrap "$zeros" <plain
write_cnf -kek
expect_failure NO_KEK_CONFIGURED "" wrap -e envelope-aes-256-wrap "$zeros" <plain

# The policy holds but for the length; that a KEK was used here makes it no KEK for messages.
write_cnf
expect_failure KEK_IMPORTED known128 wrap -e envelope-aes-128-wrap "$(hex_label known128 16)" <plain
make_kek kek short --id 1f --bits 128
expect_quiet wrap -e envelope-aes-128-wrap "$(hex_label short 16)" <plain >wrapped
expect_failure KEK_TOO_WEAK short ossl enc -e -envelope -K "$(hex_label short 32)" -in plain
make_kek kek extractable --id 20 --extractable
expect_failure KEK_EXTRACTABLE extractable wrap -e envelope-aes-256-wrap "$(hex_label extractable 32)" <plain
make_kek kek sealing --id 21 --usage encrypt
expect_failure KEK_USAGE "sealing.*CKM_AES_KEY_WRAP" wrap -e envelope-aes-256-wrap "$(hex_label sealing 32)" <plain
expect_failure KEK_USAGE "sealing.*CKM_AES_KEY_WRAP" wrap -d envelope-aes-256-wrap "$(hex_label sealing 32)" <wrapped
write_cnf open-kek=orders
wrap -e envelope-aes-128-wrap "$(hex_label short 16)" <plain >wrapped 2>err || fail "$(<err)"
expect_failure KEK_NOT_ALLOWED short wrap -d envelope-aes-128-wrap "$(hex_label short 16)" <wrapped

# openssl enc hands on pieces of 4096 bytes. From 3.5 on it refuses every wrap cipher.
if [[ $(openssl version) == "OpenSSL 3.0."* ]]; then
    write_cnf
    by_enc=(-envelope-aes-256-wrap -K "$(hex_label orders 32)" -iv a6a6a6a6a6a6a6a6)
    for size in 16 4088 4096; do
        stream $size >plain
        expect_quiet ossl enc -e "${by_enc[@]}" -in plain -out wrapped
        (($(stat -c %s wrapped) == size + 8)) || fail "$size bytes: $(stat -c %s wrapped)"
        if ((size <= 4088)); then
            expect_quiet ossl enc -d "${by_enc[@]}" -in wrapped -out unwrapped
            same plain unwrapped
        else
            expect_failure WRAPPED_KEY "" ossl enc -d "${by_enc[@]}" -in wrapped
        fi
    done
    stream 4100 >plain
    if ossl enc -e "${by_enc[@]}" -in plain -out wrapped 2>err || ! grep -qF "$(reason ONE_UPDATE)" err; then
        fail "a second update: $(<err)"
    fi
    expect_failure DEFAULT_IV_ONLY "" ossl enc -e "${by_enc[@]}" -iv 00 -in plain
fi
