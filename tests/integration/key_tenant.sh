#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope key tenant: a tenant's key under a named key, which the ciphers for fields then use; what
# is refused, and the audit log.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/fields.sh
source "$source_dir/tests/lib/fields.sh"
make_two_places
named_cnf allow-keys="users tenants" "audit-log=\"file:$work/audit.log\""
names_too
key new tenants --for tenant-keys
key stand-in tenants --for-app web
above=$(<out)
printf JBSWY3DPEHPK3PXP >value

opens_fields() { # hexadecimal tenant key, tenant
    by_name ENVELOPE-FIELD -e "$(form "$above" "$1" "$2" users.otp/17)" <value >field 2>err ||
        fail "$(<err)"
    by_name ENVELOPE-FIELD -d "$(form "$above" "$1" "$2" users.otp/17)" <field >opened 2>err ||
        fail "$(<err)"
    same value opened
}

# ---- one is made ----

: >audit.log
key tenant acme --under tenants
[[ $(stat -c %s out) == 81 && $(head -c 1 out | hex) == 01 ]] || fail "no tenant key: $(hex <out)"
cp out acme
opens_fields "$(hex <acme)" acme
expect_failure TENANT_KEY_CLOSED "" by_name ENVELOPE-FIELD -e \
    "$(form "$above" "$(hex <acme)" emca users.otp/17)" <value
expect_failure TENANT_KEY_STAYS "" by_name ENVELOPE-FIELD -d \
    "$(form "$above" "" "" "tenant key v1:acme")" <acme
# one use of a KEK, and the line of the making
grep -v self-test audit.log | head -n 2 | jq -es 'map([.operation, .named_key, .result]) ==
    [["open", "tenants@1", "ok"], ["tenant-key", "tenants@1", "ok"]]' >/dev/null || fail "$(<audit.log)"
! grep -q acme audit.log || fail "the tenant's id is in the log"

# another each time, in each form
key tenant acme --under tenants --raw
! cmp -s acme out || fail "the same key twice"
key tenant acme --under tenants --hex
[[ $(<out) =~ ^01[0-9a-f]{160}$ ]] || fail "$(<out)"
opens_fields "$(<out)" acme
key tenant "$(printf 'ä%.0s' {1..127})x" --under tenants --base64
[[ $(wc -l <out) == 1 && $(base64 -d out | wc -c) == 81 ]] || fail "$(<out)"
opens_fields "$(base64 -d out | hex)" "$(printf 'ä%.0s' {1..127})x"
key_json tenant 'a"b' --under tenants
json_is 0 '[.type, .key, .changed, .tenant] | map(tostring) | join(" ")' 'key tenants@1 false a"b'
json_is -1 '[.type, .changed, .failed] | map(tostring) | join(" ")' "summary false 0"
jq -rs '.[0].message' json | base64 -d >made
opens_fields "$(hex <made)" 'a"b'
key_json tenant acme --under tenants --hex
opens_fields "$(jq -rs '.[0].message' json)" acme
# a folder that is named; no file is made
find keys | sort >before
key tenant acme --under tenants --directory keys
find keys | sort | diff before - || fail "something in the folder"

# ---- under which version ----

made_under() { # NAME@N
    key_json tenant acme --under "${1%@*}"
    json_is 0 .key "$1"
}
key rotate tenants
made_under tenants@1 # until the hour has passed
key activate tenants
made_under tenants@2
key new spent --for tenant-keys --seal-from 2020-01-01 --not-after 2021-01-01
key new later --for tenant-keys --seal-from +24h
for name in spent later; do
    key_fails KEY_SEALS_NOT "^envelope key tenant: $name: .*: $name$" tenant acme --under $name
    key_fails_json KEY_SEALS_NOT tenant acme --under $name
done
key rotate spent --seal-from now
made_under spent@2

# ---- what is refused ----

key new users --for ENVELOPE-FIELD
key_fails KEY_WRONG_USE "users@1, tenant-keys" tenant acme --under users
key_fails KEY_UNKNOWN "nobody in $work/keys" tenant acme --under nobody
: >audit.log
key_fails_json KEY_UNKNOWN tenant acme --under nobody
jq -e --argjson number "$(reason_number KEY_UNKNOWN)" '.operation == "tenant-key" and
    .named_key == "nobody" and .result == "failed" and .reason == $number' audit.log >/dev/null ||
    fail "not recorded: $(<audit.log)"
tool_complains "--under is missing" key tenant acme
tool_complains "is not a name of a key" key tenant acme --under a
tool_complains "--under takes NAME alone" key tenant acme --under tenants@1
tool_complains "ID is missing" key tenant --under tenants
tool_complains "one ID is needed, not 2" key tenant acme emca --under tenants
for id in "" $'a\nb' $'\xff' "$(printf 'a%.0s' {1..256})"; do
    tool_complains "ID takes UTF-8 without control characters, of 1 to 255 bytes" key tenant \
        --under tenants -- "$id"
done
tool_complains "cannot be combined" key tenant acme --under tenants --hex --raw
tool_complains "--json has the key as --hex or --base64" key tenant acme --under tenants --json --raw
tool_complains "--quiet would discard" key tenant acme --under tenants --quiet
tool_complains "$(reason KEYS_FOLDER)" key tenant acme --under tenants --directory nothing
if tool key tenant acme --under tenants >/dev/full 2>err; then
    fail "nothing could be written"
fi
# Nothing is given out that cannot be recorded.
named_cnf "audit-log=\"file:$work/gone/audit.log\"" audit-required=yes
if tool key tenant acme --under tenants >out 2>err; then
    fail "it is not recorded"
fi
[[ ! -s out ]] || fail "it is given out: $(hex <out)"
# The KEK is absent: nothing opens the named key.
named_cnf kek=recovery open-kek=nobody
key_fails KEK_NOT_ALLOWED "" tenant acme --under tenants
expect_nothing_beside
