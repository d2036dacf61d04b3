#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope key new and list: what is made, for whom, and what is refused.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places

# ---- one is made ----

key new cards --for AES-256-GCM --owner "Ann <ann@example.org>" --not-after +365d
grep -qE "^cards@1 made in $work/keys: AES-256-GCM, generated [0-9] seconds? ago, key id [0-9a-f]{16}$" out ||
    fail "other words: $(<out)"
diff <(tail -n +2 out | sed -E 's/after 2.*Z$/after TIME/') - <<'END' || fail "other words"
  owner Ann <ann@example.org>
  not after TIME
  AES KEK 0a0b
  AES KEK 0c0d
END
[[ $(ls keys) == cards@1.envkey ]] || fail "in the folder: $(ls -a keys)"
[[ $(stat -c %a keys/cards@1.envkey) == 600 ]] || fail "mode $(stat -c %a keys/*), with umask 077"
expect_nothing_beside
key_says cards@1 '[.name, .version, .origin, .owner, .state, .mixed, .no_export] | map(tostring) | join(" ")' \
    "cards 1 generated Ann <ann@example.org> current false false"
key_says cards@1 '.uses | join(" ")' AES-256-GCM
key_says cards@1 '[.keks[] | .type + " " + .kek] | sort | join(" ")' "AES 0a0b AES 0c0d"
key_says cards@1 '(.not_after | fromdate) - (.created | fromdate)' $((365 * 86400))
key_says cards@1 '.seal_from == .created' true

# Others may read the file where the umask lets them, and never write to it.
(umask 022 && key new shown --for AES-128-CBC --bytes 16)
[[ $(stat -c %a keys/shown@1.envkey) == 644 ]] || fail "mode $(stat -c %a keys/shown*)"
(umask 002 && key new group --for AES-128-CBC)
[[ $(stat -c %a keys/group@1.envkey) == 644 ]] || fail "mode $(stat -c %a keys/group*)"

# ---- list ----

key list
[[ $(cut -d: -f1 out | paste -sd' ') == "cards@1 group@1 shown@1" ]] || fail "list: $(<out)"
key list shown cards@1 --verbose
[[ $(grep -c KEK out) == 4 ]] || fail "list: $(<out)"
key list --directory keys
[[ $(wc -l <out) == 3 ]] || fail "list: $(<out)"
# without any configuration, module or token
OPENSSL_CONF=/dev/null SOFTHSM2_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" key list \
    --directory keys >out 2>&1 || fail "without a configuration: $(<out)"
[[ $(wc -l <out) == 3 ]] || fail "list: $(<out)"
key_fails KEY_UNKNOWN "in $work/keys" list nobody
key_fails KEY_UNKNOWN "" list cards@2
: >keys/notes.txt
echo junk >keys/junk@1.envkey
key_fails_json KEY_FILE_BAD list junk
tool key list >out 2>err && fail "junk is a key"
{ [[ $(wc -l <out) == 3 ]] && grep -qF "junk@1: $(reason KEY_FILE_BAD)" err; } || fail "$(cat out err)"
rm keys/junk@1.envkey keys/notes.txt

# ---- one that is there ----

sum=$(sha256sum keys/cards@1.envkey)
key_fails KEY_EXISTS "" new cards --for AES-256-GCM
key_fails_json KEY_EXISTS new cards --for AES-256-GCM
key new cards --for aes-256-gcm --if-missing
grep -qE '^cards@1 already exists in ' out || fail "$(<out)"
key_json new cards --for AES-256-GCM --if-missing
json_is 0 .changed false
json_is -1 .changed false
key_fails KEY_EXISTS "for another use" new cards --for AES-256-CBC --if-missing
# ... as long as is wanted, where that is said; for PBKDF2 it may be of any length
key new phrase --for PBKDF2 --bytes 20
key new phrase --for PBKDF2 --bytes 20 --if-missing
key new phrase --for PBKDF2 --if-missing
key_fails KEY_OTHER_LENGTH "not 21 bytes" new phrase --for PBKDF2 --bytes 21 --if-missing
key_fails_json KEY_OTHER_LENGTH new phrase --for PBKDF2 --bytes 64 --if-missing
key stand-in phrase --for-app app # which makes the file longer, and the key not
key new phrase --for PBKDF2 --bytes 20 --if-missing
key_json new other --for AES-256-GCM --if-missing
json_is 0 .changed true
json_is 0 .key other@1
json_is -1 .changed true
[[ $(sha256sum keys/cards@1.envkey) == "$sum" ]] || fail "it was changed"

# Eight at once: one makes it, and all find it there.
for ((i = 0; i < 8; i++)); do
    own_tokens "$i"
    SOFTHSM2_CONF=$work/softhsm2.$i.conf tool key new race --for AES-256-GCM --if-missing --json >"race.$i" 2>&1 &
    pids[i]=$!
done
for pid in "${pids[@]}"; do
    wait "$pid" || fail "a race: $(cat race.*)"
done
[[ $(cat race.? | jq -s '[.[] | select(.type == "summary" and .changed)] | length') == 1 ]] ||
    fail "made more than once: $(cat race.?)"
expect_nothing_beside

# ---- names, uses, lengths ----

for name in ab default a:b .dot -dash "a b" "$(printf 'a%.0s' {1..65})" name@x name@0 name@ @1 ünicode a/b; do
    tool_complains "not a name of a key|there is no option" key new --for AES-256-GCM -- "$name"
