#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/FIELDS.md: the Laravel cast and the ActiveRecord type, word for word, with Eloquent and
# ActiveRecord as Debian has them, on a PostgreSQL of its own.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/fields.sh
source "$source_dir/tests/lib/fields.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
# shellcheck source=../lib/postgres.sh
source "$source_dir/tests/lib/postgres.sh"
make_two_places
named_cnf allow-keys="users email"
names_too
key new users --for ENVELOPE-FIELD
key stand-in users --for-app shop
cp out stand-in
key new email --for ENVELOPE-FIELD-DETERMINISTIC
key stand-in email --for-app shop
cp out stand-in.email
serve_postgres

sed -e '/^<!-- test: /d' -e 's/^<!-- programs: /<!-- test: /' "$source_dir/docs/FIELDS.md" >page.md
[[ $(block_names page.md | tr '\n' ' ') == "laravel activerecord " ]] ||
    fail "an example is not run: $(block_names page.md)"
example() { # name, language
    block page.md "$1" "$2" | sed "s|/etc/shop/|$work/|"
}
run() { # command ...
    with_envelope "$@" >out 2>err || fail "$*: $(cat out err)"
}

# ---- Laravel ----

sql "CREATE TABLE users (id uuid PRIMARY KEY, otp_secret text)"
{
    printf '%s\n' '<?php' 'error_reporting(E_ALL & ~E_DEPRECATED);' \
        'require "/usr/share/php/Illuminate/Database/autoload.php";'
    example laravel php
    sed 1d "$source_dir/tests/programs/fields_laravel.php"
} >laravel.php
run php laravel.php "$(reason FIELD_NOT_AUTHENTIC)" # what another row's field says
[[ $(<out) == "all is well" ]] || fail "$(cat out err)"
[[ $(sql "SELECT DISTINCT length(decode(otp_secret, 'base64')) FROM users
    WHERE otp_secret IS NOT NULL") == 65 ]] || fail "other lengths"
sql "DROP TABLE users"

# ---- ActiveRecord ----

sql "CREATE TABLE users (id bigserial PRIMARY KEY, otp_secret bytea, email bytea UNIQUE)"
{
    example activerecord ruby
    cat "$source_dir/tests/programs/fields_activerecord.rb"
} >activerecord.rb
run ruby activerecord.rb "$(reason FIELD_NOT_AUTHENTIC)"
[[ $(<out) == "all is well" ]] || fail "$(cat out err)"
[[ $(sql "SELECT DISTINCT length(otp_secret) FROM users WHERE id < 3") == 65 ]] || fail "other lengths"
