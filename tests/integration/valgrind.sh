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
