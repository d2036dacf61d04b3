# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Base of the tests of envelope key, in addition to fixture.sh and tool.sh, which are sourced before.
: "${work:?}" "${pin:?}"

# Two tokens with a KEK each, a folder for keys, and a configuration that names all of them.
make_two_places() {
    make_token kek
    make_token spare
    make_kek kek orders --id 0a0b
    make_kek spare recovery --id 0c0d
    mkdir keys
    named_cnf ""
}

named_cnf() { # further lines; "" is none
    [[ $# -ne 1 || -n $1 ]] || shift
    write_cnf 'token="pkcs11:token=kek pkcs11:token=spare"' kek="orders recovery" \
        "keys-directory=\"$work/keys\"" "$@"
}

# The action succeeds and has no words for stderr; its output is in out.
key() { # action, arguments; stdin is passed on
    local status=0
    tool key "$@" >"$work/out" 2>"$work/err" || status=$?
    if ((status != 0)); then
        cat "$work/out" "$work/err" >&2
        fail "status $status: envelope key $*"
    fi
    [[ ! -s $work/err ]] || fail "output on stderr: envelope key $*: $(<"$work/err")"
}

# It fails with status 1, this reason's text and a pattern on stderr, and nothing on stdout.
key_fails() { # reason or "", pattern or "", action, arguments
    local text="" pattern=$2 status=0
    [[ -z $1 ]] || text=$(reason "$1")
    shift 2
    tool key "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 1)) || fail "status $status, not 1: envelope key $*: $(<"$work/err")"
    [[ ! -s $work/out ]] || fail "something on stdout: envelope key $*: $(<"$work/out")"
    grep -qF -- "$text" "$work/err" || fail "'$text' expected: envelope key $*: $(<"$work/err")"
    [[ -z $pattern ]] || grep -qE -- "$pattern" "$work/err" ||
        fail "'$pattern' expected: envelope key $*: $(<"$work/err")"
    ! grep -qF "$pin" "$work/err" || fail "the PIN is shown: envelope key $*"
}

# The same with --json: an object has the reason's number, and the summary says that nothing changed.
key_fails_json() { # reason, action, arguments
    local number status=0
    number=$(reason_number "$1")
    shift
    tool key "$@" --json >"$work/json" 2>"$work/err" || status=$?
    ((status == 1)) || fail "status $status, not 1: envelope key $*: $(<"$work/json")"
    [[ ! -s $work/err ]] || fail "output on stderr: envelope key $*: $(<"$work/err")"
    jq -es --argjson number "$number" 'any(.[]; .reason == $number and .changed == false) and
        .[-1] == {"type": "summary", "changed": false, "failed": 1}' "$work/json" >/dev/null ||
        fail "other objects: envelope key $*: $(<"$work/json")"
}

key_json() { # action, arguments
    local status=0
    tool key "$@" --json >"$work/json" 2>"$work/err" || status=$?
    { ((status == 0)) && [[ ! -s $work/err ]]; } || fail "status $status: envelope key $*: $(cat json err)"
}

# What a key file says: a jq expression of the object that list --json has.
key_says() { # NAME@N, expression, wanted
    local got
    got=$(tool key list "$1" --json | jq -rs ".[0] | $2") || fail "no JSON of $1"
    [[ $got == "$3" ]] || fail "$1: $2 is '$got', not '$3'"
}

# Tokens of its own for one of several processes: SoftHSM writes to its token at every login, for a
# moment without a lock that other processes heed. softhsm2.NUMBER.conf has them.
own_tokens() { # number
    cp -a tokens "tokens.$1"
    sed "s|^directories.tokendir=.*|directories.tokendir=$work/tokens.$1|" softhsm2.conf \
        >"softhsm2.$1.conf"
}

expect_nothing_beside() {
    local found
    found=$(find keys -mindepth 1 -name '.*')
    [[ -z $found ]] || fail "left over: $found"
}
