#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/ARCHITECTURE.md, CONTRIBUTING.md and tests/README.md do not go stale: every function, macro,
# path and environment variable that they name exists; the floors are those of tests/walls.sh; the
# table of process state is complete; relative links and tables of all documents work; tests that
# documents name exist.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
cd "$source_dir"
pages=(docs/ARCHITECTURE.md CONTRIBUTING.md tests/README.md)
mapfile -t sources < <(find envelope keymgmt provider tools tests -name '*.[ch]')
mapfile -t documents < <(find . -path ./build -prune -o -name '*.md' -print)

# Words of the sources, and of the script library that tests use.
cat "${sources[@]}" tests/lib/*.sh | grep -oE '[A-Za-z_][A-Za-z0-9_]*' | LC_ALL=C sort -u >"$work/words"

spans() { # of code, in the pages, one a line
    # shellcheck disable=SC2016 # the backquotes are the pages'
    sed '/^```/,/^```/d' "${pages[@]}" | grep -oE '`[^`]+`' | tr -d '`'
}

# The code in the first cells of the tables between two lines of ARCHITECTURE.md.
first_cells() { # from, to
    # shellcheck disable=SC2016 # the backquotes are the page's
    sed -n "/^$1/,/^$2/p" docs/ARCHITECTURE.md | sed -nE 's/^\| `([^`]+)` \|.*/\1/p'
}

# ---- names ----

count=0
while read -r name; do
    grep -qxF -- "$name" "$work/words" || fail "there is no $name"
    count=$((count + 1))
done < <(spans | grep -oE '\b(env|tool|ck|expect|fake|shim|softhsm|clock|keyring)_[a-z0-9_]+|\bENV_[A-Z0-9_]+' | LC_ALL=C sort -u)
((count >= 50)) || fail "$count names: this test does not find them any more"
echo "$count names"

# Words of the environment, which the tests read.
count=0
# shellcheck disable=SC2016 # the backquotes are the page's
while read -r name; do
    grep -rqwF --include='*.c' --include='*.h' --include='*.sh' --include=CMakeLists.txt -- "$name" tests ||
        fail "nothing reads $name"
    count=$((count + 1))
done < <(sed -nE 's/^\| (`[A-Z_`, ]+`) \|.*/\1/p' tests/README.md | grep -oE '[A-Z_]+' | LC_ALL=C sort -u)
((count >= 10)) || fail "$count variables: this test does not find them any more"
echo "$count variables"

# ---- paths ----

# As a file, a folder, or a pattern that something matches.
is_there() { # path
    [[ -e ${1%/} ]] || compgen -G "$1" >/dev/null
}

count=0
while read -r path; do
    is_there "$path" || fail "there is no $path"
    count=$((count + 1))
done < <({
    spans
    # shellcheck disable=SC2016
    sed -n '/^```/,/^```/p' "${pages[@]}"
} | grep -oE '(^|[ (])((envelope|keymgmt|provider|tools|tests|docs|conf|bench)/[A-Za-z0-9_./*-]*|[A-Za-z]+\.(txt|md))' |
    sed -E 's/^[ (]//; s/[.,]$//' | LC_ALL=C sort -u)
((count >= 50)) || fail "$count paths: this test does not find them any more"
echo "$count paths"

count=0
for document in "${documents[@]}"; do
    while read -r target; do
        file=${target%%#*}
        [[ -z $file || -e $(dirname "$document")/$file ]] || fail "$document: no $target"
        # a heading as its anchor: small letters, no punctuation, hyphens for blanks
        [[ $target != *.md#* && $target != \#* ]] || {
            page=$document
            [[ -z $file ]] || page=$(dirname "$document")/$file
            sed -nE 's/^#+ //p' "$page" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-' |
                found -xF -- "${target#*#}" || fail "$document: $page has no heading for #${target#*#}"
        }
        count=$((count + 1))
    done < <(grep -oE '\]\([^)]+\)' "$document" | sed -E 's/^\]\(//; s/\)$//' | grep -vE '^(https?|mailto):')
done
((count >= 30)) || fail "$count links: this test does not find them any more"
echo "$count links"

# Tables: the header, the line below it, and rows with as many cells. A blank line within one ends it:
# what follows is shown as text.
cat "${documents[@]}" | awk '
    function cells(row) {
        gsub(/\\\|/, "", row)
        return gsub(/\|/, "", row)
    }
    /^ *```/ { code = !code }
    code || !/^\|/ {
        row = 0
        next
    }
    ++row == 1 {
        count++
        columns = cells($0)
    }
    row == 2 && !/^\|( *:?-+:? *\|)+ *$/ { print "no header above: " $0 }
    cells($0) != columns { print "other cells than the header: " $0 }
    END { print count " tables" }' >"$work/tables"
[[ $(wc -l <"$work/tables") == 1 ]] || fail "tables: $(<"$work/tables")"
(($(cut -d ' ' -f 1 "$work/tables") >= 40)) || fail "$(<"$work/tables"): this test does not find them any more"
cat "$work/tables"

# Tests that documents name as what shows something.
count=0
# shellcheck disable=SC2016 # the backquotes are the pages'
while read -r test; do
    name=${test##*.}
    case $test in
    unit.secrets.*) file=tests/secrets/$name.c ;;
    unit.allocation.*) file=tests/allocation/$name.c ;;
    unit.*) file=tests/unit/${test#unit.} && file=${file%.*}/$name.c ;;
    *) file=tests/${test%.*}/$name.sh ;;
    esac
    [[ -e $file ]] || fail "there is no test $test"
    count=$((count + 1))
done < <(grep -ohE '`(integration|programs|unit\.[a-z]+)\.[a-z0-9_]+`' docs/*.md | tr -d '`' | LC_ALL=C sort -u)
((count >= 15)) || fail "$count tests: this test does not find them any more"
echo "$count tests"

# ---- floors ----

sed -n '/^floors=(/,/)/p' tests/walls.sh | sed 's/^floors=//; s/[()]//g' | xargs -n 1 |
    LC_ALL=C sort >"$work/floors"
first_cells "## Floors" "## " | sed 's|/$||' | LC_ALL=C sort >"$work/told"
diff "$work/floors" "$work/told" || fail "other floors than those of tests/walls.sh"

# The folders of unit tests, as tests/README.md lists them.
find tests/unit -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort >"$work/folders"
# shellcheck disable=SC2016 # Markdown has backquotes
sed -nE 's/^\| `tests\/unit\/FLOOR\/` .*: ([a-z, ]+) \|.*/\1/p' tests/README.md | tr -d ' ' | tr ',' '\n' |
    LC_ALL=C sort >"$work/told"
diff "$work/folders" "$work/told" || fail "other folders than those of tests/unit/"

# ---- the state of a process ----

find envelope keymgmt provider tools -name '*.c' -exec \
    grep -lE '^ *static (pthread_(mutex|cond|once|rwlock)_t|_?[Aa]tomic|_Thread_local|struct [a-z_]+ \*?[a-z_]+(\[.*\])*;)' {} + |
    LC_ALL=C sort >"$work/state"
first_cells "All state of a process" "[*][*]Order of locks" | LC_ALL=C sort >"$work/told"
diff "$work/state" "$work/told" || fail "other state than docs/ARCHITECTURE.md has"
echo "$(wc -l <"$work/state") files with state of the process"
