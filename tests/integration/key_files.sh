#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Key files that do not match their names: renamed, combined from two, cut, altered, planted by
# anybody with a KEK's certificate, or restored from yesterday. And envelope key verify, which
# reports it before a file is installed.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
key new cards --for AES-256-GCM
key stand-in cards --for-app shop
cp out shop
key new others --for AES-256-GCM
cards=keys/cards@1.envkey others=keys/others@1.envkey

# ---- verify ----

key verify $cards
grep -qE "^$cards: cards@1, AES-256-GCM, .*, opens through key '(orders' of token 'kek|recovery' of token 'spare)'$" out ||
    fail "$(<out)"
cp $cards .source.envkey # as Ansible's validate: sees it
key verify .source.envkey
cp $cards source.tmp
key_json verify source.tmp
json_is 0 .changed false
json_is 0 .name cards
json_is 0 .opened true
OPENSSL_CONF=/dev/null SOFTHSM2_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" key verify \
    --no-token --json source.tmp >json || fail "asks a token"
json_is 0 .opened false
key_fails "" "No such file" verify nothing
key_fails "" "directory" verify keys
tool_complains "FILE... is missing" key verify

# ---- bad ones ----

bad() { # reason, pattern; the file is "bad"
    key_fails "$1" "$2" verify bad
}
echo junk >bad
bad KEY_FILE_BAD ""
: >bad
bad KEY_FILE_BAD ""
head -c -1 $cards >bad
bad KEY_FILE_BAD ""
{
    cat $cards
    echo
} >bad
bad KEY_FILE_BAD ""
head -c 30000 /dev/zero >>bad
bad KEY_FILE_BAD ""
# of two: the header of one, the rest of the other
{
    head -c "$(header_length $cards)" $cards
    tail -c +$(($(header_length $others) + 1)) $others
} >bad
bad KEY_FILE_BAD "do not belong together"
# each byte of the header, of FLOE's and of the segment, a sample of them
size=$(stat -c %s $cards)
for ((at = 3; at < size; at += 41)); do
    cp $cards bad
    flip bad $at
    status=0
    tool key verify bad >out 2>err || status=$?
    { ((status == 1)) && [[ ! -s out ]]; } || fail "altered at $at: status $status: $(cat out err)"
done
# in the clear: somebody else's key, for something else
for change in "s/cards/carts/" "s/AES-256-GCM/AES-256-CBC/" "s/shop/shoq/"; do
    LC_ALL=C sed "$change" $cards >bad
    ! cmp -s $cards bad || fail "nothing changed: $change"
    bad NOT_AUTHENTIC ""
done
# of a later version of the format
LC_ALL=C sed 's/\x02\x01\x01\x0c\x05cards/\x02\x01\x02\x0c\x05cards/' $cards >bad
! cmp -s $cards bad || fail "the version is not found"
bad KEY_FILE_BAD ""
printf 'a message' | expect_quiet seal >bad
bad KEY_FILE_BAD ""

# A key file is nothing for ciphers, and a message no key file.
expect_failure IS_NAMED_KEY "" open -in $cards
# Nor for the operations of a KEK's key, with or without a body behind the header.
expect_quiet ossl pkey -in envelope:object=orders -out orders.pem
[[ $(xxd -p -l 2 $cards) == 3082 ]] || fail "another header"
head -c $((4 + 0x$(xxd -p -s 2 -l 2 $cards))) $cards >header
expect_failure IS_NAMED_KEY "" ossl pkeyutl -decrypt -inkey orders.pem -in $cards
expect_failure IS_NAMED_KEY "" ossl pkeyutl -decrypt -inkey envelope:object=orders -in $cards
expect_failure TRUNCATED "" ossl pkeyutl -decrypt -inkey orders.pem -in header
for file in $cards header; do
    expect_failure IS_NAMED_KEY "" with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate orders.pem "$file"
    expect_failure IS_NAMED_KEY "" with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate orders.pem \
        "$file" "envelope named key v1:cards@1"
done

# ---- in the folder ----

mv $cards keys/carts@1.envkey
key_fails KEY_FILE_BAD "cards@1" list carts
key_fails KEY_FILE_BAD "cards@1" export carts --yes
key_fails KEY_FILE_BAD "" verify keys/carts@1.envkey
key_fails KEY_UNKNOWN "" export cards --yes
mv keys/carts@1.envkey keys/cards@2.envkey
key_fails KEY_FILE_BAD "cards@1" export cards --yes
key_fails KEY_FILE_BAD "" rotate cards
mv keys/cards@2.envkey $cards
key export cards --yes

