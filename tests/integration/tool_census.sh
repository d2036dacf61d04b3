#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope census: which KEKs protect how much, from headers alone or verified; a long list in
# constant memory (ENVELOPE_TEST_LINES, 100,000 unless set).
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
make_token other
make_kek other second --id 0102

stream 1000 >plain
mkdir -p tree/sub
seal -in plain -out tree/one 2>/dev/null
seal -in plain -out tree/sub/two 2>/dev/null
write_cnf -token 'kek=orders second'
seal -in plain -out tree/both 2>/dev/null
write_cnf -token kek=second
seal -in plain -out tree/second 2>/dev/null
write_cnf
cp plain tree/plain
one=$(stat -c %s tree/one)
both=$(stat -c %s tree/both)
second=$(stat -c %s tree/second)
: >nothing

# ---- headers alone: no token is asked, no configuration is read ----

mv tokens tokens.away
mv openssl.cnf openssl.cnf.away
tool_gives 0 - census tree
cat >wanted <<END
AES KEK $kek_id
  3 files, $(awk "BEGIN { printf \"%.1f KiB\", ($one + $one + $both) / 1024 }"); of these 2 ($(awk "BEGIN { printf \"%.1f KiB\", 2 * $one / 1024 }")) that no other opens
AES KEK 0102
  2 files, $(awk "BEGIN { printf \"%.1f KiB\", ($both + $second) / 1024 }"); of these 1 ($(awk "BEGIN { printf \"%.1f KiB\", $second / 1024 }")) that no other opens
4 messages, 0 sealed keys, $(awk "BEGIN { printf \"%.1f KiB\", ($one + $one + $both + $second) / 1024 }")
1 not a message, 0 damaged, 0 could not be read, 0 skipped
not verified: a header is only a claim (--verify)
END
diff -u wanted out || fail "census"
tool_gives 0 wanted census --workers 7 tree
tool census --json tree >json || fail "--json"
json_is 0 '[.messages, .sealed_keys, .not_messages, .damaged, .unreadable, .skipped, .sidecars] | join(" ")' \
    "4 0 1 0 0 0 0"
json_is 0 '[.keks[] | [.type, .kek, .files, .bytes, .sole_files, .sole_bytes] | join(" ")] | join("|")' \
    "AES $kek_id 3 $((2 * one + both)) 2 $((2 * one))|AES 0102 2 $((both + second)) 1 $second"
json_is 0 '.bytes' $((2 * one + both + second))
cat >wanted <<END
tree/both: a message for
tree/second: a message for 0102
END
tool_gives 0 - census --kek 01:02 --files tree
sed -n 's/ for .* .*$/ for/; /^tree/p' out | diff -u wanted - || fail "--files"
# A name in no header may be a label, and there is no token to ask; a reference is not a label.
tool census --kek 99 --files tree >out 2>err && fail "--kek 99: it succeeded"
grep -q "^envelope census: --kek: no header names the reference '99', and the tokens could not be searched" err ||
    fail "$(<err)"
! grep -q ^tree out || fail "files of a KEK that has none: $(<out)"
tool_gives 0 - census --kek id:99 --files tree
! grep -q ^tree out || fail "files of a KEK that has none: $(<out)"
grep -qx "no header names the KEK 'id:99'" out || fail "$(<out)"
tool_gives 0 - census --kek id:0102 tree
grep -q "^  2 files" out || fail "$(<out)"
mv tokens.away tokens
mv openssl.cnf.away openssl.cnf

# ---- with the tokens ----

tool_gives 0 - census --kek orders --files tree
[[ $(grep -c ^tree out) == 3 ]] || fail "by label: $(<out)"
tool_complains "--kek: $(reason KEK_NOT_FOUND)" census --kek nolabel tree
tool_gives 0 - census --labels tree
grep -qx "AES KEK $kek_id, key 'orders' of token 'kek'" out || fail "--labels: $(<out)"
grep -qx "AES KEK 0102" out || fail "--labels: $(<out)"

