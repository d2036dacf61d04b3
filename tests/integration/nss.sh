#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Another kind of token: NSS's does AES-KW and AES-KWP by C_Encrypt and needs an argument to start.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

make_nss
value=$(stock rand -hex 32)


nss_cnf() {
    write_cnf "${nss_lines[@]}" "$@"
}

make_nss_kek orders --id 0a0b --usage wrap
make_nss_kek invoices --id 0c0d --usage encrypt
make_nss_kek known --id 0e0f --usage both --import "$value"
stream 10000 >plain

for kek in orders invoices; do
    nss_cnf kek=$kek
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
done

# Each way to wrap, opened by hand.
while read -r wrap name; do
    nss_cnf kek=known allow-imported-kek=yes wrap="$wrap"
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
    "$ENVELOPE_PROGRAMS/open_by_hand" --kek "$value" --show <sealed >opened 2>shown ||
        fail "$wrap by hand: $(<shown)"
    same plain opened
    grep -qx "wrap $name" shown || fail "$wrap: $(<shown)"
done <<END
auto id-aes256-wrap
aes-kw id-aes256-wrap
aes-kwp id-aes256-wrap-pad
aes-gcm aes-256-gcm
END

echo 00000000 >wrong
nss_cnf "pin-source=file:$work/wrong"
expect_failure PIN_WRONG "" seal -in plain
nss_cnf kek=known
expect_failure KEK_IMPORTED known seal -in plain

# Key wrap as a cipher: this token does RFC 5649 for every length, by CKM_AES_KEY_WRAP_KWP; what it
# calls CKM_AES_KEY_WRAP_PAD is PKCS#7's padding, and is never used.
key_wrap() { # direction, cipher, key
    with_envelope "$ENVELOPE_PROGRAMS/wrap" "$@"
}
make_nss_kek known-encrypt --id 1011 --usage encrypt --import "$value"
make_nss_kek known-wrap --id 1213 --usage wrap --import "$value"
nss_cnf allow-imported-kek=yes
for label in known-encrypt known-wrap; do
    key=$(printf '%-32s' $label | tr ' ' '\0' | od -An -v -tx1 | tr -d ' \n')
    for size in 1 7 8 9 16 20 32 33 256 4095 4096; do
        stream $size >plain
        if ((size > 256)) && [[ $label == known-wrap ]]; then # as keys it wraps such, but unwraps none
            expect_failure KEK_SELF_TEST C_UnwrapKey key_wrap -e envelope-aes-256-wrap-pad "$key" <plain
            continue
        fi
        for pad in "" -pad; do
            ((size % 8 == 0 && size >= 16)) || [[ -n $pad ]] || continue
            expect_quiet key_wrap -e envelope-aes-256-wrap$pad "$key" <plain >wrapped
            OPENSSL_CONF=/dev/null "$ENVELOPE_PROGRAMS/wrap" -e aes-256-wrap$pad "$value" <plain >expected
            same wrapped expected
            expect_quiet key_wrap -d envelope-aes-256-wrap$pad "$key" <wrapped >unwrapped
            same plain unwrapped
            flip wrapped 9
            expect_failure WRAPPED_KEY "" key_wrap -d envelope-aes-256-wrap$pad "$key" <wrapped
        done
    done
done
