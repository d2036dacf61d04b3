#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every size around a segment's and a buffer's edge, through the real openssl enc.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

# Header, FLOE header (74), and 32 bytes for each segment of 4096: the last one is empty where the
# size divides.
check_length() { # plain size, message file
    local expected=$(($(header_length "$2") + 74 + $1 + 32 * (1 + $1 / 4096)))
    (($(stat -c %s "$2") == expected)) ||
        fail "a message of $1 bytes has $(stat -c %s "$2") bytes, not $expected"
}

sizes=(0 1 31 32 33 4063 4064 4065 4095 4096 4097 8191 8192 8193 1048575 1048576 1048577)
for size in "${sizes[@]}"; do
    stream "$size" >plain

    # file to file
    expect_quiet seal -in plain -out sealed
    check_length "$size" sealed
    expect_quiet open -in sealed -out opened
    same plain opened

    # through pipes
    stream "$size" | seal 2>err | tee sealed.piped | open -out opened 2>err
    same plain opened
    check_length "$size" sealed.piped

    # in base64, in lines and in one
    for lines in -a "-a -A"; do
        # shellcheck disable=SC2086
        expect_quiet seal $lines -in plain -out sealed.b64
        LC_ALL=C grep -qvE '^[A-Za-z0-9+/=]*$' sealed.b64 && fail "not base64"
        # shellcheck disable=SC2086
        expect_quiet open $lines -in sealed.b64 -out opened
        same plain opened
    done
done

# Two messages of the same plaintext have nothing in common behind the header's fixed fields.
stream 100 >plain
seal -in plain -out one 2>err
seal -in plain -out two 2>err
cmp -s one two && fail "two messages are the same"

# The KEK by its label in the key bytes, where none is configured; another one beside it.
make_kek kek invoices --id 0b0b
write_cnf -kek
key=$(printf invoices | od -An -tx1 | tr -d ' \n')
expect_quiet ossl enc -e -envelope -K "$key" -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
od -An -v -tx1 sealed | tr -d ' \n' | found '04020b0b' || fail "sealed under another KEK"

# With strict output as well, in the pieces that openssl enc hands on.
write_cnf strict-output=yes
stream 300000 >plain
expect_quiet seal -in plain -out sealed
check_length 300000 sealed
expect_quiet open -in sealed -out opened
same plain opened

# Other buffer sizes of openssl enc, and the long name of the cipher.
write_cnf
stream 100000 >plain
for size in 64 512 4096 4097 65536 300000; do
    expect_quiet ossl enc -e -envelope-aes-256-gcm -K 0 -bufsize "$size" -in plain -out sealed
    expect_quiet ossl enc -d -envelope-aes-256-gcm -K 0 -bufsize "$size" -in sealed -out opened
    same plain opened
done