# A label that could be a reference is searched as both; neither, or both, is an error.
for label in 2025 cafe 12 202 2025:01; do
    make_kek kek $label --id "$(printf %s "$label" | md5sum | head -c 32)"
    write_cnf kek=$label
    seal -in plain -out labelled 2>/dev/null
    tool_gives 0 - census --kek $label --files labelled
    [[ $(grep -c ^labelled out) == 1 ]] || fail "--kek $label: $(<out)"
    ! grep -q "no header names" out || fail "--kek $label: $(<out)"
    tool_gives 0 - census --kek pkcs11:object=$label --files labelled
    [[ $(grep -c ^labelled out) == 1 ]] || fail "--kek pkcs11:object=$label: $(<out)"
    tool_gives 0 - census --kek $label tree
    grep -qE "^no header names the KEK '$label' \(reference [0-9a-f]{32}\)$" out ||
        fail "--kek $label: $(<out)"
done
write_cnf
tool census --json --kek 2025 tree >json || fail "--json --kek"
json_is 0 .kek_named false
tool census --json --kek orders tree >json || fail "--json --kek"
json_is 0 .kek_named true
tool_gives 0 - census --kek 99 tree # neither
grep -qx "no header names the KEK '99'" out || fail "$(<out)"
# The label of one key and the reference of another, on the token and in headers.
make_kek other beef --id abba
make_kek other abba --id 00ff00ff00ff00ff00ff00ff00ff00ff
write_cnf -token
tool_complains "--kek: 'abba' is the label of the KEK [0-9a-f]{32} and the reference of another: use \
pkcs11:object=abba or id:abba" census --kek abba tree
write_cnf -token kek=beef
mkdir both.meanings
seal -in plain -out both.meanings/by-reference 2>/dev/null
write_cnf -token kek=abba
seal -in plain -out both.meanings/by-label 2>/dev/null
pkcs11-tool --module "$softhsm" --token-label other --login --pin "$pin" --delete-object \
    --type secrkey --label beef >/dev/null
tool census --kek abba both.meanings >out 2>err && fail "--kek abba: it succeeded"
grep -q "headers name the KEK of the label 'abba', .* and another KEK of that reference" err || fail "$(<err)"
for kek in id:abba pkcs11:object=abba; do
    tool_gives 0 - census --kek $kek --files both.meanings
    [[ $(grep -c ^both.meanings out) == 1 ]] || fail "--kek $kek: $(<out)"
done
write_cnf

# Half of the keys are here: what cannot be verified is reported, and the status is 1.
tool_gives 1 - census --verify tree
grep -q "^tree/second: a message for 0102, whose keys are not here$" out || fail "$(<out)"
grep -qx "verified: 3 opened, 0 failed, 1 for which no key is here" out || fail "$(<out)"
write_cnf -token
tool_gives 0 - census --verify tree
grep -qx "verified: 4 opened, 0 failed, 0 for which no key is here" out || fail "$(<out)"
# A header that claims another KEK is found out.
cp tree/one claim
offset=$(stock asn1parse -inform DER -in claim 2>/dev/null |
    sed -nE 's/^ *([0-9]+):.*hl=2 l= +16 prim: OCTET STRING.*/\1/p' | head -n 1)
flip claim $((offset + 2))
tool_gives 0 - census claim
grep -q "^AES KEK 01112233445566778899aabbccddeeff$" out || fail "the claim is not counted: $(<out)"
tool_gives 1 - census --verify claim
cp tree/one mac
flip mac $(($(header_length mac) - 1))
tool_gives 1 - census --verify mac
grep -qx "mac: $(reason NOT_AUTHENTIC)" out || fail "$(<out)"
tool census --json --verify tree mac >json && fail "success with a wrong MAC"
json_is 0 '[.path, .counted_as, .reason, .keks[0].state] | join(" ")' "mac messages 148 fails"
json_is 1 '[.opened, .failed, .no_key_here] | join(" ")' "4 1 0"
json_is 1 '[.keks[] | [.opens, .fails, .not_here] | join(" ")] | join("|")' "3 1 0|2 0 0"

