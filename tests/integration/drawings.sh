#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each drawing is generated from the present text beside it, and a page shows it.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$source_dir/docs/drawings"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
for text in *.dot; do
    drawing=${text%.dot}.svg
    sum=$(sha256sum <"$text")
    grep -q "^<!-- made of $text, ${sum%% *}, by make.sh -->" "$drawing" ||
        fail "$text has changed since $drawing was made: docs/drawings/make.sh"
    grep -q '</svg>' "$drawing" || fail "$drawing is cut short"
    grep -lq "drawings/$drawing" "$source_dir"/README.md "$source_dir"/docs/*.md ||
        fail "no page shows $drawing"
done
[[ $(ls ./*.svg) == "$(printf '%s\n' ./*.dot | sed 's/dot$/svg/')" ]] || fail "a drawing without its text"
