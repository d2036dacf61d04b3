#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes each drawing of its text, with graphviz. tests/integration/drawings.sh looks whether somebody
# forgot to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
for text in *.dot; do
    dot -Tsvg "$text" | sed "s|^<svg |<!-- made of $text, $(sha256sum <"$text" | cut -c 1-64), by make.sh -->\n&|" \
        >"${text%.dot}.svg"
done
