#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every sample in conf/ works as it is, once the paths of module and PIN are the test's own.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_token "safe deposit"
make_kek kek orders --id "$kek_id"
make_kek "safe deposit" "orders backup" --id 0b0b
stream 5000 >plain

samples=("$source_dir"/conf/*.cnf)
((${#samples[@]} == 3)) || fail "a sample that this test does not know"
for sample in "${samples[@]}"; do
    for path in /usr/lib/softhsm/libsofthsm2.so /etc/envelope/pin; do
        grep -qF "$path" "$sample" || fail "$sample does not have $path"
    done
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|" \
        "$sample" >openssl.cnf
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
done

# The keys that a sample has commented out are ones that we know: with them it works as well.
sed -E -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|" \
    -e 's/^# ((open-kek|context) = )/\1/' "$source_dir/conf/envelope.cnf" >openssl.cnf
(($(grep -cE '^(open-kek|context) = ' openssl.cnf) == 2)) || fail "the sample has other keys now"
expect_failure CONTEXT_MISMATCH "" open -in sealed
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened

# The backup KEK opens alone what was sealed for both.
sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|" \
    "$source_dir/conf/backup-kek.cnf" >openssl.cnf
expect_quiet seal -in plain -out sealed
make_kek kek orders --destroy
expect_quiet open -in sealed -out opened
same plain opened
