#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An unchanged program, openssl enc, reads its existing data and writes new data through the token:
# its key is imported, and a stand-in replaces it. Every mistake fails closed, while real keys still
# work.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/stock_names.sh
source "$source_dir/tests/lib/stock_names.sh"
make_two_places

iv=000102030405060708090a0b0c0d0e0f
stream 50000 >plain
declare -A value stand_in

enc() { # ossl or stock, -e or -d, cipher, key in hex, file in, file out
    local iv_args=(-iv "$iv")
    [[ $3 != *-ecb ]] || iv_args=()
    [[ $3 != des-* ]] || iv_args=(-iv "${iv:0:16}")
    "$1" enc "$2" "-$3" -K "$4" "${iv_args[@]}" -in "$5" -out "$6"
}

import() { # name, uses, bytes
    stock rand -hex "$3" >raw
    value[$1]=$(<raw)
    key import "$1" --for "$2" <raw
    key stand-in "$1" --for-app test --short
    stand_in[$1]=$(tr -d '\n' <out | od -An -v -tx1 | tr -d ' \n')
}

import cbc AES-256-CBC 32
import ctr AES-256-CTR 32
import ecb AES-256-ECB 32
import cbc128 AES-128-CBC 16
import cbc192 AES-192-CBC 24
import chacha ChaCha20 32
import des DES-EDE3-CBC 24
import camellia CAMELLIA-256-CBC 32
import aria ARIA-256-CBC 32
import database mariadb 32
import unlisted AES-256-OFB 32
listed="mariadb AES-128-CBC AES-192-CBC ChaCha20 DES-EDE3-CBC CAMELLIA-256-CBC ARIA-256-CBC"
names="cbc ctr ecb cbc128 cbc192 chacha des camellia aria database unlisted"
configure() { # further lines
    stock_cnf key-ciphers="$listed" allow-keys="$names" "$@"
}
configure

# Existing data open, and new ones are the same bytes as before.
both_ways() { # name, cipher
    enc stock -e "$2" "${value[$1]}" plain old
    expect_quiet enc ossl -e "$2" "${stand_in[$1]}" plain new
    same old new
    expect_quiet enc ossl -d "$2" "${stand_in[$1]}" old opened
    same plain opened
}
both_ways cbc aes-256-cbc
both_ways ctr aes-256-ctr
both_ways ecb aes-256-ecb
both_ways cbc128 aes-128-cbc
both_ways cbc192 aes-192-cbc
both_ways chacha chacha20
both_ways des des-ede3-cbc
both_ways camellia camellia-256-cbc
both_ways aria aria-256-cbc
for cipher in aes-256-ecb aes-256-cbc aes-256-ctr; do # one key, a set of uses
    both_ways database $cipher
done

# Raw keys go to OpenSSL's cipher as before, and no token is asked.
raw_keys() {
    local cipher key
    for cipher in aes-256-cbc aes-256-ofb aes-128-cfb des-ede3-cbc chacha20 camellia-128-cbc; do
        key=$(stock rand -hex 32)
        [[ $cipher != *128* ]] || key=${key:0:32}
        [[ $cipher != des* ]] || key=${key:0:48}
        enc stock -e $cipher "$key" plain old
        expect_quiet enc ossl -e $cipher "$key" plain new
        same old new
    done
    [[ $(ossl rand -hex 8) =~ ^[0-9a-f]{16}$ ]] || fail "no random numbers"
}
refused() { # reason, name, cipher
    rm -f refused.out
    expect_failure "$1" "" enc ossl -e "$3" "${stand_in[$2]}" plain refused.out
    [[ ! -s refused.out ]] || fail "$1: something was written"
}
raw_keys
{ [[ $(served_by AES-256-CBC) == envelope && $(served_by AES-256-OFB) == envelope ]]; } ||
    fail "not ours"

# ---- each way to be refused ----

refused KEY_REFUSED cbc aes-256-ctr           # made for another cipher
refused KEY_NOT_LISTED unlisted aes-256-ofb   # of the table, not in key-ciphers
stand_in[unknown]=6b65793a$(stock rand -hex 64 | tr -d '\n' | cut -c1-28 | od -An -v -tx1 | tr -d ' \n')
refused KEY_REFUSED unknown aes-256-cbc
stand_in[selector]=$({ printf 'kek:orders' && head -c 22 /dev/zero; } | od -An -v -tx1 | tr -d ' \n')
refused SELECTOR_MISPLACED selector aes-256-cbc
raw_keys

stock_cnf key-ciphers="$listed" allow-keys=ctr
refused KEY_REFUSED cbc aes-256-cbc
both_ways ctr aes-256-ctr

# Revoked, by the state file.
stock dgst -sha256 -r < <(xxd -r -p <<<"${stand_in[cbc]}") | cut -c1-16 >revoked
echo "revoked-stand-in = $(<revoked)" >state
configure "state-file=\"$work/state\""
refused KEY_REFUSED cbc aes-256-cbc
both_ways ctr aes-256-ctr
raw_keys

