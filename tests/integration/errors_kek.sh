#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Which KEKs are refused, with which reason, and which option accepts them.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
echo words >plain
seal -in plain -out sealed 2>err

write_cnf -kek
expect_failure NO_KEK_CONFIGURED "" seal -in plain
expect_quiet open -in sealed -out opened # a message names its KEK

write_cnf kek=absent
expect_failure KEK_NOT_FOUND absent seal -in plain
write_cnf "kek=orders absent"
expect_failure KEK_NOT_FOUND absent seal -in plain

# A KEK that must be refused by its own reason, for sealing as well as for opening: a message for
# it is made with the option that accepts it.
refused() { # reason, option that accepts it or "", label, make_kek's options
    local name=$1 option=$2 label=$3
    shift 3
    make_kek kek "$label" "$@"
    write_cnf "kek=$label"
    expect_failure "$name" "$label" seal -in plain
    [[ -n $option ]] || return 0
    write_cnf "kek=$label" "$option=yes"
    expect_quiet seal -in plain -out "sealed.$label"
    expect_quiet open -in "sealed.$label" -out opened
    same plain opened
    write_cnf "kek=$label"
    expect_failure "$name" "$label" open -in "sealed.$label"
}

value=$(stock rand -hex 32)
refused KEK_TOO_WEAK allow-weak-kek weak128 --id 11 --bits 128
refused KEK_TOO_WEAK allow-weak-kek weak192 --id 12 --bits 192
refused KEK_EXTRACTABLE allow-weak-kek extractable --id 13 --extractable
refused KEK_NOT_SENSITIVE allow-weak-kek readable --id 14 --not-sensitive
refused KEK_PUBLIC allow-weak-kek public --id 15 --public
refused KEK_IMPORTED allow-imported-kek imported --id 16 --import "$value"
refused KEK_WITHOUT_ID "" without-id --no-id
refused KEK_WITHOUT_ID "" longest-id --id "$(printf 'cd%.0s' {1..513})"
refused KEK_USAGE "" useless --id 17 --usage none

# An option accepts what it names and nothing else.
write_cnf kek=imported allow-weak-kek=yes
expect_failure KEK_IMPORTED imported seal -in plain
write_cnf kek=extractable allow-imported-kek=yes
expect_failure KEK_EXTRACTABLE extractable seal -in plain
write_cnf kek=extractable allow-weak-kek=no
expect_failure KEK_EXTRACTABLE extractable seal -in plain

# Two keys of one label: the error lists their ids, and an id in a URI chooses.
make_kek kek twice --id 2a2b
make_kek kek twice --id 2c2d
write_cnf kek=twice
expect_failure KEK_AMBIGUOUS 2a2b seal -in plain
expect_failure KEK_AMBIGUOUS 2c2d seal -in plain
write_cnf 'kek="pkcs11:object=twice;id=%2c%2d"'
expect_quiet seal -in plain -out sealed.twice
write_cnf
expect_quiet open -in sealed.twice -out opened

# open-kek: labels or ids that may open.
write_cnf open-kek=twice
expect_failure KEK_NOT_ALLOWED "" open -in sealed
for allowed in orders "$kek_id" "twice orders" "2a2b $kek_id"; do
    write_cnf "open-kek=$allowed"
    expect_quiet open -in sealed -out opened
    same plain opened
done

# A password is no KEK's name, and the bytes that come from it are not shown.
write_cnf
password=(-pbkdf2 -nosalt -k secret-password)
key=$(stock enc -aes-256-ctr "${password[@]}" -P | sed -n 's/^key=//p')
for way in -e -d; do
    expect_failure KEY_IS_NO_SELECTOR "" ossl enc $way -envelope "${password[@]}" -in sealed
    if grep -qiF -e "$key" -e secret-password failed.err; then
        fail "key bytes are on stderr: $(<failed.err)"
    fi
    expect_failure KEY_IS_NO_SELECTOR "" ossl enc $way -envelope -pbkdf2 -nosalt \
        -pass pass:secret-password -in sealed
    expect_failure KEY_IS_NO_SELECTOR "" ossl enc $way -envelope -K "$key" -in sealed
done

# A KEK that is not here: destroyed, or on another token than the configured one.
write_cnf "token=\"pkcs11:token=other\""
make_token other
expect_failure KEK_NOT_HERE "" open -in sealed
write_cnf
make_kek kek orders --destroy
expect_failure KEK_NOT_HERE "" open -in sealed
expect_failure KEK_NOT_FOUND orders seal -in plain
