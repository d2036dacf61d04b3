#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All our programs and modules are bound at load time: lazy binding of a function saves all
# registers below the stack, with parts of keys in them (tests/secrets/ finds them there).
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

count=0
while read -r file; do
    readelf -d "$file" >dynamic 2>/dev/null || fail "$file cannot be read"
    grep -qE '\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW' dynamic || fail "$file is bound lazily"
    count=$((count + 1))
done <"$ENVELOPE_PROGRAMS/linked.txt"
((count > 50)) || fail "only $count programs and modules were looked at"
