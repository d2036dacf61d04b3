#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope rewrap --list --tenant-keys: a thousand tenants' keys are sealed anew under the newest
# version of the named key above them, with as many uses of a KEK as there are versions.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/fields.sh
source "$source_dir/tests/lib/fields.sh"
make_two_places
rows=1000
with_log() {
    named_cnf allow-keys=tenants "audit-log=\"file:$work/audit.log\"" "$@"
    names_too
}
with_log
key new tenants --for tenant-keys
key stand-in tenants --for-app web
cp out stand-in
above=$(<stand-in)
printf JBSWY3DPEHPK3PXP >value

rewrap() { # status, summary, arguments; the lines are in new, the report is in err
    local wanted=$1 summary=$2 status=0
    shift 2
    : >audit.log
    tool rewrap --list --tenant-keys "$@" >new 2>err || status=$?
    ((status == wanted)) || fail "status $status, not $wanted: $(<err)"
    [[ $(tail -n 1 err) == "$summary" ]] || fail "$(<err)"
}
token_calls() { # how many: each has its line
    local got
    got=$(grep -c -v '"operation":"self-test"' audit.log) || :
    [[ $got == "$1" ]] || fail "$got uses of a KEK, not $1: $(<audit.log)"
    [[ $(grep -c '"operation":"open","kek":"0[ac]0[bd]"' audit.log) == "$1" ]] || fail "$(<audit.log)"
}
message_of() { # file, tenant: in hexadecimal digits
    jq -r --arg tenant "$2" 'select(.tenant == $tenant) | .message' "$1" | base64 -d | hex
}

with_envelope "$ENVELOPE_PROGRAMS/tenant_rows" stand-in $rows >old 2>err || fail "$(<err)"
by_name ENVELOPE-FIELD -e "$(form "$above" "$(message_of old 17)" 17 users.otp)" <value >field 2>err ||
    fail "$(<err)"

# ---- nothing to do, nor before the new version's time ----

rewrap 0 "0 sealed anew, $rows current, 0 skipped, 0 failed" old
same old new
token_calls 1
key rotate tenants
rewrap 0 "0 sealed anew, $rows current, 0 skipped, 0 failed" <old
same old new
token_calls 2

# ---- all of them ----

key activate tenants
rewrap 0 "$rows to be sealed anew, 0 current, 0 skipped, 0 failed" --dry-run old
[[ ! -s new ]] || fail "a dry run writes lines"
rewrap 0 "$rows sealed anew, 0 current, 0 skipped, 0 failed" old
token_calls 2
jq -c '[.id, .tenant]' new >new.names
jq -c '[.id, .tenant]' old | diff - new.names || fail "other rows"
[[ $(cat old new | jq -r .message | sort -u | wc -l) == $((2 * rows)) ]] || fail "a message is as it was"
[[ $(jq -r .message new | cut -c 1-12 | sort -u | wc -l) == 1 ]] || fail "not all under one version"
cp new all
rewrap 0 "0 sealed anew, $rows current, 0 skipped, 0 failed" all
same all new
# It is the same key: it opens what the old row sealed, and the old version is no longer needed.
key destroy tenants@1 --yes
by_name ENVELOPE-FIELD -d "$(form "$above" "$(message_of all 17)" 17 users.otp)" <field >opened 2>err ||
    fail "$(<err)"
same value opened
expect_failure FIELD_KEY_UNKNOWN "" by_name ENVELOPE-FIELD -d \
    "$(form "$above" "$(message_of old 17)" 17 users.otp)" <field

# ---- rows that are not what they should be stay as they came, and are counted ----

