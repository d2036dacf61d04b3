#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The floors of docs/ARCHITECTURE.md: an include goes to the same floor or one below, only
# keymgmt/token/ uses PKCS#11 and only provider/ uses OpenSSL's dispatch, an unknown folder is a
# violation, and modules (a .c and its .h) have no cycles. Dates come from envelope/base/clock.h,
# which tests can set. Includes do not show everything: a header may declare functions of another
# module. So in a build the calls between modules are checked too.
#
#     tests/walls.sh [TREE [OBJECTS]]     says what is wrong and ends with 1; or "N files, N includes"
#
# OBJECTS is a file with the paths of a build's object files, one a line.
set -euo pipefail
objects=${2:+$(realpath "$2")}
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

# The floors, lowest first. Add a new folder here and in CMakeLists.txt.
floors=(envelope/base envelope/format envelope/message envelope/named
    keymgmt/token keymgmt/wrap keymgmt/kek keymgmt
    provider/common provider/stock provider/keys provider/ciphers provider
    tools/common tools/rotate tools/key tools/kek tools/files tools/check tools/look tools/stats tools)

edges=$(mktemp)
calls=$(mktemp)
trap 'rm -f "$edges" "$calls"' EXIT

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
    /(^|[^a-z_])time\(NULL\)/ { print FILENAME, "!time" }
' "${files[@]}" >"$edges"

# MODULE<TAB>MODULE<TAB>SYMBOL for every function and object that one module uses of another.
if [[ -n $objects ]]; then
    xargs -d '\n' nm -A -P <"$objects" | awk -v OFS='\t' '
        {
            path = $0
            sub(/\.c\.o: .*/, "", path)
            sub(/.*\.dir\/(\.\/)?/, "", path)
            sub(/.*\.c\.o: /, "")
        }
        $2 ~ /^[Uwv]$/ {
            users[++n] = path
            used[n] = $1
        }
        $2 ~ /^[A-TV-Z]$/ { home[$1] = path }
        END {
            for (i = 1; i <= n; i++)
                if (used[i] in home && home[used[i]] != users[i])
                    print users[i], home[used[i]], used[i]
        }' >"$calls"
    [[ -s $calls ]] || {
        echo "no object file of $objects uses another one"
        exit 1
    }
fi

# Names the modules of every circle that tsort finds in the pairs that it reads.
circles() { # what the modules do
    { tsort 2>&1 >/dev/null || :; } | sed -E "s/^tsort: /circle of modules$1: /; /input contains a loop/d"
}

# The floors' ranks, for awk.
# shellcheck disable=SC2016 # the dollar is a regular expression's
ranks='
        function folder(path) {
            sub(/\/[^\/]*$/, "", path)
            return path
        }
        BEGIN {
            n = split(floors, list, " ")
            for (i = 1; i <= n; i++)
                rank[list[i]] = i
        }
'

violations=$(
    for file in "${files[@]}"; do echo "$file"; done |
        awk -F '\t' -v floors="${floors[*]}" "$ranks"'
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
        $2 == "!time" {
            print $1 ": dates come from envelope/base/clock.h"
            next
        }
        !($2 in there) {
            print $1 ": \"" $2 "\" is not a path from the root"
            next
        }
        rank[folder($2)] > rank[folder($1)] {
            print $1 ": includes " $2 " from a floor above"
        }' - "$edges"
    awk -F '\t' -v floors="${floors[*]}" "$ranks"'
        rank[folder($2)] > rank[folder($1)] {
            print $1 ".c: uses " $3 " of " $2 ".c on a floor above"
        }' "$calls"
    sed -E '/\t!/d; s/\.[ch]\t/ /; s/\.[ch]$//' "$edges" | awk '$1 != $2' | LC_ALL=C sort -u | circles ""
    cut -f 1,2 "$calls" | LC_ALL=C sort -u | circles " by their calls"
)
if [[ -n $violations ]]; then
    echo "$violations"
    exit 1
fi
echo "${#files[@]} files, $(wc -l <"$edges") includes${objects:+, $(wc -l <"$calls") uses}"
