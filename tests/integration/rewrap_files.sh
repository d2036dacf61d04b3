#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope rewrap: what it does to messages and sealed keys, in files and in lists, and what it
# leaves alone. What happens when it is stopped on the way is in rewrap_faults.sh.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
make_kek kek short --id 2011

# ---- in place ----

mkdir tree tree/below
for size in 0 1 4095 4096 4097 100000; do
    stream $size >plain.$size
    seal_as one plain.$size tree/below/$size
done
cp -a tree before
write_cnf kek=one
expect_output "0 re-wrapped, 6 current, 0 skipped, 0 failed" 0 envelope rewrap tree
diff -r tree before || fail "current files changed"

write_cnf kek=two
expect_output "6 to be re-wrapped (6 in place), 0 current, 0 skipped, 0 failed" 0 \
    envelope rewrap --dry-run tree
diff -r tree before || fail "a dry run changed files"
inode=$(stat -c %i tree/below/4096)
expect_output "6 re-wrapped (6 in place), 0 current, 0 skipped, 0 failed" 0 envelope rewrap tree
[[ $(stat -c %i tree/below/4096) == "$inode" ]] || fail "it is not the same file"
for size in 0 1 4095 4096 4097 100000; do
    new=tree/below/$size
    same_body "before/below/$size" "$new"
    opens_with_only two "$new" plain.$size
    write_cnf kek=two open-kek=one
    expect_failure KEK_NOT_ALLOWED "" open -in "$new"
    write_cnf kek=two
done
expect_no_sidecars tree
# Backups that look at size and time alone see that an equally long file has changed.
[[ $(stat -c %Y.%y tree/below/4096) != "$(stat -c %Y.%y before/below/4096)" ]] ||
    fail "the time of change stayed"

# Two KEKs in any order, then one of them less: what is current is said by the set of KEKs.
write_cnf "kek=one two"
expect_output "6 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap tree
write_cnf "kek=two one"
expect_output "0 re-wrapped, 6 current, 0 skipped, 0 failed" 0 envelope rewrap tree
write_cnf kek=two
expect_output "6 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap tree

# ---- a new file where the length changes ----

chmod 640 tree/below/4096
touch -d '2001-02-03 04:05:06.789 UTC' tree/below/4096
"$ENVELOPE_PROGRAMS/xattr" set tree/below/4096 user.note important
facts=$(stat -c '%a %u %g %y' tree/below/4096)
write_cnf kek=short
expect_output "6 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap tree
[[ $(stat -c '%a %u %g %y' tree/below/4096) == "$facts" ]] ||
    fail "$facts expected: $(stat -c '%a %u %g %y' tree/below/4096)"
[[ $("$ENVELOPE_PROGRAMS/xattr" get tree/below/4096 user.note) == important ]] ||
    fail "the extended attribute is gone"
for size in 0 1 4095 4096 4097 100000; do
    same_body "before/below/$size" "tree/below/$size"
    opens_with_only short "tree/below/$size" plain.$size
done
expect_no_sidecars tree
write_cnf "kek=two"
expect_output "tree/below/1: re-wrapped, opened through key 'short' of token 'kek'
1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap --verbose tree/below/1
expect_output "tree/below/4095: re-wrapped, opened through key 'short' of token 'kek'
1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap --kek two --verbose \
    tree/below/4095

# Holes stay holes, also where the kernel cannot copy them along; of the body only the end is looked
# at: its last segment says how long it is, here 32 bytes.
seal_as one plain.100000 sparse
segment=$(envelope inspect --json sparse | jq -s '.[0].segment_length')
truncate -s $(($(header_length sparse) + 74 + 16000 * segment)) sparse
printf '\0\0\0\40%028d' 0 >>sparse
cp --sparse=always sparse sparse.before
write_cnf kek=short
expect_output "1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap sparse
(($(stat -c %b sparse) < 2048)) || fail "the holes were filled: $(stat -c %b sparse) blocks"
same_body sparse.before sparse

# ---- what is left alone ----

