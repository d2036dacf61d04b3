#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope key stand-in and which: what goes into a program's configuration in a key's place.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
named_cnf "audit-log=\"file:$work/audit.log\""

hash8() { # of a stand-in on stdin
    stock dgst -sha256 -r | cut -c1-16
}

# ---- its form ----

key new cards --for AES-256-GCM
key stand-in cards --for-app shop
[[ $(<out) =~ ^key:[A-Za-z0-9_-]{28}$ && $(wc -c <out) == 32 ]] || fail "another form: $(<out)"
cp out shop
key_says cards@1 '[.stand_ins[] | .application + " " + .hash8] | join(",")' "shop $(hash8 <shop)"
key stand-in cards@1 --for-app hex --hex
[[ $(xxd -r -p out) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "hex: $(<out)"
key stand-in cards --for-app base64 --base64
[[ $(base64 -d out) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "base64: $(<out)"
key_json stand-in cards --for-app json
json_is 0 '.stand_in | test("^key:[A-Za-z0-9_-]{28}$")' true
json_is 0 .changed true
json_is 0 .key cards@1
jq -rjs '.[0].stand_in' json >json.stand-in
[[ $(key_says cards@1 '.stand_ins[3].hash8' "$(hash8 <json.stand-in)"; echo ok) == ok ]]

# As long as the key; what a KDF takes has 32 bytes whatever the key's length.
key new long --for AES-256-XTS
key stand-in long --for-app app
[[ $(<out) =~ ^key:[A-Za-z0-9_-]{60}$ ]] || fail "another length: $(<out)"
key new short --for AES-128-CBC
key_fails STAND_IN_SHORT "12 characters" stand-in short --for-app app
key stand-in short --for-app app --short
[[ $(<out) =~ ^key:[A-Za-z0-9_-]{12}$ ]] || fail "another length: $(<out)"
printf 'a password' | key import password --for PBKDF2 --raw
key stand-in password --for-app app
[[ $(<out) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "another length: $(<out)"

# ---- one an application ----

sum=$(sha256sum keys/cards@1.envkey)
key_fails STAND_IN_EXISTS shop stand-in cards --for-app shop
key_fails_json STAND_IN_EXISTS stand-in cards --for-app shop
key stand-in cards --for-app shop --if-missing
[[ ! -s out ]] || fail "it is shown again: $(<out)"
key_json stand-in cards --for-app shop --if-missing
json_is 0 .changed false
json_is -1 .changed false
[[ $(sha256sum keys/cards@1.envkey) == "$sum" ]] || fail "it was changed"
tool_complains "--for-app names who" key stand-in cards
tool_complains "--for-app names who" key stand-in cards --for-app $'a\tb'
tool_complains "--for-app names who" key stand-in cards --for-app "$(printf 'a%.0s' {1..65})"
tool_complains "--quiet would throw" key stand-in cards --for-app q --quiet
tool_complains "does not go with" key stand-in cards --for-app q --revoke --if-missing
key_fails KEY_UNKNOWN "" stand-in nobody --for-app shop
key_fails KEY_UNKNOWN "" stand-in cards@7 --for-app shop
for ((i = 4; i < 16; i++)); do
    key stand-in cards --for-app "app$i"
done
key_fails STAND_INS_FULL "" stand-in cards --for-app more
key_says cards@1 '.stand_ins | length' 16
# The key is as it was, and opens.
key export cards --yes

# ---- whose it is ----

key which <shop
[[ $(<out) == "cards@1: the stand-in of shop" ]] || fail "which: $(<out)"
{
    cat shop
    echo
} >with-newline
key which <with-newline
key which --hex < <(xxd -p -c 64 shop)
OPENSSL_CONF=/dev/null SOFTHSM2_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" key which \
    --directory keys <shop >out || fail "which asks more than the folder"
tool key which --json <shop >json
json_is 0 .application shop
json_is 0 .key cards@1
tr 'a-zA-Z' 'b-zaB-ZA' <shop | sed 's/^[^:]*/key/' >another
key_fails KEY_UNKNOWN "none in" which <another
key_fails "" "does not look like one" which < <(echo a real key)
tool_complains "no operands" key which "$(<shop)"
! grep -qF "$(<shop)" err || fail "a stand-in in an error: $(<err)"
[[ ! -s out ]] || fail "words on stdout"

# ---- revoking ----

hint=$(hash8 <shop)
key stand-in cards --for-app shop --revoke
{ grep -qx "cards@1: the stand-in of shop was revoked" out &&
    grep -qF "revoked-stand-in = $hint" out; } || fail "revoke: $(<out)"
key_fails KEY_UNKNOWN "" which <shop
key_fails STAND_IN_UNKNOWN shop stand-in cards --for-app shop --revoke
key_says cards@1 '[.stand_ins[].application] | index("shop")' null
key_says cards@1 '.stand_ins | length' 15
key_json stand-in cards --for-app app9 --revoke
json_is 0 .changed true
json_is 0 '.revoked | test("^[0-9a-f]{16}$")' true
# the others are as they were
key which <json.stand-in
[[ $(<out) == "cards@1: the stand-in of json" ]] || fail "which: $(<out)"
# and the application may get another one
key stand-in cards --for-app shop
[[ $(<out) != "$(<shop)" ]] || fail "the same one again"
expect_nothing_beside

# ---- of fields it stands for every version ----

key new rows --for ENVELOPE-FIELD
key rotate rows
key stand-in rows --for-app shop
cp out rows.shop
key_says rows@1 '[.stand_ins[].hash8] | join(" ")' "$(hash8 <rows.shop)"
key_says rows@2 '[.stand_ins[].hash8] | join(" ")' "$(hash8 <rows.shop)"
key_fails KEY_USES "all its versions" stand-in rows@2 --for-app more
key_fails KEY_USES "all its versions" stand-in rows@1 --for-app shop --revoke
key which <rows.shop
[[ $(wc -l <out) == 2 ]] || fail "which: $(<out)"
key stand-in rows --for-app shop --revoke
[[ $(grep -c 'was revoked$' out) == 2 ]] || fail "revoke: $(<out)"
key_says rows@1 '.stand_ins | length' 0
key_says rows@2 '.stand_ins | length' 0

# ---- under a stock name for one ----

key rotate cards
key stand-in cards@1 --for-app late
key_says cards@1 '[.stand_ins[].application] | index("late") != null' true
key_says cards@2 '[.stand_ins[].application] | index("late")' null
key stand-in cards --for-app newest
key_says cards@2 '[.stand_ins[].application] | index("newest") != null' true
key_says cards@1 '[.stand_ins[].application] | index("newest")' null
key stand-in cards@2 --for-app json --revoke # of that version alone
key which <json.stand-in
[[ $(<out) == "cards@1: the stand-in of json" ]] || fail "which: $(<out)"
key stand-in cards --for-app app5 --revoke # of both
[[ $(grep -c 'was revoked$' out) == 2 ]] || fail "revoke: $(<out)"

# ---- several at once: none is lost ----

key new busy --for AES-256-GCM
for i in 0 1 2 3 4 5; do
    own_tokens "$i"
    SOFTHSM2_CONF=$work/softhsm2.$i.conf tool key stand-in busy --for-app "app$i" >"busy.$i" 2>"busy.$i.err" &
done
wait
given=0
for i in 0 1 2 3 4 5; do
    if [[ -s busy.$i ]]; then
        given=$((given + 1))
        key which <"busy.$i"
        [[ $(<out) == "busy@1: the stand-in of app$i" ]] || fail "lost: $(<out)"
    else
        grep -qE "$(reason FILE_LOCKED)|$(reason FILE_CHANGED)" "busy.$i.err" || fail "$(<"busy.$i.err")"
    fi
done
((given >= 1)) || fail "none was made"
key_says busy@1 '.stand_ins | length' "$given"
expect_nothing_beside

# ---- a version that another run makes meanwhile is among those that are meant ----

meanwhile() { # NAME, arguments: NAME@2 comes just before the new file of NAME@1 is written
    local name=$1 at
    shift
    rm -rf trial
    cp -a keys trial
    env OPENSSL_CONF="$work/$cnf" SOFTHSM2_CONF="$work/softhsm2.conf" "${sanitizer_env[@]}" \
        FAULT_DIR="$work/trial" FAULT_LOG="$work/trial.log" \
        LD_PRELOAD="$(behind_sanitizer "$ENVELOPE_PROGRAMS/faults.so")" \
        "$ENVELOPE_MODULE_DIR/envelope" key stand-in "$@" --directory "$work/trial" >/dev/null
    at=$(awk '$2 == "write" { print $1; exit }' trial.log)
    [[ -n $at ]] || fail "nothing is written: $(<trial.log)"
    env OPENSSL_CONF="$work/$cnf" SOFTHSM2_CONF="$work/softhsm2.conf" "${sanitizer_env[@]}" \
        FAULT_DIR="$work/keys" FAULT_AT="$at" FAULT_DO=newer FAULT_NEWER="$work/next" \
        FAULT_OVER="$work/keys/$name@2.envkey" \
        LD_PRELOAD="$(behind_sanitizer "$ENVELOPE_PROGRAMS/faults.so")" \
        "$ENVELOPE_MODULE_DIR/envelope" key stand-in "$@" >out || fail "$*: $(<out)"
    [[ -e keys/$name@2.envkey ]] || fail "it did not come"
}
for app in shop-1 shop-2; do
    key new "$app" --for ENVELOPE-FIELD
    key stand-in "$app" --for-app old
    key rotate "$app"
    mv "keys/$app@2.envkey" next.1
    if [[ $app == shop-1 ]]; then
        meanwhile "$app" "$app" --for-app old --revoke
        [[ $(grep -c 'was revoked$' out) == 2 ]] || fail "revoke: $(<out)"
        wanted=""
    else
        meanwhile "$app" "$app" --for-app new
        wanted="old new"
    fi
    for number in 1 2; do
        key_says "$app@$number" '[.stand_ins[].application] | join(" ")' "$wanted"
    done
done
# Of all versions, too, where each has one of its own.
key new shop-3 --for AES-256-GCM
key stand-in shop-3 --for-app old
key rotate shop-3
mv keys/shop-3@2.envkey next.1
meanwhile shop-3 shop-3 --for-app old --revoke
key_says shop-3@2 '.stand_ins | length' 0
expect_nothing_beside

# ---- under the KEKs of today, and never under fewer places ----

key new places --for AES-256-GCM
named_cnf kek=orders
key_fails KEY_ONE_PLACE "" stand-in places --for-app single
key stand-in places --for-app single --single
key_says places@1 '[.keks[].kek] | join(" ")' 0a0b
key stand-in places --for-app single2 # it was so before
named_cnf
key stand-in places --for-app double
key_says places@1 '[.keks[].kek] | sort | join(" ")' "0a0b 0c0d"

# ---- what is recorded, and what never is ----

named_cnf "audit-log=\"file:$work/audit.log\""
jq -es 'any(.[]; .operation == "stand-in" and .named_key == "cards@1" and .result == "ok") and
    any(.[]; .operation == "stand-in" and .named_key == "rows@2")' audit.log >/dev/null ||
    fail "not recorded: $(<audit.log)"
for file in shop json.stand-in rows.shop; do
    ! grep -qF "$(<"$file")" audit.log || fail "the stand-in is in the audit log"
    ! grep -qF "$(hash8 <"$file")" audit.log || fail "its hash is in the audit log"
    ! grep -rqF "$(<"$file")" keys || fail "the stand-in is in a file"
done
