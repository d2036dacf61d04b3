#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope reencrypt: the same plaintext under a new data key, and nothing changed where that can not
# be had. What happens when it is stopped on the way is in rewrap_faults.sh.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks

mkdir tree
sizes=(0 1 4063 4064 4065 8128 1040384 1048576 3000000)
for size in "${sizes[@]}"; do
    stream "$size" >"plain.$size"
    seal_as one "plain.$size" "tree/$size"
done
# Segments of 1 MiB: written by hand, since a pipe of openssl enc can not (ENVELOPE-1M).
for size in 0 1048544 1048545 3000000; do
    stream "$size" >"plain.$size"
    with_envelope "$ENVELOPE_PROGRAMS/whole_message" seal ENVELOPE-1M "plain.$size" "tree/1m.$size"
done
cp -a tree before
chmod 640 tree/4064
touch -d '2001-02-03 04:05:06.789 UTC' tree/4064
facts=$(stat -c '%a %u %g' tree/4064)
write_cnf kek=two
expect_output "13 to be re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt --dry-run tree
diff -r tree before || fail "a dry run changed files"
expect_output "13 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt tree
expect_no_leftovers tree
write_cnf kek=two open-kek=two
envelope verify --quiet tree || fail "not all open: $(envelope verify tree)"
for size in "${sizes[@]}"; do
    opens_with_only two "tree/$size" "plain.$size"
    (($(stat -c %s "tree/$size") == $(stat -c %s "before/$size"))) || fail "another length"
done
for size in 0 1048544 1048545 3000000; do
    with_envelope "$ENVELOPE_PROGRAMS/whole_message" open ENVELOPE-1M "tree/1m.$size" opened
    same "plain.$size" opened
    envelope inspect "tree/1m.$size" | grep -q 'segments of 1 MiB' || fail "other segments"
done
write_cnf kek=two
# Not one segment, nor FLOE's IV, is as it was: nothing of the old data key is left.
for size in 1 4064 3000000; do
    header=$(header_length tree/$size)
    cmp -s <(part before/$size $((header + 10)) 64) <(part tree/$size $((header + 10)) 64) &&
        fail "FLOE's header is the same"
    cmp -s <(tail -c 33 before/$size) <(tail -c 33 tree/$size) && fail "the last bytes are the same"
done
# The old header does not open the new body.
{
    head -c "$(header_length before/4064)" before/4064
    tail -c +$(($(header_length tree/4064) + 1)) tree/4064
} >mixed
expect_failure CONTEXT_MISMATCH "" open -in mixed
# Kept, but for the time: the length is the same, and a backup has to see that the content is not.
[[ $(stat -c '%a %u %g' tree/4064) == "$facts" ]] || fail "$(stat -c '%a %u %g' tree/4064)"
(($(stat -c %Y tree/4064) > 1000000000)) || fail "the time of change is the old one"

# ---- a context ----

write_cnf kek=one "context=column 7"
seal_as one plain.4065 with.context
write_cnf kek=two
expect_failed CONTEXT_MISMATCH "" envelope reencrypt with.context
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 \
    envelope reencrypt --context "column 7" with.context
write_cnf kek=two "context=column 7"
open -in with.context -out opened 2>/dev/null || fail "it does not open"
same plain.4065 opened
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt with.context
# The empty one is one as well, whatever the configuration says.
write_cnf kek=one
seal_as one plain.4065 with.none
write_cnf kek=two "context=column 7"
expect_failed CONTEXT_MISMATCH "" envelope reencrypt with.none
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt --context= with.none
expect_output "1 re-encrypted, 0 current, 0 skipped, 0 failed" 0 envelope reencrypt --context "" with.none
write_cnf kek=two

# ---- a KEK that is away, though sealing may go without it ----

write_cnf "kek=two absent" kek-optional=absent
seal_as two plain.4065 optional
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
truncate -s $((header + 74 + 4096 * 300)) odd/boundary # between two segments
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
odd/tag: $(reason CONTEXT_MISMATCH)
odd/text: skipped: $(reason NOT_A_MESSAGE)
odd/truncated: $(reason TRUNCATED)
0 re-encrypted, 0 current, 1 skipped, 11 failed
LINES
diff -r odd.before odd || fail "what does not verify was changed"
expect_output "envelope reencrypt: a sealed key has no body: --list is for rewrap" 2 \
    envelope reencrypt --list /dev/null
