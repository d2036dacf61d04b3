#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# When an action of envelope key ends, neither the key nor a stand-in is left anywhere in its memory:
# all of that is searched at the process's very end.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
stream 32 >raw
od -An -v -tx1 raw | tr -d ' \n' >hex
base64 -w0 raw >base64

# Runs an action; its output is in out. Fails where one of the needles, files, is left.
searched() { # needles --, action, arguments
    local needles=() status=0
    while [[ $1 != -- ]]; do
        needles+=("$1")
        shift
    done
    shift
    env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" "${needles[@]}" -- \
        "$ENVELOPE_MODULE_DIR/envelope" key "$@" >out 2>err || status=$?
    ((status == 0)) || fail "status $status: envelope key $*: $(<err)"
}

# It does find what is there: a shell has its variables at its end.
status=0
# shellcheck disable=SC2016 # the shell that is searched expands it
"$ENVELOPE_PROGRAMS/search_at_end" hex -- bash -c 'read -r key <hex || exit 0' 2>err || status=$?
((status == 99)) || fail "status $status: the search finds nothing: $(<err)"

searched raw hex -- import cards --for AES-256-CBC <hex
searched raw base64 -- import base64 --for AES-256-CBC --base64 <base64
searched raw -- import raw --for AES-256-CBC --raw <raw
searched raw hex -- export cards --yes
[[ $(<out) == "$(<hex)" ]] || fail "another key"
searched raw base64 -- export cards --yes --base64
searched raw -- export cards --yes --raw
searched raw hex -- export cards --yes --json
searched raw base64 -- export cards --yes --json --base64
# What is refused is wiped as well.
key import kept --for AES-256-CBC --no-export <hex
status=0
env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" raw hex -- \
    "$ENVELOPE_MODULE_DIR/envelope" key export kept --yes >out 2>err || status=$?
((status == 1)) || fail "status $status: $(<err)"
status=0
env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" raw hex -- \
    "$ENVELOPE_MODULE_DIR/envelope" key import twice --for AES-192-CBC <hex >out 2>err || status=$?
((status == 1)) || fail "status $status: $(<err)"

# The key that seals a tenant's is wiped as well.
key new tenants --for tenant-keys
key export tenants --yes --raw
cp out above
searched above -- tenant acme --under tenants
[[ $(stat -c %s out) == 81 ]] || fail "no tenant key"
key tenant acme --under tenants --json # a row as rewrap takes them
head -n 1 out >row
key rotate tenants --seal-from now
env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" above -- \
    "$ENVELOPE_MODULE_DIR/envelope" rewrap --list --tenant-keys row >out 2>err || fail "$(<err)"
grep -q '^1 sealed anew' err || fail "$(<err)"

# The new stand-in is what the action has just written to out.
searched out raw -- stand-in cards --for-app shop
cp out shop
searched out -- stand-in cards --for-app base64 --base64
tail -c +5 shop >rest # its random characters
searched shop rest -- which <shop
searched raw shop rest -- stand-in cards --for-app shop --revoke
searched raw shop -- activate cards --seal-from +1h
searched raw "out@\"stand_in\":\"key:" -- stand-in cards --for-app json --json
searched raw "out@new stand-in of json: key:" -- rotate cards
searched "out@\"application\":\"json\",\"stand_in\":\"key:" -- rotate cards --json
for action in "verify keys/cards@1.envkey" "list cards" "destroy cards --yes"; do
    # shellcheck disable=SC2086 # they are words
    searched raw hex shop -- $action
done

# Nor is a data key.
tool datakey new sealed >datakey.line 2>err || fail "$(<err)"
tr -d '\n' <datakey.line >datakey.hex
xxd -r -p datakey.hex >datakey.raw
base64 -w0 datakey.raw >datakey.base64
datakey_searched() { # needles --, arguments
    local needles=()
    while [[ $1 != -- ]]; do
        needles+=("$1")
        shift
    done
    shift
    env OPENSSL_CONF="$work/$cnf" "$ENVELOPE_PROGRAMS/search_at_end" "${needles[@]}" -- \
        "$ENVELOPE_MODULE_DIR/envelope" datakey "$@" >out 2>err || fail "status $?: datakey $*: $(<err)"
}
datakey_searched datakey.raw datakey.hex -- open sealed
same datakey.line out
datakey_searched datakey.raw -- open --raw sealed
datakey_searched datakey.raw datakey.base64 -- open --base64 sealed
datakey_searched datakey.raw datakey.base64 -- open --json sealed
# The new key is what has just been written to out.
datakey_searched out -- new --raw another
