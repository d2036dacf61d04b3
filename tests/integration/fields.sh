#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fields with the real openssl and key files made by envelope key: by stand-in, by name and by key
# bytes of the form ENVF; versions, tenant keys, and the reason of each refusal.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/fields.sh
source "$source_dir/tests/lib/fields.sh"
make_two_places
named_cnf allow-keys="users email tenants" field-key=users "audit-log=\"file:$work/audit.log\""

by() { # hexadecimal key bytes, -e or -d, further arguments of openssl enc
    local bytes=$1 direction=$2
    shift 2
    ossl enc "$direction" -envelope-field -K "$bytes" "$@"
}

key new users --for ENVELOPE-FIELD
key stand-in users --for-app web
stand_in=$(<out)
[[ ${#stand_in} == 32 ]] || fail "a stand-in of ${#stand_in} bytes"
web=$(printf %s "$stand_in" | hex)
printf JBSWY3DPEHPK3PXP >value

# ---- by stand-in, and by field-key of openssl.cnf ----

expect_quiet by "$web" -e -in value -out field
[[ $(stat -c %s field) == 65 && $(head -c 1 field | hex) == 01 ]] || fail "no field: $(hex <field)"
expect_quiet by "$web" -d -in field -out opened
same value opened
by 0 -d -in field -out opened 2>/dev/null
same value opened
: >empty
by "$web" -e -in empty -out field.empty
[[ $(stat -c %s field.empty) == 49 ]] || fail "an empty value"
by "$web" -d -in field.empty -out opened
same empty opened

# A process uses the KEK once, however many fields; each of these is a process.
[[ $(grep -c '"operation":"open".*"named_key":"users@1"' audit.log) -ge 3 ]] || fail "$(<audit.log)"

# ---- what does not open ----

cp field altered
flip altered 40
expect_failure FIELD_NOT_AUTHENTIC "" by "$web" -d -in altered
head -c 64 field >altered
expect_failure FIELD_NOT_AUTHENTIC "" by "$web" -d -in altered
head -c 48 field >altered
expect_failure FIELD_TOO_SHORT "" by "$web" -d -in altered
expect_failure NOT_A_FIELD "" by "$web" -d -in value
expect_failure FIELD_NO_UPDATE "" by "$web" -d -in empty
expect_failure KEY_REFUSED "" by "$(printf 'key:%028d' 0 | hex)" -d -in field
expect_failure FIELD_KEY_BYTES "" by "$(printf '%032d' 0 | hex)" -d -in field
expect_failure FIELD_KEY_FORM "" by "$(printf 'ENVF%028d' 0 | hex)" -d -in field

# More than openssl enc gives at once: one value, which opens in one update alone, or an error;
# never a shorter one that opens.
stream 5000 >long
by "$web" -e -in long -out field.long
[[ $(stat -c %s field.long) == 5049 ]] || fail "$(stat -c %s field.long) bytes"
expect_failure FIELD_NOT_AUTHENTIC "" by "$web" -d -in field.long

# ---- versions ----

key rotate users --seal-from now
by "$web" -e -in value -out field.2
[[ $(head -c 9 field | hex) != "$(head -c 9 field.2 | hex)" ]] || fail "the older version seals"
for file in field field.2; do
    by "$web" -d -in $file -out opened
    same value opened
done
rm keys/users@1.envkey
expect_failure FIELD_KEY_UNKNOWN "no version of users has the key id" by "$web" -d -in field
by "$web" -d -in field.2 -out opened
same value opened

# ---- deterministic ----

key new email --for ENVELOPE-FIELD-DETERMINISTIC
key stand-in email --for-app web
equal=$(hex <out)
equal=${equal%0a}
for i in 1 2; do
    ossl enc -e -envelope-field-deterministic -K "$equal" -in value -out equal.$i
done
same equal.1 equal.2
[[ $(stat -c %s equal.1) == 41 ]] || fail "its length"
ossl enc -d -envelope-field-deterministic -K "$equal" -in equal.1 -out opened
same value opened
expect_failure FIELD_OTHER_CIPHER "" by "$web" -d -in equal.1
expect_failure KEY_REFUSED "" by "$equal" -e -in value
if ossl enc -e -envelope-field-deterministic -K "$equal" -in long -out cut 2>err; then
    fail "5000 bytes in two updates"
fi
grep -qF "$(reason FIELD_SECOND_UPDATE)" err || fail "$(<err)"
expect_failure FIELD_NOT_AUTHENTIC "" ossl enc -d -envelope-field-deterministic -K "$equal" -in cut

# ---- by name, and with key bytes that say all: context and tenant ----

names_too
by "$web" -e -in long -out field.long # in several updates; it opens in one
by_name ENVELOPE-FIELD -d "$web" <field.long >opened 2>err || fail "$(<err)"
same long opened
with_context=$(form "$stand_in" "" "" users.otp/17)
by_name ENVELOPE-FIELD -e "$with_context" <value >field 2>err || fail "$(<err)"
grep -qx "ENVELOPE-FIELD, key 32, iv 0, block 64" err || fail "$(<err)"
by_name envelope-field -d "$with_context" <field >opened 2>err || fail "$(<err)"
same value opened
expect_failure FIELD_NOT_AUTHENTIC "" by_name ENVELOPE-FIELD -d \
    "$(form "$stand_in" "" "" users.otp/18)" <field
expect_failure FIELD_NOT_AUTHENTIC "" by "$web" -d -in field

key new tenants --for tenant-keys
key stand-in tenants --for-app web
above=$(<out)
head -c 32 /dev/urandom >secret
by_name ENVELOPE-FIELD -e "$(form "$above" "" "" "tenant key v1:acme")" <secret >tenant.key 2>err ||
    fail "$(<err)"
[[ $(stat -c %s tenant.key) == 81 ]] || fail "a tenant key of $(stat -c %s tenant.key) bytes"
sealed=$(hex <tenant.key)
for cipher in ENVELOPE-FIELD ENVELOPE-FIELD-DETERMINISTIC; do
    by_name $cipher -e "$(form "$above" "$sealed" acme users.otp/17)" <value >field 2>err || fail "$(<err)"
    by_name $cipher -d "$(form "$above" "$sealed" acme users.otp/17)" <field >opened 2>err || fail "$(<err)"
    same value opened
    expect_failure TENANT_KEY_CLOSED "" by_name $cipher -d \
        "$(form "$above" "$sealed" emca users.otp/17)" <field
    expect_failure KEY_REFUSED "" by_name $cipher -d \
        "$(form "$stand_in" "$sealed" acme users.otp/17)" <field
done
expect_failure TENANT_KEY_STAYS "" by_name ENVELOPE-FIELD -d \
    "$(form "$above" "" "" "tenant key v1:acme")" <tenant.key

# ---- the KEK is rotated: one file is re-wrapped, no field is touched ----

make_kek kek next --id 0e0f
named_cnf kek="next recovery" open-only-kek=orders allow-keys="users email tenants"
tool rewrap keys >/dev/null 2>err || fail "$(<err)"
by "$web" -d -in field.2 -out opened
same value opened
