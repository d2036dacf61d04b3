#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The cost of short messages beside the calls to their token, with a separate SoftHSM token: one
# thread, then two. Usage: bench/messages.sh PROGRAM [bytes [rounds [seal|open]]]. Run by `cmake
# --build ... --target bench`.
set -euo pipefail
program=$(realpath "$1")
source_dir=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=../tests/lib/fixture.sh
source "$source_dir/tests/lib/fixture.sh"
make_usual
# shellcheck disable=SC2086 # words: what to run it under
with_envelope ${BENCH_UNDER:-} "$program" "$softhsm" "$pin" orders "${@:2}"
