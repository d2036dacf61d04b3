#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Days on which no version of a KEK seals, although there is a next one: envelope check, kek list and
# kek rotate see them, also where only one of two copies starts too late.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/kek_versions.sh
source "$source_dir/tests/lib/kek_versions.sh"
make_token spare
it_is 2031-06-15
tokens='token="pkcs11:token=kek pkcs11:token=spare"'

make_here() { # label, further options of genpkey
    make_version "$1" -pkeyopt token:kek "${@:2}"
}

# The same key in both tokens.
make_copy() { # token, label, id, "FIRST-LAST"
    make_dated "$@" --import "$(printf '5a%.0s' {1..32})"
}

checks() {
    tool check >out 2>&1 || :
}

# ---- a next version that begins too late ----

write_cnf 'kek=late/*' "$tokens"
make_here late/1 -pkeyopt not-before:2031-01-01 -pkeyopt not-after:2031-06-30
make_here late/2 -pkeyopt not-before:2031-07-02 -pkeyopt not-after:2031-12-31
checks
says "^warning KEK: 'late/1'.*its last day is 2031-06-30, in 15 days$"
tool_gives 1 - kek rotate late
says "^late/2 .*: it is the next one already$"
says "^late: $(reason KEK_GAP): the last day is 2031-06-30, and late/2 starts on 2031-07-02; --start now"
it_is 2031-07-01
tool_gives 1 - kek rotate late
says "$(reason KEK_GAP): no version seals today, and late/2 starts on 2031-07-02; --start now"
tool_gives 0 - kek rotate --start now late
says "^late/3 .*: made$"
expect_quiet seal -in plain -out sealed
it_is 2031-06-15

# No gap: the next day, or days on which an older version seals, one after the other.
write_cnf 'kek=next/*' "$tokens"
make_here next/1 -pkeyopt not-after:2031-06-30
make_here next/2 -pkeyopt not-before:2031-07-01 -pkeyopt not-after:2031-07-31
tool_gives 0 - kek rotate next
is_silent_of "$(reason KEK_GAP)"
make_here next/3 -pkeyopt not-before:2031-08-01
tool_gives 0 - kek rotate next
make_here next/4 -pkeyopt not-before:2031-09-01
tool_gives 0 - kek rotate next
says "^next/4 .*: it is the next one already$"
write_cnf 'kek=chain/*' "$tokens"
make_here chain/1 -pkeyopt not-after:2031-06-30
make_here chain/2 -pkeyopt not-before:2031-07-02 -pkeyopt not-after:2031-07-31
make_here chain/3 -pkeyopt not-before:2031-08-01
tool_gives 1 - kek rotate chain
says "$(reason KEK_GAP): the last day is 2031-06-30, and chain/3 starts on 2031-08-01"
write_cnf 'kek=chain/*' "$tokens" allow-expired-kek=yes
tool_gives 0 - kek rotate chain

# ---- copies whose dates differ: they seal on the days that both have ----

write_cnf 'kek=copies/*' "$tokens" allow-imported-kek=yes
make_here copies/1 -pkeyopt not-after:2031-06-30
make_copy kek copies/2 32 20310701-00000000
make_copy spare copies/2 32 20310801-00000000
checks
says "^warning KEK: 'copies/1'.*its last day is 2031-06-30, in 15 days$"
says "^ok      KEK: the next version, 'copies/2', seals from 2031-08-01 on$"
is_silent_of "and then 'copies/2' does"
tool_gives 1 - kek rotate copies
says "$(reason KEK_GAP): the last day is 2031-06-30, and copies/2 starts on 2031-08-01"
it_is 2031-07-15
expect_failure KEK_NO_VERSION "key 'copies/2'.*it seals from 2031-08-01 on" seal -in plain -out sealed
tool_gives 1 - kek list copies
[[ $(grep -c '^copies/2 .*: not yet$' out) == 2 ]] || fail "$(<out)"
it_is 2031-08-01
expect_quiet seal -in plain -out sealed
tool_gives 0 - kek list copies
[[ $(grep -c '^copies/2 .*: seals today$' out) == 2 ]] || fail "$(<out)"
it_is 2031-06-15

# ---- a token that is away may have copies, or the next version ----

spare=$(dirname "$(grep -l spare tokens/*/token.object)")
mv "$spare" away
tool_gives 1 - kek rotate --start now copies
says "^copies: $(reason KEK_TOKEN_AWAY): token: pkcs11:token=spare$"
tool_gives 1 - kek rotate --start now --token kek copies
says "$(reason KEK_TOKEN_AWAY)"
write_cnf 'kek=copies/*'
tool_gives 0 - kek rotate --dry-run --start now copies
write_cnf 'kek=copies/*' "$tokens" allow-imported-kek=yes
mv away "$spare"
tool_gives 1 - kek rotate --start now copies
says "$(reason KEK_COPIES_BY_HAND)"

# ---- newer than the one that seals, and does not seal itself ----

write_cnf 'kek=newer/*' "$tokens"
make_here newer/1
make_kek kek newer/2 --id 42 --extractable
make_kek kek newer/3 --id 43 --usage unwrap
tool_gives 0 - kek list newer
says "^newer/3 .*: never seals \($(reason KEK_USAGE)"
says "^newer/2 .*: never seals \($(reason KEK_EXTRACTABLE | sed 's/[()]/\\&/g')"
says "^newer/1 .*: seals today$"

# ---- beyond the dates that there are ----

write_cnf 'kek=far/*' "$tokens"
make_here far/1
tool_gives 1 - kek rotate --start 9999-12-31 --cryptoperiod 2d far
says "^far/2: $(reason KEK_DATES): the last date that there is is 9999-12-31$"
tool_gives 0 - kek rotate --dry-run --start 9999-12-31 --cryptoperiod 1d far
says "^far/2 .*seals from 9999-12-31 to 9999-12-31: would be made$"