key rotate tenants --seal-from now
head -n 7 all >mixed
sed -i '1s/"tenant": "1"/"tenant": 1/
    2s/"tenant": "2"/"tenant": "3"/
    3s/"tenant"/"owner"/
    4s/"message": "[^"]*/"message": "AQID/
    5s/"message": "[^"]*/&AAAA/
    6s/"message": "[^"]*"/"message": null/
    7s/"message": "\(.\{72\}\)[^"]*/"message": "\1/' mixed
{
    message_of all 8 | sed 's/^01/02/' | xxd -r -p | base64 -w0 | sed 's/.*/{"tenant":"8","message":"&"}/'
    echo
    head -n 17 old | tail -n 1 # whose key is destroyed
    printf '{"tenant":"9","message":"%s"}\n' "$(base64 -w0 <value)"
    printf '{"tenant":"%0256d","message":"%s"}\n' 9 "$(jq -rs '.[8].message' all)"
    printf 'no base64\n'
} >>mixed
rewrap 1 "1 sealed anew, 0 current, 1 skipped, 10 failed" mixed
diff mixed new | grep -c '^>' >changed || :
[[ $(<changed) == 1 ]] || fail "other lines: $(diff mixed new)"
tells() { # line, reason, detail
    grep -qF "mixed:$1" err || fail "line $1 is not told: $(<err)"
    grep -E "^mixed:$1( |:)" err | grep -F "$(reason "$2")" | found -F "$3" || fail "line $1: $(<err)"
}
tells 2 TENANT_KEY_CLOSED ""
tells 3 TENANT_INCOMPLETE "the row has no tenant of 1 to 255 bytes"
tells 4 FIELD_TOO_SHORT ""
tells 5 TENANT_INCOMPLETE "the message has 84 bytes"
tells 7 TENANT_INCOMPLETE "the message has 54 bytes"
tells 8 FIELD_OTHER_CIPHER ""
tells 9 FIELD_KEY_UNKNOWN "no key made for tenant-keys has the key id"
tells 10 NOT_A_FIELD ""
tells 11 TENANT_INCOMPLETE "the row has no tenant of 1 to 255 bytes"
grep -qxF "mixed:12: not base64" err || fail "$(<err)"

# ---- which named keys ----

key new others --for tenant-keys --not-after 2999-01-01
key new users --for ENVELOPE-FIELD
rewrap 0 "$rows sealed anew, 0 current, 0 skipped, 0 failed" all
token_calls 3 # of others@1 as well
rewrap 0 "$rows sealed anew, 0 current, 0 skipped, 0 failed" --under tenants all
token_calls 2
rewrap 1 "0 sealed anew, 0 current, 0 skipped, $rows failed" --under others all
same all new

refused() { # pattern, arguments
    : >out
    tool_complains "$1" rewrap --list "${@:2}"
}
refused "$(reason KEY_UNKNOWN): nobody in $work/keys" --tenant-keys --under nobody all
refused "$(reason KEY_WRONG_USE): users@1, tenant-keys" --tenant-keys --under users all
refused "--under goes with --tenant-keys" --under tenants all
refused "excludes --kek, --trust-rsa and --single" --tenant-keys --kek recovery all
refused "excludes --kek, --trust-rsa and --single" --tenant-keys --trust-rsa all
refused "excludes --kek, --trust-rsa and --single" --tenant-keys --single all
tool_complains "--tenant-keys goes with --list" rewrap --tenant-keys all
with_log open-kek=nobody
refused "$(reason KEK_NOT_ALLOWED)" --tenant-keys all
with_log
mv keys/tenants@* .
mv keys/others@1.envkey .
refused "$(reason KEY_UNKNOWN): for tenant-keys, in $work/keys" --tenant-keys all
echo junk >keys/junk@1.envkey
refused "$(reason KEY_FILE_BAD)" --tenant-keys all
mv tenants@* keys/
rewrap 0 "$rows sealed anew, 0 current, 0 skipped, 0 failed" --under tenants all

# ---- in JSON ----

rm keys/junk@1.envkey
tool rewrap --list --tenant-keys --json mixed >new 2>json && fail "some rows fail"
jq -es --argjson number "$(reason_number TENANT_KEY_CLOSED)" 'any(.[]; .line == 2 and .reason == $number and
    .id == "5002") and (.[-1] | [.lines, .replaced, .current, .skipped, .failed] == [12, 1, 0, 1, 10])' json \
    >/dev/null || fail "$(<json)"