write_cnf kek=two
mkdir odd
seal_as one plain.4097 odd/hard
ln odd/hard odd/other-name
seal_as one plain.4097 odd/sealed
ln -s sealed odd/link
mkfifo odd/fifo
echo "no message at all" >odd/text
: >odd/empty
head -c 10 odd/sealed >odd/short
head -c 250 odd/sealed >odd/truncated
cp odd/sealed odd/altered
flip odd/altered 100
cp odd/sealed odd/journal
printf %s rubbish >odd/.gone.envelope-journal
cp -a odd odd.before
expect_lines 1 envelope rewrap odd <<'LINES'
odd/.gone.envelope-journal: left by an interrupted run, and its file is not here
odd/altered: the header does not verify: altered, or not for this KEK
odd/empty: skipped: the input is not an envelope message
odd/fifo: skipped: a FIFO
odd/link: skipped: a symbolic link, which is not followed
odd/short: skipped: the input is not an envelope message
odd/text: skipped: the input is not an envelope message
odd/truncated: the message is truncated
3 re-wrapped (3 in place), 1 current, 5 skipped, 3 failed
LINES
for name in altered empty short text truncated .gone.envelope-journal; do
    same odd.before/$name odd/$name
done
[[ -L odd/link && -p odd/fifo ]] || fail "a link or a FIFO was replaced"
[[ odd/hard -ef odd/other-name ]] || fail "two names of one file are two files"
opens_with_only two odd/other-name plain.4097
write_cnf kek=short
expect_failed FILE_UNSAFE "2 names" envelope rewrap odd/hard
expect_failed FILE_UNSAFE "2 names" envelope rewrap --dry-run odd/hard
expect_failed FILE_UNSAFE "2 names" envelope reencrypt --dry-run odd/hard
same_body odd.before/hard odd/hard
expect_failed "" "No such file" envelope rewrap odd/absent

# Whoever names something that nothing is done with is not left to believe that it was.
ln -s odd linked
for command in rewrap reencrypt verify census; do
    expect_failed "" "^odd/link: a symbolic link, which is not followed: name its target" \
        envelope $command odd/link
    expect_failed "" "^linked: a symbolic link, which is not followed: .* put a slash after" \
        envelope $command linked
    expect_failed "" "^odd/fifo: a FIFO, which is skipped" envelope $command odd/fifo
    expect_failed "" "^odd/.gone.envelope-journal: left by an interrupted change of another file" \
        envelope $command odd/.gone.envelope-journal
    expect_failed "" "^odd/.gone.envelope-new: No such file" envelope $command odd/.gone.envelope-new
    envelope $command --json --quiet odd/link >/dev/null 2>&1 && fail "$command: --json with --quiet"
    envelope $command --json odd/link >json && fail "$command --json: all is well"
    jq -se '.[0].error | startswith("a symbolic link")' json >/dev/null || fail "$(<json)"
done
mkdir slash
seal_as one plain.4097 slash/file
ln -s slash slashed
expect_output "slashed/file: re-wrapped in place, opened through key 'one' of token 'kek'
1 re-wrapped (1 in place), 0 current, 0 skipped, 0 failed" 0 envelope rewrap --verbose --kek two slashed/
opens_with_only two slash/file plain.4097

# A sidecar belongs to a file: under the name of a directory or a link nobody would treat it.
mkdir -p stray/directory
ln -s directory stray/link
printf %s rubbish >stray/.directory.envelope-journal
printf %s rubbish >stray/.link.envelope-new
expect_lines 1 envelope rewrap stray <<'LINES'
stray/.directory.envelope-journal: left by an interrupted run, and its file is not here
stray/.link.envelope-new: left by an interrupted run, and its file is not here
stray/link: skipped: a symbolic link, which is not followed
0 re-wrapped, 0 current, 1 skipped, 2 failed
LINES

# Locked by another, with fcntl's locks as by most programs.
write_cnf kek=one
coproc holder { exec "$ENVELOPE_PROGRAMS/hold_lock" odd/sealed; }
# shellcheck disable=SC2154 # coproc sets it
holding=$holder_PID
read -r said <&"${holder[0]}"
[[ $said == locked ]] || fail "the lock: $said"
expect_failed FILE_LOCKED "" envelope rewrap odd/sealed
kill "$holding"
wait "$holding" || :
expect_output "1 re-wrapped (1 in place), 0 current, 0 skipped, 0 failed" 0 envelope rewrap odd/sealed

