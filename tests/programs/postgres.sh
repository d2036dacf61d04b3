#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL's pgcrypto: encrypt, decrypt and their siblings with an IV take a stand-in for the key,
# in keys of every length. Somebody who may write SQL and guesses gets the same error each time.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
# shellcheck source=../lib/postgres.sh
source "$source_dir/tests/lib/postgres.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_two_places
chmod 755 keys
bytes=(16 24 32)
for n in "${bytes[@]}"; do
    short=()
    ((n > 16)) || short=(--short)
    take_over "key$n" pgcrypto "$n" "${short[@]}"
done
take_over keyctr AES-256-CTR 32
take_over other pgcrypto 32 # which the server may not use
make_postgres
end() {
    stop_postgres
    rm -rf "$work"
}
trap end EXIT
for_program=(key-ciphers=pgcrypto allow-keys='key*' "audit-log=\"file:$work/audit.log\"")
iv=000102030405060708090a0b0c0d0e0f
text='customer 17 of Gent'

# ---- the application: it has its keys in bytea literals, key16 to key32 ----

literals=()
as_application() { # the SQL on stdin
    psql -qAtX -v ON_ERROR_STOP=1 "${literals[@]}" -v text="$text" -v iv="\\x$iv"
}
set_literals() { # hex, stand-in
    local n
    literals=()
    for n in "${bytes[@]}"; do
        if [[ $1 == hex ]]; then
            literals+=(-v "key$n=\\x$(<"key$n.hex")")
        else
            literals+=(-v "key$n=$(<"key$n.stand-in")")
        fi
    done
}

sql() { # statement
    psql -qAtX -v ON_ERROR_STOP=1 -c "$1"
}

write_rows() {
    local n
    for n in "${bytes[@]}"; do
        as_application <<END || return 1
INSERT INTO notes (bytes, way, note) VALUES
    ($n, 'cbc', encrypt(:'text'::bytea, :'key$n'::bytea, 'aes')),
    ($n, 'ecb', encrypt(:'text'::bytea, :'key$n'::bytea, 'aes-ecb')),
    ($n, 'iv', encrypt_iv(:'text'::bytea, :'key$n'::bytea, :'iv'::bytea, 'aes-cbc/pad:pkcs'));
END
    done
}

# One way to read what is there under a key: rows made by PHP begin with their IV.
read_rows_of() { # bytes, further condition
    as_application <<END
SELECT convert_from(CASE way WHEN 'cbc' THEN decrypt(note, :'key$1'::bytea, 'aes')
    WHEN 'ecb' THEN decrypt(note, :'key$1'::bytea, 'aes-ecb')
    WHEN 'iv' THEN decrypt_iv(note, :'key$1'::bytea, :'iv'::bytea, 'aes')
    ELSE decrypt_iv(substr(note, 17), :'key$1'::bytea, substr(note, 1, 16), 'aes') END, 'UTF8')
FROM notes WHERE bytes = $1 ${2-};
END
}

read_rows() {
    local n
    for n in "${bytes[@]}"; do
        read_rows_of "$n" || return 1
    done >read.out
    [[ $(grep -cFx "$text" read.out) == "$(sql 'SELECT count(*) FROM notes')" ]] ||
        fail "other rows: $(sort read.out | uniq -c)"
}

# An error of SQL's for each way: no row comes, and none is written.
each_fails() {
    local n way before
    before=$(sql 'SELECT * FROM notes')
    for n in "${bytes[@]}"; do
        for way in cbc ecb iv; do
            if read_rows_of "$n" "AND way = '$way'" >read.out 2>err; then
                fail "$way with $n bytes: it opens"
            fi
            grep -q 'decrypt\(_iv\)\? error: Cipher cannot be initialized' err || fail "$(<err)"
            [[ ! -s read.out ]] || fail "a row was returned: $(<read.out)"
        done
    done
    if write_rows 2>err; then
        fail "a row was written"
    fi
    grep -q 'encrypt error: Cipher cannot be initialized' err || fail "$(<err)"
    [[ $(sql 'SELECT * FROM notes') == "$before" ]] || fail "the table changed"
}

# ---- the story, with a server each time ----

started() { # a way to run it
    start_postgres "$@" || fail "the server does not start: $(tail -n 5 pg.log)"
}

