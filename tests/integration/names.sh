#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope-names: programs that only use EVP_get_cipherbyname find our strict ciphers.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

by_name=$ENVELOPE_PROGRAMS/by_name
# The line that registers them, after providers or before it, and its section.
with_names() { # before or behind
    local line='envelope-names = names_sect'
    write_cnf
    if [[ $1 == behind ]]; then
        sed -i "s/^providers = .*/&\n$line/" "$cnf"
    else
        sed -i "s/^providers = .*/$line\n&/" "$cnf"
    fi
    printf '[names_sect]\npath = %s\n' "$ENVELOPE_MODULE_DIR/envelope.so" >>"$cnf"
}

stream 100000 >plain
write_cnf
if with_envelope "$by_name" ENVELOPE -e <plain >sealed 2>err; then
    fail "ENVELOPE is known without envelope-names"
fi
grep -qx "no such cipher" err || fail "$(<err)"

with_names behind
for name in ENVELOPE envelope ENVELOPE-AES-256-GCM ENVELOPE-64K envelope-aes-256-gcm-64k; do
    with_envelope "$by_name" "$name" -e <plain >sealed 2>err || fail "$name: $(<err)"
    grep -qE '^ENVELOPE-AES-256-GCM(-64K)?-STRICT, key 32, iv 0, block (4128|65568)$' err ||
        fail "$name: $(<err)"
    with_envelope "$by_name" "$name" -d <sealed >opened 2>err || fail "$name: $(<err)"
    same plain opened
    # the same message as by any other way
    [[ ${name^^} == *64K ]] || open -in sealed -out opened
    same plain opened
done
seal -in plain -out sealed
with_envelope "$by_name" ENVELOPE -d <sealed >opened 2>err || fail "$(<err)"
same plain opened

# Loaded twice; and names of others are what they were.
with_envelope "$by_name" ENVELOPE -e again <plain >sealed 2>err || fail "$(<err)"
open -in sealed -out opened
same plain opened
with_envelope "$by_name" AES-256-CTR -e <plain >sealed 2>err || fail "$(<err)"
grep -q '^AES-256-CTR' err || fail "$(<err)"

# What an altered message comes to.
seal -in plain -out sealed
flip sealed 50000
expect_failure BAD_SEGMENT "" with_envelope bash -c "'$by_name' ENVELOPE -d <sealed >/dev/null"

# Before the providers are loaded the names cannot be registered: the program continues without them.
with_names before
if with_envelope "$by_name" ENVELOPE -e <plain >sealed 2>err; then
    fail "the names are known before there is a provider"
fi
grep -qx "no such cipher" err || fail "$(<err)"
expect_quiet seal -in plain -out sealed

# The same in a program that ends itself in every way: nothing crashes.
with_names behind
valgrind=(valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
    --suppressions="$source_dir/tests/lib/valgrind.supp")
if [[ -z ${ENVELOPE_SANITIZE-} ]]; then
    with_envelope "${valgrind[@]}" "$by_name" ENVELOPE -e <plain >sealed 2>err || fail "$(<err)"
fi
