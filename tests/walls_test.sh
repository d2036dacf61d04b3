#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tests tests/walls.sh: a small tree with every floor passes, and each kind of violation, added
# alone, is reported by exactly one line.
set -euo pipefail
walls=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/walls.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# One module a floor, each of which includes the one below: as walls.sh itself lists them.
mapfile -t floors < <(sed -n '/^floors=(/,/)$/p' "$walls" | sed 's/^floors=(//; s/)$//' | xargs -n 1)
((${#floors[@]} > 10)) || fail "walls.sh lists ${#floors[@]} floors"
below=
for floor in "${floors[@]}"; do
    mkdir -p "good/$floor"
    : >"good/$floor/one.h"
    printf '#include <stdio.h>\n\n#include "%s"\n' "$floor/one.h" ${below:+"$below/one.h"} >"good/$floor/one.c"
    below=$floor
done
echo '#include <p11-kit/p11-kit.h>' >>good/keymgmt/token/one.c
echo '#include <openssl/core_dispatch.h>' >>good/provider/ciphers/one.c
bash "$walls" good >out || fail "the correct tree fails: $(<out)"
[[ $(<out) == "$((2 * ${#floors[@]})) files, "* ]] || fail "the correct tree fails: $(<out)"

# Adds a line to a file of the tree (created if missing), and expects this output of walls.sh.
finds() { # file, line, what walls.sh says
    local status=0
    rm -rf tree
    cp -r good tree
    mkdir -p "tree/${1%/*}"
    echo "$2" >>"tree/$1"
    bash "$walls" tree >out || status=$?
    # the modules of a circle come in any order
    [[ $status == 1 && $(LC_ALL=C sort out) == "$3" ]] || fail "$1 with '$2': status $status: $(<out)"
}

# Up: to the next floor, to the top, within one drawer, from a header, and with <>.
finds envelope/base/up.c '#include "envelope/format/one.h"' \
    "envelope/base/up.c: includes envelope/format/one.h from a floor above"
finds envelope/message/up.c '#include "tools/one.h"' \
    "envelope/message/up.c: includes tools/one.h from a floor above"
finds keymgmt/token/up.c '#include "keymgmt/one.h"' \
    "keymgmt/token/up.c: includes keymgmt/one.h from a floor above"
finds keymgmt/up.h '  #  include   "provider/one.h"' \
    "keymgmt/up.h: includes provider/one.h from a floor above"
finds envelope/base/up.h '#include <keymgmt/one.h>' \
    "envelope/base/up.h: includes keymgmt/one.h from a floor above"

# PKCS#11 and OpenSSL's dispatch where they are not known.
for file in envelope/message/one.c keymgmt/wrap/one.c keymgmt/one.h provider/one.c tools/one.c; do
    finds $file '#include <p11-kit/pkcs11.h>' \
        "$file: only keymgmt/token/ knows the headers of p11-kit"
done
for file in envelope/base/one.h envelope/format/one.c keymgmt/kek/one.c tools/look/one.c; do
    finds $file '#include <openssl/core_dispatch.h>' \
        "$file: only provider/ knows core_dispatch.h"
done

# A clock that tests cannot set.
finds tools/look/one.c 'static long now = (long)time(NULL);' \
    "tools/look/one.c: dates come from envelope/base/clock.h"

# Folders that walls.sh does not know: at the top, in a drawer, in a room.
finds envelope/one.c '' "envelope/one.c: its folder is no floor"
finds keymgmt/cellar/one.c '' "keymgmt/cellar/one.c: its folder is no floor"
finds tools/look/deep/one.h '' "tools/look/deep/one.h: its folder is no floor"

# Includes that are not paths from the root, and includes of missing files.
finds envelope/base/one.c '#include "one.h"' \
    'envelope/base/one.c: "one.h" is not a path from the root'
finds provider/keys/one.c '#include "../common/one.h"' \
    'provider/keys/one.c: "../common/one.h" is not a path from the root'
finds tools/one.c '#include "tools/none.h"' 'tools/one.c: "tools/none.h" is not a path from the root'

# A circle of modules on one floor: by two headers, and by a .c and a header.
echo '#include "keymgmt/kek/one.h"' >good/keymgmt/kek/two.h
finds keymgmt/kek/one.h '#include "keymgmt/kek/two.h"' \
    "circle of modules: keymgmt/kek/one
circle of modules: keymgmt/kek/two"
finds keymgmt/kek/one.c '#include "keymgmt/kek/two.h"' \
    "circle of modules: keymgmt/kek/one
circle of modules: keymgmt/kek/two"

# Several at once are all found.
rm -rf tree
cp -r good tree
echo '#include "tools/one.h"' >tree/provider/up.c
echo '#include <p11-kit/uri.h>' >>tree/tools/one.h
! bash "$walls" tree >out || fail "two violations pass"
[[ $(wc -l <out) == 2 ]] || fail "expected two violations: $(<out)"

# A tree without a folder of the product is no success.
rm -rf tree/tools
! bash "$walls" tree >out 2>&1 || fail "an incomplete tree passes: $(<out)"

# ---- calls, which includes do not show ----

# Compiles the tree's modules as a build does, and expects this status and output of walls.sh.
calls() { # status, pattern
    local status=0 file
    rm -rf build
    while read -r file; do
        mkdir -p "build/a.dir/./${file%/*}"
        "${CC:-cc}" -I tree -c -o "build/a.dir/./$file.o" "tree/$file"
    done < <(cd tree && find envelope keymgmt provider tools -name '*.c')
    find "$PWD/build" -name '*.o' >objects
    bash "$walls" tree objects >out || status=$?
    # shellcheck disable=SC2053 # a pattern
    [[ $status == "$1" && $(LC_ALL=C sort out) == $2 ]] || fail "calls: status $status: $(<out)"
}

# Each module has a function of its folder's name, which calls that of the folder below.
rm -rf tree
cp -r good tree
rm tree/keymgmt/kek/two.h
sed -i '/two.h/d' tree/keymgmt/kek/one.?
below=
for floor in "${floors[@]}"; do
    name=in_${floor//\//_}
    sed -i '/^#include <.*\//d' "tree/$floor/one.c" # of other projects
    echo "int $name(void);" >"tree/$floor/one.h"
    printf '#include "%s"\nint %s(void) { return %s; }\n' "$floor/one.h" "$name" "${below:+$below() + }0" >>"tree/$floor/one.c"
    below=$name
done
calls 0 "*, $((${#floors[@]} - 1)) uses"

# A prototype of one's own hides a call upwards.
echo 'int in_tools(void); int up(void); int up(void) { return in_tools(); }' >tree/keymgmt/up.c
calls 1 "keymgmt/up.c: uses in_tools of tools/one.c on a floor above"
rm tree/keymgmt/up.c

# One in another module's header hides a circle, of calls and of objects alike.
for use in 'int back(void); int back(void) { return two(); }' 'int (*back)(void) = two;'; do
    cp -r tree circle
    echo 'int two(void);' >>tree/keymgmt/kek/one.h
    echo "$use" >>tree/keymgmt/kek/one.c
    printf '#include "keymgmt/kek/one.h"\nint two(void) { return in_keymgmt_kek(); }\n' >tree/keymgmt/kek/two.c
    calls 1 "circle of modules by their calls: keymgmt/kek/one
circle of modules by their calls: keymgmt/kek/two"
    rm -rf tree
    mv circle tree
done

# A build without objects of ours is no success.
: >none
! bash "$walls" tree none >out 2>&1 || fail "no objects pass: $(<out)"