# No journal can be made, no file written to: as a user without privileges.
write_cnf kek=two
chmod 555 odd
expect_failed FILE_FAILED "Permission denied" plainly envelope rewrap odd/sealed
chmod 755 odd
chmod 444 odd/sealed
expect_failed FILE_FAILED "Permission denied" plainly envelope rewrap odd/sealed
chmod 644 odd/sealed
write_cnf kek=one
expect_output "1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 \
    plainly envelope rewrap --kek short odd/sealed

# The longest names that there are.
write_cnf kek=two
for length in 237 238 239 255; do
    name=odd/$(printf 'x%.0s' $(seq $length))
    seal_as one plain.1 "$name"
    expect_output "1 re-wrapped (1 in place), 0 current, 0 skipped, 0 failed" 0 envelope rewrap "$name"
    opens_with_only two "$name" plain.1
    write_cnf kek=short
    expect_output "1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap "$name"
    opens_with_only short "$name" plain.1
    write_cnf kek=two
done

# No KEK of the message is here, or none to wrap under: nothing happens.
seal_as one plain.1 odd/lost
cp odd/lost lost.before
write_cnf kek=two open-kek=two
expect_failed KEK_NOT_ALLOWED "" envelope rewrap odd/lost
write_cnf kek=absent
expect_failed KEK_NOT_FOUND "" envelope rewrap odd/lost
same lost.before odd/lost

# ---- sealed keys, and lists ----

kem() {
    with_envelope "$ENVELOPE_PROGRAMS/kek_kem" "$@"
}

kem_opens_with_only() { # KEK, sealed key, secret
    local cnf=only.cnf
    write_cnf "kek=$1" "open-kek=$1"
    kem decapsulate "envelope:object=$1" "$2" >opened
    same "$3" opened
}

write_cnf kek=one
for i in 1 2 3; do
    kem encapsulate envelope:object=one sealed.$i >secret.$i
done
cp sealed.3 key-file
stock enc -base64 -A -in sealed.1 >line.1
stock enc -base64 -A -in sealed.2 >line.2
head -c 5000 plain.100000 >key.plain
write_cnf kek=one
seal_as one key.plain key.sealed
{
    cat line.1
    echo
    echo "this is no base64!"
    echo
    echo "  $(<line.2) $(printf '\r')"
    stock enc -base64 -A -in plain.1
    echo
    stock enc -base64 -A -in key.sealed
    echo
} >list
write_cnf kek=two
envelope rewrap --list <list >list.out 2>list.err && fail "the bad lines are fine"
(($(wc -l <list.out) == $(wc -l <list))) || fail "the list has $(wc -l <list.out) lines now"
for line in 2 3 5; do
    [[ $(sed -n "${line}p" list.out) == "$(sed -n "${line}p" list)" ]] || fail "line $line changed"
done
sed -n 4p list.out | found '^  M.* .$' || fail "the blanks of line 4: $(sed -n 4p list.out | od -c | tail -3)"
grep -q '^(stdin):2: ' list.err || fail "line 2 is not told: $(<list.err)"
grep -q '^(stdin):5: ' list.err || fail "line 5 is not told: $(<list.err)"
grep -qx '3 re-wrapped, 0 current, 1 skipped, 2 failed' list.err || fail "the sum: $(<list.err)"
sed -n 1p list.out | stock enc -d -base64 -A >new.1
sed -n 4p list.out | tr -d ' \r' | stock enc -d -base64 -A >new.2
sed -n 6p list.out | stock enc -d -base64 -A >new.key
for i in 1 2; do
    kem_opens_with_only two new.$i secret.$i
done
opens_with_only two new.key key.plain
# A last line without a newline stays so, but two lists do not run into one another.
write_cnf kek=two
for list in line.1 list; do
    printf %s "$(<"$list")" >open.$list
