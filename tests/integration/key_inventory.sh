#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope inventory: all named keys of folders and lists, as text, JSON and CSV; no token is asked.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
mkdir -p keys/below
key new cards --for AES-256-GCM --owner '=HYPERLINK("x"), Ann' --seal-from 2020-01-01 --not-after 2021-01-01
key stand-in cards --for-app 'the "shop"'
key stand-in cards --for-app till
key new rows --for ENVELOPE-FIELD --owner Bob
mv keys/rows@1.envkey keys/below/
cp keys/cards@1.envkey keys/below/
printf 'a message' | expect_quiet seal >keys/message
echo text >keys/text
inventory() { # status, arguments: without configuration, module and token
    local wanted=$1 status=0
    shift
    OPENSSL_CONF=/dev/null SOFTHSM2_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" inventory "$@" \
        >out 2>err || status=$?
    ((status == wanted)) || fail "status $status, not $wanted: $(cat out err)"
}

inventory 0 keys
[[ ! -s err ]] || fail "output on stderr: $(<err)"
grep -qE '^keys/below/cards@1.envkey: cards@1, AES-256-GCM, generated .* ago, key id [0-9a-f]{16}, EXPIRED 2021-01-01T00:00:00Z$' out ||
    fail "$(<out)"
{ grep -qx '  owner =HYPERLINK("x"), Ann' out && grep -qE '^  stand-in of the "shop" \([0-9a-f]{16}\)$' out &&
    grep -qx '  AES KEK 0c0d' out; } || fail "$(<out)"
[[ $(tail -n 1 out) == "3 key files of 2 versions, 0 that differ from another copy, 2 expired, 0 failed" ]] ||
    fail "$(<out)"

inventory 0 --json keys
cp out json
[[ $(jq -rs '[.[] | select(.counted_as == "key") | .name] | sort | join(" ")' json) == "cards cards rows" ]] ||
    fail "$(<json)"
jq -es '.[-1] == {"type": "summary", "key_files": 3, "versions": 2, "differ": 0, "expired": 2,
    "skipped": 2, "failed": 0}' json >/dev/null || fail "$(<json)"
jq -es 'any(.[]; .name == "rows" and .owner == "Bob" and .uses == ["ENVELOPE-FIELD"] and
    (.age_seconds | type) == "number" and ([.keks[].kek] | sort) == ["0a0b", "0c0d"] and
    (.fingerprint | test("^[0-9a-f]{64}$")))' json >/dev/null || fail "$(<json)"

inventory 0 --csv keys
[[ $(head -n 1 out) == path,name,version,state,uses,owner,origin,created,age_days,seal_from,not_after,applications,keks,key_id,fingerprint$'\r' ]] ||
    fail "$(<out)"
(($(wc -l <out) == 4)) || fail "$(<out)"
# quotes are doubled, every line ends in CRLF, and a blank keeps a formula from being one
row='"keys/below/cards@1.envkey","cards",1,"expired","AES-256-GCM"," =HYPERLINK(""x""), Ann","generated","TIME",0,"TIME","TIME","the ""shop"";till","KEK;KEK","HEX","HEX"'
sed -E 's/"[0-9-]{10}T[0-9:]{8}Z"/"TIME"/g; s/"[0-9a-f]{16}"|"[0-9a-f]{64}"/"HEX"/g; s/"0[ac]0[bd];0[ac]0[bd]"/"KEK;KEK"/' out |
    sed -n 2p | diff - <(printf '%s\r\n' "$row") || fail "another row"
grep -q '^"keys/below/rows@1.envkey","rows",1,"current","ENVELOPE-FIELD","Bob",.*,"","","0' out || fail "$(<out)"
[[ ! -s err ]] || fail "output on stderr: $(<err)"
tool_complains "--csv does not go with" inventory --csv --json keys

# Copies that are not the same: of another day, and another key of the name.
key stand-in cards --for-app third
inventory 0 keys
grep -qE '^keys/cards@1.envkey: sealed at a different time .*: cards@1, ' out || fail "$(<out)"
grep -q ', 1 that differ from another copy,' out || fail "$(<out)"
mkdir elsewhere
key new cards --for AES-256-GCM --directory elsewhere
inventory 0 keys elsewhere
grep -qE '^elsewhere/cards@1.envkey: A DIFFERENT KEY ' out || fail "$(<out)"
inventory 0 --json keys elsewhere
grep -qF '"note":"A DIFFERENT KEY' out || fail "$(<out)"

# What has the name of one is one, or a failure; what cannot be read is a failure.
mv keys/text keys/text@1.envkey
mv keys/cards@1.envkey keys/carts@1.envkey
inventory 1 keys
{ grep -qF "keys/text@1.envkey: $(reason KEY_FILE_BAD)" out && grep -qF "keys/carts@1.envkey: $(reason KEY_FILE_BAD)" out; } ||
    fail "$(<out)"
inventory 1 nowhere
inventory 1 --csv keys
{ grep -qF "$(reason KEY_FILE_BAD)" err && grep -qF ", 2 failed" err; } || fail "$(<err)"
[[ $(grep -c envkey out) == 2 ]] || fail "$(<out)"
tool_complains "PATH... is missing" inventory

# ---- the KEKs ----

ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt token:kek -pkeyopt label:mail/1 -pkeyopt not-before:2020-01-01 \
    -pkeyopt not-after:2021-12-31 -out mail.pem 2>err || fail "$(<err)"
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt token:spare -pkeyopt label:mail/2 -pkeyopt type:RSA \
    -pkeyopt not-before:2999-01-01 -out mail.pem 2>err || fail "$(<err)"
tool inventory --keks >out 2>err || fail "$(<out)$(<err)"
grep -qE "^KEK orders in token 'kek': AES-256, reference 0a0b: active" out || fail "$(<out)"
grep -qE "^KEK mail/1 in token 'kek': AES-256, reference [0-9a-f]{32}, seals from 2020-01-01 to 2021-12-31: expired" out ||
    fail "$(<out)"
grep -qE "^KEK mail/2 in token 'spare': RSA-3072, reference [0-9a-f]+, seals from 2999-01-01: not yet" out || fail "$(<out)"
[[ $(tail -n 1 out) == "4 KEKs, 1 expired" ]] || fail "$(<out)"
tool inventory --keks --json keys >json 2>err || :
jq -es 'map(select(.type == "kek")) | length == 4 and all(.[]; .sensitive and (.extractable | not) and .made_in_token
    and .bits >= 256)' json >/dev/null || fail "$(<json)"
jq -es 'any(.[]; .kek == "mail/1" and .not_before == "2020-01-01" and .not_after == "2021-12-31" and .state == "expired")' json \
    >/dev/null || fail "$(<json)"
jq -es '.[-1].keks == 4 and .[-1].keks_expired == 1 and .[-1].key_files > 0' json >/dev/null || fail "$(<json)"
make_kek kek from-outside --id 0e0e --extractable
tool inventory --keks >out 2>err || fail "$(<out)$(<err)"
grep -q "^KEK from-outside .*: active, EXTRACTABLE" out || fail "$(<out)"
! grep -qF "$pin" out json || fail "the PIN is shown"
tool_complains "--csv does not go with" inventory --csv --keks keys
tool_complains "are for --keks" inventory --config x keys
printf wrong >wrong
mv pin right && mv wrong pin
status=0
tool inventory --keks >out 2>err || status=$?
if [[ $status != 1 ]] || ! grep -qF "$(reason PIN_WRONG)" out; then
    fail "status $status: $(<out)$(<err)"
fi
mv right pin
