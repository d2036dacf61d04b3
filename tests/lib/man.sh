# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Compares manual pages with their program. Sourced after fixture.sh and tool.sh.
: "${work:?}" "${cnf:?}" "${sanitizer_env[*]-}"

# The page's form, and that its sections are exactly these.
man_form() { # page, its sections with | between
    local checked=false tool
    ! LC_ALL=C grep -n '[^ -~]' "$1" || fail "more than ASCII"
    for tool in "groff -man -Tutf8 -ww -z" "mandoc -Tlint -W warning" "man --warnings -l"; do
        command -v "${tool%% *}" >/dev/null || continue
        # shellcheck disable=SC2086 # a command and its options
        MANPAGER='cat' $tool "$1" 2>lint.err >lint.out || fail "$tool: $(<lint.err)$(<lint.out)"
        [[ $tool != mandoc* ]] || cat lint.out >>lint.err
        [[ ! -s lint.err ]] || fail "$tool: $(<lint.err)"
        [[ $tool != groff* ]] || checked=true
    done
    $checked || fail "groff is not installed"
    [[ $(sed -nE 's/^\.SH "?([^"]*)"?$/\1/p' "$1" | tr '\n' '|') == "$2|" ]] ||
        fail "$1 has other sections: $(grep '^\.SH' "$1")"
}

# "action option", and "- option" for those of several.
man_options() { # page, section of the actions
    sed 's/\\-/-/g' "$1" | awk -v actions="$2" '
        /^\.SH / { section = $2; name = "-" }
        /^\.SS / { name = section == actions ? $2 : "-" }
        (section == actions || section == "OPTIONS") && after_tp && /^\.B[IR]? --/ {
            sub(/^\.B[IR]? --/, ""); sub(/ .*/, ""); print name, $0 }
        { after_tp = /^\.TP$/ }'
}

# Page and program have the same actions and the same options; $count is how many options.
count=0
man_same_actions() { # page, section, words before an action's name, how many actions, at least how many options
    local page=$1 section=$2 actions=$4 options=$5 words=() name option
    read -ra words <<<"$3"
    tool "${words[@]}" --help >help
    sed -nE 's/^  ([a-z-]+) +[A-Z].*/\1/p' help >actions
    (($(wc -l <actions) == actions)) || fail "$(wc -l <actions) actions: this test does not find them"
    sed 's/\\-/-/g' "$page" >plain.page
    sed -n "/^\\.SH $section/,/^\\.SH \"EXIT/ s/^\\.SS //p" plain.page | diff -u <(sort actions) <(sort) ||
        fail "other actions in the page"
    man_options "$page" "$section" >options.page
    while read -r name; do
        grep -q "^\.B envelope ${3:+$3 }$name$" plain.page || fail "$name is not in the synopsis"
        tool "${words[@]}" "$name" --help >help
        while read -r option; do
            grep -qxE -- "($name|-) $option" options.page || fail "$name --$option is not described"
            echo "$name $option" >>options.program
            count=$((count + 1))
        done < <(sed -nE 's/^  --([a-z0-9-]+).*/\1/p' help)
    done <actions
    ((count >= options)) || fail "$count options: this test does not find them any more"
    while read -r name option; do
        [[ $name != - ]] || name='[a-z-]+'
        grep -qxE -- "$name $option" options.program || fail "there is no --$option ($name)"
    done <options.page
}

# The page's examples, word for word; what the last one said is in out and err.
man_examples() { # page, how many
    local name examples=0
    while read -r name; do
        sed -nE "/^\.\\\\\" test: $name$/,/^\.(fi|EE)$/p" "$1" | grep -v '^\.' |
            sed "s/\\\\-/-/g; s/\\\\(aq/'/g" >example
        [[ -s example ]] || fail "no example $name"
        PATH=$ENVELOPE_MODULE_DIR:$PATH OPENSSL_CONF=$work/$cnf OPENSSL_MODULES=$ENVELOPE_MODULE_DIR \
            env "${sanitizer_env[@]}" bash -e -o pipefail example >out 2>err ||
            fail "$name: $(cat example out err)"
        examples=$((examples + 1))
    done < <(sed -nE 's/^\.\\" test: ([a-z]+)$/\1/p' "$1")
    ((examples == $2)) || fail "$examples examples"
}
