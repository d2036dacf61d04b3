#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Loading the provider touches no token and changes nothing for programs that do not ask for it.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
echo words >plain

spy=$(first_file /usr/lib/*/pkcs11/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so)
write_cnf "pkcs11-module-path=\"$spy\""
export PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/spied

untouched() {
    "$@" >out 2>err || fail "$*: $(<err)"
    [[ ! -e spied ]] || fail "a token was touched: $*: $(head -20 spied)"
}

untouched ossl list -providers
grep -q '^  envelope$' out || fail "not loaded: $(<out)"
untouched ossl list -cipher-algorithms
untouched ossl dgst -sha256 plain
untouched ossl rand 8
untouched ossl enc -aes-256-ctr -K 00 -iv 00 -in plain -out stock.encrypted
untouched ossl enc -d -aes-256-ctr -K 00 -iv 00 -in stock.encrypted -out opened
same plain opened

# Stock names are not ours.
ossl list -cipher-algorithms -provider envelope >out
grep ' @ envelope' out | grep -vi ENVELOPE && fail "an algorithm of another's name is ours"

# What asks for it does touch the token: so the spy is no ornament.
seal -in plain -out sealed 2>err
[[ -s spied ]] || fail "the spy saw nothing"

# A module that cannot be loaded, a section full of mistakes: still no harm to others.
write_cnf pkcs11-module-path=/absent wrap=nonsense pin=x
rm spied
untouched ossl enc -aes-256-ctr -K 00 -iv 00 -in plain -out stock.encrypted
