#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope check and named keys: those that allow-keys has are opened, through each KEK; a host that
# may only unwrap; --no-token for probes.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
check() { # status, options
    local wanted=$1 status=0
    shift
    tool check --json "$@" >json 2>err || status=$?
    ((status == wanted)) || fail "status $status, not $wanted: $(cat json err)"
}
says() { # state, step, part of the text
    jq -es --arg state "$1" --arg step "$2" --arg text "$3" \
        'any(.[]; .state == $state and .step == $step and (.text | contains($text)))' json \
        >/dev/null || fail "not reported: $1, $2: $3: $(<json)"
}
says_nothing_of() { # part of the text
    jq -es --arg text "$1" 'all(.[]; (.text // "") | contains($text) | not)' json >/dev/null ||
        fail "said: $1: $(<json)"
}

# ---- without allow-keys there is nothing to look for ----

rmdir keys
check 0
says_nothing_of "named key"
mkdir keys

# ---- each opens through each of its KEKs ----

key new cards --for AES-256-GCM
key new rows --for ENVELOPE-FIELD
named_cnf allow-keys="cards rows@1"
check 0
for name in cards rows; do
    says ok "named key" "$name@1 opens through 'orders' of token 'kek'"
    says ok "named key" "$name@1 opens through 'recovery' of token 'spare'"
done
key rotate rows
named_cnf allow-keys="rows@1"
check 0
says_nothing_of rows@2
named_cnf allow-keys=rows
check 0
says ok "named key" "rows@2 opens through"
for ((i = 0; i < 5; i++)); do
    key new "tenant-$i" --for tenant-keys
done
named_cnf allow-keys="tenant-*"
check 0
says ok "named key" "tenant-2@1 opens through"
says ok "named key" "tenant-*: 2 more key files, which are not tried"
says_nothing_of tenant-3

# ---- what is wrong ----

named_cnf allow-keys="cards nobody"
check 1
says failed "named key" "allow-keys has nobody, and there is no such key file in $work/keys"
says ok "named key" "cards@1 opens through"
named_cnf allow-keys="nobody-*"
check 0
says warning "named key" "allow-keys has nobody-*"

# A pattern opens nothing at the start.
named_cnf allow-keys="cards row*" keys-open-at-start=yes
check 0
says warning "named key" "keys-open-at-start opens none of row*: allow-keys has to name each key"
named_cnf allow-keys="cards rows" keys-open-at-start=yes
check 0
says_nothing_of keys-open-at-start
key new old --for AES-256-GCM --seal-from 2020-01-01 --not-after 2021-01-01
named_cnf allow-keys=old
check 0
says warning "named key" "old@1 must not be used after 2021-01-01T00:00:00Z"
key new alone --for AES-256-GCM --single
named_cnf kek=orders
key stand-in alone --for-app shop --single
named_cnf allow-keys=alone
check 0
says warning "named key" "one KEK alone opens alone@1"
cp keys/cards@1.envkey keys/carts@1.envkey
named_cnf allow-keys=carts
check 1
says failed "named key" "$(reason KEY_FILE_BAD)"
# the KEKs that it was made for are not here
make_kek kek other --id 7788
named_cnf allow-keys=cards kek=other open-kek=other
check 1
says failed "named key" "cards@1"
mv keys away
named_cnf allow-keys=cards
check 1
says failed "named key" "$(reason KEYS_FOLDER)"
mv away keys
chmod 777 keys
check 1
says failed "named key" "$(reason KEYS_FOLDER)"
chmod 700 keys

# ---- what the state file takes away ----

echo "disabled-key = cards" >state.conf
named_cnf allow-keys="cards rows" "state-file=\"$work/state.conf\""
check 0
says ok "state file" "$work/state.conf"
says warning "named key" "state-file disables cards@1"
says_nothing_of "disables rows"
echo "disabled-keys = cards" >state.conf
check 1
says failed "state file" "$(reason STATE_FILE)"
echo "disabled-kek = pkcs11:frobnicate=1" >state.conf
check 1
says failed "state file" "$(reason STATE_FILE)"
rm state.conf

# ---- without a token ----

named_cnf allow-keys=cards
tool check --no-token --json >json || fail "$(<json)"
says ok "named key" "cards@1 is there"
SOFTHSM2_CONF=/dev/null tool check --no-token --json >json || fail "$(<json)"
says ok "named key" "cards@1 is there"
says ok provider "envelope loads"
jq -es 'all(.[]; .step != "token" and .step != "login" and .step != "KEK")' json >/dev/null ||
    fail "a token is asked: $(<json)"
named_cnf allow-keys=nobody
check 1 --no-token
says failed "named key" "allow-keys has nobody"

# ---- a host that may only unwrap ----

make_token app
secret=$(printf '5%.0s' {1..64})
make_kek kek shared --id 0a0a --import "$secret"
make_kek app shared --id 0a0a --import "$secret" --usage unwrap
write_cnf 'token="pkcs11:token=kek pkcs11:token=spare"' kek="pkcs11:token=kek;object=shared recovery" \
    "keys-directory=\"$work/keys\"" allow-imported-kek=yes
key new host --for AES-256-GCM
write_cnf token='"pkcs11:token=app"' -kek "keys-directory=\"$work/keys\"" allow-keys=host \
    allow-imported-kek=yes
check 0
says ok "named key" "host@1 opens through 'shared' of token 'app'"
says ok KEK "may open (it does not seal here: it was tested with a random ciphertext)"
write_cnf token='"pkcs11:token=app"' -kek "keys-directory=\"$work/keys\"" allow-imported-kek=yes
check 0
says ok KEK "may open (it does not seal here: it was tested with a random ciphertext)"
# with kek set to another key: keys that may open are still tried
write_cnf 'token="pkcs11:token=app pkcs11:token=spare"' kek=recovery "keys-directory=\"$work/keys\"" \
    allow-keys=host allow-imported-kek=yes
check 0
says ok opens "'shared' (AES-256, reference 0a0a) of token 'app'"
