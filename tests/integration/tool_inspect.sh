#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope inspect, and what all subcommands have: usage, exit statuses, where the output goes.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual

stream 5000 >plain
seal -in plain -out message 2>/dev/null
seal -in /dev/null -out empty 2>/dev/null
with_envelope "$ENVELOPE_PROGRAMS/one_update" 3000000 ENVELOPE-64K >large

# ---- words, without a token ----

header=$(header_length message)
cat >wanted <<END
message: message, segments of 4 KiB
  $(stat -c %s message) bytes: header $header, body $(($(stat -c %s message) - header)), plaintext 5000
  AES KEK $kek_id, AES-256 key wrap (RFC 3394), 2.16.840.1.101.3.4.1.45
END
mv tokens tokens.away
mv openssl.cnf openssl.cnf.away
tool_gives 0 wanted inspect message
sed 's/^message:/(stdin):/' wanted >wanted.stdin
tool_gives 0 wanted.stdin inspect - <message
tool inspect - < <(cat message) >out || fail "from a pipe"
same wanted.stdin out
mv tokens.away tokens
mv openssl.cnf.away openssl.cnf

# ---- JSON ----

tool inspect --json message empty large >json || fail "--json"
json_is 0 '.type + " " + .kind' "file message"
json_is 0 '.plaintext_length' 5000
json_is 0 '.segment_length' 4128
json_is 0 '.header_length' "$header"
json_is 0 '.recipients | length' 1
json_is 0 '.recipients[0] | .type + " " + .kek + " " + .oid' "AES $kek_id 2.16.840.1.101.3.4.1.45"
json_is 0 '.recipients[0] | has("state")' false
json_is 1 '.plaintext_length' 0
json_is 2 '.segment_length' 65568
json_is 3 'tojson' '{"type":"summary","files":3,"wrong":0}'

# ---- which keys are here ----

id=$(tool inspect --here --json message | jq -r '.message // empty')
[[ $id =~ ^[0-9a-f]{32}$ ]] || fail "the message's id: $id"
sed -i "2a\\  message id $id" wanted
cat >>wanted <<END
    key 'orders' of token 'kek': opens
END
tool_gives 0 wanted inspect --here message
make_token other
make_kek other second --id 0102
write_cnf -token 'kek=orders second'
seal -in plain -out both 2>/dev/null
write_cnf
tool_gives 0 - inspect --here both
grep -qx "    its key is on no configured token" out || fail "the second KEK is not missing: $(<out)"
tool inspect --json --here both >json || fail "--json --here"
json_is 0 '[.recipients[] | .kek + ":" + .state] | sort | join(" ")' "$kek_id:opens 0102:not here"
json_is 0 '[.recipients[] | select(.state == "opens") | .label + "@" + .token] | join(" ")' orders@kek
write_cnf 'token="pkcs11:token=other"' kek=second
tool_gives 1 - inspect --here message # no key here opens it
tool_gives 0 - inspect message
# Where no token can be asked, the header alone says which KEK it is.
write_cnf 'token="pkcs11:token=absent"'
tool_gives 1 - inspect --here both
! grep -q "key ''" out || fail "a key without a name: $(<out)"
grep -qE "^    KEK ($kek_id|0102): $(reason NO_TOKEN)" out || fail "the KEK is not named: $(<out)"
write_cnf open-kek=other
tool_gives 1 - inspect --here message
grep -qF "$(reason KEK_NOT_ALLOWED)" out || fail "open-kek: $(<out)"
write_cnf
cp message altered
flip altered $((header - 1)) # the last byte of the MAC
tool_gives 1 - inspect --here altered
grep -qF "key 'orders' of token 'kek': $(reason NOT_AUTHENTIC)" out || fail "altered: $(<out)"
tool_gives 0 - inspect altered # a header is only a claim

# ---- what is no message ----

part message 0 100 >./cut
part message 0 $((header + 74 + 31)) >short
part message 0 20 >tiny
: >nothing
head -c 20000 /dev/zero >zeros
mkdir directory
bad_header=$(mktemp -p .)
cp message "$bad_header"
flip "$bad_header" $((header - 33)) # the length of the MAC
for file_reason in "plain NOT_A_MESSAGE" "cut TRUNCATED" "tiny TRUNCATED" "nothing TRUNCATED" \
    "zeros NOT_A_MESSAGE" "$bad_header BAD_HEADER"; do
    read -r file name <<<"$file_reason"
    echo "$file: $(reason "$name")" >wanted
    tool_gives 1 wanted inspect "$file"
done
tool_gives 1 - inspect short
grep -qF "body 105: $(reason TRUNCATED)" out || fail "short: $(<out)"
echo "missing: No such file or directory" >wanted
tool_gives 1 wanted inspect missing
echo "directory: Is a directory" >wanted
tool_gives 1 wanted inspect directory
tool_gives 1 - inspect plain message # one bad file is enough, and the other is reported
grep -q '^message: message' out || fail "the second file is not reported"
# A header as long as may be, of what is no header, and one longer than that.
{
    part message 0 1
    printf '\x82\x3f\xfc\x06\x0b'
    part message 5 11
    head -c 20000 /dev/zero
} >longest
{
    printf '\x30\x82\x40\x01\x06\x0b'
    part message 5 11
    head -c 20000 /dev/zero
} >too_long
printf '%s\n' "longest: $(reason BAD_HEADER)" "too_long: $(reason HEADER_TOO_LONG)" >wanted
tool_gives 1 wanted inspect longest too_long
# A name may be anything: nothing of it reaches the terminal raw.
name=$'new\nline\x1b[31m\xff'
cp message "$name"
[[ $(tool inspect "$name" | head -n 1) == 'new\x0aline\x1b[31m\xff: message, segments of 4 KiB' ]] ||
    fail "a name reaches the terminal raw"
tool inspect --json "$name" >json || fail "--json with a strange name"
json_is 0 '.path_base64' "$(printf %s "$name" | base64 -w0)"

# ---- usage ----

tool_complains "there is no subcommand nonsense" nonsense
tool_complains "usage: envelope SUBCOMMAND"
tool_complains "FILE... is missing" inspect
tool_complains "there is no option --nonsense" inspect --nonsense message
tool_complains "there is no option --labels" inspect --labels message # of another subcommand
tool_complains "--config needs a value" inspect message --config
tool_complains "/nonexistent" inspect --here --config /nonexistent message
tool_complains "there is no section \[nowhere\]" inspect --here --provider-section nowhere message
write_cnf wrap=rot13
tool_complains "$(reason CONFIG_VALUE): wrap is" inspect --here message
write_cnf
tool_gives 0 - --help
tool_gives 0 - --version
[[ $(<out) == envelope\ * ]] || fail "--version"
for command in inspect census verify check; do
    tool_gives 0 - "$command" --help
    grep -q "^usage: envelope $command " out || fail "$command --help"
done
: >wanted
tool_gives 0 wanted inspect --quiet message
tool_gives 1 wanted inspect --quiet plain
# Output that cannot be written is an error.
status=0
tool inspect message >/dev/full 2>err || status=$?
((status == 2)) || fail "status $status with a full disk"
grep -q "the output could not be written" err || fail "a full disk: $(<err)"
