#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A token behind p11-kit's server, in another process, and what a running program sees when the
# server dies: a token that is away, never a signal, and success when it is back.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek

client=$(first_file /usr/lib/*/pkcs11/p11-kit-client.so)
# relative: a path to a socket has room for 107 bytes
export P11_KIT_SERVER_ADDRESS=unix:path=/proc/self/cwd/socket
write_cnf "pkcs11-module-path=\"$client\""

start_server() {
    rm -f socket
    p11-kit server -f -n socket --provider "$softhsm" 'pkcs11:token=kek' >server.out 2>&1 &
    server=$!
    for _ in {1..100}; do
        [[ ! -S socket ]] || return 0
        sleep 0.1
    done
    fail "no server: $(<server.out)"
}

# It has one child for each connection.
kill_connections() {
    pkill -KILL -P "$server" || fail "nobody is connected"
}

kill_server() {
    kill_connections
    kill -KILL "$server"
    wait "$server" 2>/dev/null || :
    server=
}

trap '[[ -z ${server-} ]] || { pkill -KILL -P "$server" || :; kill -KILL "$server"; }; leave' EXIT
start_server

# ---- KEKs made through it ----

stream 10000 >plain
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:orders -pkeyopt type:RSA -out kek.pem
expect_quiet ossl pkey -in kek.pem -noout -text >text
grep -q '^    Allowed: decrypt$' text || fail "$(<text)"
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
# a bare name is looked for where p11-kit looks
write_cnf "pkcs11-module-path=${client##*/}"
expect_quiet open -in sealed -out opened
same plain opened
write_cnf pkcs11-module-path=p11-kit-nonsense.so
expect_failure NO_MODULE p11-kit-nonsense.so open -in sealed
write_cnf "pkcs11-module-path=\"$client\""
expect_quiet ossl storeutl -keys -noout envelope: >listed
grep -q '^Total found: 1$' listed || fail "$(<listed)"

# Before 0.25 p11-kit passes on no mechanism that could wrap with an AES key.
if [[ $(pkg-config --modversion p11-kit-1) == 0.24.* ]]; then
    expect_failure KEK_USAGE "type:RSA" ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:aes
else
    expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:aes -out aes.pem
    expect_quiet ossl pkeyutl -encrypt -inkey aes.pem -in plain -out sealed.aes
    expect_quiet open -in sealed.aes -out opened
    same plain opened
fi

# ---- a running program ----

coproc PROGRAM { with_envelope timeout 100 "$ENVELOPE_PROGRAMS/on_command" 2>errors; }
# shellcheck disable=SC2153 # coproc sets it, and bash unsets it once the program has ended
program_pid=$PROGRAM_PID
to_program=${PROGRAM[1]}
from_program=${PROGRAM[0]}

answers() { # pattern, command ...
    local pattern=$1 command line
    shift
    for command; do
        echo "$command" >&"$to_program"
        IFS= read -r -t 60 -u "$from_program" line || fail "$command: no answer; $(<errors)"
        [[ $line =~ ^$pattern$ ]] || fail "$command: $line"
    done
}

away=".*: $(reason NO_TOKEN): wanted: pkcs11:token=kek .*"
for _ in 1 2 3; do
    answers good seal open fork open
    kill_connections
    answers good open fork seal
    kill_server
    answers "$away" open fork open
    answers good seal # the public half of an RSA KEK is enough, and is here
    answers "$away" open
    start_server
done
answers good open fork seal open
exec {to_program}>&-
wait "$program_pid" || fail "the program ended with status $?; $(<errors)"
[[ ! -s errors ]] || fail "$(<errors)"