done
envelope rewrap --list open.line.1 >again 2>list.err || fail "$(<list.err)"
[[ $(wc -l <again) == 0 ]] || fail "a newline that was not there"
cmp -s <(printf %s "$(sed -n 1p list.out)") again || fail "the only line: $(<again)"
envelope rewrap --list open.line.1 list >again 2>list.err && fail "the bad lines are fine now"
(($(wc -l <again) == 1 + $(wc -l <list))) || fail "two lists: $(wc -l <again) lines"
envelope rewrap --list list open.line.1 >again 2>list.err && fail "the bad lines are fine now"
(($(wc -l <again) == $(wc -l <list))) || fail "two lists: $(wc -l <again) lines"
: >none
envelope rewrap --list none >again 2>list.err || fail "$(<list.err)"
[[ ! -s again ]] || fail "an empty list became one"
# Current lines stay to the byte; a list given as a file; a dry run writes no lines.
write_cnf kek=two
envelope rewrap --list list.out >again 2>list.err && fail "the bad lines are fine now"
same list.out again
grep -qx '0 re-wrapped, 3 current, 1 skipped, 2 failed' list.err || fail "the sum: $(<list.err)"
write_cnf kek=one
envelope rewrap --list --dry-run --quiet list.out >again 2>&1 && fail "the bad lines are fine now"
[[ ! -s again ]] || fail "a dry run wrote lines"
# A line that is too long to be passed on whole ends the output, and that is said.
{
    cat line.1
    echo
    head -c 200000 /dev/zero | tr '\0' A
    echo
    cat line.2
    echo
} >long.list
status=0
envelope rewrap --list long.list >list.out 2>list.err || status=$?
[[ $status == 2 && $(wc -l <list.out) == 1 ]] || fail "status $status, $(wc -l <list.out) lines"
grep -q '^long.list:2: the line is too long' list.err || fail "$(<list.err)"
grep -q 'the list was not read to its end, and not written' list.err || fail "$(<list.err)"
status=0
envelope rewrap --list absent.list >list.out 2>list.err || status=$?
[[ $status == 2 && ! -s list.out ]] || fail "an absent list: status $status"
status=0
envelope rewrap --list list >/dev/full 2>list.err || status=$?
[[ $status == 2 ]] || fail "a full disk: status $status"
# A sealed key in a file, and one with something behind it.
write_cnf kek=two
expect_output "1 re-wrapped (1 in place), 0 current, 0 skipped, 0 failed" 0 envelope rewrap key-file
kem_opens_with_only two key-file secret.3
echo >>key-file
expect_failed TRAILING_DATA "" envelope rewrap --kek one key-file

# ---- JSON ----

envelope rewrap --json --kek one tree/below/0 odd/text >json || fail "$(<json)"
[[ $(<json) == '{"type":"file","path":"tree/below/0","state":"replaced","recovered":false,"opened_by":{"kek":"2011","label":"short","token":"kek"}}
{"type":"file","path":"odd/text","state":"skipped","reason":140,"error":"the input is not an envelope message","recovered":false}
{"type":"summary","dry_run":false,"files":2,"in_place":0,"replaced":1,"current":0,"skipped":1,"failed":0,"recovered":0}' ]] ||
    fail "JSON: $(<json)"
envelope rewrap --quiet tree odd >quiet 2>&1 && fail "the bad files are fine now"
[[ ! -s quiet ]] || fail "--quiet: $(<quiet)"

# A line that would be longer than lists can have stays as it was, and is told.
write_cnf kek=one
length=97600
until stream $length >plain.line && seal_as one plain.line line.sealed &&
    base64 -w 0 line.sealed >line && (($(stat -c %s line) <= 128 * 1024)); do
    length=$((length - 40))
done
echo >>line
write_cnf "kek=one two"
envelope rewrap --list line >again 2>list.err && fail "a line longer than any list has"
same line again
grep -qF "line:1: $(reason LINE_TOO_LONG)" list.err || fail "the line is not told: $(<list.err)"

# What is told is fit for a terminal, whatever its text comes from.
write_cnf "kek=file:$work/%1b[31m.pem"
envelope rewrap line.sealed >output 2>&1 && fail "a KEK without a file"
grep -qF '?[31m.pem' output || fail "the path is not told: $(<output)"
! grep -q $'\x1b' output || fail "control characters"
