#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Messages for several KEKs on several tokens and modules: any one opens, and some cannot be reached
# (kek-optional).
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

directory_of() { # token label
    dirname "$(grep -lr --include=token.object -- "$1 " tokens)"
}

make_token kek
make_token safe
make_kek kek orders --id 0a0b
make_kek safe recovery --id 0c0d
both='token="pkcs11:token=kek pkcs11:token=safe"'
write_cnf "$both" kek="orders recovery"
stream 10000 >plain

# Each opens alone: the other's token is absent, or not admitted.
expect_quiet seal -in plain -out sealed
for gone in kek safe; do
    dir=$(directory_of $gone)
    mv "$dir" away
    expect_quiet open -in sealed -out opened
    same plain opened
    mv away "$dir"
done

# A token that fails does not keep the next KEK from opening: its PIN is wrong.
echo 00000000 >wrong
for bad in kek safe; do
    good=safe
    [[ $bad == kek ]] || good=kek
    write_cnf token="\"pkcs11:token=$bad?pin-source=file:$work/wrong pkcs11:token=$good\""
    expect_quiet open -in sealed -out opened
    same plain opened
done

# Sealing needs every one, and says which is missing.
write_cnf "$both" kek="orders recovery"
dir=$(directory_of safe)
mv "$dir" away
expect_failure KEK_NOT_FOUND "recovery; looked at token 'kek'" seal -in plain
write_cnf "$both" kek="orders pkcs11:token=safe;object=recovery"
expect_failure NO_TOKEN "token=safe" seal -in plain

# But for those that are optional.
write_cnf "$both" kek="orders recovery" kek-optional=recovery
expect_quiet seal -in plain -out without
expect_quiet open -in without -out opened
same plain opened
[[ $(stock cms -cmsout -print -noout -inform DER -in without | grep -c keyIdentifier:) == 1 ]] ||
    fail "not for one KEK"
write_cnf "$both" kek="recovery" kek-optional=recovery
expect_failure NO_KEK_LEFT "recovery" seal -in plain
mv away "$dir"
write_cnf "$both" kek="orders recovery" kek-optional=recovery
expect_quiet seal -in plain -out sealed
[[ $(stock cms -cmsout -print -noout -inform DER -in sealed | grep -c keyIdentifier:) == 2 ]] ||
    fail "not for both KEKs"
write_cnf "token=\"pkcs11:token=safe?pin-source=file:$work/wrong pkcs11:token=kek\"" \
    kek="orders recovery" kek-optional=recovery
expect_quiet seal -in plain -out without
write_cnf "token=\"pkcs11:token=safe?pin-source=file:$work/wrong pkcs11:token=kek\"" \
    kek="orders recovery"
expect_failure PIN_WRONG "token 'safe'" seal -in plain

# What is refused is never passed over.
make_kek safe weak --id 0e0f --extractable
write_cnf "$both" kek="orders weak" kek-optional=weak
expect_failure KEK_EXTRACTABLE weak seal -in plain

# Optional KEKs must be in kek.
write_cnf "$both" kek="orders" kek-optional="orders recovery"
expect_failure CONFIG_VALUE "kek-optional: recovery" seal -in plain
write_cnf "$both" kek="orders" kek-optional=" "
expect_failure CONFIG_VALUE "kek-optional is empty" seal -in plain
write_cnf "$both" kek="orders" optional-kek="orders"
expect_failure CONFIG_UNKNOWN_KEY optional-kek seal -in plain

# Words that mean one KEK are one recipient.
write_cnf "$both" kek="orders pkcs11:object=orders orders pkcs11:token=kek;object=orders pkcs11:id=%0a%0b"
expect_quiet seal -in plain -out sealed
[[ $(stock cms -cmsout -print -noout -inform DER -in sealed | grep -c keyIdentifier:) == 1 ]] ||
    fail "one KEK is several recipients"

# ---- several modules ----

# One that does not load or start is passed over.
write_cnf pkcs11-module-path="\"$work/none%20such.so $softhsm\""
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
write_cnf pkcs11-module-path="\"$work/none.so $work/none%20such.so\""
expect_failure NO_MODULE "none such.so" seal -in plain
write_cnf pkcs11-module-path="\"$softhsm $softhsm\"" pkcs11-module-init-args=x
expect_failure CONFIG_VALUE "pkcs11-module-init-args" seal -in plain
write_cnf pkcs11-module-path="\"$softhsm /x%zz\""
expect_failure CONFIG_VALUE "pkcs11-module-path" seal -in plain
write_cnf token='"pkcs11:token=kek 1234"'
expect_failure CONFIG_BAD_URI "token: one of its words" seal -in plain
