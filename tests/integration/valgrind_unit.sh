#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Unit tests under valgrind: the quick ones, which together cover most of the module. (Those of
# random call patterns and of forks run under the sanitizers alone.)
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

tests=(test_cipher_callbacks test_uris_selectors_and_ckr_names test_unwrap_refused
    test_cipher_life_cycle test_cipher_parameters test_recipients test_without_default_provider
    test_kek_pkey test_kek_sealed_keys test_kek_messages)

for test in "${tests[@]}"; do
    # in one process: valgrind would else judge every test's exit by itself
    CK_FORK=no valgrind --quiet --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite --num-callers=30 \
        --suppressions="$source_dir/tests/lib/valgrind.supp" "$ENVELOPE_PROGRAMS/$test" \
        >"$test.log" 2>&1 || fail "$test: $(<"$test.log")"
done
