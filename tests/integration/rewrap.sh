#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ENVELOPE-REWRAP through the real openssl enc: from a KEK in one token to one in another. (Unit
# tests cover input in pieces.)
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
new_id=aabbccddeeff00112233445566778899
make_token second
make_kek second invoices --id "$new_id"

with_old() { # our configuration when the old KEK alone is here
    write_cnf "$@"
}
with_both() {
    write_cnf -token kek=invoices "$@"
}
with_new() {
    write_cnf token='"pkcs11:token=second"' kek=invoices "$@"
}
rewrap() { # further arguments of openssl enc
    ossl enc -e -envelope-rewrap -K 0 "$@"
}
# That the second message is the first, for the new KEK: header by header, and all that follows.
check_rewrapped() { # old, new, plain
    with_old
    expect_failure KEK_NOT_HERE "$new_id" open -in "$2"
    with_new
    expect_quiet open -in "$2" -out opened
    same "$3" opened
    cmp -s -i "$(header_length "$1"):$(header_length "$2")" "$1" "$2" || fail "the body is another"
    with_both
}

# ---- messages ----

for size in 0 1 4096 100000; do
    stream $size >plain
    with_old
    expect_quiet seal -in plain -out old
    with_both
    expect_quiet rewrap -in old -out new
    check_rewrapped old new plain
    # through pipes, in small pieces and in base64
    head -c 200000 old | rewrap 2>err | cat >new.piped || fail "$(<err)"
    check_rewrapped old new.piped plain
    expect_quiet rewrap -bufsize 64 -in old -out new
    check_rewrapped old new plain
    expect_quiet rewrap -a -in old -out new.b64
    stock base64 -d -in new.b64 -out new
    check_rewrapped old new plain
done

# The KEK by its label in the key bytes; back again; and for two KEKs.
with_both -kek
expect_quiet ossl enc -e -envelope-rewrap -K "$(printf invoices | od -An -tx1 | tr -d ' \n')" \
    -in old -out new
check_rewrapped old new plain
with_both kek=orders
expect_quiet rewrap -in new -out back
same old back # AES key wrap: the same KEK and DEK make the same header
with_both "kek=orders invoices"
expect_quiet rewrap -in old -out both
for with in with_old with_new; do
    $with
    expect_quiet open -in both -out opened
    same plain opened
done

# A context is not asked for, and stays what it was.
with_old "context=invoice 7"
expect_quiet seal -in plain -out old
with_both
expect_quiet rewrap -in old -out new
with_new
expect_failure CONTEXT_MISMATCH "" open -in new
with_new "context=invoice 7"
expect_quiet open -in new -out opened
same plain opened

# Segments of 64 KiB.
with_old
with_envelope "$ENVELOPE_PROGRAMS/one_update" 1500000 ENVELOPE-64K >old.64k
with_both
expect_quiet rewrap -in old.64k -out new.64k
cmp -s -i "$(header_length old.64k):$(header_length new.64k)" old.64k new.64k || fail "the body is another"

# ---- sealed keys ----

kem() { # encapsulate or decapsulate, key, file
    with_envelope "$ENVELOPE_PROGRAMS/kek_kem" "$@"
}
with_old
expect_quiet kem encapsulate envelope:object=orders key.old >secret
with_both
expect_quiet rewrap -in key.old -out key.new
expect_quiet kem decapsulate envelope:object=invoices key.new >again
same secret again
expect_failure OTHER_KEK invoices kem decapsulate envelope:object=invoices key.old
echo more >>key.old
expect_failure TRAILING_DATA "" rewrap -in key.old

# ---- what is refused; nothing comes out ----

with_old
stream 10000 >plain
expect_quiet seal -in plain -out old
header=$(header_length old)
with_both
printf 'Dear Sir or Madam, this is not a message at all.\n' >letter
expect_failure NOT_A_MESSAGE "" rewrap -in letter
expect_failure REWRAP_DECRYPT "" ossl enc -d -envelope-rewrap -K 0 -in old
for length in 0 20 $((header - 1)) "$header" $((header + 73)); do
    head -c "$length" old >shorter
    expect_failure TRUNCATED "" rewrap -in shorter
done
cp old altered
flip altered $((header - 1)) # the MAC
expect_failure NOT_AUTHENTIC "" rewrap -in altered
cp old altered
flip altered $((header + 4)) # the segment length in FLOE's header
expect_failure SEGMENT_LENGTH "" rewrap -in altered
with_new
expect_failure KEK_NOT_HERE "$kek_id" rewrap -in old
with_both kek=letters
expect_failure KEK_NOT_FOUND letters rewrap -in old

# Cut off behind the headers, or with something behind it: an error, though something came out.
with_both
fails_late() { # reason, message
    local text status=0
    text=$(reason "$1")
    rewrap -in "$2" -out late 2>late.err || status=$?
    ((status == 1)) || fail "$1 expected, but the status is $status"
    grep -qF ":$text:" late.err || fail "$1 expected: $(<late.err)"
}
for length in $((header + 74)) $((header + 74 + 4128)) $(($(stat -c %s old) - 1)); do
    head -c "$length" old >shorter
    fails_late TRUNCATED shorter
done
cat old letter >longer
fails_late TRAILING_DATA longer
# a body that is altered passes, and does not open
cp old altered
flip altered $((header + 200))
expect_quiet rewrap -in altered -out new
with_new
expect_failure BAD_SEGMENT "" open -in new
