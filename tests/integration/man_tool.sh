#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/envelope.1: its form, and that it and the program have the same subcommands and options.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
page=$source_dir/docs/envelope.1

# ---- form ----

LC_ALL=C grep -n '[^ -~]' "$page" && fail "more than ASCII"
groff -man -Tutf8 -ww -z "$page" 2>lint || fail "groff: $(<lint)"
[[ ! -s lint ]] || fail "groff: $(<lint)"
mandoc -Tlint -W warning "$page" >lint 2>&1 || fail "mandoc: $(<lint)"
[[ ! -s lint ]] || fail "mandoc: $(<lint)"
for section in NAME SYNOPSIS DESCRIPTION OPTIONS SUBCOMMANDS '"EXIT STATUS"' ENVIRONMENT EXAMPLES \
    '"SEE ALSO"'; do
    grep -qx ".SH $section" "$page" || fail "no section $section"
done

# ---- the same as the program ----

# "subcommand option" and, for what several have, "- option".
documented() {
    sed 's/\\-/-/g' "$page" | awk '
        /^\.SH / { sub(/^\.SH /, ""); inside = $0 == "OPTIONS" || $0 == "SUBCOMMANDS"; name = "-" }
        /^\.SS / && inside { name = section == "SUBCOMMANDS" ? $2 : "-" }
        /^\.SH/ || $0 == "OPTIONS" || $0 == "SUBCOMMANDS" { section = $0 }
        inside && after_tp && /^\.BI? --/ { sub(/^\.BI? --/, ""); sub(/ .*/, ""); print name, $0 }
        { after_tp = /^\.TP$/ }'
}

tool --help >help
sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p' help >subcommands
(($(wc -l <subcommands) >= 4)) || fail "$(wc -l <subcommands) subcommands: this test does not find them"
sed -n '/^\.SH SUBCOMMANDS/,/^\.SH "EXIT/ s/^\.SS //p' "$page" >described
diff -u <(sort subcommands) <(sort described) || fail "other subcommands in the page"
documented >options.page
count=0
while read -r name; do
    grep -q "^\.B envelope $name$" "$page" || fail "$name is not in the synopsis"
    tool "$name" --help >help
    while read -r option; do
        grep -qxE -- "($name|-) $option" options.page || fail "$name --$option is not described"
        echo "$name $option" >>options.program
        count=$((count + 1))
    done < <(sed -nE 's/^  --([a-z-]+).*/\1/p' help)
done <subcommands
((count >= 30)) || fail "$count options: this test does not find them any more"
while read -r name option; do
    [[ $name != - ]] || name='[a-z]+'
    grep -qxE -- "$name $option" options.program || fail "there is no --$option ($name)"
done <options.page
echo "$count options of $(wc -l <subcommands) subcommands"
