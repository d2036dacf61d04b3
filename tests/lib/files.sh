# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of seal, open and cat share; sourced after fixture.sh and tool.sh.
: "${work:?}" "${pin:?}"

# It ends with status 1 and exactly this output: "FILE: the reason's text" and what a pattern asks
# for behind it. The folder is unchanged.
refuses() { # reason, pattern, arguments
    local text pattern=$2 status=0
    text=$(reason "$1")
    shift 2
    find . -path ./tokens -prune -o ! -name . ! -name out ! -name err ! -name '*.tree' -printf '%p %i %s %T@ %m\n' |
        sort >"$work/before.tree"
    tool "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 1)) || fail "status $status, not 1: envelope $*: $(<"$work/err")"
    grep -qF -- ": $text" "$work/err" || fail "'$text' expected: envelope $*: $(<"$work/err")"
    grep -qE -- "$pattern" "$work/err" || fail "'$pattern' expected: envelope $*: $(<"$work/err")"
    ! grep -qF "$pin" "$work/err" || fail "the PIN is shown: envelope $*"
    find . -path ./tokens -prune -o ! -name . ! -name out ! -name err ! -name '*.tree' -printf '%p %i %s %T@ %m\n' |
        sort | diff "$work/before.tree" - >&2 || fail "something came of it: envelope $*"
}

# It succeeds, and says nothing on stderr.
does() { # arguments
    local status=0
    tool "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 0)) || fail "status $status: envelope $*: $(<"$work/err")"
    [[ ! -s $work/err ]] || fail "output on stderr: envelope $*: $(<"$work/err")"
}

expect_no_parts() {
    local found
    found=$(find "$work" -name '*envelope-part*')
    [[ -z $found ]] || fail "left over: $found"
}
