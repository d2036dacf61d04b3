#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# sqlcipher: an existing database opens by the stand-in of its passphrase, or of its raw key.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
make_two_places
printf 'correct horse battery staple' >words
take_over words sqlcipher words
take_over raw sqlcipher 32
for_program=(key-ciphers=sqlcipher key-kdfs=PBKDF2 allow-keys="words raw")
rows=200

# sqlcipher takes a key in two ways: a passphrase goes through PBKDF2 first.
in_database() { # words or raw, a way to run it; SQL on stdin
    local name=$1
    shift
    { key_line "$name" && cat; } | "$@" sqlcipher -batch "$name.db" 2>err
}
key_line() { # words or raw
    if [[ $1 == words ]]; then
        echo "PRAGMA key = '$(<"words.$configured")';"
    else
        echo "PRAGMA key = \"x'$(hex_of "raw.$configured")'\";"
    fi
}
configured=key

existing() {
    local name
    for name in words raw; do
        in_database $name "$@" >out <<END || fail "$(<err)"
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
    INSERT INTO notes SELECT i, 'SECRETROW ' || i FROM n;
END
    done
}
use_stand_in() {
    configured=stand-in
    rm -f ./*.key ./*.hex
}
opens() {
    local name
    for name in words raw; do
        in_database $name "$@" <<<"SELECT count(*) || max(text) FROM notes; PRAGMA integrity_check;" >out ||
            fail "$name: $(<err)"
        [[ $(tail -n 2 out) == "${rows}SECRETROW 99"$'\n'ok ]] || fail "$name: $(<out) $(<err)"
        nowhere_in SECRETROW $name.db
    done
}
writes() {
    local name
    rows=$((rows + 1))
    for name in words raw; do
        in_database $name "$@" <<<"INSERT INTO notes VALUES ($rows, 'SECRETROW');" >out || fail "$(<err)"
    done
}
# It opens for nobody, and nothing is written to it or beside it.
closed() {
    local name
    for name in words raw; do
        cp $name.db before
        if in_database $name "$@" <<<"INSERT INTO notes VALUES (5000, 'SECRETROW');" >out; then
            fail "$name: it opens"
        fi
        grep -q 'is not a database' err || fail "$(<err)"
        same before $name.db
    done
}
refused() {
    closed "$@"
    new_ones "$@"
}
# sqlcipher 3.4 looks at no result of libcrypto's, and so makes a new database when there is no key: under
# bytes that nobody has. It is lost, and open to nobody.
new_ones() {
    local name guess
    for name in words raw; do
        mv $name.db kept
        in_database $name "$@" <<<"CREATE TABLE t (a); INSERT INTO t VALUES ('SECRETROW');" >out || :
        mv $name.db lost
        mv kept $name.db
        nowhere_in SECRETROW lost
        for guess in "\"x'$(printf '0%.0s' {1..64})'\"" "''" "'$(<$name.stand-in)'" \
            "\"x'$(hex_of $name.stand-in)'\""; do
            if echo "PRAGMA key = $guess; SELECT * FROM t;" | as_before sqlcipher -batch lost >out 2>err; then
                fail "$name: $guess opens it: $(<out)"
            fi
        done
    done
}
silent() {
    closed "$@"
}
# A new database is then under bytes that only the configuration has.
useless() {
    local name
    closed "$@"
    for name in words raw; do
        mv $name.db kept
        in_database $name "$@" <<<"CREATE TABLE t (a); INSERT INTO t VALUES ('SECRETROW');" >out || fail "$(<err)"
        in_database $name as_before <<<"SELECT a FROM t;" >out || fail "$(<err)"
        [[ $(tail -n 1 out) == SECRETROW ]] || fail "$(<out)"
        nowhere_in SECRETROW $name.db
        if in_database $name ours <<<"SELECT a FROM t;" >out; then
            fail "$name: data that was written without the module opens"
        fi
        mv kept $name.db
    done
}
story
useless as_before
