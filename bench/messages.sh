#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Short messages a second with a SoftHSM token of its own: one thread, then two.
# Usage: bench/messages.sh PROGRAM. Run by `cmake --build ... --target bench`.
set -euo pipefail
program=$(realpath "$1")
source_dir=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=../tests/lib/fixture.sh
source "$source_dir/tests/lib/fixture.sh"
make_usual
for threads in 1 2; do
    with_envelope "$program" "$threads" 100
done