# ---- files that are not messages, or no longer ----

mkdir odd
head -c 100 tree/one >odd/cut
part tree/one 0 $(($(header_length tree/one) + 74 + 5)) >odd/short
: >odd/empty
printf '\x30' >odd/tiny
ln -s ../tree odd/link
mkfifo odd/fifo
: >odd/.x.envelope-journal
cat >wanted <<END
odd/.x.envelope-journal: left by an interrupted change of the file beside it: run that change again
odd/cut: $(reason TRUNCATED)
odd/fifo: skipped: a FIFO
odd/link: skipped: a symbolic link, which is not followed
odd/short: $(reason TRUNCATED)
END
tool_gives 1 - census odd
grep ^odd out | diff -u wanted - || fail "odd files"
grep -qx "2 not a message, 2 damaged, 0 could not be read, 2 skipped" out || fail "$(<out)"
grep -qx "1 left by an interrupted change: run that change again" out || fail "$(<out)"
rm odd/cut odd/short
tool_gives 1 - census odd # the sidecar
rm odd/.x.envelope-journal
tool_gives 0 - census odd
tool_gives 1 - census missing
grep -qx "missing: No such file or directory" out || fail "$(<out)"
tool_gives 0 nothing census --quiet tree

# Every plain cut is seen, and by no more than one read; what is behind the end as well.
mkdir cuts
stream 20000 >long
seal -in long -out whole 2>/dev/null
header=$(header_length whole)
size=$(stat -c %s whole)
segment=$(tool inspect --json whole | jq -s '.[0].segment_length')
for cut in 1 100 3000 $(((size - header - 74) % segment)) $((size - header - 74 - segment)); do
    head -c $((size - cut)) whole >cuts/$cut
done
{ cat whole && echo; } >cuts/longer
for command in "census" "census --verify" rewrap reencrypt verify; do
    read -ra words <<<"$command"
    tool "${words[@]}" cuts >out 2>err && fail "$command: success with cut files"
    (($(grep -c ": $(reason TRUNCATED)$" out) == 5)) || fail "$command: $(<out)"
    grep -qx "cuts/longer: $(reason TRAILING_DATA)" out || fail "$command: $(<out)"
done
tool census --json cuts >json && fail "cut files"
json_is -1 '[.messages, .damaged, .keks[0].files] | join(" ")' "0 6 6" # still this KEK's
tool_gives 1 - inspect cuts/1
grep -qF "body $((size - 1 - header)): $(reason TRUNCATED)" out || fail "$(<out)"
tool inspect --json cuts/3000 cuts/longer >json && fail "inspect: cut files"
json_is 0 '[has("plaintext_length"), .end_is_there, .reason] | join(" ")' "false false 141"
json_is 1 '[has("plaintext_length"), .end_is_there, .reason] | join(" ")' "false false 142"

# ---- base64, as enc -a writes it ----

mkdir b64
seal -a -in long -out b64/lines 2>/dev/null
seal -a -A -in plain -out b64/one-line 2>/dev/null
sed 's/$/\r/' b64/lines >b64/crlf
{ printf '\xEF\xBB\xBF' && cat b64/crlf; } >b64/mark
{ printf '\xFF\xFE' && iconv -t UTF-16LE b64/crlf; } >b64/utf16
tool_gives 0 - census --verify --kek orders --files b64
[[ $(grep -c "^b64/.*: a message in base64 for $kek_id$" out) == 5 ]] || fail "$(<out)"
grep -qx "5 in base64, which rewrap cannot write: decode them first" out || fail "$(<out)"
tool_gives 0 - verify --verbose b64
[[ $(grep -c ": opens, 19.5 KiB$" out) == 4 ]] || fail "$(<out)"
tool_gives 0 - inspect --here b64/mark
grep -qx "  $(stat -c %s whole) bytes in base64: header $header, body $((size - header)), plaintext 20000" out ||
    fail "$(<out)"