done
tool_complains "first version" key new name@2 --for AES-256-GCM
key new "$(printf 'a%.0s' {1..64})" --for AES-256-GCM
key new abc --for AES-256-GCM
tool_complains "one NAME is needed" key new one two --for AES-256-GCM
tool_complains "NAME is missing" key new --for AES-256-GCM
tool_complains "--for is missing" key new name
tool_complains "$(reason KEY_USES)" key new name --for AES-512-GCM
tool_complains "$(reason KEY_USES)" key new name --for "AES-256-GCM AES-256-CBC"
tool_complains "there is no option --mixed" key new name --for AES-256-GCM --mixed
tool_complains "--bytes takes a number from 1 to 1024" key new name --for AES-256-GCM --bytes 1025
tool_complains "--bytes takes a number" key new name --for AES-256-GCM --bytes 0
tool_complains "--bytes takes a number" key new name --for AES-256-GCM --bytes 32x
key_fails KEY_USES "" new name --for AES-256-GCM --bytes 16
key_fails KEY_USES "" new name --for ENVELOPE-FIELD --bytes 64
for use in ENVELOPE-FIELD ENVELOPE-FIELD-DETERMINISTIC tenant-keys mariadb pgcrypto laravel \
    laravel-gcm rails rails-credentials sqlcipher; do
    key new "for-$use" --for "$use"
done
key_says for-mariadb@1 '.uses | sort | join(" ")' "AES-256-CBC AES-256-CTR AES-256-ECB"
key_says for-rails-credentials@1 '.uses | join(" ")' AES-128-GCM
key new pg16 --for pgcrypto --bytes 16
key_says pg16@1 '.uses | sort | join(" ")' "AES-128-CBC AES-128-ECB"
tool_complains "control characters" key new name --for AES-256-GCM --owner $'a\nb'
tool_complains "control characters" key new name --for AES-256-GCM --owner "$(printf 'a%.0s' {1..256})"

# ---- times ----

key new later --for AES-256-GCM --seal-from +24h --not-after 2999-01-01
key_says later@1 .state waits
key_says later@1 .not_after 2999-01-01T00:00:00Z
key_says later@1 '(.seal_from | fromdate) - (.created | fromdate)' 86400
key new past --for AES-256-GCM --seal-from 2020-01-01 --not-after 2021-01-01T00:00:00+01:00
key_says past@1 .state expired
key_says past@1 .not_after 2020-12-31T23:00:00Z
tool_complains "is before" key new name --for AES-256-GCM --seal-from +2h --not-after +1h
tool_complains "--not-after takes now" key new name --for AES-256-GCM --not-after tomorrow
tool_complains "--seal-from takes now" key new name --for AES-256-GCM --seal-from 2026-02-30

# ---- two places ----

rm keys/*
named_cnf kek=orders
key_fails KEY_ONE_PLACE "kek names 1 KEK, of token 'kek'" new name --for AES-256-GCM
key new alone --for AES-256-GCM --single
key_says alone@1 '[.keks[].kek] | join(" ")' 0a0b
make_kek kek twin --id 0e0f
named_cnf kek="orders twin"
key_fails KEY_ONE_PLACE "kek names 2 KEKs, of token 'kek'" new name --for AES-256-GCM
stock genrsa -out rsa.pem 3072 2>/dev/null
stock rsa -in rsa.pem -pubout -out rsa.pub 2>/dev/null
named_cnf kek="orders file:$work/rsa.pub"
key new withfile --for AES-256-GCM
key_says withfile@1 '[.keks[].type] | sort | join(" ")' "AES RSA"
named_cnf kek="file:$work/rsa.pub"
key_fails KEY_ONE_PLACE "" new name --for AES-256-GCM
# None is left out, optional or not: the second place is what it is for.
named_cnf kek="orders recovery" kek-optional=recovery
directory=$(dirname "$(grep -lr --include=token.object -- "spare " tokens)")
mv "$directory" away
key_fails KEK_NOT_FOUND recovery new name --for AES-256-GCM
mv away "$directory"
[[ ! -e keys/name@1.envkey ]] || fail "there is one"

# ---- the folder ----

named_cnf
for what in nothing away/keys; do
    tool_complains "$(reason KEYS_FOLDER)" key new name --for AES-256-GCM --directory "$what"
done
chmod 777 keys
tool_complains "$(reason KEYS_FOLDER)" key new name --for AES-256-GCM
chmod 1777 keys # whose files only their owners remove: Kubernetes' volumes
key new sticky --for AES-256-GCM
chmod 700 keys
: >file
tool_complains "$(reason KEYS_FOLDER)" key list --directory file

# ---- the audit log ----

named_cnf "audit-log=\"file:$work/audit.log\""
key new recorded --for AES-256-GCM
jq -es '([.[] | select(.operation == "create" and .named_key == "recorded@1" and .result == "ok") |
    .label] | sort) == ["orders", "recovery"] and all(.[]; .operation != "wrap")' audit.log >/dev/null ||
    fail "not recorded: $(<audit.log)"
named_cnf kek=orders "audit-log=\"file:$work/audit.log\""
key_fails KEY_ONE_PLACE "" new unmade --for AES-256-GCM
jq -es --argjson number "$(reason_number KEY_ONE_PLACE)" 'any(.[]; .operation == "create" and
    .named_key == "unmade@1" and .result == "failed" and .reason == $number)' audit.log >/dev/null ||
    fail "not recorded: $(<audit.log)"
named_cnf "audit-log=\"file:$work/audit.log\""
key_fails KEY_EXISTS "" new recorded --for AES-256-GCM

tool_complains "there is no key what" key what
tool key --help | found '^  stand-in  ' || fail "key --help"
tool key >out 2>err && fail "no action"
{ [[ ! -s out ]] && grep -q '^usage: envelope key ACTION' err; } || fail "no usage: $(<err)"
