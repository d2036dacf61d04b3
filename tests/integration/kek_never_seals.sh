#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A next version that can never seal counts as none: envelope kek rotate makes another, and envelope
# check and envelope kek list say which one it is, and why.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/kek_versions.sh
source "$source_dir/tests/lib/kek_versions.sh"
it_is 2031-06-15

make_other() { # label, id, "FIRST-LAST", further options of make_kek
    make_dated kek "$@"
}

# NAME/2 never seals, for this reason: each command says so, and the next one is NAME/3.
passes_over() { # name, reason
    local name=$1 text
    text=$(reason "$2")
    tool check >out 2>&1 || :
    says "^warning KEK: the next version, '$name/2', never seals: "
    grep -qF "never seals: $text" out || fail "$2 expected of check: $(<out)"
    says "envelope kek rotate $name$"
    tool_gives 0 - kek list "$name"
    grep -F "never seals ($text" out | grep "^$name/2 in token" >found ||
        fail "$2 expected of list: $(<out)"
    tool_gives 0 - kek rotate --json "$name"
    cp out json
    json_is 0 .type passed-over
    json_is 0 .kek "$name/2"
    json_is 1 .kek "$name/3"
    json_is 1 .made true
    grep -qF "$text" json || fail "$2 expected of rotate: $(<json)"
    tool_gives 0 - kek rotate "$name"
    says "^$name/3 in token 'kek'.*it is the next one already$"
    is_silent_of "$name/2"
    tool check >out 2>&1 || :
    says "^ok      KEK: the next version, '$name/3', seals from 2031-06-17 on"
}

# ---- its days ----

write_cnf 'kek=orders/*'
make_version orders/1 -pkeyopt not-before:2031-01-01 -pkeyopt not-after:2031-06-30
make_other orders/2 02 20311201-20310701
write_cnf kek=orders/2
expect_failure KEK_DATES "key 'orders/2'.*its last day is before its first" seal -in plain
write_cnf 'kek=orders/*'
expect_quiet seal -in plain -out sealed
tool check >out 2>&1 || :
says "^warning KEK: 'orders/1'.*its last day is 2031-06-30, in 15 days" # and nothing comes then
# It covers no day, and how long it seals is no model.
tool_gives 1 - kek rotate --start 2031-08-01 orders
says "^orders/2 never seals, and is passed over: .*its last day, 2031-07-01, is before its first, 2031-12-01$"
says "$(reason KEK_GAP).*2031-06-30.*2031-08-01"
tool_gives 0 - kek rotate --dry-run orders
says "^orders/3 .*seals from 2031-06-17 to 2031-12-14: would be made$"
passes_over orders KEK_DATES
it_is 2031-06-17
tool_gives 0 - kek list orders
says "^orders/3 .*: seals today$"
it_is 2031-06-15

# A date that is not a day.
make_version noday/1
make_other noday/2 12 20310701-20310732
write_cnf 'kek=noday/*'
tool_gives 0 - kek list noday
says "^noday/2 .*never seals"
tool_gives 0 - kek rotate noday
says "^noday/2 never seals.*one of its dates is not a day"
says "^noday/3 .*: made$"

# Where dates count for nothing it is the next one.
make_version any/1
make_other any/2 22 20311201-20310701
write_cnf 'kek=any/*' allow-expired-kek=yes
tool_gives 0 - kek rotate any
says "^any/2 .*it is the next one already$"

# ---- its attributes ----

make_version unwraps/1
make_other unwraps/2 32 20310701-00000000 --usage unwrap
write_cnf 'kek=unwraps/*'
passes_over unwraps KEK_USAGE
make_version taken/1
make_other taken/2 42 20310701-00000000 --extractable
write_cnf 'kek=taken/*'
passes_over taken KEK_EXTRACTABLE
make_version weak/1
make_other weak/2 52 20310701-00000000 --bits 128
write_cnf 'kek=weak/*'
passes_over weak KEK_TOO_WEAK # and the next one is as long as the first

# ---- what the state file says of it ----

make_version away/1
make_version away/2 -pkeyopt not-before:2031-07-01
echo 'disabled-kek = away/2' >state
write_cnf 'kek=away/*' "state-file=$work/state"
tool check >out 2>&1 || :
says "^warning KEK: the next version, 'away/2', never seals: $(reason KEK_DISABLED | sed 's/[()]/\\&/g')"
tool_gives 0 - kek rotate away
says "^away/2 never seals"
says "^away/3 .*: made$"

# ---- a number that a key has which is no KEK ----

make_version none/1
make_kek kek none/2 --id 62 --usage none
write_cnf 'kek=none/*'
tool_gives 0 - kek rotate none
says "^none/2 never seals, and is passed over: "
says "^none/3 .*seals from 2031-06-17: made$"
it_is 2031-06-17
expect_quiet seal -in plain -out sealed
tool census --labels sealed >out
says "key 'none/3'"
it_is 2031-06-15

# ---- and no number is left ----

make_version last/999999999
write_cnf 'kek=last/*'
tool_gives 1 - kek rotate last
says "$(reason KEK_LAST_VERSION): last/999999999"
