# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Base of the tests of the command envelope(1), in addition to fixture.sh, which is sourced before.
: "${work:?}" "${cnf:?}" "${pin:?}" "${sanitizer_env[*]-}"

# The sanitizers' libraries are the program's own: nothing has to be preloaded.
tool() {
    env OPENSSL_CONF="$work/$cnf" OPENSSL_MODULES="$ENVELOPE_MODULE_DIR" \
        "${sanitizer_env[@]}" "$ENVELOPE_MODULE_DIR/envelope" "$@"
}

# Runs it with the exit status that it must have, its output in out and, unless "-" is said, equal to
# a file. Only messages about usage and configuration go to stderr, and the PIN never appears.
tool_gives() { # status, file or -, arguments
    local wanted=$1 file=$2 status=0
    shift 2
    tool "$@" >"$work/out" 2>"$work/err" || status=$?
    if ((status != wanted)); then
        cat "$work/out" "$work/err" >&2
        fail "status $status, not $wanted: envelope $*"
    fi
    if [[ -s $work/err ]]; then
        fail "output on stderr: envelope $*: $(<"$work/err")"
    fi
    if [[ $file != - ]]; then
        diff -u "$file" "$work/out" >&2 || fail "unexpected output: envelope $*"
    fi
    if grep -qF "$pin" "$work/out"; then
        fail "the PIN is shown: envelope $*"
    fi
}

# Runs it where it cannot do anything: status 2, nothing on stdout, these words on stderr.
tool_complains() { # pattern, arguments
    local pattern=$1 status=0
    shift
    tool "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 2)) || fail "status $status, not 2: envelope $*: $(<"$work/err")"
    [[ ! -s $work/out ]] || fail "something on stdout: envelope $*"
    grep -qE -- "$pattern" "$work/err" || fail "'$pattern' expected: envelope $*: $(<"$work/err")"
    ! grep -qF "$pin" "$work/err" || fail "the PIN is shown: envelope $*"
}

# The file json holds an object a line: this one's value of a jq expression.
json_is() { # line from 0, expression, wanted
    local got
    got=$(jq -rs ".[$1] | $2" "$work/json") || fail "not JSON: $(<"$work/json")"
    [[ $got == "$3" ]] || fail "$2 is '$got', not '$3': $(jq -cs ".[$1]" "$work/json")"
}
