#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 1 GiB, both ways and for another KEK, in less than 32 MiB of memory.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

size=$((1 << 30))
limit=$((32 * 1024)) # KiB

measured() { # file for the peak, openssl's arguments
    local peak=$1
    shift
    with_envelope /usr/bin/time -f %M -o "$peak" openssl "$@" 2>err || {
        cat err >&2
        return 1
    }
}

stream $size | measured sealing.peak enc -e -envelope -K 0 -out sealed
measured opening.peak enc -d -envelope -K 0 -in sealed | cmp - <(stream $size) ||
    fail "what came out is not what went in"

make_kek kek invoices --id 0102030405060708090a0b0c0d0e0f10
write_cnf kek=invoices
header=$(header_length sealed)
measured rewrapping.peak enc -e -envelope-rewrap -K 0 -in sealed |
    cmp -i "$header" - sealed || fail "the body is another"

for way in sealing opening rewrapping; do
    peak=$(<$way.peak)
    echo "$way: peak of $peak KiB"
    ((peak < limit)) || fail "$way took $peak KiB of memory"
done
