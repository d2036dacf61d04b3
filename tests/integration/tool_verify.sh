#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope verify: everything is opened to its end, through one or each recipient, and failures are
# reported with their reason.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
make_token other
make_kek other second --id 0102

stream 10000 >plain
mkdir -p tree/a tree/b
seal -in plain -out tree/a/one 2>/dev/null
seal -in /dev/null -out tree/a/empty 2>/dev/null
with_envelope "$ENVELOPE_PROGRAMS/one_update" 3000000 ENVELOPE-64K >tree/b/large
write_cnf -token 'kek=orders second'
seal -in plain -out tree/both 2>/dev/null
ossl pkey -in envelope:object=orders -out orders.pem 2>/dev/null
with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate orders.pem tree/key >/dev/null
write_cnf

# ---- all is well ----

cat >wanted <<'END'
tree/a/empty: opens, 0 bytes
tree/a/one: opens, 9.8 KiB
tree/b/large: opens, 2.9 MiB
tree/both: opens, 9.8 KiB
tree/key: opens, 0 bytes
5 opened (2.9 MiB of plaintext), 0 failed, 0 skipped
END
tool_gives 0 wanted verify --verbose tree
for workers in 1 2 16; do # the order is the same
    tool_gives 0 wanted verify --verbose --workers $workers tree
done
tail -n 1 wanted >summary
tool_gives 0 summary verify tree
: >nothing
tool_gives 0 nothing verify --quiet tree
tool verify --json tree >json || fail "--json"
json_is 2 '.message | test("^[0-9a-f]{32}$")' true
json_is 2 'del(.message) | tojson' '{"type":"file","path":"tree/b/large","state":"opens","plaintext_length":3000000}'
json_is -1 '.opened' 5
json_is -1 '.plaintext_bytes' 3020000
json_is -1 'has("keks")' false

# ---- through each recipient ----

tool verify --json --each-recipient tree/both >json || fail "--each-recipient"
json_is 0 '[.recipients[] | .kek + ":" + .state] | sort | join(" ")' "$kek_id:opens 0102:not here"
json_is 1 '[.keks[] | .kek + ":" + ([.opens, .fails, .not_here] | join(","))] | join(" ")' \
    "$kek_id:1,0,0 0102:0,0,1"
write_cnf -token
tool verify --json --each-recipient tree/both >json || fail "--each-recipient with both"
json_is 0 '[.recipients[] | .kek + ":" + .state] | sort | join(" ")' "$kek_id:opens 0102:opens"
# Only the second recipient's wrapped key is altered: without --each-recipient the message opens
# with neither, since the MAC covers both.
cp tree/both altered
offset=$(stock asn1parse -inform DER -in altered 2>/dev/null |
    sed -nE 's/^ *([0-9]+):.*hl=2 l= +40 prim: OCTET STRING.*/\1/p' | tail -n 1)
flip altered $((offset + 2))
tool_gives 1 - verify --each-recipient altered
grep -qx "altered: $(reason NOT_AUTHENTIC)" out || fail "altered: $(<out)"
write_cnf

# ---- what fails ----

