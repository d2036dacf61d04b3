#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope key rotate, activate and destroy: the life of versions.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
named_cnf "audit-log=\"file:$work/audit.log\""

# ---- under a stock name ----

key new cards --for AES-256-CBC --owner Ann --not-after +100d --no-export
key stand-in cards --for-app shop
cp out shop.1
key stand-in cards --for-app "till 2"
cp out till.1
sum=$(sha256sum keys/cards@1.envkey)
key rotate cards
cp out rotated
[[ $(sha256sum keys/cards@1.envkey) == "$sum" ]] || fail "the old one was changed"
key_says cards@2 '[.name, .version, .origin, .owner, .no_export, .state] | map(tostring) | join(" ")' \
    "cards 2 generated Ann true waits"
key_says cards@2 '.uses | join(" ")' AES-256-CBC
key_says cards@2 '(.not_after | fromdate) - (.created | fromdate)' $((100 * 86400))
key_says cards@2 '(.seal_from | fromdate) - (.created | fromdate)' 3600
key_says cards@2 '[.stand_ins[].application] | join(",")' "shop,till 2"
[[ $(tool key list --json | jq -rs '[.[] | select(.name) | .key_id] | unique | length') == 2 ]] ||
    fail "the same key again"
sed -n 's/^  new stand-in of shop: //p' rotated | tr -d '\n' >shop.2
sed -n 's/^  new stand-in of till 2: //p' rotated | tr -d '\n' >till.2
for file in shop.2 till.2; do
    [[ $(<$file) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "no new stand-in: $(<rotated)"
done
{ grep -qF APP_PREVIOUS_KEYS rotated && grep -qF MariaDB rotated; } || fail "no migration: $(<rotated)"
for pair in "shop.1 cards@1 shop" "till.1 cards@1 till 2" "shop.2 cards@2 shop" "till.2 cards@2 till 2"; do
    read -r file name app <<<"$pair"
    key which <"$file"
    [[ $(<out) == "$name: the stand-in of $app" ]] || fail "$file: $(<out)"
done
key_json rotate cards --seal-from now
json_is 0 .key cards@3
json_is 0 .state current
json_is 0 .changed true
json_is 1 '.stand_ins | length' 2
json_is -1 .changed true
key rotate cards --seal-from 2999-12-31
key_says cards@4 .seal_from 2999-12-31T00:00:00Z

tool_complains "takes a name, not a version" key rotate cards@1
tool_complains "--seal-from takes now" key rotate cards --seal-from soon
tool_complains "--quiet would discard" key rotate cards --quiet
key_fails KEY_UNKNOWN "" rotate nobody

# An imported key gets a generated successor, as long; one that a program padded, a whole one.
printf 'twenty bytes of keys' | key import padded --for AES-256-CBC --raw
key rotate padded
key_says padded@2 .origin generated
key export padded --yes
[[ $(<out) =~ ^[0-9a-f]{64}$ ]] || fail "unexpected length: $(wc -c <out)"
head -c 16 /dev/urandom | key import pgc --for pgcrypto --raw
key rotate pgc
key export pgc --yes
[[ $(<out) =~ ^[0-9a-f]{32}$ ]] || fail "unexpected length: $(wc -c <out)"

# One of several modes stays so.
head -c 32 /dev/urandom | key import two --for "AES-256-GCM AES-256-CBC" --mixed --raw
key rotate two
key_says two@2 '.mixed, (.uses | sort | join(" "))' $'true\nAES-256-CBC AES-256-GCM'
key export two --yes

# ---- of fields ----

key new rows --for ENVELOPE-FIELD
key stand-in rows --for-app shop
key rotate rows
{ grep -qF "stand-ins stay" out && grep -qF "envelope key activate rows@2" out; } || fail "$(<out)"
! grep -q 'key:' out || fail "a stand-in is shown: $(<out)"
[[ $(tool key list rows --json | jq -rs '[.[] | select(.name) | .stand_ins[].hash8] | unique | length') == 1 ]] ||
    fail "other stand-ins: $(tool key list rows --json)"
key new lookup --for ENVELOPE-FIELD-DETERMINISTIC
key_fails KEY_MIGRATION "" rotate lookup
key rotate lookup --deterministic
grep -qF "look up under each" out || fail "$(<out)"
key new tenants --for tenant-keys
key rotate tenants
key_says tenants@2 .state waits
key new table --for ENVELOPE-FIELD
key rotate table --deterministic # which says nothing of such a key
! grep -qF "look up under each" out || fail "advice for another kind of key: $(<out)"

# ---- activate ----

key activate rows
grep -q '^rows@2 changed in ' out || fail "$(<out)"
key_says rows@2 .state current
sum=$(sha256sum keys/rows@2.envkey)
key activate rows@2
grep -q '^rows@2 is already active in ' out || fail "$(<out)"
key_json activate rows
json_is 0 .changed false
json_is -1 .changed false
[[ $(sha256sum keys/rows@2.envkey) == "$sum" ]] || fail "it was changed"
key_json activate rows --seal-from +24h
json_is 0 .changed true
json_is 0 .state waits
key_says rows@2 '[.stand_ins[].application] | join(" ")' shop
key_fails KEY_UNKNOWN "" activate rows@3
tool_complains "--seal-from takes now" key activate rows --seal-from ""x

# ---- one that would never seal ----

key new brief --for ENVELOPE-FIELD --not-after +1h
key_fails KEY_NEVER_SEALS "not-after 2.*, seal-from 2" rotate brief # in an hour, when it is over
key_fails_json KEY_NEVER_SEALS rotate brief --seal-from +2d
key_fails_json KEY_NEVER_SEALS activate brief --seal-from +2d
key_fails KEY_UNKNOWN "" list brief@2
key rotate brief --seal-from now
key_says brief@2 .state current

# ---- two at once make two versions, or one of them says that it is there ----

for i in 1 2 3 4; do
    own_tokens "$i"
    SOFTHSM2_CONF=$work/softhsm2.$i.conf tool key rotate tenants --json >"race.$i" 2>&1 &
done
wait
made=$(cat race.? | jq -s '[.[] | select(.type == "summary" and .changed)] | length')
(($(find keys -name "tenants@*" | wc -l) == made + 2)) || fail "$made versions made: $(ls keys): $(cat race.?)"
expect_nothing_beside

# ---- destroy ----

tool_complains "--yes is missing" key destroy cards@1
key destroy cards@1 --yes
sed "s|$work|WORK|" out | diff - <(cat <<'END'
cards@1 was removed from WORK/keys
  copies elsewhere and in backups can be opened until these KEKs are destroyed:
    KEK 0a0b, key 'orders' of token 'kek'
    KEK 0c0d, key 'recovery' of token 'spare'
  on machines that have a copy: add the line disabled-key = cards@1 to state-file
END
) || fail "other words"
[[ ! -e keys/cards@1.envkey && -e keys/cards@2.envkey ]] || fail "in the folder: $(ls keys)"
key_fails KEY_UNKNOWN "" destroy cards@1 --yes
key_json destroy cards --yes
json_is -1 .changed true
[[ $(jq -rs '[.[] | select(.type == "key") | .key] | join(" ")' json) == "cards@2 cards@3 cards@4" ]] ||
    fail "other keys: $(<json)"
json_is 0 '[.copies_open_with[] | .kek + " " + .label] | sort | join(",")' "0a0b orders,0c0d recovery"
[[ $(find keys -name '*cards*' | sort | xargs) == "$(echo keys/cards@{1,2,3,4}.destroyed)" ]] ||
    fail "left: $(ls -a keys)"
grep -qx "cards@1 was destroyed. Keep this file: its number is not used again." keys/cards@1.destroyed ||
    fail "unexpected output: $(<keys/cards@1.destroyed)"

# Files beside it that may be copies are removed as well, and so is a damaged key file.
for name in journal new; do
    cp keys/lookup@1.envkey "keys/.lookup@1.envkey.envelope-$name"
done
key destroy lookup --yes
[[ $(find keys -name '*lookup*' | sort | xargs) == "$(echo keys/lookup@{1,2}.destroyed)" ]] ||
    fail "left: $(ls -a keys)"
echo junk >keys/junk@1.envkey
key destroy junk --yes
grep -qF "are not known" out || fail "$(<out)"
[[ ! -e keys/junk@1.envkey ]] || fail "it is still there"

# Without a token: what it removes needs none.
SOFTHSM2_CONF=/dev/null key destroy tenants@1 --yes
grep -qx '    KEK 0a0b' out || fail "$(<out)"

# ---- a number is never given twice ----

key_fails KEY_UNKNOWN "" rotate cards # there is no version to replace
key_fails KEY_NUMBER_USED "cards makes cards@5" new cards@1 --for AES-256-CBC
key_fails_json KEY_NUMBER_USED import cards@1 --for AES-256-CBC < <(printf '%064d' 7)
key_json new cards --for AES-256-CBC
json_is 0 .key cards@5
key rotate cards
key_says cards@6 '[.name, .version] | map(tostring) | join(" ")' "cards 6"
key destroy cards@6 --yes # the newest: its number is used up, and the older one gets another successor
key rotate cards
key_says cards@7 .version 7
[[ ! -e keys/cards@6.envkey ]] || fail "the number of a destroyed one: $(ls keys)"
key destroy cards --yes
printf '%064d' 7 | key import cards --for AES-256-CBC
grep -q '^cards@8 imported in ' out || fail "$(<out)"
# One that is there again beside its tombstone, as out of a backup, is a key like any other.
cp keys/cards@8.envkey backup
key destroy cards --yes
cp backup keys/cards@8.envkey
key export cards --yes
[[ $(<out) == "$(printf '%064d' 7)" ]] || fail "another key: $(<out)"
key destroy cards@8 --yes
# One that a broken-off run left beside its tombstone is destroyed by the next.
cp backup keys/cards@8.envkey
key destroy cards --yes
key new cards --for AES-256-CBC
key_says cards@9 .version 9
key destroy cards --yes
# Tombstones are no keys and no messages, for whatever walks the folder.
count=$(find keys -name '*.destroyed' | wc -l)
key list
! grep -q destroyed out || fail "$(<out)"
tool_gives 0 - census keys
grep -qE "^$count not a message, 0 damaged" out || fail "census: $(<out)"
tool_gives 0 - verify keys
grep -qE " 0 failed, $count skipped$" out || fail "verify: $(<out)"
mv keys/junk@1.destroyed junk # under no tombstone's name it would be a message that broke
cp junk keys/junk
tool verify keys >out 2>&1 && fail "junk opens: $(<out)"
grep -qF "keys/junk: $(reason NOT_A_MESSAGE)" out || fail "verify: $(<out)"
rm keys/junk
mv junk keys/junk@1.destroyed
tool_gives 0 - rewrap keys
grep -qE ", $count skipped, 0 failed$" out || fail "rewrap: $(<out)"
tool_gives 0 - inventory keys
! grep -q destroyed out || fail "$(<out)"

# ---- the old version is locked while the next one is made of it ----

key new rows-2 --for ENVELOPE-FIELD
coproc holder { exec "$ENVELOPE_PROGRAMS/hold_lock" keys/rows-2@1.envkey; }
# shellcheck disable=SC2154 # coproc sets it
holding=$holder_PID
read -r said <&"${holder[0]}"
[[ $said == locked ]] || fail "the lock: $said"
key_fails FILE_LOCKED "" rotate rows-2
[[ ! -e keys/rows-2@2.envkey ]] || fail "it was made without the lock"
kill "$holding"
wait "$holding" || :
key rotate rows-2
expect_nothing_beside

jq -es 'any(.[]; .operation == "rotate" and .named_key == "cards@2" and .result == "ok") and
    any(.[]; .operation == "destroy" and .named_key == "cards@1" and .result == "ok")' audit.log \
    >/dev/null || fail "not recorded: $(<audit.log)"
