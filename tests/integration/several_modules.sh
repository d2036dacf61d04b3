#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same KEK in SoftHSM's token and in NSS's, in two modules that p11-kit knows: when one is lost,
# the other opens and seals. (several_keks.sh has modules that the configuration names.)
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_nss
value=$(stock rand -hex 32)
make_kek kek shared --id 1011 --import "$value"
make_nss_kek shared --id 1011 --import "$value"
printf 'module: %s\nx-init-reserved: %s\n' "$softokn" "$init_args" >"$p11_modules/nss.module"
write_cnf -pkcs11-module-path 'token="pkcs11:token=kek pkcs11:token=NSS%20Certificate%20DB"' \
    kek=shared allow-imported-kek=yes
stream 10000 >plain

expect_quiet seal -in plain -out sealed
mv tokens tokens-away
expect_quiet open -in sealed -out opened
same plain opened
expect_quiet seal -in plain -out by-nss
mv tokens-away tokens
mv nss nss-away
expect_quiet open -in by-nss -out opened
same plain opened
