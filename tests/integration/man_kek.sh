#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/envelope-kek.1: its form, that it and the program have the same actions and options, and that
# its example works.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/moved_clock.sh
source "$source_dir/tests/lib/moved_clock.sh"
# shellcheck source=../lib/man.sh
source "$source_dir/tests/lib/man.sh"
page=$source_dir/docs/envelope-kek.1
man_form "$page" "NAME|SYNOPSIS|DESCRIPTION|OPTIONS|ACTIONS|EXIT STATUS|FILES|EXAMPLES|BUGS|SEE ALSO"
man_same_actions "$page" ACTIONS kek 2 15

it_is 2027-12-01
make_token kek
write_cnf 'kek=orders/*'
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:orders/1 \
    -pkeyopt not-after:2027-12-31 -out key.pem
man_examples "$page" 1
grep -q '^orders/2 .*seals from 2028-01-01 to 2029-12-30: made$' out || fail "$(<out)"
echo "$count options of $(wc -l <actions) actions"
