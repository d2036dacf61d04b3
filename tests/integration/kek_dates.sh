#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The days on which a KEK may seal: before and after them it opens and nothing else.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/moved_clock.sh
source "$source_dir/tests/lib/moved_clock.sh"
make_usual
echo words >plain

make_dated() { # label, further options of genpkey
    local label=$1
    shift
    ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt "label:$label" "$@" -out "$label.pem"
}

it_is 2031-01-15
expect_quiet make_dated dated -pkeyopt not-before:2031-02-01 -pkeyopt not-after:2031-02-28
write_cnf kek=dated

# The first and the last day are days on which it seals, from their first second to their last, in UTC.
expect_failure KEK_NOT_YET "key 'dated'.* seals from 2031-02-01 on" seal -in plain -out sealed
it_is 2031-01-31 23:59:59
expect_failure KEK_NOT_YET "2031-02-01" seal -in plain -out sealed
it_is 2031-02-01 00:00:00
expect_quiet seal -in plain -out first
it_is 2031-02-28 23:59:59
expect_quiet seal -in plain -out last
it_is 2031-03-01 00:00:00
expect_failure KEK_EXPIRED "key 'dated'.*last day was 2031-02-28" seal -in plain -out sealed
for file in first last; do
    expect_quiet open -in "$file" -out opened
    same plain opened
done

# Through a key of its own as well, with key wrap too; and what was wrapped comes back.
expect_failure KEK_EXPIRED "" ossl pkeyutl -encrypt -inkey dated.pem -in plain
head -c 32 /dev/zero >secret
wrap_secret() {
    with_envelope "$ENVELOPE_PROGRAMS/wrap" "$1" envelope-aes-256-wrap "$2" <"$3"
}
expect_failure KEK_EXPIRED "" wrap_secret -e "$(printf 6461746564; printf '0%.0s' {1..54})" secret # dated
expect_failure KEK_EXPIRED "" ossl enc -e -envelope-rewrap -K 0 -in first

write_cnf kek=dated allow-expired-kek=yes
expect_quiet seal -in plain -out after
it_is 2031-01-15
expect_quiet seal -in plain -out before
write_cnf kek=dated

# What the listing shows.
expect_quiet ossl pkey -in dated.pem -noout -text >text
grep -qx '    Seals: from 2031-02-01 to 2031-02-28' text || fail "$(<text)"
expect_quiet ossl storeutl -keys -text -noout envelope:token=kek >text
[[ $(grep -c '^    Seals: ' text) == 1 ]] || fail "$(<text)"

# One date alone, and RSA KEKs.
expect_quiet make_dated open-end -pkeyopt not-before:2031-02-01
expect_quiet make_dated open-start -pkeyopt not-after:2031-02-28
expect_quiet make_dated recovery -pkeyopt type:RSA -pkeyopt not-after:2031-02-28
it_is 2031-03-01
for kek in open-start recovery; do
    write_cnf "kek=$kek"
    expect_failure KEK_EXPIRED "key '$kek'" seal -in plain -out sealed
done
write_cnf kek=open-end
expect_quiet seal -in plain -out sealed

# Several: one that may not seal is never left out in silence, optional or not.
write_cnf 'kek=open-end open-start' kek-optional=open-start
expect_failure KEK_EXPIRED "key 'open-start'" seal -in plain -out sealed

# Invalid dates.
for wrong in not-before:2031-02-29 not-after:2031-2-1 not-after: not-before:today not-before:1970-01-01; do
    expect_failure BAD_PARAMETER "${wrong%%:*} is a day" make_dated wrong -pkeyopt "$wrong"
done
expect_failure KEK_DATES "not-after is before not-before" \
    make_dated wrong -pkeyopt not-before:2031-02-02 -pkeyopt not-after:2031-02-01
"$ENVELOPE_PROGRAMS/make_kek" --module "$softhsm" --token kek --pin "$pin" --label strange --id 77 \
    --end-date 20310230
write_cnf kek=strange
expect_failure KEK_DATES "key 'strange'.*not a valid date" seal -in plain -out sealed
expect_quiet ossl pkey -in 'envelope:object=strange' -noout -text >text
grep -qx '    Seals: never (one of its dates is invalid)' text || fail "$(<text)"

# The first date that there is, as a last one, is not the absence of one.
make_kek kek epoch --id 78 --public --end-date 19700101
write_cnf kek=epoch allow-weak-kek=yes
expect_failure KEK_DATES "key 'epoch'.*not a valid date" seal -in plain -out sealed
make_kek kek beside --id 79 --start-date 20310101
printf 20310101-19700101 >dates
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --write-object dates --type data \
    --private --application-label 'envelope kek dates' --label 79 >pkcs11-tool.out 2>&1 ||
    fail "$(<pkcs11-tool.out)"
write_cnf kek=beside
expect_failure KEK_DATES "key 'beside'.*not a valid date" seal -in plain -out sealed
