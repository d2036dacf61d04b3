#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kek = orders/*: the newest version that may seal does, and every version opens.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/kek_versions.sh
source "$source_dir/tests/lib/kek_versions.sh"
it_is 2031-06-15

# Seals, and says under which label.
sealed_with() { # name of the file
    expect_quiet seal -in plain -out "$1"
    tool census --labels "$1" >inspected
    sed -nE "s/.*key '([^']*)'.*/\1/p" inspected | head -n 1
}

newest_is() { # label, file
    local got
    got=$(sealed_with "$2")
    [[ $got == "$1" ]] || fail "sealed with '$got', not '$1'"
}

write_cnf 'kek=orders/*'
expect_failure KEK_NOT_FOUND 'orders/\*.*no key' seal -in plain -out sealed
make_version orders/1
newest_is orders/1 one
make_version orders/2 -pkeyopt not-before:2031-07-01
newest_is orders/1 still-one
it_is 2031-07-01
newest_is orders/2 two

# By number, not by letters; and only what is a number is a version.
for label in orders/10 orders/9 orders/010 orders/x orders/99x orders/ orders/-1 orders/99999999999 ordersx/77 borders/88; do
    make_version "$label"
done
newest_is orders/10 ten

# What may not seal is passed over: an end, the policy, the configuration, two keys of one label.
make_version orders/11 -pkeyopt not-after:2031-07-02
newest_is orders/11 eleven
it_is 2031-07-03
newest_is orders/10 ten-again
make_kek kek orders/12 --id 12 --extractable
make_kek kek orders/13 --id 13 --public
newest_is orders/10 sealed
make_version orders/14
make_version orders/14 -pkeyopt same-label:yes
newest_is orders/10 sealed
write_cnf 'kek=orders/*' open-only-kek=orders/10
newest_is orders/9 nine
write_cnf 'kek=orders/*' 'disabled-kek=orders/10 orders/9'
newest_is orders/2 sealed
expect_failure KEK_DISABLED "orders/10" open -in ten

# All open, whichever seals; and back to an older one.
write_cnf 'kek=orders/2'
newest_is orders/2 back
write_cnf 'kek=orders/*'
for file in one still-one two ten eleven ten-again nine back; do
    expect_quiet open -in "$file" -out opened
    same plain opened
done

# No version is left: the error has the reason of the newest one.
write_cnf 'kek=orders/*' 'open-only-kek=orders/*'
expect_failure KEK_NO_VERSION 'orders/\*:' seal -in plain -out sealed
expect_quiet open -in ten -out opened
write_cnf 'kek=orders/*' 'disabled-kek=orders/*'
expect_failure KEK_NO_VERSION 'orders/\*:' seal -in plain -out sealed
expect_failure KEK_DISABLED "" open -in ten
write_cnf 'kek=orders/*' 'open-kek=orders/2'
expect_failure KEK_NOT_ALLOWED "" open -in ten

# Other ways to name it: as key bytes, a URI, beside others.
write_cnf kek=orders/1
key=$(printf 'orders/*' | od -An -v -tx1 | tr -d ' \n')
expect_quiet ossl enc -e -envelope -K "$key" -in plain -out sealed
tool census --labels sealed >inspected
grep -q "key 'orders/10'" inspected || fail "$(<inspected)"
write_cnf 'kek="pkcs11:token=kek;object=orders%2F*"'
newest_is orders/10 sealed
write_cnf 'kek=orders/* borders/88'
expect_quiet seal -in plain -out sealed
tool census --labels sealed >inspected
for label in orders/10 borders/88; do
    grep -q "key '$label'" inspected || fail "$(<inspected)"
done
write_cnf 'kek=absent/* orders/*' 'kek-optional=absent/*'
newest_is orders/10 sealed
write_cnf 'kek=absent/* orders/*'
expect_failure KEK_NOT_FOUND 'absent/\*' seal -in plain -out sealed

# One key is wanted: no label of a new one, no key wrap; a listing has them all.
expect_failure KEK_VERSIONS_NAMED 'orders/\*' \
    ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt 'label:orders/*' -out key.pem
write_cnf 'kek=orders/*'
wrap_zeros() {
    head -c 32 /dev/zero | with_envelope "$ENVELOPE_PROGRAMS/wrap" -e envelope-aes-256-wrap \
        "$(printf '0%.0s' {1..64})"
}
expect_failure KEK_VERSIONS_NAMED 'orders/\*' wrap_zeros
expect_quiet ossl storeutl -keys -text -noout 'envelope:object=orders%2F*' >text
[[ $(grep -c '^    Label: orders/[1-9]' text) == 9 ]] || fail "$(<text)"

# RSA: a version of a name in kek is named, and opens; a key of another name is not.
make_version rsa/1 -pkeyopt type:RSA
make_version rsa/2 -pkeyopt type:RSA -pkeyopt not-before:2031-08-01
write_cnf 'kek=rsa/*'
newest_is rsa/1 rsa-one
it_is 2031-08-01
newest_is rsa/2 rsa-two
expect_quiet open -in rsa-one -out opened
same plain opened
write_cnf 'kek=orders/*'
expect_failure KEK_NOT_NAMED "rsa/1" open -in rsa-one
write_cnf 'kek=orders/*' 'open-only-kek=rsa/*'
expect_quiet open -in rsa-one -out opened

# rewrap takes everything to the newest.
mkdir archive
cp one two ten eleven nine archive
write_cnf 'kek=orders/*'
tool_gives 0 - rewrap archive
grep -q '^4 re-wrapped' out || fail "$(<out)"
tool_gives 0 - census --labels archive
[[ $(grep "key '" out) == *"key 'orders/10'"* && $(grep -c "key '" out) == 1 ]] || fail "$(<out)"
tool_gives 0 - verify archive
