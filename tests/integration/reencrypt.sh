#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope reencrypt: the same plaintext under a new data key, and nothing changed where that cannot
# be had. What happens when it is stopped on the way is in rewrap_faults.sh.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks

mkdir tree
sizes=(0 1 4095 4096 4097 8192 1048575 1048576 3000000)
for size in "${sizes[@]}"; do
    stream "$size" >"plain.$size"
    seal_as one "plain.$size" "tree/$size"
done
# Segments of 64 KiB: written by hand, since a pipe of openssl enc cannot (ENVELOPE-64K).
for size in 0 65536 65537 3000000; do
    stream "$size" >"plain.$size"
    with_envelope "$ENVELOPE_PROGRAMS/whole_message" seal ENVELOPE-64K "plain.$size" "tree/64k.$size"
done
cp -a tree before
chmod 640 tree/4096
touch -d '2001-02-03 04:05:06.789 UTC' tree/4096
facts=$(stat -c '%a %u %g' tree/4096)
write_cnf kek=two
expect_output "13 to be re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt --dry-run tree
diff -r tree before || fail "a dry run changed files"
expect_output "13 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt tree
expect_no_sidecars tree
write_cnf kek=two open-kek=two
envelope verify --quiet tree || fail "not all open: $(envelope verify tree)"
for size in "${sizes[@]}"; do
    opens_with_only two "tree/$size" "plain.$size"
    (($(stat -c %s "tree/$size") == $(stat -c %s "before/$size"))) || fail "another length"
done
for size in 0 65536 65537 3000000; do
    with_envelope "$ENVELOPE_PROGRAMS/whole_message" open ENVELOPE-64K "tree/64k.$size" opened
    same "plain.$size" opened
    envelope inspect "tree/64k.$size" | found 'segments of 64 KiB' || fail "other segments"
done
write_cnf kek=two
# Not one segment, nor FLOE's IV, is as it was: nothing of the old data key is left.
for size in 1 4096 3000000; do
    header=$(header_length tree/$size)
    cmp -s <(part before/$size $((header + 10)) 64) <(part tree/$size $((header + 10)) 64) &&
        fail "FLOE's header is the same"
    cmp -s <(tail -c 33 before/$size) <(tail -c 33 tree/$size) && fail "the last bytes are the same"
done
# The old header does not open the new body.
{
    head -c "$(header_length before/4096)" before/4096
    tail -c +$(($(header_length tree/4096) + 1)) tree/4096
} >mixed
expect_failure CONTEXT_MISMATCH "" open -in mixed
# Kept, but for the time: the length is the same, and a backup has to see that the content is not.
[[ $(stat -c '%a %u %g' tree/4096) == "$facts" ]] || fail "$(stat -c '%a %u %g' tree/4096)"
(($(stat -c %Y tree/4096) > 1000000000)) || fail "the time of change is the old one"

# ---- a context ----

write_cnf kek=one "context=column 7"
seal_as one plain.4097 with.context
write_cnf kek=two
expect_failed CONTEXT_MISMATCH "" envelope reencrypt with.context
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 \
    envelope reencrypt --context "column 7" with.context
write_cnf kek=two "context=column 7"
open -in with.context -out opened 2>/dev/null || fail "it does not open"
same plain.4097 opened
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt with.context
# The empty one is one as well, whatever the configuration says.
write_cnf kek=one
seal_as one plain.4097 with.none
write_cnf kek=two "context=column 7"
expect_failed CONTEXT_MISMATCH "" envelope reencrypt with.none
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt --context= with.none
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt --context "" with.none
write_cnf kek=two

# ---- a KEK that is away, though sealing may go without it ----

write_cnf "kek=two absent" kek-optional=absent
seal_as two plain.4097 optional
cp optional optional.before
for command in reencrypt rewrap; do
    expect_failed KEK_NOT_FOUND absent envelope $command optional
    same optional.before optional
done
write_cnf kek=two

# ---- what is left alone ----

mkdir odd
for name in first middle last tag header truncated long boundary; do
    cp before/3000000 odd/$name
done
header=$(header_length odd/first)
flip odd/first $((header + 74 + 100))
flip odd/middle 1500000
flip odd/last $(($(stat -c %s odd/last) - 20))
flip odd/tag $((header + 60))
flip odd/header $((header - 1))
truncate -s -1 odd/truncated
truncate -s $((header + 74 + 4128 * 300)) odd/boundary # between two segments
echo >>odd/long
cp before/1 odd/hard
ln odd/hard odd/hard.again
with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate envelope:object=one odd/sealed-key >secret
echo "no message" >odd/text
cp -a odd odd.before
expect_lines 1 envelope reencrypt odd <<LINES
odd/boundary: $(reason TRUNCATED)
odd/first: $(reason BAD_SEGMENT)
odd/hard: $(reason FILE_UNSAFE): it has 2 names (hard links), and a new file would have one
odd/hard.again: $(reason FILE_UNSAFE): it has 2 names (hard links), and a new file would have one
odd/header: $(reason NOT_AUTHENTIC)
odd/last: $(reason BAD_SEGMENT)
odd/long: $(reason TRAILING_DATA)
odd/middle: $(reason BAD_SEGMENT)
odd/sealed-key: $(reason WRONG_CONTENT)
odd/tag: $(reason CONTEXT_MISMATCH): no context was given, nor is one in openssl.cnf
odd/text: skipped: $(reason NOT_A_MESSAGE)
odd/truncated: $(reason TRUNCATED)
0 re-encrypted, 0 current, 1 skipped, 11 failed
LINES
diff -r odd.before odd || fail "what does not verify was changed"

