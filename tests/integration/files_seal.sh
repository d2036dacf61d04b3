#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope seal: what it writes opens with openssl enc, no existing file is overwritten or lost, and
# everything that it cannot do is refused before anything has changed.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/files.sh
source "$source_dir/tests/lib/files.sh"
make_usual
make_kek kek other --id 0102

# ---- it opens with openssl enc, whatever its length ----

for size in 0 1 31 32 4095 4096 4097 65535 65536 131072 131073 1000000; do
    stream $size >"plain.$size"
    does seal "plain.$size"
    open -in "plain.$size.sealed" 2>/dev/null | cmp - "plain.$size" || fail "$size bytes"
    tool seal <"plain.$size" >piped || fail "$size bytes through a pipe"
    open -in piped 2>/dev/null | cmp - "plain.$size" || fail "$size bytes through a pipe"
    # byte for byte the form of what openssl enc writes
    seal -in "plain.$size" -out by.enc 2>/dev/null
    [[ $(stat -c %s by.enc) == "$(stat -c %s "plain.$size.sealed")" ]] || fail "$size: another length"
done
[[ ! -s out ]] || fail "words where it succeeded: $(<out)"
# a pipe that gives a few bytes at a time
for ((i = 0; i < 300; i++)); do head -c $((i * 7)) plain.1000000; done >wanted
for ((i = 0; i < 300; i++)); do head -c $((i * 7)) plain.1000000; done | tool seal | tool open |
    cmp - wanted || fail "a pipe with small pieces"

# ---- which KEK, which context ----

cp plain.4097 plain
does seal --kek other --context 'ledger 7' plain
write_cnf open-kek=other 'context=ledger 7'
open -in plain.sealed 2>/dev/null | cmp - plain || fail "another KEK and context"
write_cnf
refuses CONTEXT_MISMATCH 'no context was given' open plain.sealed -o opened
rm plain.sealed
tool_complains '--kek: .*nobody' seal --kek nobody plain
[[ ! -e plain.sealed ]] || fail "sealed to nobody"
does seal --kek pkcs11:object=other plain
rm plain.sealed
tool_complains 'is longer than 4096 bytes' seal --context "$(printf 'c%.0s' {1..4097})" plain

# ---- mode, times, attributes ----

touch -d '2020-02-03 04:05:06.789' plain
chmod 640 plain
attribute=yes
"$ENVELOPE_PROGRAMS/xattr" set plain user.note hello 2>/dev/null || attribute=no # (tmpfs has none)
does seal plain
[[ $(stat -c '%a %y %U %G' plain) == "$(stat -c '%a %y %U %G' plain.sealed)" ]] ||
    fail "other mode or time: $(stat -c '%a %y' plain.sealed)"
[[ $attribute == no ]] || [[ $("$ENVELOPE_PROGRAMS/xattr" get plain.sealed user.note) == hello ]] ||
    fail "no attribute"
(
    umask 027
    tool seal -o streamed <plain.1 >/dev/null
)
[[ $(stat -c %a streamed) == 640 ]] || fail "the mode of a stream's output: $(stat -c %a streamed)"
chmod 4755 plain
does seal --force plain
[[ $(stat -c %a plain.sealed) == 755 ]] || fail "a set-id bit on what is no program"
chmod 600 plain

# ---- nothing is overwritten, and what is sealed is not sealed by accident ----

refuses OUTPUT_EXISTS '' seal plain
refuses OUTPUT_EXISTS '' seal plain -o plain.1
refuses ALREADY_SEALED '' seal plain.sealed
refuses ALREADY_SEALED '' seal --force plain.sealed -o other
refuses ALREADY_SEALED '' seal --suffix .twice - -o twice <plain.sealed
openssl base64 -in plain.sealed -out in.base64
refuses ALREADY_SEALED '' seal in.base64
does seal --again plain.sealed
does open plain.sealed.sealed -o once
same once plain.sealed
rm plain.sealed.sealed once
# another program's AuthEnvelopedData is not a message, and neither is data that only begins like one
head -c 60 plain.sealed >shorter
does seal shorter
stock cms -encrypt -aes-256-gcm -binary -in plain -outform DER -out plain.cms \
    -secretkey 000102030405060708090A0B0C0D0E0F -secretkeyid 01 2>/dev/null
does seal plain.cms
open -in plain.cms.sealed 2>/dev/null | cmp - plain.cms || fail "a CMS message of others"

# ---- a name that is taken while it works stays whose it is ----

