#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope key import and export: the key that a program has, in and out again.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
named_cnf "audit-log=\"file:$work/audit.log\""
stream 32 >raw
od -An -v -tx1 raw | tr -d ' \n' >hex
base64 -w0 raw >base64
secret=$(<hex)

# ---- in, in each form, and out in each ----

key import hex --for AES-256-CBC <hex
key import hex-newline --for AES-256-CBC --hex < <(cat hex; echo)
key import base64 --for AES-256-CBC --base64 <base64
key import raw --for AES-256-CBC --raw <raw
for name in hex hex-newline base64 raw; do
    key export "$name" --yes
    [[ $(<out) == "$secret" ]] || fail "$name came out otherwise"
    key export "$name@1" --yes --hex
    [[ $(<out) == "$secret" ]] || fail "$name came out otherwise"
    key export "$name" --yes --base64
    [[ $(<out) == "$(<base64)" ]] || fail "$name came out otherwise in base64"
    key export "$name" --yes --raw
    same raw out
    key_json export "$name" --yes
    json_is 0 .value "$secret"
    json_is 0 .changed false
    key_says "$name@1" .origin imported
done
rm out json
# the same key has the same id in each file, and each file another fingerprint
tool key list --json | jq -rs '[.[] | select(.name) | .key_id] | unique | length' | found -x 1 ||
    fail "several key ids"
tool key list --json | jq -rs '[.[] | select(.name) | .fingerprint] | unique | length' | found -x 4 ||
    fail "not four fingerprints"

# What still holds it is said, and what takes its place.
key import told --for AES-256-CBC <hex
{ grep -qF "the key itself is still where it came from" out && grep -qF "envelope key stand-in told@1" out; } ||
    fail "not said: $(<out)"
# What a set means may depend on the length, of one that is there as well.
head -c 16 raw >raw.16
key import database --for pgcrypto --raw <raw.16
key_says database@1 '.uses | join(" ")' "AES-128-ECB AES-128-CBC"
key_json import database --for pgcrypto --raw --if-missing </dev/null
json_is 0 .changed false
key_fails_json KEY_EXISTS import database --for mariadb --if-missing </dev/null
# One that is there is not read for.
key import told --for AES-256-CBC --if-missing </dev/null
grep -q '^told@1 already exists' out || fail "$(<out)"

# ---- what is no key for that ----

bad() { # reason or "", pattern, input, arguments
    local name=$1 pattern=$2 input=$3
    shift 3
    printf "%b" "$input" >input
    key_fails "$name" "$pattern" import bad "$@" <input
    [[ ! -e keys/bad@1.envkey ]] || fail "made of $input"
    ! grep -qF "${secret:0:16}" err || fail "the key is shown"
}
bad "" "not hex" "${secret:1}" --for AES-256-CBC
bad "" "not hex" "${secret:0:62}zz" --for AES-256-CBC
bad "" "not hex" "$secret\n\n" --for AES-256-CBC
bad "" "not hex" "$secret\r\n" --for AES-256-CBC
bad "" "not base64" "$secret=" --for AES-256-CBC --base64
bad "" "the standard input is empty" "" --for AES-256-CBC
bad "" "the standard input is empty" "\n" --for AES-256-CBC --base64
bad "" "longer than 1024" "$(printf 'ab%.0s' {1..1025})" --for PBKDF2
bad KEY_USES "" "${secret}00" --for AES-256-CBC
bad KEY_USES "" "$secret" --for ENVELOPE-FIELD
bad KEY_USES "" "$secret" --for tenant-keys
tool_complains "exclude each other" key import bad --for AES-256-CBC --hex --raw <hex

# A KDF takes a password of any length, a cipher's key may be shorter than the cipher's (PHP pads it).
printf 'correct horse battery staple' | key import password --for PBKDF2 --raw
key export password --yes --raw
[[ $(<out) == 'correct horse battery staple' ]] || fail "another password"
printf 'twenty bytes of keys' | key import short --for AES-256-CBC --raw

# ---- several modes ----

tool_complains "$(reason KEY_USES)" key import two --for "AES-256-GCM,AES-256-CBC" <hex
key import two --for "AES-256-GCM,AES-256-CBC" --mixed <hex
key_says two@1 '.mixed, (.uses | sort | join(" "))' $'true\nAES-256-CBC AES-256-GCM'
grep -q 'mixed' out || fail "not said: $(<out)"

# ---- out ----

tool_complains "--yes is missing" key export hex
tool_complains "--quiet would throw" key export hex --yes --quiet
tool_complains "--json has the key as" key export hex --yes --json --raw
key_fails KEY_UNKNOWN "" export nobody --yes
key_fails KEY_UNKNOWN "" export hex@2 --yes
key import kept --for AES-256-CBC --no-export <hex
key_says kept@1 .no_export true
key_fails KEY_NO_EXPORT "" export kept --yes
key new made --for AES-256-CBC --no-export
key_fails KEY_NO_EXPORT "" export made --yes
key new out --for AES-256-CBC
key export out --yes
[[ $(<out) =~ ^[0-9a-f]{64}$ && $(<out) != "$secret" ]] || fail "exported: $(wc -c <out) bytes"

# ---- recorded, before anything leaves ----

jq -es 'any(.[]; .operation == "import" and .named_key == "hex@1" and .result == "ok") and
    any(.[]; .operation == "export" and .named_key == "hex@1" and .result == "ok") and
    any(.[]; .operation == "export" and .named_key == "kept@1" and .result == "failed")' audit.log \
    >/dev/null || fail "not recorded: $(<audit.log)"
! grep -qF "$secret" audit.log || fail "the key is in the audit log"
if [[ -c /dev/full ]]; then
    tool key export hex --yes >/dev/full 2>err && fail "a full disk is a success"
    grep -qF "$(reason FILE_FAILED)" err || fail "$(<err)"
fi
