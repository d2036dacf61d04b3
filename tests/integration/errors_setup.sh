#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Errors of the environment, the token and the configuration name what is wrong.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
echo words >plain
seal -in plain -out sealed 2>err

both_ways() { # as expect_failure, without the command
    expect_failure "$1" "$2" seal -in plain
    expect_failure "$1" "$2" open -in sealed
}

works() {
    expect_quiet seal -in plain -out again
    expect_quiet open -in again -out opened
    same plain opened
}

# ---- the module and the token ----

write_cnf "pkcs11-module-path=$work/absent.so"
both_ways NO_MODULE "$work/absent.so"
write_cnf "pkcs11-module-path=$work/plain"
both_ways NO_MODULE "$work/plain"

write_cnf 'token="pkcs11:token=absent"'
both_ways NO_TOKEN "absent .*there is token 'kek' \(serial [0-9a-f]+\); 1 slot with a token that is not initialised"
write_cnf
mkdir none
sed "s|$work/tokens|$work/none|" "$SOFTHSM2_CONF" >none.conf
SOFTHSM2_CONF=$work/none.conf both_ways NO_TOKEN "there is no other token; 1 slot with a token that is not initialised"
# SoftHSM says CKR_GENERAL_ERROR, and no more, when it finds no configuration or may not read it.
SOFTHSM2_CONF=$work/absent.conf both_ways NO_MODULE "CKR_GENERAL_ERROR.*the file that SOFTHSM2_CONF names"
(
    unset SOFTHSM2_CONF # the system's own, whatever there is of it
    write_cnf 'token="pkcs11:token=none%20of%20them"'
    ossl enc -e -envelope -K 0 -in plain -out nothing 2>failed.err && fail "a token of the system's"
    grep -q 'SOFTHSM2_CONF is not set' failed.err || fail "$(<failed.err)"
    write_cnf
)
# Errors name the callback that they are an error of, wherever they are raised.
write_cnf kek=absent
for call in "seal -in plain:env_cipher_update" "open -in plain:env_cipher_update"; do
    # shellcheck disable=SC2086 # words
    ${call%:*} >failed.out 2>failed.err && fail "$call succeeds"
    grep -q "^[^:]*:error:[^:]*:[^:]*:${call#*:}:.*provider/ciphers/cipher_edge.c:[0-9]*:" failed.err ||
        fail "not ${call#*:}: $(<failed.err)"
done
write_cnf

# Our module alone: nobody offers AES-GCM then.
write_cnf
sed -i '/^default = default_sect$/d' openssl.cnf
both_ways NO_AES_GCM "activate default or fips"
write_cnf "propquery=provider=nobody"
both_ways NO_AES_GCM ""
write_cnf "propquery=provider=default"
works

# ---- the PIN ----

write_cnf -pin-source
both_ways PIN_MISSING ""
write_cnf "pin-source=file:$work/absent"
both_ways CONFIG_PIN_SOURCE "$work/absent"
write_cnf pin-source=env:ENVELOPE_TEST_PIN
both_ways CONFIG_PIN_SOURCE ENVELOPE_TEST_PIN
ENVELOPE_TEST_PIN=$pin works
write_cnf -pin-source "token=\"pkcs11:token=kek?pin-value=$pin\""
works
write_cnf -pin-source "token=\"pkcs11:token=kek?pin-source=file:$work/pin\""
works
printf '%s\n' "$pin" >pin.line
write_cnf "pin-source=file:$work/pin.line"
works

# A wrong PIN is tried once: the spy writes down every call that reaches the token.
spy=$(first_file /usr/lib/*/pkcs11/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so)
echo 00000000 >pin.wrong
write_cnf "pkcs11-module-path=\"$spy\"" "pin-source=file:$work/pin.wrong"
for way in seal open; do
    rm -f spied
    PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/spied expect_failure PIN_WRONG kek $way -in sealed
    logins=$(grep -c 'C_Login$' spied)
    ((logins == 1)) || fail "the wrong PIN was tried $logins times"
done
write_cnf
works

# ---- the configuration: each error names its key ----

bad_value() { # reason, line
    write_cnf "$2"
    both_ways "$1" "${2%%=*}"
}

bad_value CONFIG_VALUE wrap=aes
bad_value CONFIG_VALUE wrap=AES-KW
bad_value CONFIG_VALUE allow-weak-kek=maybe
bad_value CONFIG_VALUE allow-imported-kek=1
for key in pkcs11-module-path pkcs11-module-init-args token pin-source kek wrap open-kek propquery; do
    bad_value CONFIG_VALUE "$key="
done
bad_value CONFIG_BAD_URI token=kek
bad_value CONFIG_BAD_URI 'token="pkcs11:token=%zz"'
bad_value CONFIG_PIN_SOURCE "pin-source=$work/pin"
bad_value CONTEXT_TOO_LONG "context=$(printf 'x%.0s' {1..4097})"
write_cnf 'kek="pkcs11:object=%zz"'
expect_failure CONFIG_BAD_URI kek seal -in plain

for key in pin pin_source keks open_kek open-keks tokens pkcs11_module_path pkcs11-module \
    allow_weak_kek allow_imported_kek contexts; do
    write_cnf "$key=x"
    both_ways CONFIG_UNKNOWN_KEY "$key"
done
write_cnf
works