mkdir bad
header=$(header_length tree/a/one)
cp tree/a/one bad/body
flip bad/body 3000
cp tree/a/one bad/floe
flip bad/floe $((header + 20))
cp tree/a/one bad/mac
flip bad/mac $((header - 1))
head -c 9000 tree/a/one >bad/cut
head -c $((header + 10)) tree/a/one >bad/cut_early
{ cat tree/a/one && echo; } >bad/longer
{ cat tree/key && echo; } >bad/longer_key
cp tree/b/large bad/large
flip bad/large 2999999
cp plain bad/plain
ln -s one bad/link
mkfifo bad/fifo
: >bad/.one.envelope-journal
cat >wanted <<END
bad/.one.envelope-journal: skipped: left by an interrupted change of the file beside it: run that change again
bad/body: $(reason BAD_SEGMENT)
bad/cut: $(reason TRUNCATED)
bad/cut_early: $(reason TRUNCATED)
bad/fifo: skipped: a FIFO
bad/floe: $(reason CONTEXT_MISMATCH): no context was given, nor is one in openssl.cnf
bad/large: $(reason BAD_SEGMENT)
bad/link: skipped: a symbolic link, which is not followed
bad/longer: $(reason TRAILING_DATA)
bad/longer_key: $(reason TRAILING_DATA)
bad/mac: $(reason NOT_AUTHENTIC)
bad/plain: $(reason NOT_A_MESSAGE)
0 opened (0 bytes of plaintext), 9 failed, 3 skipped
END
tool_gives 1 wanted verify bad
tool_gives 1 - verify tree bad # all are looked at
grep -qx "5 opened .*, 9 failed, 3 skipped" out || fail "$(tail -n 1 out)"
tool verify --json bad >json && fail "--json says that it succeeded"
json_is 1 '[.path, .state, .reason, .error] | join("|")' "bad/body|fails|153|$(reason BAD_SEGMENT)"
json_is -1 '[.failed, .skipped, .sidecars] | join(" ")' "9 3 1"
echo "missing: No such file or directory" >wanted
echo "0 opened (0 bytes of plaintext), 1 failed, 0 skipped" >>wanted
tool_gives 1 wanted verify missing

# ---- another context, another token, another PIN ----

write_cnf 'context=invoices'
seal -in plain -out context 2>/dev/null
tool_gives 0 - verify context
tool_gives 1 - verify tree/a/one
grep -qx "tree/a/one: $(reason CONTEXT_MISMATCH): the context of openssl.cnf has 8 bytes" out || fail "another context: $(<out)"
write_cnf
tool_gives 1 - verify context
tool_gives 0 - verify --context invoices context
write_cnf 'token="pkcs11:token=other"'
tool_gives 1 - verify tree/a/one
grep -q "^tree/a/one: $(reason KEK_NOT_HERE): the message is for $kek_id$" out ||
    fail "the token is another: $(<out)"
write_cnf
printf wrong >pin
tool_gives 1 - verify tree/a/one
grep -qF "tree/a/one: $(reason PIN_WRONG): C_Login: CKR_PIN_INCORRECT" out || fail "PIN: $(<out)"
printf %s "$pin" >pin
write_cnf 'pkcs11-module-path=/nonexistent.so'
tool_gives 1 - verify tree/a/one
grep -qF "$(reason NO_MODULE)" out || fail "module: $(<out)"
write_cnf -pin-source
tool_gives 1 - verify tree/a/one </dev/null
grep -qF "$(reason PIN_MISSING)" out || fail "no PIN: $(<out)"
write_cnf

# ---- files that change meanwhile ----

cp tree/b/large changing
(
    for ((i = 0; ; i++)); do
        truncate -s $((i * 7919 % 3000000)) changing
        cat tree/b/large >changing
    done
) &
changer=$!
for _ in {1..20}; do
    status=0
    tool verify changing changing changing >out 2>err || status=$?
    ((status <= 1)) || fail "status $status while the file changes: $(<err)"
    [[ ! -s err ]] || fail "while the file changes: $(<err)"
done
kill $changer
wait $changer 2>/dev/null || :

# ---- lists ----

for file in tree/a/one tree/key tree/both bad/body bad/mac; do
    base64 -w0 $file
    echo
done >list
printf '\n  %s\r\nnonsense!\n' "$(base64 -w0 tree/key)" >>list
cat >wanted <<END
list:4: $(reason BAD_SEGMENT)
list:5: $(reason NOT_AUTHENTIC)
list:8: not base64
4 opened (19.5 KiB of plaintext), 3 failed, 1 skipped
END
tool_gives 1 wanted verify --list list
sed -i 's/^list:/(stdin):/' wanted
tool_gives 1 wanted verify --list <list
tool_gives 1 wanted verify --list - <list
head -n 3 list >good
tool_gives 0 - verify --list good good
tool verify --json --list list >json && fail "--list --json says that it succeeded"
json_is 3 '[.type, .path, .line, .state] | join(" ")' "line list 4 fails"
tool_gives 1 - verify --list missing
grep -q "^missing: No such file or directory$" out || fail "a list that is not there: $(<out)"