# Another is known by nobody else: names with other endings and dots are no keys.
cp $cards keys/cards@1.envkey.old
cp $cards keys/.cards@3.envkey
cp $cards keys/cards@01.envkey
key list
[[ $(cut -d: -f1 out | paste -sd' ') == "cards@1 others@1" ]] || fail "list: $(<out)"
rm keys/cards@1.envkey.old keys/.cards@3.envkey keys/cards@01.envkey

# Others may write to it.
chmod 666 $cards
key_fails "" "write" list cards
key_fails "" "write" export cards --yes
chmod 600 $cards

# Kubernetes has links to files in a folder of its own, which is a link as well.
mkdir -p volume/..2026
cp $cards volume/..2026/
ln -s ..2026 volume/..data
ln -s ..data/cards@1.envkey volume/cards@1.envkey
key list --directory volume
[[ $(<out) == cards@1:* ]] || fail "$(<out)"
key export cards --yes --directory volume
key_fails FILE_UNSAFE "link" stand-in cards --for-app new --directory volume

# ---- yesterday's ----

cp -a $cards yesterday
key stand-in cards --for-app shop --revoke
hint=$(sed -n 's/.*revoked-stand-in = //p' out)
key_fails KEY_UNKNOWN "" which <shop
cp -a yesterday $cards
# It is genuine, and brings the stand-in back: nothing in it can say that there was a newer one.
key verify $cards
key which <shop
# Copies of several days show beside each other.
mkdir copies
cp yesterday copies/cards@1.envkey
key stand-in cards --for-app shop --revoke
grep -qF "$hint" out || fail "another hash"
tool inventory keys copies >out || fail "inventory: $(<out)"
{ grep -qE 'copies/cards@1.envkey: .*|: sealed at a different time' out && grep -qF "1 that differ" out; } ||
    fail "not seen: $(<out)"

# ---- planted ----

stock req -x509 -newkey rsa:3072 -nodes -keyout rsa.pem -out rsa.crt -subj /CN=kek -days 2 2>/dev/null
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt type:RSA -pkeyopt label:asym -pkeyopt token:kek \
    -out asym.ref 2>err || fail "$(<err)"
ossl pkey -in asym.ref -pubout -out asym.pub 2>/dev/null
# Whoever has the certificate makes a file that opens here.
write_cnf -token -pin-source kek="file:$work/asym.pub" "keys-directory=\"$work/keys\""
key new planted --for AES-256-GCM --single
named_cnf open-only-kek=asym
key list planted
key_fails KEY_BY_RSA "planted" verify keys/planted@1.envkey
key_fails KEY_BY_RSA "planted" export planted --yes
key_fails KEY_BY_RSA "planted" stand-in planted --for-app shop
key_fails KEY_BY_RSA "planted" rotate planted
status=0
tool verify keys/planted@1.envkey >out 2>&1 || status=$?
{ ((status == 1)) && grep -qF "$(reason KEY_BY_RSA | cut -d'(' -f1)" out; } || fail "verify: $(<out)"
status=0
tool rewrap keys/planted@1.envkey >out 2>&1 || status=$?
{ ((status == 1)) && grep -qF "$(reason KEY_RSA_OPENED)" out; } || fail "rewrap: $(<out)"
key_fails KEY_BY_RSA "" verify keys/planted@1.envkey # it was left alone
# One that is trusted: said once, and an AES KEK vouches for it from then on.
tool rewrap --trust-rsa --verbose keys/planted@1.envkey >out 2>&1 || fail "$(<out)"
grep -qF "opened through key 'asym' of token 'kek'" out || fail "through what: $(<out)"
key export planted --yes
# Or a host takes all such.
write_cnf -token -pin-source kek="file:$work/asym.pub" "keys-directory=\"$work/keys\""
key new planted2 --for AES-256-GCM --single
named_cnf open-only-kek=asym keys-by-rsa=yes
key export planted2 --yes
# Both an AES and an RSA KEK: the AES one has to open it, and of a forged one it does not.
named_cnf kek="orders recovery asym"
key new both --for AES-256-GCM
tool verify keys/both@1.envkey >out 2>&1 || fail "$(<out)"
