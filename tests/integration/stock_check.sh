#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope check with key-ciphers: who serves the names, what happens without the module, and the
# random generator. Each failure has the lines that fix it.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/stock_names.sh
source "$source_dir/tests/lib/stock_names.sh"
make_two_places
key new cbc --for AES-256-CBC

check() { # status
    local status=0
    tool check --json --no-token >json 2>err || status=$?
    ((status == $1)) || fail "status $status, not $1: $(<json) $(<err)"
}
says() { # state, step, text
    jq -es --arg state "$1" --arg step "$2" --arg text "$3" \
        'any(.[]; .state == $state and .step == $step and (.text | contains($text)))' json \
        >/dev/null || fail "not $1, $2: $3: $(<json)"
}
way_out() { # text: the suggested line
    jq -r --arg text "$1" 'select(.text != null and (.text | contains($text))) | .way_out' json
}

# As it should be.
whole() {
    stock_cnf key-ciphers="mariadb" key-kdfs=PBKDF2 allow-keys=cbc stock-providers-here=yes
    sed -i '/^default = default_sect$/d' "$cnf"
}
whole
check 0
says ok "stock names" "45 that other providers have too"
says ok "stock names" "programs get envelope's"
says ok key-ciphers "without the module there are no algorithms"
says ok key-ciphers "random generator uses no cipher of ours"
says ok provider "beside it, default offers AES-256-GCM"

# Nobody prefers ours.
whole
sed -i '/^default_properties = /d' "$cnf"
check 1
says failed "stock names" "from the provider default"

# Everybody gets ours alone, which has no SHA-256: what SoftHSM makes of that is not tried.
whole
sed -i 's/^default_properties = ?/default_properties = /' "$cnf"
check 1
says failed configuration "default_properties: without a question mark, provider= leaves out the algorithms"
[[ $(jq -s length json) == 3 ]] || fail "something else is tried: $(<json)"

# The module is silently missing, or default is active without it.
stock_cnf key-ciphers=mariadb allow-keys=cbc
check 1
says failed key-ciphers "without the module, OpenSSL's own ciphers would take stand-ins"
[[ $(way_out "without the module") == $'[envelope_sect]\nstock-providers-here = yes' ]] ||
    fail "$(way_out "without the module")"
stock_cnf key-ciphers=mariadb allow-keys=cbc stock-providers-here=yes
check 1
says failed key-ciphers "default is activated even without the module"
sed -i 's/^default = default_sect$/stock = default_sect/; s/^\[default_sect\]$/&\nidentity = default/' "$cnf"
check 1
says failed key-ciphers "default is activated even without the module"

# The random generator; the suggested lines fix it.
for edit in '/^random = /d' '/^properties = provider!=envelope$/d' \
    's/^properties = provider!=envelope$/properties = ?provider!=envelope/'; do
    whole
    sed -i "$edit" "$cnf"
    check 1
    says failed key-ciphers "random generator passes its keys through"
    way_out "random generator passes" >lines
    sed -i '/^random = /d; /^properties = /d' "$cnf"
    cat lines >>"$cnf"
    check 0
done

# Without key-ciphers none of this is checked.
named_cnf allow-keys=cbc
check 0
if jq -es 'any(.[]; .step == "key-ciphers")' json >/dev/null; then
    fail "asked for without key-ciphers: $(<json)"
fi