mkfifo slow
tool seal slow -o taken >out 2>err &
pid=$!
exec 8>slow
until [[ -e .taken.envelope-part ]]; do sleep 0.01; done
echo theirs >taken
cat plain >&8
exec 8>&-
status=0
wait $pid || status=$?
((status == 1)) || fail "status $status where the name was taken meanwhile"
grep -qF "$(reason OUTPUT_EXISTS)" err || fail "$(<err)"
[[ $(<taken) == theirs ]] || fail "it was overwritten"
expect_no_parts

# Two at once with one output: one makes it, the other reports that.
tool seal slow -o both >out 2>err &
pid=$!
exec 8>slow
until [[ -e .both.envelope-part ]]; do sleep 0.01; done
status=0
tool seal plain -o both >/dev/null 2>second || status=$?
((status == 1)) || fail "two at once: status $status"
grep -qF "$(reason FILE_LOCKED)" second || fail "two at once: $(<second)"
cat plain >&8
exec 8>&-
wait $pid || fail "two at once: $(<err)"
open -in both 2>/dev/null | cmp - plain || fail "two at once"

# What a killed run left is taken away by the next; what only has its name is not.
echo left >.new.envelope-part
does seal plain -o new
mkdir .more.envelope-part
refuses FILE_FAILED 'left by another run' seal plain -o more
rmdir .more.envelope-part
ln -s plain .more.envelope-part
refuses FILE_FAILED 'left by another run' seal plain -o more
rm .more.envelope-part
echo mine >with.two.names
ln with.two.names .more.envelope-part
refuses FILE_UNSAFE 'is not one of ours' seal plain -o more
rm .more.envelope-part with.two.names
expect_no_parts
long=$(printf 'n%.0s' {1..248})
cp plain "$long"
does seal "$long"
expect_no_parts
cp plain "${long}nnnnn"
refuses FILE_FAILED 'name too long|File name too long' seal "${long}nnnnn"

# ---- input and output that are one, links, special files ----

refuses OUTPUT_IS_INPUT '' seal plain -o plain
refuses OUTPUT_IS_INPUT '' seal plain --force -o ./plain
refuses OUTPUT_IS_INPUT '' seal --force -o plain - <plain
ln plain second.name
refuses OUTPUT_IS_INPUT '' seal --force plain -o second.name
cp plain appended
status=0
tool seal plain -o - 2>err >>plain || status=$?
((status == 1)) || fail "onto itself through the standard output: status $status"
grep -qF "$(reason OUTPUT_IS_INPUT)" err || fail "$(<err)"
same plain appended
ln -s plain link
does seal link # reads through the link, and makes a regular file
[[ ! -L link.sealed && -f link.sealed ]] || fail "a link came of a link"
ln -s nowhere.sealed dangling
refuses OUTPUT_EXISTS '' seal plain -o dangling
refuses FILE_UNSAFE 'the output is a symbolic link' seal --force plain -o dangling
refuses FILE_UNSAFE 'a directory' seal --force plain -o tokens
refuses FILE_UNSAFE 'pack it into one file with tar' seal tokens
refuses FILE_UNSAFE 'pack it into one file with tar' seal tokens/ -o x
refuses FILE_FAILED 'open: No such file' seal nothing
refuses FILE_FAILED 'opening the folder: No such file' seal plain -o nowhere/x
refuses OUTPUT_UNNAMED 'a pipe or a device' seal slow
refuses OUTPUT_UNNAMED 'a pipe or a device' seal /dev/null
does seal /dev/null -o of.nothing
open -in of.nothing 2>/dev/null | cmp - /dev/null || fail "the null device"
does seal /dev/stdin -o of.stdin <plain
open -in of.stdin 2>/dev/null | cmp - plain || fail "/dev/stdin"
tool seal plain -o /dev/stdout | open 2>/dev/null | cmp - plain || fail "/dev/stdout"
tool seal <(cat plain) -o - | open 2>/dev/null | cmp - plain || fail "a pipe by its name"
tool seal plain --force -o /dev/null >/dev/null || fail "the null device as output"
[[ -c /dev/null ]] || fail "the null device is gone"
{
    dd bs=1 count=100 of=/dev/null status=none
    tool seal -o rest >/dev/null
} <plain # a file that somebody has begun to read
open -in rest 2>/dev/null | cmp - <(tail -c +101 plain) || fail "the rest of a file"

# ---- the source is removed when the sealed file has been read back ----

refuses SOURCE_STAYS 'hard links' seal --remove-source plain -o gone
rm second.name
refuses SOURCE_STAYS 'symbolic link' seal --remove-source link -o gone
refuses SOURCE_STAYS 'not a regular file' seal --remove-source /dev/null -o gone
cp plain copy
does seal --remove-source copy
[[ ! -e copy ]] || fail "the source is still there"
open -in copy.sealed 2>/dev/null | cmp - plain || fail "after the source was removed"
tool_complains 'no-read-back skips' seal --remove-source --no-read-back plain -o gone
tool_complains 'an output that can be read back' seal --remove-source plain -o -
[[ -e plain ]] || fail "the source is gone"

