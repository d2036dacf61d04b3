#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The cost of fields compared with stock AES-256-GCM, with named keys on a separate SoftHSM token:
# times with one thread and two, or, with `count`, instructions per value by callgrind.
#
#     bench/fields.sh PROGRAM [bytes [rounds]]     run by `cmake --build ... --target bench`
#     bench/fields.sh PROGRAM count [bytes]
set -euo pipefail
program=$(realpath "$1")
source_dir=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=../tests/lib/fixture.sh
source "$source_dir/tests/lib/fixture.sh"
# shellcheck source=../tests/lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../tests/lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
named_cnf allow-keys="random equal above"
key new random --for ENVELOPE-FIELD
key new equal --for ENVELOPE-FIELD-DETERMINISTIC
key new above --for tenant-keys
for name in random equal above; do
    key stand-in $name --for-app bench
    cp out stand-in.$name
done

instructions() { # name, seal or open, times, bytes
    with_envelope valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" stand-in.random \
        stand-in.equal stand-in.above count "$1" "$2" "$3" "$4" 2>&1 | sed -n 's/.*Collected : //p'
}

if [[ ${2-} != count ]]; then
    with_envelope "$program" stand-in.random stand-in.equal stand-in.above "${@:2}"
    exit
fi
bytes=${3:-100}
for direction in seal open; do
    for name in AES-256-GCM ENVELOPE-FIELD "ENVELOPE-FIELD, kept" "ENVELOPE-FIELD, tenants" \
        -DETERMINISTIC "-DETERMINISTIC, kept"; do
        few=$(instructions "$name" "$direction" 200 "$bytes")
        many=$(instructions "$name" "$direction" 1200 "$bytes")
        echo "$direction $bytes bytes, $name: $(((many - few) / 1000)) instructions"
    done
done