# ---- lists: each row with its own context ----

rows=()
for number in 1 2 3; do
    write_cnf kek=one "context=row $number"
    seal_as one plain.4097 row.$number
    rows+=("$(base64 -w0 row.$number)")
done
write_cnf kek=one
seal_as one plain.1 row.0
{
    printf '{"id":1,"context":"row 1","message":"%s","more":[1, 2]}\n' "${rows[0]}"
    printf '2\trow 2\t%s\n' "${rows[1]}"
    printf '{"message":"%s","context":"row 4","id":"three"}\n' "${rows[2]}" # another's context
    printf '%s\n' "$(base64 -w0 row.0)"
    printf '5\t\\N\t%s\n' "$(base64 -w0 odd/sealed-key)"
    printf '6\trow 2\t%s' "$(base64 -w76 row.2 | sed -z 's/\n/\\n/g')"
} >rows
write_cnf kek=two
status=0
envelope reencrypt --list rows >rows.new 2>rows.err || status=$?
[[ $status == 1 ]] || fail "status $status: $(<rows.err)"
cat >wanted <<END
rows:3 (id three): $(reason CONTEXT_MISMATCH): the context that was given has 5 bytes
rows:5 (id 5): $(reason WRONG_CONTENT)
4 re-encrypted, 0 current, 0 skipped, 2 failed
END
diff -u wanted rows.err || fail "a list"
[[ $(sed -n '3p;5p' rows) == "$(sed -n '3p;5p' rows.new)" ]] || fail "what failed was changed"
[[ $(tail -c 1 rows.new | wc -l) == 0 ]] || fail "a newline that was not there"
sed -n 1p rows.new | found -E '^\{"id":1,"context":"row 1","message":"[A-Za-z0-9+/]+=*","more":\[1, 2\]\}$' ||
    fail "row 1: $(sed -n 1p rows.new)"
sed -n 2p rows.new | found -E $'^2\trow 2\t[A-Za-z0-9+/]+=*$' || fail "row 2: $(sed -n 2p rows.new)"
sed -n 1p rows.new | jq -r .message | base64 -d >new.1
for line in 2 6; do
    sed -n ${line}p rows.new | cut -f 3 | base64 -d >new.$line
done
sed -n 4p rows.new | base64 -d >new.4
write_cnf kek=two open-kek=two "context=row 1"
open -in new.1 -out opened 2>/dev/null || fail "row 1 does not open"
same plain.4097 opened
write_cnf kek=two open-kek=two "context=row 2"
for line in 2 6; do
    open -in new.$line -out opened 2>/dev/null || fail "row $line does not open"
    same plain.4097 opened
done
write_cnf kek=two open-kek=two
open -in new.4 -out opened 2>/dev/null || fail "row 4 does not open"
same plain.1 opened
cmp -s <(tail -c 33 row.1) <(tail -c 33 new.1) && fail "the body is the same"
# verify and rewrap on the same rows; a dry run finds all that a run would
write_cnf kek=one
expect_lines 1 envelope verify --list rows <<LINES
rows:3 (id three): $(reason CONTEXT_MISMATCH): the context that was given has 5 bytes
5 opened (* of plaintext), 1 failed, 0 skipped
LINES
envelope verify --context "row 3" --list <(printf '7\t\\N\t%s\n' "${rows[2]}") >output 2>&1 ||
    fail "the configured context: $(<output)"
envelope verify --context "row 3" --list <(printf '7\t\t%s\n' "${rows[2]}") >output 2>&1 &&
    fail "an empty context is one as well"
write_cnf kek=two
envelope reencrypt --dry-run --list rows >output 2>&1 && fail "a dry run finds nothing"
sed 's/^4 /4 to be /' wanted | diff -u - output || fail "a dry run"
envelope rewrap --list rows >rows.rewrapped 2>rows.err || fail "rewrap: $(<rows.err)"
[[ $(<rows.err) == "6 re-wrapped, 0 current, 0 skipped, 0 failed" ]] || fail "rewrap: $(<rows.err)"
write_cnf kek=two open-kek=two
expect_lines 1 envelope verify --list rows.rewrapped <<LINES
rows.rewrapped:3 (id three): $(reason CONTEXT_MISMATCH): the context that was given has 5 bytes
5 opened (* of plaintext), 1 failed, 0 skipped
LINES
