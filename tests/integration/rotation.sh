#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/ROTATION.md, word for word and in its order, and that each step has done what it says.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_token kek
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}") # the likes of cmp and grep
page=$source_dir/docs/ROTATION.md
stream 50000 >report.pdf
stream 4064 >invoice.pdf
stream 32 >customer.key

with_paths() {
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|"
}

configure() { # example
    block "$page" "$1" ini | with_paths >openssl.cnf
}

perform() { # example
    block "$page" "$1" sh | with_paths >"$1.sh"
    PATH=$ENVELOPE_MODULE_DIR:$PATH with_envelope bash -euo pipefail "$1.sh" >"$1.out" 2>&1 ||
        fail "example $1: $(<"$1.out")"
    performed+=("$1")
}

performed=()
configure before
perform old-files
cp -a archive backup
cp column.txt column.backup
perform new-kek
configure switch
perform old-still-opens
grep -q "key 'orders-2025'" old-still-opens.out || fail "$(<old-still-opens.out)"
perform rewrap
grep -qx '2 to be re-wrapped (2 in place), 1 current, 0 skipped, 0 failed' rewrap.out || fail "$(<rewrap.out)"
grep -qx '2 re-wrapped (2 in place), 1 current, 0 skipped, 0 failed' rewrap.out || fail "$(<rewrap.out)"
for name in report invoice; do
    same_body backup/$name.sealed archive/$name.sealed
done
perform nothing-left
[[ $(grep -c "key 'orders-2026'" nothing-left.out) == 2 ]] || fail "$(<nothing-left.out)"
configure shut-out
# What step 4 warns of: a backup needs the old KEK, and that shows while it can be undone.
expect_failed KEK_NOT_ALLOWED "" envelope verify backup
perform opens-without-the-old
envelope verify --quiet --list column.backup && fail "the old column opens without the old KEK"
perform destroy
perform still-opens
write_cnf kek=orders-2026
expect_failed KEK_NOT_HERE "" envelope verify backup
cp archive/report.sealed rewrapped
perform reencrypt
cmp -s <(tail -c 45000 rewrapped) <(tail -c 45000 archive/report.sealed) && fail "the body is the same"
perform still-opens
[[ $(block_names "$page" | sort) == $(printf '%s\n' "${performed[@]}" before switch shut-out | sort -u) ]] ||
    fail "examples that nobody performs: $(block_names "$page")"
