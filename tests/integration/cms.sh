#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# standard-names = yes: CMS with its KEK in the token, and everything else that uses the same names
# works as without the provider; our provider before and after the default one.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

declare -A value key
for bits in 128 192 256; do
    value[$bits]=$(stock rand -hex $((bits / 8)))
    key[$bits]=$({ printf 'kek:known%s' $bits && head -c $((bits / 8 - 12)) /dev/zero; } |
        od -An -v -tx1 | tr -d ' \n')
    make_kek kek "known$bits" --id "a$bits" --import "${value[$bits]}"
done
make_kek kek "28 bytes and not one of less" --id a0 --import "${value[256]}"
stock req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.pem \
    -subj /CN=ec -days 3650 2>err || fail "$(<err)"
stream 5000 >plain

# Our position in the list of providers, and the program's default properties.
arrange() { # first or last, default_properties or ""
    sed -i '/^\(default\|envelope\) = /d' "$cnf"
    if [[ $1 == first ]]; then
        sed -i 's/^\[provider_sect\]$/&\nenvelope = envelope_sect\ndefault = default_sect/' "$cnf"
    else
        sed -i 's/^\[provider_sect\]$/&\ndefault = default_sect\nenvelope = envelope_sect/' "$cnf"
    fi
    [[ -z $2 ]] || {
        sed -i 's/^\[openssl_init\]$/&\nalg_section = algorithms/' "$cnf"
        printf '[algorithms]\ndefault_properties = %s\n' "$2" >>"$cnf"
    }
}

# openssl cms has exit statuses of its own.
cms_fails() { # reason, pattern or "", command ...
    local text pattern=$2
    text=$(reason "$1")
    shift 2
    rm -f failed.out
    if "$@" -out failed.out >failed.stdout 2>failed.err; then
        fail "$text expected, but it succeeded: $*"
    fi
    grep -qF ":$text:" failed.err || fail "$text expected: $(<failed.err)"
    [[ -z $pattern ]] || grep -qE -- "$pattern" failed.err || fail "$pattern expected: $(<failed.err)"
    [[ ! -s failed.out ]] || fail "something was written"
}

encrypt=(cms -encrypt -binary -outform DER -in plain)
decrypt=(cms -decrypt -binary -inform DER)

# The KEK in the token against stock OpenSSL with the same key, both ways.
with_kek() { # further arguments of openssl cms
    local bits cipher id
    for bits in 128 192 256; do
        id="a$bits"
        for cipher in -aes-256-cbc -aes-128-gcm; do
            expect_quiet ossl "${encrypt[@]}" $cipher -secretkey "${key[$bits]}" -secretkeyid "$id" \
                "$@" -out message
            expect_quiet stock "${decrypt[@]}" -secretkey "${value[$bits]}" -secretkeyid "$id" \
                -in message -out opened
            same plain opened
            expect_quiet ossl "${decrypt[@]}" -secretkey "${key[$bits]}" -secretkeyid "$id" "$@" \
                -in message -out opened
            same plain opened
        done
        expect_quiet stock "${encrypt[@]}" -secretkey "${value[$bits]}" -secretkeyid "$id" -out message
        expect_quiet ossl "${decrypt[@]}" -secretkey "${key[$bits]}" -secretkeyid "$id" "$@" \
            -in message -out opened
        same plain opened
    done
}

wrong_kek() { # further arguments of openssl cms
    local mistyped unterminated other
    mistyped=$({ printf 'kek:knwon256' && head -c 20 /dev/zero; } | od -An -v -tx1 | tr -d ' \n')
    unterminated=$({ printf 'kek:known256' && head -c 19 /dev/zero && printf x; } | od -An -v -tx1 | tr -d ' \n')
    other=$({ printf 'kek:orders' && head -c 22 /dev/zero; } | od -An -v -tx1 | tr -d ' \n')
    stock "${encrypt[@]}" -secretkey "${value[256]}" -secretkeyid 01 -out message
    cms_fails KEK_NOT_FOUND "" ossl "${encrypt[@]}" -secretkey "$mistyped" -secretkeyid 01 "$@"
    cms_fails KEK_NOT_FOUND "" ossl "${decrypt[@]}" -secretkey "$mistyped" -secretkeyid 01 "$@" -in message
    cms_fails KEY_IS_NO_SELECTOR "" ossl "${encrypt[@]}" -secretkey "$unterminated" -secretkeyid 01 "$@"
    cms_fails WRAPPED_KEY "" ossl "${decrypt[@]}" -secretkey "$other" -secretkeyid 01 "$@" -in message
    if grep -q knwon failed.err; then
        fail "the selector is on stderr"
    fi
}

