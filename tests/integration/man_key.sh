#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/envelope-key.1: its form, that it and the program have the same actions and options, and that
# its examples work.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/man.sh
source "$source_dir/tests/lib/man.sh"
page=$source_dir/docs/envelope-key.1
man_form "$page" "NAME|SYNOPSIS|DESCRIPTION|OPTIONS|ACTIONS|EXIT STATUS|FILES|EXAMPLES|BUGS|SEE ALSO"
man_same_actions "$page" ACTIONS key 11 60
# every use that has a name of its own
for use in ENVELOPE-FIELD ENVELOPE-FIELD-DETERMINISTIC tenant-keys mariadb pgcrypto laravel laravel-gcm \
    rails rails-credentials sqlcipher; do
    grep -qE "^\.BR? $use( |$)" plain.page || fail "--for $use is not described"
done

make_two_places
openssl rand -base64 32 >app-key
man_examples "$page" 4
[[ $(<shop.key) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "no stand-in: $(<shop.key)"
[[ $(find keys -name '*.envkey' -printf '%f\n' | sort | paste -sd' ') == "cards@2.envkey orders@1.envkey tenants@1.envkey" ]] ||
    fail "other keys: $(ls keys)"
[[ $(<acme.hex) =~ ^01[0-9a-f]{160}$ ]] || fail "no tenant key: $(<acme.hex)"
key export orders --yes --base64
same app-key out
echo "$count options of $(wc -l <actions) actions"