# A misspelling in the list, in another key, in a key's name; a missing folder.
wrong() { # reason, lines
    local name=$1
    shift
    stock_cnf key-ciphers="$listed" allow-keys="$names" "$@"
    refused "$name" cbc aes-256-cbc
    raw_keys
}
wrong CONFIG_VALUE key-ciphers="AES-256-CBC AES-256-CTRR"
wrong CONFIG_VALUE key-ciphers=mysql
wrong CONFIG_VALUE wrap=rot13
wrong CONFIG_UNKNOWN_KEY pin=1234
wrong CONFIG_UNKNOWN_KEY -key-ciphers key_ciphers=AES-256-CBC
wrong KEYS_FOLDER keys-directory=/nonexistent
wrong NO_MODULE pkcs11-module-path=/nonexistent

# The token is away: a clean error, and what was there is there.
configure
enc stock -e aes-256-cbc "${value[cbc]}" plain old
mv tokens away
mkdir tokens
refused NO_TOKEN cbc aes-256-cbc
raw_keys
rmdir tokens
mv away tokens
both_ways cbc aes-256-cbc

# Of the two KEKs either opens it.
stock_cnf key-ciphers="$listed" allow-keys="$names" 'token="pkcs11:token=spare"' kek=recovery
both_ways cbc aes-256-cbc

# ---- PBKDF2 ----

configure
printf 'correct horse' | key import password --for PBKDF2 --raw
key stand-in password --for-app test
password=$(<out)
stock_cnf key-ciphers="$listed" key-kdfs=PBKDF2 allow-keys=password
derive() { # ossl or stock, password
    "$1" kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "pass:$2" -kdfopt salt:salty -kdfopt iter:1000 PBKDF2
}
[[ $(derive ossl "$password") == "$(derive stock 'correct horse')" ]] || fail "PBKDF2 with a stand-in"
[[ $(derive ossl "$password") != "$(derive stock "$password")" ]] || fail "the stand-in is the password"
[[ $(derive ossl secret) == "$(derive stock secret)" ]] || fail "PBKDF2 with a password"
stock enc -e -aes-256-cbc -pbkdf2 -pass pass:"correct horse" -in plain -out old
expect_quiet ossl enc -d -aes-256-cbc -pbkdf2 -pass pass:"$password" -in old -out opened
same plain opened

# A private key in PKCS#8 opens by its stand-in; with the stand-in alone nobody opens it.
stock genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
stock pkcs8 -topk8 -v2 aes-256-cbc -passout pass:"correct horse" -in key.pem -out protected.pem
expect_quiet ossl pkey -in protected.pem -passin pass:"$password" -out opened.pem
same key.pem opened.pem
if stock pkey -in protected.pem -passin pass:"$password" -out opened.pem 2>err; then
    fail "the stand-in alone opens it"
fi
stock_cnf key-kdfs=PBKDF2
expect_failure KEY_REFUSED "" ossl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "pass:$password" \
    -kdfopt salt:salty -kdfopt iter:1000 PBKDF2

# ---- without the module ----

# Nothing starts where default is activated by us alone.
configure stock-providers-here=yes
sed -i '/^default = default_sect$/d' "$cnf"
both_ways cbc aes-256-cbc
raw_keys
[[ $(ossl dgst -sha256 -r plain) == "$(stock dgst -sha256 -r plain)" ]] || fail "SHA-256"
without_module() {
    OPENSSL_CONF="$work/$cnf" OPENSSL_MODULES="$work" openssl "$@"
}
if without_module enc -e -aes-256-cbc -K "${stand_in[cbc]}" -iv $iv -in plain -out new 2>err; then
    fail "a stand-in was taken for a key"
fi
[[ ! -s new ]] || fail "something was written"
if without_module dgst -sha256 plain 2>err; then
    fail "there are algorithms without us"
fi

# ---- whose stand-in it was ----

# The log has the application of the stand-in, also for refusals; the one in openssl.cnf takes
# precedence.
recorded() { # application, reason or null
    jq -es --arg application "$1" --argjson reason "$2" 'length == 1 and .[0].operation == "open" and
        .[0].named_key == "cbc@1" and .[0].application == $application and .[0].reason == $reason' \
        audit.log >/dev/null || fail "recorded: $(<audit.log)"
    rm audit.log
}
configure "audit-log=\"file:$work/audit.log\""
both_ways cbc aes-256-cbc
head -n 1 audit.log >first && mv first audit.log
recorded test null
refused KEY_REFUSED cbc aes-256-ctr
recorded test "$(reason_number KEY_WRONG_USE)"
configure "audit-log=\"file:$work/audit.log\"" "state-file=\"$work/state\""
refused KEY_REFUSED cbc aes-256-cbc
recorded test "$(reason_number KEY_REVOKED)"
configure "audit-log=\"file:$work/audit.log\"" application=ledger
refused KEY_REFUSED cbc aes-256-ctr
recorded ledger "$(reason_number KEY_WRONG_USE)"
