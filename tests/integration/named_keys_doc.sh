#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/NAMED-KEYS.md: every example, word for word, in its order; only paths and values that change
# from run to run are replaced.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
page=$source_dir/docs/NAMED-KEYS.md
make_two_places
rmdir keys
openssl rand -base64 32 >app-key

with_paths() {
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/|$work/|" \
        -e "s|/usr/lib/x86_64-linux-gnu/ossl-modules/|$ENVELOPE_MODULE_DIR/|"
}
# What is another one each time.
without_numbers() {
    sed -E -e "s|$work/|/etc/envelope/|g" -e 's/[0-9a-f]{16}/HEX/g' -e 's/[0-9]+ seconds? ago/AGE/' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/'
}
# sort, tail and others do not bear a sanitizer's library; openssl needs it, envelope has it by itself.
example_env=()
mkdir own
for variable in "${sanitizer_env[@]}"; do
    if [[ $variable == LD_PRELOAD=* ]]; then
        printf '#!/bin/bash\nexec env %q %q "$@"\n' "$variable" "$(command -v openssl)" >own/openssl
        chmod +x own/openssl
    else
        example_env+=("$variable")
    fi
done
run_example() { # name; its output is in out
    block "$page" "$1" sh | with_paths >"$1.sh"
    PATH=$work/own:$ENVELOPE_MODULE_DIR:$PATH OPENSSL_CONF=$work/$cnf OPENSSL_MODULES=$ENVELOPE_MODULE_DIR \
        env "${example_env[@]}" bash -eo pipefail "$1.sh" >out 2>err || fail "$1: $(cat "$1.sh" out err)"
    [[ ! -s err ]] || fail "$1: output on stderr: $(<err)"
    ran="$ran $1"
}
answers() { # name
    block "$page" "$1-answer" "" | without_numbers | diff - <(without_numbers <out) || fail "$1: another answer"
    ran="$ran $1-answer"
}

ran=" configuration"
block "$page" configuration ini | with_paths >openssl.cnf
run_example folder
run_example make
run_example stand-in
[[ $(<card-key) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "no stand-in: $(<card-key)"
run_example see
answers see
run_example check
grep -q '^ok      named key: cards@1 opens through' out || fail "$(<out)"
cp openssl.cnf without-names.cnf
block "$page" names ini | with_paths >>openssl.cnf
ran="$ran names"
run_example names-list
answers names-list
cp without-names.cnf openssl.cnf
run_example probe
run_example idempotent
answers idempotent
make_kek kek orders-2 --id 1a1b
sed -i 's/^kek = .*/kek = orders-2 recovery/' openssl.cnf
run_example rewrap
[[ $(grep -c 're-wrapped' out) == 3 ]] || fail "$(<out)" # two files and the sum
sed -i 's/^kek = .*/kek = orders recovery/' openssl.cnf
run_example rotate
run_example inventory
[[ $(wc -l <keys.csv) == 4 ]] || fail "$(<keys.csv)"
run_example revoke
[[ $(<card-key.new) =~ ^key:[A-Za-z0-9_-]{28}$ ]] || fail "no stand-in: $(<card-key.new)"
answers revoke
tool rewrap keys >out 2>&1 || fail "$(<out)"
run_example destroy
answers destroy
run_example export
same app-key out

# None is left out, and the numbers of reasons are right.
for name in $(block_names "$page"); do
    [[ " $ran " == *" $name "* ]] || fail "the example $name is not run"
done
count=0
# shellcheck disable=SC2016 # the backquotes are the page's
while read -r number name; do
    [[ $(reason_number "$name") == "$number" ]] || fail "$name is not $number"
    count=$((count + 1))
done < <(grep -oE '[0-9]{3} `[A-Z_]+`' "$page" | tr -d '`')
((count >= 12)) || fail "$count reasons: this test does not find them any more"
