#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KEK rotation of key files: rewrap, census, verify and inspect know them, reencrypt leaves them alone.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
key new cards --for AES-256-GCM --owner Ann
key stand-in cards --for-app shop
cp out shop
key export cards --yes
cp out value
printf 'a message' | expect_quiet seal >message
cp message keys/
card=keys/cards@1.envkey
before=$(tool key list cards --json | jq -cs '.[0] | del(.keks, .age_seconds)')

# ---- seen ----

tool_gives 0 - inspect $card
grep -qx "$card: named key cards@1" out || fail "$(<out)"
grep -q ', plaintext ' out || fail "$(<out)"
tool inspect --json --here $card >json
json_is 0 .kind "named key"
json_is 0 .named_key cards@1
json_is 0 '[.recipients[].state] | unique | join(" ")' opens
tool_gives 0 - census --verify --files keys
grep -qE "^$card: the named key cards@1 for 0[ac]0[bd] 0[ac]0[bd]$" out || fail "$(<out)"
grep -qE "^1 message, 0 sealed keys, 1 named key, " out || fail "$(<out)"
tool census --json --files keys >json
json_is -1 .named_keys 1
json_is -1 .messages 1
[[ $(jq -rs '[.[] | select(.named_key)] | length' json) == 1 ]] || fail "$(<json)"
tool_gives 0 - verify --verbose keys
grep -qx "$card: the named key cards@1 opens" out || fail "$(<out)"
tool verify --json --each-recipient keys >json || fail "$(<json)"
[[ $(jq -rs '[.[] | select(.named_key == "cards@1" and .state == "opens" and
    ([.recipients[].state] == ["opens", "opens"]))] | length' json) == 1 ]] || fail "$(<json)"

# A list of them, as a database or a Kubernetes object has them.
base64 -w0 $card >list
echo >>list
tool_gives 0 - census --list list
tool_gives 0 - verify --list --verbose list
grep -qF "the named key cards@1 opens" out || fail "$(<out)"
tool inventory --list list --json >json
json_is 0 .name cards
json_is 0 .type line

# Cut off, it is damaged.
head -c -1 $card >keys/cut
tool verify keys/cut >out 2>&1 && fail "what is cut opens"
tool census keys/cut >out 2>&1 && fail "what is cut is counted"
rm keys/cut

# ---- other KEKs ----

make_kek kek orders-2 --id 1a1b
named_cnf kek="orders-2 recovery"
tool rewrap --dry-run --verbose keys >out 2>&1 || fail "$(<out)"
grep -qE "^$card: would be re-wrapped in place, opened through key '(orders|recovery)'" out || fail "$(<out)"
key_says cards@1 '[.keks[].kek] | sort | join(" ")' "0a0b 0c0d"
tool rewrap --verbose keys >out 2>&1 || fail "$(<out)"
grep -qE "^$card: re-wrapped in place, opened through key '(orders|recovery)' of token " out || fail "$(<out)"
key_says cards@1 '[.keks[].kek] | sort | join(" ")' "0c0d 1a1b"
# What it says, its key id, its stand-ins and its fingerprint are as they were.
[[ $(tool key list cards --json | jq -cs '.[0] | del(.keks, .age_seconds)') == "$before" ]] ||
    fail "something changed: $(tool key list cards --json)"
key which <shop
named_cnf kek="orders-2 recovery" open-kek=orders-2
key export cards --yes
same out value
# of another length: a new file in its place
named_cnf kek=orders-2
# ... which leaves one place instead of two: not without a warning
sum=$(sha256sum $card)
for option in --verbose --dry-run "--kek orders-2" "--kek recovery"; do
    status=0
    # shellcheck disable=SC2086 # words
    tool rewrap $option keys >out 2>&1 || status=$?
    { ((status == 1)) && grep -qF "$card: $(reason KEY_ONE_PLACE): kek names 1 KEK, of token" out; } ||
        fail "status $status: rewrap $option: $(<out)"
    [[ $(sha256sum $card) == "$sum" ]] || fail "it was changed: rewrap $option"
done
make_kek kek orders-3 --id 1c1d
named_cnf kek="orders-2 orders-3" # nor with two of one token
status=0
tool rewrap keys >out 2>&1 || status=$?
{ ((status == 1)) && grep -qF "$(reason KEY_ONE_PLACE): kek names 2 KEKs, of token 'kek'" out; } ||
    fail "status $status: $(<out)"
status=0
tool rewrap --list list >list.new 2>err || status=$?
{ ((status == 1)) && grep -qF "$(reason KEY_ONE_PLACE)" err && cmp -s list list.new; } ||
    fail "a list, status $status: $(<err)"
named_cnf kek=orders-2
tool rewrap message >out 2>&1 || fail "a message may be in one place: $(<out)"
tool rewrap --single keys >out 2>&1 || fail "$(<out)"
key_says cards@1 '[.keks[].kek] | join(" ")' 1a1b
key export cards --yes
same out value
# What is in one place may stay in one.
named_cnf kek=orders-3
tool rewrap keys >out 2>&1 || fail "$(<out)"
named_cnf kek=orders-2
tool rewrap keys >out 2>&1 || fail "$(<out)"
named_cnf kek="orders recovery"
tool rewrap --verbose keys >out 2>&1 || fail "$(<out)"
grep -qF "opened through key 'orders-2' of token 'kek'" out || fail "$(<out)"
# as a line
named_cnf kek="orders-2 recovery"
tool rewrap --list list >list.new 2>err || fail "$(<err)"
base64 -d list.new >keys/new
tool key verify keys/new >out || fail "$(<out)"
rm keys/new

# ---- that is all that others do with it ----

status=0
tool reencrypt $card >out 2>&1 || status=$?
{ ((status == 1)) && grep -qF "$(reason IS_NAMED_KEY | cut -d: -f1)" out; } || fail "reencrypt: $(<out)"
named_cnf
for command in "open -in $card" "ossl enc -e -envelope-rewrap -K 0 -in $card"; do
    # shellcheck disable=SC2086 # they are words
    expect_failure IS_NAMED_KEY "" $command
done
key export cards --yes
same out value
expect_nothing_beside

# ---- the audit log names the key in each line about its file ----

named_cnf kek="orders-2 recovery" "audit-log=\"file:$work/audit.log\""
all_name_it() { # operations that were recorded, in the order of names
    jq -es --arg wanted "$1" '[.[] | select(.operation != "self-test")] |
        (map(.operation) | unique | join(" ")) == $wanted and all(.[]; .named_key == "cards@1")' \
        audit.log >/dev/null || fail "recorded: $(<audit.log)"
    rm audit.log
}
tool rewrap $card >out || fail "$(<out)"
all_name_it "unwrap wrap"
tool rewrap $card >out || fail "$(<out)"
all_name_it unwrap
key verify $card
all_name_it open
tool verify $card >out || fail "$(<out)"
all_name_it open
tool inspect --here $card >out || fail "$(<out)"
all_name_it unwrap
named_cnf allow-keys=cards kek=orders-2 "audit-log=\"file:$work/audit.log\""
tool check >out || fail "$(<out)"
jq -es '[.[] | select(.named_key == "cards@1") | .operation] | unique == ["open", "unwrap"]' audit.log \
    >/dev/null || fail "recorded: $(<audit.log)"