# Raw keys and the keys that ECDH derives: not our business.
without_kek() { # further arguments of openssl cms
    local to
    for to in ossl stock; do
        $to "${encrypt[@]}" -recip ec.pem -out message 2>err || fail "$(<err)"
        expect_quiet ossl "${decrypt[@]}" -recip ec.pem -inkey ec.key "$@" -in message -out opened
        same plain opened
        expect_quiet $to "${encrypt[@]}" -secretkey "${value[256]}" -secretkeyid 01 -out message
        expect_quiet ossl "${decrypt[@]}" -secretkey "${value[256]}" -secretkeyid 01 "$@" -in message \
            -out opened
        same plain opened
    done
    ossl "${encrypt[@]}" -recip ec.pem "$@" -out message 2>err || fail "$(<err)"
    expect_quiet stock "${decrypt[@]}" -recip ec.pem -inkey ec.key -in message -out opened
    same plain opened
    stream 40 >forty
    for name in aes-256-wrap aes-256-wrap-pad; do
        with_envelope "$ENVELOPE_PROGRAMS/wrap" -e $name "${value[256]}" <forty >wrapped
        OPENSSL_CONF=/dev/null "$ENVELOPE_PROGRAMS/wrap" -e $name "${value[256]}" <forty >expected
        same wrapped expected
    done
}

# SoftHSM asks libcrypto for AES-256-WRAP, with the KEK as key, from inside of its C_WrapKey.
envelope_cipher() {
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
}

all() { # further arguments of openssl cms
    with_kek "$@"
    wrong_kek "$@"
    without_kek "$@"
    envelope_cipher
}

write_cnf standard-names=yes allow-imported-kek=yes
arrange last ""
all -propquery '?provider=envelope'
write_cnf standard-names=yes allow-imported-kek=yes
arrange first ""
all -propquery '?provider=envelope'
for order in first last; do
    write_cnf standard-names=yes allow-imported-kek=yes
    arrange $order '?provider=envelope'
    all
done
ossl list -cipher-algorithms -propquery provider=envelope >listed
grep -qE '[ {]AES-256-WRAP' listed || fail "AES-256-WRAP is missing: $(<listed)"

# A KEK whose own bytes look like a selector: what SoftHSM does with them is its own affair.
make_kek kek treacherous --id a1 --import "${key[256]}"
write_cnf standard-names=yes allow-imported-kek=yes kek=treacherous
arrange first '?provider=envelope'
envelope_cipher

# The configured KEK; and a label of all the bytes that there are.
write_cnf standard-names=yes allow-imported-kek=yes kek=known256
arrange last '?provider=envelope'
configured=6b656b3a$(printf '0%.0s' {1..56})
expect_quiet ossl "${encrypt[@]}" -secretkey "$configured" -secretkeyid 01 -out message
expect_quiet stock "${decrypt[@]}" -secretkey "${value[256]}" -secretkeyid 01 -in message -out opened
same plain opened
full=$(printf 'kek:28 bytes and not one of less' | od -An -v -tx1 | tr -d ' \n')
expect_quiet ossl "${decrypt[@]}" -secretkey "$full" -secretkeyid 01 -in message -out opened
same plain opened

# A slip in the configuration is an error and never leaves the selector to stock OpenSSL.
for slip in standard-names=true standard_names=yes standard-name=yes stock-names=yes; do
    write_cnf "$slip" allow-imported-kek=yes
    arrange last '?provider=envelope'
    name=CONFIG_UNKNOWN_KEY
    [[ $slip != *-names=true ]] || name=CONFIG_VALUE
    cms_fails $name "${slip%=*}" ossl "${encrypt[@]}" -secretkey "${key[256]}" -secretkeyid 01
    without_kek
done

# Without standard-names the names are not ours at all, whatever is preferred.
for line in standard-names=no allow-imported-kek=yes; do
    write_cnf "$line"
    arrange last '?provider=envelope'
    without_kek
    ossl list -cipher-algorithms -propquery provider=envelope >listed
    if grep -E '[ {]AES-256-WRAP' listed; then
        fail "AES-256-WRAP is listed: $(<listed)"
    fi
done

# No token is touched for what does not name a KEK.
write_cnf standard-names=yes pkcs11-module-path=/nonexistent
arrange last '?provider=envelope'
without_kek
cms_fails NO_MODULE "" ossl "${encrypt[@]}" -secretkey "${key[256]}" -secretkeyid 01
