#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# php-fpm, whose workers are forked from a master: the OPENSSL_CONF in the master's environment
# applies to every pool, whatever a pool's own environment has.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
make_two_places
fpm=$(echo "$source_dir"/build/packages/php*-fpm/usr/sbin/php-fpm*)
[[ -x $fpm ]] || fail "php-fpm is missing: run tests/run.sh --programs"
for_program=(key-ciphers=AES-256-CBC allow-keys=page)
pools=(one two)

stop_server() {
    if [[ -s $work/pid ]]; then
        kill -QUIT "$(<"$work/pid")" 2>/dev/null || :
    fi
    wait
}
end() {
    stop_server
    rm -rf "$work"
}
trap end EXIT

{
    printf '%s\n' '[global]' "pid = $work/pid" "error_log = $work/fpm.log" 'daemonize = no'
    for pool in "${pools[@]}"; do
        printf '%s\n' "[$pool]" "listen = $work/$pool" 'pm = static' 'pm.max_children = 1'
        # workers have no environment but this; the module of tokens asks for it
        echo "env[SOFTHSM2_CONF] = $SOFTHSM2_CONF"
        ((EUID != 0)) || echo 'user = root'
    done
    echo "env[OPENSSL_CONF] = /dev/null" # of the last one
} >fpm.conf

start() { # a way to run it
    local pool arguments=(-n -F -y "$work/fpm.conf" -p "$work")
    ((EUID != 0)) || arguments+=(-R)
    rm -f "${pools[@]}" pid
    "$@" "$fpm" "${arguments[@]}" >fpm.out 2>&1 &
    local job=$!
    until grep -q 'ready to handle connections' fpm.log 2>/dev/null; do
        kill -0 $job 2>/dev/null || fail "php-fpm does not start: $(cat fpm.log fpm.out)"
        sleep 0.1
    done
    rm fpm.log
}

# One request; its answer is in answer, and the worker that gave it in $worker.
page() { # pool, action, in, out
    rm -f "$4"
    env -i PATH="$PATH" REQUEST_METHOD=GET "SCRIPT_FILENAME=$source_dir/tests/programs/pool.php" \
        "QUERY_STRING=action=$2&key=$work/page.$configured&in=$work/$3&out=$work/$4" \
        timeout 60 cgi-fcgi -bind -connect "$work/$1" >answer 2>err || fail "no answer: $(<err)"
    worker=$(sed -n 's/^process \([0-9]*\).*/\1/p' answer)
    [[ -n $worker ]] || fail "$(<answer)"
}
page_does() { # the same
    page "$@"
    grep -q '^done' answer || fail "$(<answer)"
}
page_fails() { # pattern, and the same
    page "${@:2}"
    { grep -q '^Status: 500' answer && grep -qE "$1" answer && [[ ! -e $5 ]]; } || fail "$(<answer)"
}
all_open() {
    local pool file
    for pool in "${pools[@]}"; do
        for file in sealed.*; do
            page_does "$pool" open "$file" opened
            same plain opened
        done
    done
}
all_fail() { # pattern
    local pool
    for pool in "${pools[@]}"; do
        page_fails "$1" "$pool" open sealed.one.1 refused.out
        page_fails "$1" "$pool" seal plain refused.out
    done
}

existing() {
    stream 50000 >plain
    take_over page AES-256-CBC 32
    configured=key
    written=0
    writes "$@"
}
use_stand_in() {
    configured=stand-in
    rm -f page.key page.hex
}
opens() {
    start "$@"
    all_open
    stop_server
}
writes() {
    local pool
    written=$((written + 1))
    start "$@"
    for pool in "${pools[@]}"; do
        page_does "$pool" seal plain "sealed.$pool.$written"
    done
    stop_server
}
refused() {
    start "$@"
    all_fail "$(pattern_of NO_TOKEN)|$(pattern_of KEY_AWAY)"
    stop_server
}
# The master starts; no page has an algorithm.
silent() {
    start "$@"
    all_fail 'unsupported|Unknown'
    stop_server
}
# What is there does not open, or (one time in 256) as something else.
useless() {
    local pool
    start "$@"
    for pool in "${pools[@]}"; do
        page "$pool" open "sealed.$pool.1" refused.out
        ! cmp -s plain refused.out || fail "it opens without the module"
        page_does "$pool" seal plain "lost.$pool"
    done
    stop_server
    start ours
    for pool in "${pools[@]}"; do
        page "$pool" open "lost.$pool" refused.out
        ! cmp -s plain refused.out || fail "data that was written without the module opens"
    done
    stop_server
}
story

# ---- one master, through it all ----

reload() { # the master is executed again, in its own environment
    local before=$worker
    kill -USR2 "$(<pid)"
    until page one open sealed.one.1 opened && [[ $worker != "$before" ]]; do
        sleep 0.1
    done
}
start ours
all_open
token_away
all_open # the workers have the key
reload
all_fail "$(pattern_of NO_TOKEN)|$(pattern_of KEY_AWAY)"
token_back
until page one open sealed.one.1 opened && grep -q '^done' answer; do
    sleep 0.1 # until a worker asks for the key again: a second or two
done
until page two open sealed.two.1 opened && grep -q '^done' answer; do
    sleep 0.1
done
all_open
reload
all_open
# A worker that dies has a successor, forked from the same master.
kill -KILL "$worker"
all_open
stop_server
