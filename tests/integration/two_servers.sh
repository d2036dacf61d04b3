#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/TWO-SERVERS.md, word for word: three machines are three configurations, SSH hands on what it is
# given, and a spy before the token sees what goes to the key server.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/page.sh
source "$source_dir/tests/lib/page.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
page=$source_dir/docs/TWO-SERVERS.md
server_module=$softhsm

# A path to a socket has room for 107 bytes, so both ends are named from where we are.
with_paths() {
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$server_module|" -e "s|/etc/envelope/|$work/|" \
        -e 's|/run/p11-kit/||' -e 's|unix:path=/run/envelope/|unix:path=/proc/self/cwd/|'
}
configuration() { # example
    block "$page" "$1" ini | with_paths >"$1.cnf"
    ran="$ran$1 "
    cnf=$1.cnf
}

make_token kek
stream 500000 >report.pdf
stream 3000 >order.json
configuration key-server
perform key-server-kek
server_module=$(first_file /usr/lib/*/pkcs11-spy.so)
export PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/trace

# ---- the key server runs ----

start_server() {
    rm -f kek.socket
    block "$page" key-server-run sh | with_paths | sed 's/^p11-kit/exec &/' >key-server-run.sh
    bash key-server-run.sh >server.out 2>&1 &
    server=$!
    for _ in {1..300}; do
        [[ ! -S kek.socket ]] || return 0
        sleep 0.1
    done
    fail "no server: $(<server.out)"
}
stop_server() {
    [[ -n ${server-} ]] || return 0
    pkill -KILL -P "$server" || : # one child a connection
    kill -KILL "$server"
    wait "$server" 2>/dev/null || :
    server=
}
trap 'stop_server; leave' EXIT
start_server
ran="${ran}key-server-run "

# ---- the application server ----

configuration application
perform application-open
grep -q "^ok      opens: 'orders' (RSA-3072" application-open.out || fail "$(<application-open.out)"
cp report.sealed by-application

# ---- the front has the public half alone ----

configuration front
perform front-seal
mv pin hidden.pin
expect_quiet seal -in order.json -out again.sealed
mv hidden.pin pin
status=0
ossl enc -d -envelope -K 0 -in by-application >out 2>err || status=$?
{ ((status != 0)) && [[ ! -s out ]]; } || fail "the front opens"
! grep -rqaF PRIVATE orders.pub || fail "a private key"

# ---- what the front sealed is opened, and what of it the key server saw ----

rm -f trace
cnf=application.cnf
perform application-order
# What is given to the token in one piece, and what it gives: but for texts of attributes and the PIN.
went_over() {
    [[ $(grep -cE '^[0-9]+: C_Decrypt$' trace) == 1 ]] || fail "$(grep ': C_' trace)"
    grep -E '^\[(in|out)\] p[A-Za-z]+\[[*A-Za-z]+\] ' trace |
        sed -nE 's/^(\[[a-z]+\] p(EncryptedData|Data|Pin)).* \/ ([0-9]+)$/\1 \3/p' | sort
}
wanted="[in] pEncryptedData 384
[in] pPin ${#pin}
[out] pData 32"
[[ $(went_over) == "$wanted" ]] || fail "the key server got and gave $(went_over)"
hex=$(head -c 16 order.json | od -An -v -tx1 | tr -d ' \n')
! tr -d ' \n' <trace | found -i "$hex" || fail "the plaintext went to the key server"
# for the message of half a megabyte the same
rm -f trace
export P11_KIT_SERVER_ADDRESS=unix:path=/proc/self/cwd/kek.socket
expect_quiet open -in by-application -out opened
same report.pdf opened
[[ $(went_over) == "$wanted" ]] || fail "the key server got and gave $(went_over)"

# A process that goes on: what the page says that each message costs.
printf 'seal\nopen\n' >commands
calls() { # how many messages more are opened
    rm -f trace
    { cat commands && for ((i = 0; i < $1; i++)); do echo open; done; } |
        with_envelope "$ENVELOPE_PROGRAMS/on_command" | grep -v '^good$' && fail "a message"
    grep -cE '^[0-9]+: C_' trace
}
first=$(calls 0)
more=$(calls 10)
echo "a process: $first calls, each message: $(((more - first) / 10))"
((more - first == 20)) || fail "$first calls with one message, $more with ten more"
((first < 120)) || fail "$first calls for the first message"

# ---- away, as RUNBOOK.md has it, and back; who has the socket needs the PIN ----

stop_server
expect_failure NO_TOKEN "" open -in order.sealed
start_server
expect_quiet open -in order.sealed -out opened
same order.json opened
printf wrong1 >wrong
sed "s|$work/pin|$work/wrong|" application.cnf >wrong.cnf
cnf=wrong.cnf expect_failure PIN_WRONG "" open -in order.sealed

# ---- a named key through it: one use of the KEK a process, and only with keys-by-rsa ----

mkdir keys
printf 'keys-directory = %s\nallow-keys = cards\n' "$work/keys" >>application.cnf
cnf=application.cnf
tool key new cards --for AES-256-CBC --single >out 2>&1 || fail "$(<out)"
expect_refused_key() {
    status=0
    tool verify keys >out 2>&1 || status=$?
    { ((status == 1)) && grep -qF "$(reason KEY_BY_RSA)" out; } || fail "status $status: $(<out)"
}
expect_refused_key
echo 'keys-by-rsa = yes' >>application.cnf
tool verify keys >out 2>&1 || fail "$(<out)"
unset P11_KIT_SERVER_ADDRESS
stop_server

# ---- without a server: one process a connection ----

mkdir -p bin
# shellcheck disable=SC2016 # the dollar is the other script's
printf '#!/bin/sh\n[ "$1" = kek@keyserver ] || exit 1\nshift\nexec "$@"\n' >bin/ssh
chmod +x bin/ssh
rm -f "$p11_modules"/*
server_module=$softhsm
block "$page" remote "" | with_paths >"$p11_modules/kek.module"
ran="${ran}remote "
sed -i -e '/^pkcs11-module-path/d' -e '/^keys-directory/d' -e '/^allow-keys/d' application.cnf
PATH=$work/bin:$PATH expect_quiet open -in order.sealed -out opened
same order.json opened

# An AES KEK, as the page says of p11-kit's versions: p11kit_server.sh.
for name in $(block_names "$page"); do
    [[ $ran == *" $name "* ]] || fail "the example $name is not run"
done