tool inspect - < <(cat b64/lines) >out || fail "base64 from a pipe"
grep -q "plaintext 20000" out || fail "$(<out)"
for command in rewrap reencrypt; do
    cp -a b64 b64.before
    tool $command b64 >out 2>err && fail "$command: success with base64"
    (($(grep -c ": $(reason MESSAGE_IN_BASE64)$" out) == 5)) || fail "$command: $(<out)"
    diff -r b64 b64.before || fail "$command wrote base64"
    rm -rf b64.before
done
# the command that is suggested, for every form
for form in lines one-line crlf mark utf16; do
    base64 -di b64/$form >decoded
    tool_gives 0 - verify decoded
    tool_gives 0 - rewrap decoded
done
# bad ones, and lists that lie in the tree
mkdir bad64
head -c 5000 b64/lines >bad64/cut
sed '20s/./*/' b64/lines >bad64/altered
{ head -c 2000 b64/lines && echo && cat b64/lines; } >bad64/two
{ cat b64/one-line && echo && cat b64/one-line; } >bad64/list
for command in census verify rewrap; do
    tool $command bad64 >out 2>err && fail "$command: success with bad base64"
    [[ $(grep -c ^bad64 out) == 4 ]] || fail "$command: $(<out)"
done
tool_gives 1 - verify bad64
grep -qx "bad64/altered: not base64" out || fail "$(<out)"
several="base64 of several messages, or with data after it: --list reads lists"
grep -qxE "bad64/list: ($several|$(reason TRAILING_DATA))" out || fail "$(<out)" # padded or not

# ---- many recipients ----

keks=
for i in {1..32}; do
    make_kek kek "many$i" --id "$(printf 'ee%030x' "$i")"
    keks+=" many$i"
done
write_cnf "kek=$keks"
seal -in plain -out many 2>/dev/null
tool census --json --verify many >json || fail "32 recipients"
json_is 0 '.keks | length' 32
json_is 0 '[.keks[] | .opens] | add' 32
tool inspect --json many >json || fail "32 recipients: inspect"
json_is 0 '.recipients | length' 32
write_cnf

# ---- lists ----

stock enc -base64 -A -in tree/second >column
printf '{"id":%s,"context":"x","message":"%s"}\n' 1 "$(<column)" '"b"' "$(<column)" >rows
printf '17\ty\t%s\n18\t\\N\t\\N\n' "$(<column)" >>rows
tool_gives 0 - census --list --files rows
cat >wanted <<END
rows:1 (id 1): a message for 0102
rows:2 (id b): a message for 0102
rows:3 (id 17): a message for 0102
AES KEK 0102
END
head -n 4 out | diff -u wanted - || fail "rows"
grep -qx "0 not a message, 0 damaged, 0 could not be read, 1 skipped" out || fail "$(<out)"

list_lines=${ENVELOPE_TEST_LINES:-100000}
line=$(base64 -w0 tree/one)
repeat() { # times
    yes "$line" | head -n "$1" || [[ ${PIPESTATUS[1]} == 0 ]]
}
{
    repeat 3
    echo '*'
    base64 -w0 tree/plain
    echo
} >list
tool_gives 1 - census --list list
grep -qx "list:4: not base64" out || fail "$(<out)"
grep -qx "1 not a message, 0 damaged, 1 could not be read, 0 skipped" out || fail "$(<out)"
peak() { # lines: KiB
    repeat "$1" | env OPENSSL_CONF="$work/$cnf" "${sanitizer_env[@]}" /usr/bin/time -f %M -o memory \
        "$ENVELOPE_MODULE_DIR/envelope" census --list --json - >json || fail "a list of $1 lines"
    json_is 0 '.messages' "$1"
    cat memory
}
few=$(peak 2000)
many=$(peak "$list_lines")
echo "peak memory: $few KiB with 2000 lines, $many KiB with $list_lines"
# what the sanitizers keep of freed memory grows
[[ -n ${ENVELOPE_SANITIZE:-} ]] || ((many < few + 4096)) || fail "memory grows with the list"
