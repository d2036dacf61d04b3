#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/KEYS.md, "Who may make messages, and who may open them", word for word: two objects of one
# key, of which one may only unwrap and cannot be made to do more.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}") # the examples run other programs
sed -e 's/^<!-- test: .*//' -e 's/^<!-- makers: /<!-- test: /' "$source_dir/docs/KEYS.md" >page.md

run_block() { # name, what it is run by
    block page.md "$1" sh >"$1.sh"
    PIN=$pin MODULE=$softhsm "$2" env PATH="$ENVELOPE_MODULE_DIR:$PATH" bash -euo pipefail "$1.sh" >"$1.out" 2>&1 ||
        fail "example $1: $(<"$1.out")"
}
section() { # name
    {
        printf '%s\n' 'openssl_conf = openssl_init' '[openssl_init]' 'providers = provider_sect' '[provider_sect]' \
            'default = default_sect' 'envelope = envelope_sect' '[default_sect]' 'activate = 1'
        block page.md "$1" ini | sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|"
    } >"$cnf"
}

echo >"$cnf"
run_block tokens env
grep -q "shred -u" tokens.sh || fail "the key is not shredded"
write_cnf -kek 'token="pkcs11:token=admin pkcs11:token=app"' allow-imported-kek=yes
run_block copies with_envelope
echo "words for readers" >settings
section admin
run_block seal with_envelope
section app
run_block open with_envelope
same settings settings.opened
[[ $(tail -n 1 open.out) == refused ]] || fail "not refused: $(<open.out)"
grep -qF "$(reason KEK_USAGE)" open.out || fail "refused for another reason: $(<open.out)"
[[ ! -s forged ]] || fail "something was sealed"
grep -q "^ok      KEK: 'orders' .* of token 'app' may open (it does not seal here: it was tested with a random ciphertext)$" open.out ||
    fail "check: $(<open.out)"
[[ $(block_names page.md | wc -l) == 6 ]] || fail "an example is not run"

# What the objects may do, as the token says; the administrator's copy opens as well.
section admin
expect_quiet open -in settings.sealed -out opened
same settings opened
for one in "orders.pem wrap unwrap" "orders-app.pem unwrap"; do
    write_cnf -kek 'token="pkcs11:token=admin pkcs11:token=app"' allow-imported-kek=yes
    expect_quiet ossl pkey -in "${one%% *}" -noout -text >text
    grep -q "^    Allowed: ${one#* }$" text || fail "${one%% *}: $(<text)"
done
[[ $(grep -c '^    Reference: [0-9a-f]*$' text) == 1 ]] || fail "$(<text)"

# Whoever has the PIN can neither have it copied with more uses nor make one that only unwraps of nothing.
write_cnf -kek 'token="pkcs11:token=app"' allow-imported-kek=yes
genpkey() {
    local option options=()
    for option; do options+=(-pkeyopt "$option"); done
    ossl genpkey -algorithm ENVELOPE-KEK "${options[@]}"
}
expect_failure KEK_NOT_MADE 'C_CopyObject: CKR_' genpkey label:again copy-of:orders
expect_failure UNWRAPS_ALONE again genpkey label:again uses:unwrap
expect_failure KEK_NOT_FOUND "copy-of: nobody" genpkey label:again copy-of:nobody
expect_failure KEK_EXISTS orders genpkey label:orders copy-of:orders
expect_failure KEK_KIND "copy-of names an AES KEK" genpkey label:again copy-of:orders type:RSA
expect_failure BAD_PARAMETER "id: a copy" genpkey label:again copy-of:orders id:01
expect_failure BAD_PARAMETER "uses is wrap-unwrap or unwrap" genpkey label:again copy-of:orders uses:wrap
expect_failure CONFIG_BAD_URI "" genpkey label:again copy-of:pkcs11:frobnicate
pkcs11-tool --module "$softhsm" --token-label app --login --pin "$pin" --list-objects --type secrkey >objects 2>&1
[[ $(grep -c 'label:' objects) == 1 ]] || fail "something was made: $(<objects)"

# A copy of a key that was never outside: both names seal. Two keys with one id on one token are
# ambiguous for a message until one of them is removed.
write_cnf 'token="pkcs11:token=admin"' -kek
expect_quiet genpkey label:first id:0a0b >first.pem
expect_quiet genpkey label:second copy-of:first >second.pem
expect_quiet seal -K "$(printf second | od -An -v -tx1 | tr -d ' \n')" -in settings -out sealed
expect_failure KEK_AMBIGUOUS "'(first|second)' .*'(first|second)'" open -in sealed # in any order
pkcs11-tool --module "$softhsm" --token-label admin --login --pin "$pin" --delete-object --type secrkey --label first >out 2>&1
expect_quiet open -in sealed -out opened
same settings opened
