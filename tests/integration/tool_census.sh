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
json_is 0 '[.messages, .sealed_keys, .not_messages, .damaged, .unreadable, .skipped, .leftovers] | join(" ")' \
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
tool_gives 0 - census --kek 99 --files tree
! grep -q ^tree out || fail "files of a KEK that has none: $(<out)"
mv tokens.away tokens
mv openssl.cnf.away openssl.cnf

# ---- with the tokens ----

tool_gives 0 - census --kek orders --files tree
[[ $(grep -c ^tree out) == 3 ]] || fail "by label: $(<out)"
tool_complains "--kek: $(reason KEK_NOT_FOUND)" census --kek nolabel tree
tool_gives 0 - census --labels tree
grep -qx "AES KEK $kek_id, key 'orders' of token 'kek'" out || fail "--labels: $(<out)"
grep -qx "AES KEK 0102" out || fail "--labels: $(<out)"

# Half of the keys are here: what can not be verified is told, and is not all right.
tool_gives 1 - census --verify tree
grep -q "^tree/second: a message for 0102, no key of which is here$" out || fail "$(<out)"
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
tool census --json --verify tree mac >json && fail "all is well with a wrong MAC"
json_is 0 '[.path, .counted_as, .reason, .keks[0].state] | join(" ")' "mac messages 148 fails"
json_is 1 '[.opened, .failed, .no_key_here] | join(" ")' "4 1 0"
json_is 1 '[.keks[] | [.opens, .fails, .not_here] | join(" ")] | join("|")' "3 1 0|2 0 0"

# ---- what is none, or not any more ----

mkdir odd
head -c 100 tree/one >odd/cut
part tree/one 0 $(($(header_length tree/one) + 74 + 5)) >odd/short
: >odd/empty
printf '\x30' >odd/tiny
ln -s ../tree odd/link
mkfifo odd/fifo
: >odd/.x.envelope-journal
cat >wanted <<END
odd/.x.envelope-journal: left by a broken-off change of the file beside it: run that again
odd/cut: $(reason TRUNCATED)
odd/fifo: a FIFO
odd/link: a symbolic link, which is not followed
odd/short: $(reason TRUNCATED)
END
tool_gives 1 - census odd
grep ^odd out | diff -u wanted - || fail "odd files"
grep -qx "2 not a message, 2 damaged, 0 could not be read, 2 skipped" out || fail "$(<out)"
grep -qx "1 left by a broken-off change: run that again" out || fail "$(<out)"
rm odd/cut odd/short
tool_gives 1 - census odd # the leftover
rm odd/.x.envelope-journal
tool_gives 0 - census odd
tool_gives 1 - census missing
grep -qx "missing: No such file or directory" out || fail "$(<out)"
tool_gives 0 nothing census --quiet tree

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
