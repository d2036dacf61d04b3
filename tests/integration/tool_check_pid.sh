#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope check --pid: whether a running program uses the provider. The programs are real, and wait
# on their stdin.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
write_cnf
cp "$ENVELOPE_MODULE_DIR/envelope.so" envelope.so
sed -i "s|^\[envelope_sect\]$|&\nmodule = $work/envelope.so|" "$cnf"
mkfifo words
pid=

check_pid() { # status, arguments
    local wanted=$1 status=0
    shift
    tool check --json --pid "$pid" "$@" >json 2>err || status=$?
    ((status == wanted)) || fail "status $status, not $wanted: $(<json) $(<err)"
    [[ ! -s err ]] || ((wanted == 2)) || fail "output on stderr: $(<err)"
}
says() { # state, text
    jq -es --arg state "$1" --arg text "$2" \
        'any(.[]; .state == $state and .step == "process" and (.text | contains($text)))' json \
        >/dev/null || fail "not $1: $2: $(<json)"
}
way_out() { # text: what helps
    jq -r --arg text "$1" 'select(.text != null and (.text | contains($text))) | .way_out' json
}

# A program that has used its cipher, and waits for its next word.
begin() { # a command
    rm -f answers
    "$@" <words >answers 2>&1 &
    pid=$!
    exec 9>words
}
begin_program() { # where its configuration is
    begin env "$@" OPENSSL_MODULES="$ENVELOPE_MODULE_DIR" "${sanitizer_env[@]}" \
        "$ENVELOPE_PROGRAMS/on_command"
    echo seal >&9
    until [[ -s answers ]]; do
        kill -0 "$pid" || fail "it ended: $(<answers)"
        sleep 0.02
    done
}
end() {
    exec 9>&-
    wait "$pid" || fail "$(<answers)"
    pid=
}

# Served.
begin_program OPENSSL_CONF="$work/$cnf"
grep -qx good answers || fail "$(<answers)"
check_pid 0
says ok "OPENSSL_CONF=$work/$cnf, section [envelope_sect]"
says ok "has not changed since it was started"
says ok "it has $work/envelope.so loaded"
jq -es '.[-1] == {"type": "summary", "ok": 3, "warnings": 0, "failed": 0}' json >/dev/null ||
    fail "$(<json)"
check_pid 0 --config "$work/$cnf"
cp "$cnf" other.cnf
check_pid 1 --config other.cnf
says failed "started with $work/$cnf, not with other.cnf"
tool_gives 0 - check --quiet --pid "$pid"
tool check --pid "$pid" >out
grep -qx "3 ok, 0 warnings, 0 failed" out || fail "$(<out)"

# Its configuration is replaced, with the same age: the program keeps the old one.
cp -p "$cnf" newer
mv newer "$cnf"
check_pid 1
says failed "$work/$cnf was changed after the process started"
[[ $(way_out "was changed after") == "restart it" ]] || fail "$(<json)"
says ok "it has $work/envelope.so loaded"
mv "$cnf" away
check_pid 1
says failed "its configuration $work/$cnf does not exist"
mv away "$cnf"
end

# The module is replaced while it runs.
begin_program OPENSSL_CONF="$cnf"
check_pid 0
says ok "OPENSSL_CONF=$cnf, section" # from its own folder
cp envelope.so newer
mv newer envelope.so
check_pid 1
says failed "it has a $work/envelope.so loaded that no longer exists"
[[ $(way_out "no longer exists") == "restart it" ]] || fail "$(<json)"
end
begin_program OPENSSL_CONF="$cnf"
check_pid 0
end

# Without the provider, and without OpenSSL.
grep -v '^envelope = ' "$cnf" >without.cnf
begin_program OPENSSL_CONF="$work/without.cnf"
grep -q '^seal: ' answers || fail "$(<answers)"
check_pid 1
says failed "has no envelope.so loaded"
[[ $(way_out "has no envelope.so loaded") == *"run by its user"* ]] || fail "$(<json)"
says failed "libcrypto.so"
exec 9>&-
wait "$pid" || :
begin sleep 1000
check_pid 1
says failed "it has no libcrypto loaded"
kill "$pid"
wait "$pid" || :
exec 9>&-

# Nobody can look.
check_pid 2
grep -q "there is no process $pid$" err || fail "$(<err)"
[[ ! -s json ]] || fail "$(<json)"
for word in 0 -1 +1 1x "" 99999999999; do
    tool_complains "--pid (takes the number of a process|needs a value)" check --pid "$word"
done
