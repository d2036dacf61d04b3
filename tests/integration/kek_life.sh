#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What envelope check and census report about a KEK's dates and versions.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/kek_versions.sh
source "$source_dir/tests/lib/kek_versions.sh"

check_says() { # pattern, paths
    tool check "${@:2}" >out 2>&1 || :
    says "$1"
}
check_is_silent_of() { # pattern, paths
    tool check "${@:2}" >out 2>&1 || :
    is_silent_of "$1"
}

it_is 2031-05-31
write_cnf 'kek=orders/*'
make_version orders/1 -pkeyopt not-before:2031-01-01 -pkeyopt not-after:2031-06-30
write_cnf 'kek=orders/*'

# 30 days before, or the configured number.
check_is_silent_of 'last day'
it_is 2031-06-01
check_says "warning.*'orders/1'.*its last day is 2031-06-30, in 29 days"
grep -q 'envelope kek rotate orders' out || fail "$(<out)"
write_cnf 'kek=orders/*' kek-expiry-warning=7
check_is_silent_of 'last day'
write_cnf 'kek=orders/*' kek-expiry-warning=60
it_is 2031-05-03
check_says 'last day is 2031-06-30, in 58 days'

# A label that is no version's has another way out.
make_version single -pkeyopt not-after:2031-06-30
write_cnf kek=single kek-expiry-warning=60
check_says "'single'.*last day is 2031-06-30"
grep -q 'genpkey' out || fail "$(<out)"

# How old it is.
write_cnf 'kek=orders/*' max-kek-age=122
check_is_silent_of 'days old'
it_is 2031-05-04
check_says "warning.*'orders/1'.*it is 123 days old, and max-kek-age is 122"
write_cnf kek=single max-kek-age=122
check_says "'single'.*has no start date \(max-kek-age\)"

# The next version is there: no warning, but for one that is passed over.
write_cnf 'kek=orders/*'
it_is 2031-06-15
mkdir archive
for i in 1 2; do
    expect_quiet seal -in plain -out archive/$i
done
tool_gives 0 - kek rotate --start 2031-07-01 orders
check_says "'orders/1'.* seals to 2031-06-30, and then 'orders/2' does"
grep -q "the next version, 'orders/2', seals from 2031-07-01 on" out || fail "$(<out)"
check_is_silent_of 'warning.*last day'
it_is 2031-07-01
make_version orders/3
make_version orders/3 -pkeyopt same-label:yes
check_says "warning.*a newer version, 'orders/3', is passed over"
check_says "warning.*'orders/1' still protects 2 files, and 'orders/2' seals today" archive
tool check archive >out 2>&1 && tool check --strict archive >out 2>&1 && fail "--strict passed: $(<out)"
tool check --json archive >json || :
jq -se '[.[] | select(.step == "versions")] | length == 1' json >answer || fail "$(<json)"
tool_complains "cannot be combined with --pid or --no-token" check --no-token archive

# A census has them too.
make_kek kek orders/3 --destroy
tool_gives 0 - census --labels archive
grep -q "key 'orders/1' of token 'kek', seals from 2031-01-01 to 2031-06-30, an older version: the newest is orders/2$" out ||
    fail "$(<out)"
tool census --json --labels archive >json || fail "census"
json_is 0 '.keks[0].not_before' 2031-01-01
json_is 0 '.keks[0].not_after' 2031-06-30
json_is 0 '.keks[0].newest_version' orders/2
tool_gives 0 - rewrap archive
check_says "ok.*2 messages, none of which an older version protects" archive
tool census --json --labels archive >json || fail "census"
json_is 0 '.keks[0].newest_version // "none"' none

# Retired and disabled ones are as they are meant to be.
echo 'open-only-kek = orders/1' >state
write_cnf 'kek=orders/*' "state-file=$work/state"
tool_gives 0 - kek list --verify orders
grep -q "^orders/1 .*: retired: opens$" out || fail "$(<out)"
check_is_silent_of FAILED
echo 'disabled-kek = orders/1' >state
tool_gives 0 - kek list --verify orders
grep -q "^orders/1 .*: disabled$" out || fail "$(<out)"
check_says "ok.*'orders/1'.* is disabled: it opens nothing"
check_is_silent_of FAILED
