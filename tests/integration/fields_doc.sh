#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/FIELDS.md: every example, word for word, in its order, with only the paths replaced. The
# stated sizes are right.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
page=$source_dir/docs/FIELDS.md
make_two_places

with_paths() {
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/|$work/|"
}
in_place() { # command ...
    PATH=$ENVELOPE_MODULE_DIR:$PATH OPENSSL_CONF=$work/$cnf OPENSSL_MODULES=$ENVELOPE_MODULE_DIR \
        env "${sanitizer_env[@]}" "$@" >out 2>err || fail "$*: $(cat out err)"
    [[ ! -s err ]] || fail "$*: output on stderr: $(<err)"
}
run_example() { # name; its output is in out
    block "$page" "$1" sh | with_paths >"$1.sh"
    in_place bash -eo pipefail "$1.sh"
}

block "$page" configuration ini | with_paths >openssl.cnf
run_example make
[[ $(stat -c %s stand-in) == 32 ]] || fail "a stand-in of $(stat -c %s stand-in) bytes"
run_example seal
[[ $(<out) == JBSWY3DPEHPK3PXP && $(stat -c %s otp.field) == 65 ]] || fail "$(<out)"

block "$page" program c >program.c
read -ra flags < <(pkg-config --cflags --libs libcrypto)
"${CC:-cc}" -Wall -Wextra -Werror -o program program.c "${flags[@]}" || fail "it does not compile"
in_place ./program
block "$page" program-answer "" | diff - out || fail "another answer"

run_example tenant
[[ $(stat -c %s tenant-key) == 81 ]] || fail "a tenant key of $(stat -c %s tenant-key) bytes"
[[ $(tail -n 2 out | jq -rs '.[0] | .tenant + " " + .message' | wc -c) == 114 ]] || fail "$(<out)"

for name in $(block_names "$page"); do
    [[ " configuration make seal program program-answer tenant " == *" $name "* ]] ||
        fail "the example $name is not run"
done