# ---- only a public half is here ----

ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:away -pkeyopt type:RSA -out away.pem 2>/dev/null
ossl pkey -in away.pem -pubout -out away.pub 2>/dev/null
make_token elsewhere
for token in '"pkcs11:token=elsewhere"' '"pkcs11:token=none"'; do
    write_cnf "kek=file:$work/away.pub" "token=$token"
    status=0
    tool seal plain -o public >out 2>err || status=$?
    ((status == 1)) || fail "a public half alone: status $status"
    grep -qE 'plain: reading it back: .* \(--no-read-back skips this\)$' err || fail "$(<err)"
    [[ ! -e public ]] || fail "an output that was not read back"
done
does seal --no-read-back plain -o public
write_cnf 'kek=away'
open -in public 2>/dev/null | cmp - plain || fail "sealed with a public half"
write_cnf

# ---- several, each on its own ----

mkdir many
cp plain many/one
cp plain many/two
cp plain.sealed many/three
status=0
tool seal many/{one,none,three,two} >out 2>err || status=$?
((status == 1)) || fail "several files: status $status"
[[ $(<out) == '2 sealed (8.0 KiB of plaintext), 2 failed' ]] || fail "several: $(<out)"
cat >wanted <<END
envelope seal: many/none: $(reason FILE_FAILED): open: No such file or directory
envelope seal: many/three: $(reason ALREADY_SEALED)
END
diff wanted err || fail "several: other words"
open -in many/two.sealed 2>/dev/null | cmp - plain || fail "several"
cp plain many/gone
cp plain many/away
does seal --remove-source many/gone many/away
[[ $(<out) == '2 sealed (8.0 KiB of plaintext), 0 failed, 2 sources removed' ]] || fail "$(<out)"
[[ ! -e many/gone && ! -e many/away ]] || fail "several sources are still there"
does seal --suffix .box many/one many/two
[[ -f many/one.box && -f many/two.box ]] || fail "another suffix"
does seal --quiet --force many/one
[[ ! -s out ]] || fail "--quiet: $(<out)"
status=0
tool seal --quiet many/one >out 2>err || status=$?
[[ $status == 1 && ! -s out && ! -s err ]] || fail "--quiet: status $status, $(<out) $(<err)"

# ---- JSON ----

status=0
tool seal --json --force many/one many/none >json || status=$?
((status == 1)) || fail "JSON: status $status"
json_is 0 'del(.message, .sealed_length) | tojson' '{"type":"file","path":"many/one","state":"sealed","output":"many/one.sealed","plaintext_length":4097,"read_back":true,"source_removed":false}'
json_is 0 '.message | test("^[0-9a-f]{32}$")' true
json_is 0 .sealed_length "$(stat -c %s many/one.sealed)"
json_is 1 'tojson' "{\"type\":\"file\",\"path\":\"many/none\",\"state\":\"failed\",\"reason\":$(reason_number FILE_FAILED),\"error\":\"$(reason FILE_FAILED): open: No such file or directory\"}"
json_is 2 'tojson' '{"type":"summary","sealed":1,"failed":1,"plaintext_bytes":4097,"sources_removed":0}'
tool seal --json <plain 2>json | open 2>/dev/null | cmp - plain || fail "JSON beside a stream"
json_is 0 '[.path, .output, .read_back] | tojson' '["-","-",false]'

# ---- what is being made is nothing for those that go through trees ----

mkdir tree
cp plain.sealed tree/one
echo part >tree/.two.envelope-part
does rewrap tree
does verify tree
[[ $(tail -n 1 out) == '1 opened '*', 0 failed, 1 skipped' ]] || fail "a part in a tree: $(<out)"
status=0
tool census tree >out 2>err || status=$?
((status == 1)) || fail "a part in a tree, counted: status $status"
grep -qF '.two.envelope-part' out || fail "a part in a tree, counted: $(<out)"
[[ $(<tree/.two.envelope-part) == part ]] || fail "the part is gone"
rm tree/.two.envelope-part

# ---- usage ----

tool_complains '-o works with one FILE' seal plain shorter -o x
tool_complains 'the standard input must be the only input' seal plain -
tool_complains '--suffix takes' seal --suffix a/b plain
tool_complains '--suffix needs a value' seal --suffix= plain
tool_complains 'there is no option -x' seal -x plain
tool_complains '--output needs a value' seal plain -o
does seal --force -oshort plain
[[ -f short ]] || fail "-oOUT"
touch -- -odd
does seal -- -odd
[[ -f ./-odd.sealed ]] || fail "a name with a hyphen"
expect_no_parts
echo "all sealed"
