#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KEKs and named keys that openssl.cnf and the state file disable are disabled for the command too.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
make_kek kek another --id 1a1b
key new cards --for AES-256-GCM
key stand-in cards --for-app shop
cp out shop
key new tenants --for tenant-keys
key new rows --for ENVELOPE-FIELD
key stand-in rows --for-app shop
printf 'a message' | expect_quiet seal >message
cp keys/cards@1.envkey card
sum=$(sha256sum keys/cards@1.envkey)

state() { # lines of the state file; the configuration names it
    printf '%s\n' "$@" >state.conf
    named_cnf "state-file=\"$work/state.conf\"" "audit-log=\"file:$work/audit.log\""
}
tool_fails() { # reason, arguments
    local text status=0
    text=$(reason "$1")
    shift
    tool "$@" >out 2>&1 || status=$?
    ((status == 1)) || fail "status $status, not 1: envelope $*: $(<out)"
    grep -qF "$text" out || fail "'$text' expected: envelope $*: $(<out)"
}

# ---- KEKs, by the one as by the other ----

for taken in configuration "state file"; do
    if [[ $taken == configuration ]]; then
        named_cnf disabled-kek="orders recovery"
    else
        state "disabled-kek = orders recovery"
    fi
    key_fails KEK_DISABLED "" export cards --yes
    key_fails KEK_DISABLED "" new more --for AES-256-GCM
    key_fails KEK_DISABLED "" rotate cards
    key_fails KEK_DISABLED "" stand-in cards --for-app till
    key_fails KEK_DISABLED "" verify keys/cards@1.envkey
    tool_fails KEK_DISABLED verify message
    tool_fails KEK_DISABLED rewrap --kek another message
    tool_fails KEK_DISABLED reencrypt message
    tool_fails KEK_DISABLED census --verify message
    tool check >out 2>&1 && fail "check finds nothing: $(<out)"
    grep -qF "$(reason KEK_DISABLED)" out || fail "check: $(<out)"
    [[ ! -e keys/more@1.envkey && ! -e keys/cards@2.envkey ]] || fail "made: $(ls keys)"
done
# One of two that are to seal: nothing is sealed, and the other one opens.
state "disabled-kek = recovery"
key_fails KEK_DISABLED "key 'recovery'" new more --for AES-256-GCM
key export cards --yes
tool_gives 0 - verify message
state "open-only-kek = recovery"
key_fails KEK_OPENS_ONLY "key 'recovery'" rotate cards
key export cards --yes
[[ $(sha256sum keys/cards@1.envkey) == "$sum" ]] || fail "it was changed"

# ---- named keys ----

for line in "disabled-key = cards" "disabled-key = cards@1"; do
    state "$line"
    key_fails KEY_DISABLED "cards@1" export cards --yes
    key_fails_json KEY_DISABLED export cards --yes
    key_fails KEY_DISABLED "" stand-in cards --for-app till
    key_fails KEY_DISABLED "" activate cards --seal-from +24h
    key_fails KEY_DISABLED "" verify keys/cards@1.envkey
    tool_fails KEY_DISABLED verify keys/cards@1.envkey
    [[ $(sha256sum keys/cards@1.envkey) == "$sum" ]] || fail "it was changed"
done
jq -es 'any(.[]; .operation == "export" and .named_key == "cards@1" and .result == "failed" and
    .reason == '"$(reason_number KEY_DISABLED)"')' audit.log >/dev/null || fail "not recorded: $(<audit.log)"
state "disabled-key = tenants"
key_fails KEY_DISABLED "" tenant 7 --under tenants
# Other versions are not affected, nor operations without a key.
state "disabled-key = cards@2"
key export cards --yes
state "disabled-key = cards"
key list cards
key which <shop
tool_gives 0 - inventory keys
# What takes a key away or follows it is what one does then: rotate, revoke, rewrap, destroy.
key stand-in cards --for-app shop --revoke
key rotate cards
tool_gives 0 - rewrap keys
key destroy cards --yes
cp card keys/cards@1.envkey

# ---- a state file that cannot be used ----

for line in "disabled-keys = cards" "disabled-kek = pkcs11:frobnicate=1" "open-only-kek = a%2"; do
    state "$line"
    tool_complains "$(reason STATE_FILE)" verify message
    tool_complains "$(reason STATE_FILE)" key export rows --yes
    tool_complains "$(reason STATE_FILE)" rewrap message
    tool check >out 2>&1 && fail "check finds nothing: $(<out)"
    grep -qF "$(reason STATE_FILE)" out || fail "check: $(<out)"
done
rm state.conf
tool_complains "$(reason STATE_FILE)" verify message
expect_nothing_beside
