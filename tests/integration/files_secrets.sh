#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# When seal, open or cat ends, also where they fail, nothing of the plaintext and of the data key is
# left anywhere in memory: all of that is searched at the process's very end.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
kek=$(stream 32 | od -An -v -tx1 | tr -d ' \n')
make_kek kek orders --id "$kek_id" --import "$kek"
write_cnf allow-imported-kek=yes wrap=aes-kw
stream 300000 >plain
seal -in plain -out sealed 2>/dev/null
head -c 290000 sealed >shorter
cp sealed altered
flip altered 200000

# From the first, a middle and the last piece of it, and of a segment.
part plain 0 64 >first
part plain 64 64 >second
part plain 150000 64 >middle
part plain 299936 64 >last
plaintext=(first second middle last)

# The data key, as the known KEK unwraps it: an octet string of 40 bytes is the wrapped one.
at=$(openssl asn1parse -inform DER -in sealed | sed -nE 's/^ *([0-9]+):d=.* hl=2 l= *40 prim: OCTET STRING.*/\1/p')
part sealed $((at + 2)) 40 |
    stock enc -d -id-aes256-wrap -K "$kek" -iv A6A6A6A6A6A6A6A6 >dek
[[ $(stat -c %s dek) == 32 ]] || fail "no data key"
"$ENVELOPE_PROGRAMS/open_by_hand" --dek "$(od -An -v -tx1 dek | tr -d ' \n')" <sealed | cmp - plain ||
    fail "another data key"
length=24 # (a newline at the end would be cut)
while [[ $(byte_at dek $((length - 1))) == 10 ]]; do length=$((length - 1)); done
part dek 0 $length >key

searched() { # status, arguments of the command
    local wanted=$1 status=0
    shift
    env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" "${plaintext[@]}" key -- \
        "$ENVELOPE_MODULE_DIR/envelope" "$@" >out 2>err || status=$?
    ((status == wanted)) || fail "status $status, not $wanted: envelope $*: $(<err)"
}

# It does find what is there: a shell has its variables at its end.
od -An -v -tx1 key | tr -d ' \n' >hex
status=0
# shellcheck disable=SC2016 # the shell that is searched expands it
"$ENVELOPE_PROGRAMS/search_at_end" hex -- bash -c 'read -r key <hex || exit 0' 2>err || status=$?
((status == 99)) || fail "status $status: the search finds nothing: $(<err)"

searched 0 seal plain -o new
searched 0 seal --no-read-back plain -o unread
searched 0 seal -o streamed - <plain
searched 0 open sealed -o opened
same plain opened
searched 0 open --force --remove-source new -o opened
searched 0 open sealed -o -
same plain out
searched 0 cat --offset 0 --length 20000 sealed
searched 0 cat --offset 290000 sealed
# and where it ends early
searched 1 open shorter -o none
searched 1 open shorter -o -
searched 1 open altered -o none
searched 1 cat --offset 190000 altered
searched 1 seal plain -o sealed
searched 1 seal sealed
searched 1 open --context other sealed -o none
status=0
env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" "${plaintext[@]}" key -- \
    "$ENVELOPE_MODULE_DIR/envelope" open sealed -o - >/dev/full 2>err || status=$?
((status == 1)) || fail "a full device: status $status: $(<err)"
faults=$ENVELOPE_PROGRAMS/faults.so
for call in pwrite fsync renameat2; do
    rm -rf tree
    mkdir tree
    cp plain tree/
    env OPENSSL_CONF="$work/$cnf" "FAULT_DIR=$work/tree" "FAULT_LOG=$work/log" "LD_PRELOAD=$faults" \
        "$ENVELOPE_MODULE_DIR/envelope" seal tree/plain >/dev/null
    number=$(grep " $call " log | tail -n 1 | cut -d ' ' -f 1)
    rm tree/plain.sealed log
    status=0
    env OPENSSL_CONF="$work/$cnf" "FAULT_DIR=$work/tree" FAULT_AT="$number" FAULT_DO=EIO "LD_PRELOAD=$faults" \
        "$ENVELOPE_PROGRAMS/search_at_end" "${plaintext[@]}" -- "$ENVELOPE_MODULE_DIR/envelope" seal \
        tree/plain >out 2>err || status=$?
    ((status == 1)) || fail "$call that fails: status $status: $(<err)"
done
echo "nothing is left"
