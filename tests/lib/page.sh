# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Pages that are walked through example by example, with what each of them says; sourced after
# fixture.sh. A page sets $page and with_paths, which puts the test's own paths in.
: "${work:?}" "${source_dir:?}" "${cnf:?}" "${pin:?}" "${reasons:?}" "${sanitizer_env[*]-}"
page=
# shellcheck source=blocks.sh
source "$source_dir/tests/lib/blocks.sh"

# Other people's programs do not bear a sanitizer's library; those that load our module need it.
example_env=()
mkdir "$work/own"
for variable in "${sanitizer_env[@]}"; do
    if [[ $variable == LD_PRELOAD=* ]]; then
        for name in openssl pkcs11-tool; do
            printf '#!/bin/bash\nexec env %q ASAN_OPTIONS=detect_leaks=0:intercept_tls_get_addr=0 %q "$@"\n' \
                "$variable" "$(command -v $name)" >"$work/own/$name"
            chmod +x "$work/own/$name"
        done
    else
        example_env+=("$variable")
    fi
done

# Runs an example; what it says, on both streams, is in NAME.out.
ran=" "
perform() { # name, the status that it must have: 0
    local status=0
    block "$page" "$1" sh | with_paths >"$1.sh"
    PATH=$work/own:$ENVELOPE_MODULE_DIR:$PATH OPENSSL_CONF=$work/$cnf OPENSSL_MODULES=$ENVELOPE_MODULE_DIR \
        env "${example_env[@]}" bash -eo pipefail "$1.sh" >"$1.out" 2>&1 </dev/null || status=$?
    ((status == ${2-0})) || fail "status $status: example $1: $(cat "$1.sh" "$1.out")"
    ! grep -qF "$pin" "$1.out" || fail "example $1 shows the PIN"
    ran="$ran$1 "
}

# What is another one each time, and what the page leaves out (…).
as_patterns() {
    sed -E -e 's/[0-9a-f]{16,}/HEX/g' -e 's/[][().*+?{}|\\^$]/\\&/g' -e 's/…/.*/g' -e 's/^.*$/^&$/'
}

# Each line of the example's answer stands in what was said.
says() { # name of the answer without "-answer", file: NAME.out
    local pattern
    block "$page" "$1-answer" "" | with_paths | as_patterns >"$1.patterns"
    [[ -s $1.patterns ]] || fail "$1-answer is empty"
    while IFS= read -r pattern; do
        sed -E 's/[0-9a-f]{16,}/HEX/g' "${2-$1.out}" | found -E -- "$pattern" ||
            fail "$1: '$pattern' expected: $(<"${2-$1.out}")"
    done <"$1.patterns"
    ran="$ran$1-answer "
}

# No example of the page is left out, and its numbers of reasons are right.
all_of_the_page_ran() { # how many numbers there are at least
    local name number text count=0
    for name in $(block_names "$page"); do
        [[ $ran == *" $name "* ]] || fail "the example $name is not run"
    done
    # shellcheck disable=SC2016 # the backquotes are the page's
    while read -r number text; do
        grep -q "^$number [A-Z0-9_]* $text" <<<"$reasons" || grep -q "^$number $text " <<<"$reasons" ||
            fail "$number is not '$text'"
        count=$((count + 1))
    done < <(grep -oE '\b[0-9]{3} `[A-Za-z][A-Za-z0-9_ ,]+`' "$page" | tr -d '`')
    ((count >= $1)) || fail "$count reasons: this test does not find them any more"
}
