#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The maximum number of KEKs of a message, and one more: a message that would not open is not sealed.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
stream 5000 >plain

for i in {1..33}; do
    make_kek kek "k$i" --id "$(printf '%032x' "$i")"
    ((i > 31)) || make_kek kek "long$i" --id "$(printf '%0128x' $((1000 + i)))"
done

# 32 work, whichever of them is there; 33 are refused.
write_cnf "kek=$(printf 'k%s ' {1..32})"
expect_quiet seal -in plain -out sealed
expect_quiet ossl enc -e -envelope-rewrap -K 0 -in sealed -out again
same sealed again # AES key wrap: the same KEKs and DEK make the same header
for i in 1 17 32; do
    write_cnf open-kek="k$i" "kek=k$i"
    expect_quiet open -in sealed -out opened
    same plain opened
done
write_cnf "kek=$(printf 'k%s ' {1..33})"
expect_failure CONFIG_VALUE "kek names more than 32 keys" seal -in plain
expect_failure CONFIG_VALUE "kek names more than 32 keys" ossl enc -e -envelope-rewrap -K 0 -in sealed

# References of 64 bytes: 30 of them make the longest header that fits, with 31 it does not.
write_cnf "kek=$(printf 'long%s ' {1..30})"
expect_quiet seal -in plain -out sealed
(($(header_length sealed) <= 3990)) || fail "a header of $(header_length sealed) bytes"
expect_quiet open -in sealed -out opened
same plain opened
write_cnf "kek=$(printf 'long%s ' {1..31})"
expect_failure KEKS_DO_NOT_FIT "31 KEKs make a header of [0-9]+ bytes; at most 3990" seal -in plain
expect_failure KEKS_DO_NOT_FIT "31 KEKs make" ossl enc -e -envelope-rewrap -K 0 -in sealed
