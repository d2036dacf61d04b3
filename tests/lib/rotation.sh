# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of rotation share; sourced after fixture.sh.

envelope_prefix=()
envelope() {
    with_envelope "${envelope_prefix[@]}" "$ENVELOPE_MODULE_DIR/envelope" "$@"
}

# Runs as a user for whom file permissions apply, unlike root.
plainly() { # command ...
    local envelope_prefix=()
    ((EUID != 0)) || envelope_prefix=(setpriv --inh-caps=-all --bounding-set=-all)
    "$@"
}

# KEKs with references of one length, so that headers for one and the other have one length too.
make_two_keks() {
    make_token kek
    make_kek kek one --id 11112222333344445555666677778888
    make_kek kek two --id 88887777666655554444333322221111
    write_cnf kek=one
}

seal_as() { # KEK, plain, sealed, further arguments
    local kek=$1 plain=$2 sealed=$3
    shift 3
    expect_quiet ossl enc -e -envelope -K "$(printf %s "$kek" | od -An -v -tx1 | tr -d ' \n')" \
        -in "$plain" -out "$sealed" "$@"
}

# The file opens where this KEK alone may open, and gives that plaintext.
opens_with_only() { # KEK, sealed, plain
    # shellcheck disable=SC2034 # the fixture uses it
    local cnf=only.cnf
    write_cnf "kek=$1" "open-kek=$1"
    open -in "$2" -out opened.only 2>/dev/null || fail "$2 does not open with KEK $1"
    same "$3" opened.only
}

same_body() { # two messages
    cmp -- <(tail -c +$(($(header_length "$1") + 1)) "$1") <(tail -c +$(($(header_length "$2") + 1)) "$2") ||
        fail "the bodies of $1 and $2 differ"
}

expect_no_sidecars() { # directory
    local found
    found=$(find "$1" -name '.*envelope-*')
    [[ -z $found ]] || fail "left over: $found"
}

# The command ends with that status and has written just that, errors included.
expect_output() { # text, status, command ...
    local text=$1 wanted=$2 status=0
    shift 2
    "$@" >output 2>&1 || status=$?
    [[ $status == "$wanted" && $(<output) == "$text" ]] ||
        fail "$* (status $status):
$(<output)
expected (status $wanted):
$text"
}

# The same, with the lines as patterns on stdin.
expect_lines() { # status, command ...
    local wanted=$1 status=0 line pattern
    shift
    cat >patterns
    "$@" >output 2>&1 || status=$?
    [[ $status == "$wanted" ]] || fail "status $status: $*: $(<output)"
    [[ $(wc -l <output) == "$(wc -l <patterns)" ]] || fail "other lines: $(<output)"
    while read -r pattern <&3 && read -r line <&4; do
        # shellcheck disable=SC2053 # it is a pattern
        [[ $line == $pattern ]] || fail "'$line' is not '$pattern'"
    done 3<patterns 4<output
}

# It fails, with status 1, this reason's text and that pattern.
expect_failed() { # reason or "", pattern, command ...
    local text="" pattern=$2 status=0
    [[ -z $1 ]] || text=$(reason "$1")
    shift 2
    "$@" >output 2>&1 || status=$?
    [[ $status == 1 ]] || fail "status $status: $*: $(<output)"
    grep -qF -- "$text" output || fail "'$text' expected: $*: $(<output)"
    grep -qE -- "$pattern" output || fail "'$pattern' expected: $*: $(<output)"
}
