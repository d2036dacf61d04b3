#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# valgrind sees what AddressSanitizer does not: uninitialised bytes, and the uninstrumented openssl
# and SoftHSM around us.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

checked() {
    with_envelope valgrind --quiet --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite --num-callers=30 \
        --suppressions="$source_dir/tests/lib/valgrind.supp" "$@" 2>err || {
        cat err >&2
        fail "valgrind: $*"
    }
}

stream 10000 >plain
checked openssl enc -e -envelope -K 0 -in plain -out sealed
checked openssl enc -d -envelope -K 0 -in sealed -out opened
same plain opened

# The ways out when something is wrong.
refused() { # reason, file to open
    local status=0
    with_envelope valgrind --quiet --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite --num-callers=30 \
        --suppressions="$source_dir/tests/lib/valgrind.supp" \
        openssl enc -d -envelope -K 0 -in "$2" -out opened 2>err || status=$?
    if ((status != 1)) || ! grep -qF ":$(reason "$1"):" err; then
        cat err >&2
        fail "$1 expected, status $status"
    fi
}
head -c 5000 sealed >truncated
refused TRUNCATED truncated
cp sealed altered
flip altered 5000
refused BAD_SEGMENT altered
refused NOT_A_MESSAGE plain
printf 00000000 >pin
refused PIN_WRONG sealed
