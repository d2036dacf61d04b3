#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The floors of docs/ARCHITECTURE.md: an include goes to the same floor or one below, only
# keymgmt/token/ uses PKCS#11 and only provider/ uses OpenSSL's dispatch, an unknown folder is a
# violation, and modules (a .c and its .h) have no cycles.
#
#     tests/walls.sh [TREE]     says what is wrong and ends with 1; or "N files, N includes"
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

# The floors, lowest first. Add a new folder here and in CMakeLists.txt.
floors=(envelope/base envelope/format envelope/message envelope/named
    keymgmt/token keymgmt/wrap keymgmt/kek keymgmt
    provider/common provider/stock provider/keys provider/ciphers provider
    tools/common tools/rotate tools/key tools/kek tools/files tools/check tools/look tools/stats tools)

edges=$(mktemp)
trap 'rm -f "$edges"' EXIT

# FILE<TAB>INCLUDED for every include of our own; FILE<TAB>!WORD for what only one floor knows.
mapfile -t files < <(find envelope keymgmt provider tools -name '*.[ch]' | LC_ALL=C sort)
awk -v OFS='\t' '
    match($0, /^[ \t]*#[ \t]*include[ \t]+"[^"]+"/) {
        split(substr($0, RSTART, RLENGTH), part, "\"")
        print FILENAME, part[2]
    }
    match($0, /^[ \t]*#[ \t]*include[ \t]+<(envelope|keymgmt|provider|tools)\/[^>]+>/) {
        split(substr($0, RSTART, RLENGTH), part, /[<>]/)
        print FILENAME, part[2]
    }
    /^[ \t]*#[ \t]*include[ \t]+<p11-kit\// { print FILENAME, "!pkcs11" }
    /^[ \t]*#[ \t]*include[ \t]+<openssl\/core_dispatch.h>/ { print FILENAME, "!dispatch" }
' "${files[@]}" >"$edges"

violations=$(
    for file in "${files[@]}"; do echo "$file"; done |
        awk -F '\t' -v floors="${floors[*]}" '
        function folder(path) {
            sub(/\/[^\/]*$/, "", path)
            return path
        }
        BEGIN {
            n = split(floors, list, " ")
            for (i = 1; i <= n; i++)
                rank[list[i]] = i
        }
        FILENAME == "-" {
            there[$1] = 1
            if (!(folder($1) in rank))
                print $1 ": its folder is no floor"
            next
        }
        $2 == "!pkcs11" {
            if ($1 !~ /^keymgmt\/token\//)
                print $1 ": only keymgmt/token/ knows the headers of p11-kit"
            next
        }
        $2 == "!dispatch" {
            if ($1 !~ /^provider\//)
                print $1 ": only provider/ knows core_dispatch.h"
            next
        }
        !($2 in there) {
            print $1 ": \"" $2 "\" is not a path from the root"
            next
        }
        rank[folder($2)] > rank[folder($1)] {
            print $1 ": includes " $2 " from a floor above"
        }' - "$edges"
    # tsort names the modules of every circle that it finds
    sed -E '/\t!/d; s/\.[ch]\t/ /; s/\.[ch]$//' "$edges" | awk '$1 != $2' | LC_ALL=C sort -u |
        { tsort 2>&1 >/dev/null || :; } | sed -E 's/^tsort: /circle of modules: /; /input contains a loop/d'
)
if [[ -n $violations ]]; then
    echo "$violations"
    exit 1
fi
echo "${#files[@]} files, $(wc -l <"$edges") includes"