existing() {
    set_literals hex
    started "$@"
    sql 'CREATE EXTENSION pgcrypto'
    sql 'CREATE TABLE notes (bytes int, way text, note bytea)'
    write_rows
    printf %s "$text" >plain
    as_before php "$source_dir/tests/programs/served.php" seal aes-256-cbc key32.key plain from-php
    sql "INSERT INTO notes VALUES (32, 'php', '\\x$(hex_of from-php)')"
    stop_postgres
}
use_stand_in() {
    set_literals stand-in
    rm -f ./*.key ./*.hex
}
opens() {
    started "$@"
    read_rows || fail "psql"
    stop_postgres
}
writes() {
    started "$@"
    write_rows || fail "psql"
    stop_postgres
}
refused() {
    started "$@"
    each_fails
    stop_postgres
}
silent() {
    if start_postgres "$@"; then
        fail "the server takes sessions without the module"
    fi
}
useless() {
    local n
    started "$@"
    for n in "${bytes[@]}"; do
        if read_rows_of "$n" >read.out 2>err && grep -qFx "$text" read.out; then
            fail "it opens without the module"
        fi
    done
    # what is written now is under bytes that only the application has
    sql 'ALTER TABLE notes RENAME TO notes_of_old'
    sql 'CREATE TABLE notes (bytes int, way text, note bytea)'
    write_rows || fail "psql"
    read_rows || fail "psql"
    stop_postgres
    started ours
    for n in "${bytes[@]}"; do
        if read_rows_of "$n" >read.out 2>err && grep -qFx "$text" read.out; then
            fail "data that was written without the module opens"
        fi
    done
    sql 'DROP TABLE notes'
    sql 'ALTER TABLE notes_of_old RENAME TO notes'
    stop_postgres
}
story

# ---- an old session continues while the token is away, and a new one fails ----

started ours
coproc SESSION { as_application 2>&1; }
# shellcheck disable=SC2153 # coproc sets it, and bash unsets it once the session has ended
session_pid=$SESSION_PID
session() { # SQL: its one line of an answer
    local line
    echo "$1;" >&"${SESSION[1]}"
    read -r -t 60 line <&"${SESSION[0]}" || fail "no answer: $1"
    echo "$line"
}
opening="SELECT convert_from(decrypt(note, :'key32'::bytea, 'aes'), 'UTF8') FROM notes
    WHERE bytes = 32 AND way = 'cbc' LIMIT 1"
[[ $(session "$opening") == "$text" ]] || fail "the session does not open"
token_away
[[ $(session "$opening") == "$text" ]] || fail "an old session stops when the token is absent"
each_fails
token_back
read_rows || fail "psql"
echo '\q' >&"${SESSION[1]}"
wait "$session_pid" || :

# As docs/PROGRAMS.md has it.
sql 'ALTER TABLE notes RENAME TO all_notes'
sql "CREATE VIEW notes AS SELECT note FROM all_notes WHERE bytes = 32 AND way = 'cbc'"
block "$source_dir/docs/PROGRAMS.md" pgcrypto-sql sql |
    psql -qAtX -v ON_ERROR_STOP=1 -v standin="$(<key32.stand-in)" | sort -u >read.out
[[ $(<read.out) == "$text" ]] || fail "$(<read.out)"
sql 'DROP VIEW notes'
sql 'ALTER TABLE all_notes RENAME TO notes'

# ---- somebody who writes SQL guesses ----

guess() { # bytea literal
    if sql "SELECT decrypt(note, $1, 'aes') FROM notes WHERE bytes = 32" >out 2>err; then
        fail "a guess opens"
    fi
    grep -v '^CONTEXT\|^STATEMENT' err
}
unknown=$(guess "'key:$(printf 'A%.0s' {1..28})'")
other=$(guess "'$(<keyctr.stand-in)'") # of a key for something else
elsewhere=$(guess "'$(<other.stand-in)'") # of a key that allow-keys does not have
[[ $unknown == "$other" && $unknown == "$elsewhere" && $unknown == "ERROR:  decrypt error: Cipher cannot be initialized" ]] ||
    fail "$unknown; $other; $elsewhere"
# The audit log tells them apart.
last=$(tail -n 3 audit.log | jq -r .reason | tr '\n' ' ')
[[ $last == "$(reason_number KEY_UNKNOWN) $(reason_number KEY_WRONG_USE) $(reason_number KEY_NOT_ALLOWED) " ]] ||
    fail "$(tail -n 3 audit.log)"
stop_postgres
