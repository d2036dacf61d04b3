# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL of the test's own in $work, which no other user and no network reaches. Sourced after
# fixture.sh; the tests end it with stop_postgres.
: "${work:?}"
# paths of sockets must be short: this one is relative to the working directory
export PGHOST=/proc/self/cwd/pg/data PGDATABASE=postgres PGUSER=test PGCLIENTENCODING=UTF8
# its error when it has no random numbers for a session
no_session='could not generate random (cancel key|MyCancelKey)|could not acquire random number'
pg_server= # the job that it is

make_postgres() {
    pg_programs=$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)
    pg_programs=$(dirname "${pg_programs:?there is no PostgreSQL: tests/run.sh --install}")
    as_postgres=()
    mkdir pg
    if ((EUID == 0)); then # which it refuses to run as
        as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
        # the way to this directory
        as_postgres+=(--inh-caps=+dac_override --ambient-caps=+dac_override)
        chown postgres pg
    fi
    "${as_postgres[@]}" "$pg_programs/initdb" -D pg/data -A trust -U test -E UTF8 --locale=C --no-sync \
        >pg.log 2>&1 || fail "initdb: $(<pg.log)"
}

# Whether it runs and takes sessions; pg.log says what it did. The arguments are what it is run by.
start_postgres() { # env ...
    : >pg.log
    "$@" "${as_postgres[@]}" "$pg_programs/postgres" -D pg/data -k /proc/self/cwd -c listen_addresses= \
        -c fsync=off -c max_connections=10 -c dynamic_shared_memory_type=mmap >>pg.log 2>&1 &
    pg_server=$!
    until OPENSSL_CONF=/dev/null psql -qXc 'SELECT 1' >psql.log 2>&1; do
        if ! kill -0 $pg_server 2>/dev/null || grep -qE "$no_session" pg.log; then
            stop_postgres
            return 1
        fi
        sleep 0.1
    done
}

stop_postgres() {
    local server
    [[ -n $pg_server ]] || return 0
    # pg_server is bash's, where a function says how it is run
    if read -r server 2>/dev/null <pg/data/postmaster.pid; then
        kill -INT "$server" 2>/dev/null || :
    fi
    wait "$pg_server" 2>/dev/null || :
    pg_server=
}

# One that runs as long as the test does; what else the test has started in the background ends with
# it too.
serve_postgres() {
    trap end_all EXIT
    make_postgres
    start_postgres env || fail "the server: $(<pg.log)"
}

end_all() {
    local job
    for job in $(jobs -p); do
        kill -QUIT "$job" 2>/dev/null || :
        wait "$job" 2>/dev/null || :
    done
    rm -rf "$work"
}

sql() { # statement
    psql -qAtX -v ON_ERROR_STOP=1 -c "$1"
}
