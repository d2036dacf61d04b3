#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two tokens have different KEKs of one name, and kek names each by a URI with its token: what is on
# the other token is no version of it.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/kek_versions.sh
source "$source_dir/tests/lib/kek_versions.sh"
make_token spare
it_is 2031-06-15
tokens='token="pkcs11:token=kek pkcs11:token=spare"'

make_on() { # label, token, further options of genpkey
    make_version "$1" -pkeyopt "token:$2" -pkeyopt same-label:yes "${@:3}"
}

write_cnf 'kek=orders/*' "$tokens"
for token in kek spare; do
    make_on orders/1 $token -pkeyopt not-before:2031-01-01
    make_on orders/2 $token -pkeyopt not-before:2031-07-01
done

# ---- by the label alone no version is clear ----

expect_failure KEK_NO_VERSION "$(reason KEK_AMBIGUOUS)" seal -in plain -out sealed
tool_gives 1 - kek list orders
says "^orders/2 in token 'kek'.*never seals \($(reason KEK_AMBIGUOUS)"

# ---- named on one token ----

write_cnf 'kek="pkcs11:token=kek;object=orders%2F*"' "$tokens"
tool_gives 0 - kek list orders
says "^orders/2 in token 'kek'.*: not yet$"
says "^orders/1 in token 'kek'.*: seals today$"
is_silent_of "spare"
tool_gives 0 - kek rotate orders
says "^orders/2 in token 'kek'.*: it is the next one already$"
tool check >out 2>&1 || :
says "^ok      KEK: the next version, 'orders/2', seals from 2031-07-01 on$"
is_silent_of "never seals"
tool_gives 0 - kek rotate --start now orders
says "^orders/3 in token 'kek'.*: made$"

# ---- and on both ----

write_cnf 'kek="pkcs11:token=kek;object=orders%2F* pkcs11:token=spare;object=orders%2F*"' "$tokens"
expect_quiet seal -in plain -out sealed
tool_complains "$(reason KEK_NAMED_TWICE): orders/\\\\*" kek list orders
tool_complains "$(reason KEK_NAMED_TWICE): orders/\\\\*" kek rotate orders
tool_gives 0 - kek list --token spare orders
says "^orders/1 in token 'spare'.*: seals today$"
is_silent_of "orders/3|'kek'"
it_is 2031-07-01
tool_gives 0 - kek rotate --token spare orders
says "^orders/3 in token 'spare'.*seals from 2031-07-03: made$"
tool_gives 0 - kek rotate --token 'pkcs11:token=kek' orders
says "^orders/4 in token 'kek'.*seals from 2031-07-03: made$"
it_is 2031-07-03
expect_quiet seal -in plain -out sealed
tool census --labels sealed >out
says "key 'orders/4' of token 'kek'"
says "key 'orders/3' of token 'spare'"
