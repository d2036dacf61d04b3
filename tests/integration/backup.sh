#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/BACKUP.md, word for word and in its order: a KEK made outside, put into two tokens, and the
# check that either opens what the other sealed. It has its own marks, because its openssl.cnf
# differs from that of the other documents.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}") # the examples run other programs
sed 's/^<!-- backup: /<!-- test: /' "$source_dir/docs/BACKUP.md" >page.md
stream 5000 >report.pdf

run_block() { # name, what it is run by
    block page.md "$1" sh >"$1.sh"
    PIN=$pin MODULE=$softhsm "$2" bash -euo pipefail "$1.sh" >"$1.out" 2>&1 ||
        fail "example $1: $(<"$1.out")"
}

run_block tokens env
echo >openssl.cnf
run_block import env
grep -q "shred -u" import.sh || fail "the key is not shredded"
block page.md configuration ini | sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" \
    -e "s|/etc/envelope/pin|$work/pin|" >openssl.cnf
run_block check with_envelope
run_block both with_envelope
[[ $(block_names page.md | wc -l) == 5 ]] || fail "an example is not run"

# Without the word that says that nobody kept a copy.
sed -i 's/^allow-imported-kek = yes$//' openssl.cnf
expect_failure KEK_IMPORTED orders seal -in report.pdf
echo "allow-imported-kek = yes" >>openssl.cnf

# One token absent, then the other: messages open, and sealing continues.
directory_of() { # token label
    dirname "$(grep -lr --include=token.object -- "$1 " tokens)"
}
a=$(directory_of orders-a)
b=$(directory_of orders-b)
for gone in "$a" "$b"; do
    mv "$gone" away
    expect_quiet open -in report.sealed -out opened
    same report.pdf opened
    expect_quiet seal -in report.pdf -out sealed
    mv away "$gone"
    expect_quiet open -in sealed -out opened
    same report.pdf opened
done
mv "$a" away-a
mv "$b" away-b
expect_failure NO_TOKEN "orders-a" open -in report.sealed
mv away-a "$a"
mv away-b "$b"

# A third token has another key of the id: nothing is sealed until that is cleared up.
make_token orders-c
id=$(ossl storeutl -keys -text -noout envelope:token=orders-a | sed -nE 's/.*id=([%0-9a-fA-F]+).*/\1/p' | head -1)
make_kek orders-c orders --id "${id//%/}" --import "$(stock rand -hex 32)"
sed -i 's/^token = .*/token = "pkcs11:token=orders-a pkcs11:token=orders-b pkcs11:token=orders-c"/' openssl.cnf
expect_failure KEK_DIFFERS "orders-c" seal -in report.pdf
expect_quiet open -in report.sealed -out opened
same report.pdf opened
