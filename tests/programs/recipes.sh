#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/PROGRAMS.md, word for word, with the samples in conf/: each recipe's key is imported, and
# existing data opens with its stand-in. The tests of the servers use their configurations and SQL.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
page=$source_dir/docs/PROGRAMS.md
make_two_places

sample() { # name in conf/
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/|$work/|" \
        -e 's/^token = .*/token = "pkcs11:token=kek pkcs11:token=spare"/' \
        -e 's/^kek = .*/kek = orders recovery/' "$source_dir/conf/$1.cnf" >openssl.cnf
}
ran=
example() { # name: a script, whose output is in out
    block "$page" "$1" sh | sed "s|/etc/envelope/program.cnf|$work/openssl.cnf|" >"$1.sh"
    PATH=$ENVELOPE_MODULE_DIR:$PATH ours bash -eo pipefail "$1.sh" >out 2>err ||
        fail "$1: $(cat "$1.sh" out err)"
    ran="$ran $1"
}
checked() {
    cp out answer
    example check
    cp answer out
}

# ---- what starts a program ----

{ printf '%s\n' '[Service]' 'Type=oneshot' 'ExecStart=/bin/true' && block "$page" unit ini | sed 1d; } >program.service
systemd-analyze verify ./program.service >verify.out 2>&1 || fail "$(<verify.out)"
! grep -F program.service verify.out || fail "systemd-analyze complains: $(<verify.out)"
grep -qx 'Environment=OPENSSL_CONF=/etc/envelope/program.cnf' program.service || fail "$(<program.service)"

# ---- PHP, Python, Ruby, Node ----

find_node

sample laravel
while read -r line; do
    sed -i "/^${line%% *} = /d" openssl.cnf
done < <(block "$page" languages-lines ini)
block "$page" languages-lines ini >>openssl.cnf
printf 'customer 17' >plain
stock rand -hex 32 >key.hex
iv=000102030405060708090a0b0c0d0e0f
stock enc -e -aes-256-cbc -K "$(<key.hex)" -iv $iv -in plain -out sealed
printf '%s\n%s\n' $iv "$(hex_of sealed)" >row
example languages-key
checked
[[ $(<key) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "no stand-in: $(<key)"
{ block "$page" node-lines ini && cat openssl.cnf; } >node.cnf
mv node.cnf openssl.cnf
checked
declare -A runs=([php]=php [python]=/usr/bin/python3 [ruby]=ruby [node]="${node[*]}")
for language in php python ruby node; do
    block "$page" $language "${language/node/js}" >$language-program
    read -ra run <<<"${runs[$language]}"
    ours "${run[@]}" $language-program >opened 2>err || fail "$language: $(<err)"
    same plain opened
    token_away
    if ours "${run[@]}" $language-program >opened 2>err; then
        [[ $language == php ]] || fail "$language: it opens" # which exits with its words
    fi
    grep -qF "$(reason NO_TOKEN)" opened err || fail "$language: $(cat opened err)"
    token_back
    ran="$ran $language"
done

# Laravel; tests/programs/laravel.sh has the whole story.
sample laravel
laravel() { # APP_KEY, APP_PREVIOUS_KEYS, a way to run it, arguments
    APP_KEY=$1 APP_PREVIOUS_KEYS=$2 "$3" php "$source_dir/tests/programs/laravel.php" "${@:4}" 2>err ||
        fail "$(<err)"
}
old=base64:$(stock rand -base64 32)
laravel "$old" "" as_before encrypt 'customer 17' >before
example laravel-key
checked
new=$(grep '^APP_KEY=base64:' out)
new=${new#*=}
laravel "$new" "$old" ours reencrypt <before >after
[[ $(laravel "$new" "" ours decrypt <after) == 'customer 17' ]] || fail "the new key"

# Rails; so has tests/programs/rails.sh.
sample rails
mkdir config data
stock rand -hex 16 | tr -d '\n' >config/master.key
stock rand -hex 64 | tr -d '\n' >config/secret_key_base
rails() { # a way to run it, arguments
    "$1" ruby "$source_dir/tests/programs/rails.rb" "$2" config "${@:3}" >out 2>err || fail "$(<err)"
}
rails as_before write data 'customer 17'
example rails-key
checked
rails ours read data
for way in credentials cookie; do
    grep -qx "$way: customer 17" out || fail "Rails: $(<out)"
done

# ---- what the other programs read instead of their keys ----

sample pgcrypto
stock rand -hex 32 >key.hex
example pgcrypto-key
checked
[[ $(wc -c <stand-in) -ge 32 && $(<stand-in) == key:* ]] || fail "$(<stand-in)"

sample rails
printf 'correct horse' >password
stock genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
stock pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out protected.pem -passout file:password
example nginx-key
checked
expect_quiet ours openssl pkey -in protected.pem -passin file:password -out opened
same key.pem opened

sample sqlcipher
printf 'correct horse' >passphrase
as_before sqlcipher -batch app.db <<<"PRAGMA key = 'correct horse'; CREATE TABLE notes (a); INSERT INTO notes
    VALUES ('customer 17');" >out
example sqlcipher-key
checked
example sqlcipher
[[ $(tail -n 1 out) == 'customer 17' ]] || fail "$(<out)"

sample mariadb
echo "1;$(stock rand -hex 32)" >keys.txt
example mariadb-key
checked
[[ $(<keys.txt) =~ ^1\;6b65793a[0-9a-f]{56}$ ]] || fail "$(<keys.txt)"

# Every example is run, here or by the test of its server.
for name in $(block_names "$page"); do
    [[ " $ran unit languages-lines node-lines " == *" $name "* ]] ||
        grep -qE "block .* $name (ini|nginx|sql|sh)" "$source_dir"/tests/programs/{nginx,postgres,mariadb}.sh ||
        fail "example $name is not run"
done
