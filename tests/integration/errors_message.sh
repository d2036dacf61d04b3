#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Input that is not a message, is incomplete or was altered. (Unit tests search exhaustively for
# undetected tampering; this tests the reason that the user sees.)
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
stream 10000 >plain # three segments
seal -in plain -out sealed 2>err
size=$(stat -c %s sealed)
header=$(header_length sealed)
body=$((header + 74))

# Like expect_failure, but the output may have the plaintext of the segments before the bad one:
# those that were verified whole, of which the output contract lets an update write only a part.
expect_partial() { # reason, segments that may have come out, message
    local status=0 text out
    text=$(reason "$1")
    open -in "$3" >partial 2>failed.err || status=$?
    ((status == 1)) || fail "$1 expected, but the status is $status"
    if ! grep -qF ":$text:" failed.err; then
        cat failed.err >&2
        fail "$1 expected"
    fi
    out=$(stat -c %s partial)
    ((out <= $2 * 4096)) || fail "$1: $out bytes of output"
    cmp -n "$out" partial plain || fail "$1: the output is not the beginning of the plaintext"
}

# ---- no message ----

printf 'Dear Sir or Madam, this is not a message at all.\n' >letter
expect_failure NOT_A_MESSAGE "" open -in letter
seal -a -in plain -out sealed.b64 2>err
expect_failure NOT_A_MESSAGE "" open -in sealed.b64
# DER, but another kind of CMS; and the same kind, with its content inside, as openssl cms makes it
stock cms -encrypt -binary -aes-256-cbc -secretkey "$(printf '0%.0s' {1..64})" -secretkeyid 01 \
    -in letter -outform DER -out enveloped
expect_failure NOT_A_MESSAGE "" open -in enveloped
stock cms -encrypt -binary -aes-256-gcm -secretkey "$(printf '0%.0s' {1..64})" -secretkeyid 01 \
    -in letter -outform DER -out authenveloped
cat letter letter >>authenveloped # longer than the shortest message
expect_failure BAD_HEADER "" open -in authenveloped
stock cms -encrypt -binary -aes-256-gcm -secretkey "$(printf '0%.0s' {1..64})" -secretkeyid 01 \
    -in <(stream 20000) -outform DER -out authenveloped
expect_failure HEADER_TOO_LONG "" open -in authenveloped

# ---- truncated, or too long ----

for length in 0 1 20 $((header / 2)) $((header - 1)) "$header" $((header + 1)) $((body - 1)) "$body" \
    $((body + 3)) $((body + 4127)); do
    head -c "$length" sealed >shorter
    expect_failure TRUNCATED "" open -in shorter
done
for segments in 1 2; do
    head -c $((body + segments * 4128)) sealed >shorter
    expect_partial TRUNCATED $segments shorter
    head -c $((body + segments * 4128 + 10)) sealed >shorter
    expect_partial TRUNCATED $segments shorter
done
head -c $((size - 1)) sealed >shorter
expect_partial TRUNCATED 2 shorter
cat sealed letter >longer
expect_partial TRAILING_DATA 3 longer
cat sealed sealed >longer
expect_partial TRAILING_DATA 3 longer

# ---- altered ----

altered() { # offset: a copy with another byte there
    cp sealed altered
    flip altered "$1"
}

# the last byte of the MAC, and of the wrapped DEK (40 bytes; what follows it is of fixed length)
altered $((header - 1))
expect_failure NOT_AUTHENTIC "" open -in altered
wrapped=$(LC_ALL=C grep -obUaP '\x04\x28' sealed | awk -F: 'NR == 1 { print $1 }')
altered $((wrapped + 10))
expect_failure NOT_AUTHENTIC "" open -in altered
altered $((header + 1))
expect_failure BAD_FLOE_HEADER "" open -in altered
altered $((header + 4))
expect_failure SEGMENT_LENGTH "" open -in altered
altered $((header + 20)) # FLOE's IV
expect_failure CONTEXT_MISMATCH "" open -in altered
altered $((header + 60)) # FLOE's header tag
expect_failure CONTEXT_MISMATCH "" open -in altered
altered $((body + 10)) # the first segment's IV, ciphertext, tag
expect_failure BAD_SEGMENT "" open -in altered
altered $((body + 100))
expect_failure BAD_SEGMENT "" open -in altered
altered $((body + 4127))
expect_failure BAD_SEGMENT "" open -in altered
altered $((body + 4128 + 100))
expect_partial BAD_SEGMENT 1 altered
altered $((size - 1))
expect_partial BAD_SEGMENT 2 altered
altered $((body + 3)) # FFFFFFFE: no length of a segment
expect_failure BAD_SEGMENT_LENGTH "" open -in altered

# a segment dropped, and two swapped
{ part sealed 0 "$body" && part sealed $((body + 4128)) "$size"; } >dropped
expect_failure BAD_SEGMENT "" open -in dropped
{
    part sealed 0 "$body"
    part sealed $((body + 4128)) 4128
    part sealed "$body" 4128
    part sealed $((body + 8256)) "$size"
} >swapped
expect_failure BAD_SEGMENT "" open -in swapped

# another message's header
seal -in plain -out other 2>err
{ part other 0 "$header" && part sealed "$header" "$size"; } >mixed
expect_failure CONTEXT_MISMATCH "" open -in mixed

# ---- the application's context ----

write_cnf "context=invoice 7"
expect_failure CONTEXT_MISMATCH "the context of openssl.cnf has 9 bytes" open -in sealed
seal -in plain -out sealed.context 2>err
expect_quiet open -in sealed.context -out opened
same plain opened
write_cnf "context=invoice 8"
expect_failure CONTEXT_MISMATCH "" open -in sealed.context
write_cnf
expect_failure CONTEXT_MISMATCH "no context was given, nor is one in openssl.cnf" open -in sealed.context

# ---- one update too large: EVP alone can do that ----

expect_failure UPDATE_TOO_LARGE ENVELOPE-64K with_envelope "$ENVELOPE_PROGRAMS/one_update" 1048576
with_envelope "$ENVELOPE_PROGRAMS/one_update" 400000 >sealed.once
expect_quiet open -in sealed.once -out opened
head -c 400000 /dev/zero | cmp - opened
