# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Columns of fields in a PostgreSQL of its own, written and read by a program: rows of many tenants,
# lookups by a deterministic field, each rotation that docs/FIELDS.md has, and a tenant who is
# shredded, with the backups that do and do not bring him back. Sourced by the tests, each with a
# program, after fixture.sh:
#   column_program  the program; tests/programs/field_column.c says what it does
#   rows            how many, a hundred a tenant
#   by_name=yes     it looks its ciphers up by name
: "${work:?}" "${source_dir:?}" "${column_program:?}" "${rows:?}" "${cnf:?}"
# shellcheck source=tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=fields.sh
source "$source_dir/tests/lib/fields.sh"
# shellcheck source=blocks.sh
source "$source_dir/tests/lib/blocks.sh"
# shellcheck source=postgres.sh
source "$source_dir/tests/lib/postgres.sh"
tenants=$((rows / 100))
make_two_places
with_log() {
    named_cnf allow-keys=tenants "audit-log=\"file:$work/audit.log\"" "$@"
    [[ ${by_name-} != yes ]] || names_too
}
with_log
key new tenants --for tenant-keys
key stand-in tenants --for-app shop
cp out stand-in
serve_postgres

column() { # the program's arguments; what it says is in out
    : >audit.log
    with_envelope "${column_program[@]}" stand-in "$@" >out 2>err || fail "$*: $(cat out err)"
}
reads() { # rows that open, that do not, that have no key
    column read
    [[ $(<out) == "$1 open, $2 closed, $3 without a key" ]] || fail "$(cat out err)"
}
token_calls() { # of the last command
    local got
    got=$(grep -c -v '"operation":"self-test"' audit.log) || :
    [[ $got == "$1" ]] || fail "$got uses of a KEK, not $1: $(<audit.log)"
}
all_bytes() { # of the columns
    sql "SELECT md5(string_agg(otp_secret || email, '' ORDER BY id)) FROM users"
}
restore() { # database, dumps: which it has afterwards
    local name=$1 dump
    shift
    sql "CREATE DATABASE $name"
    for dump; do
        PGDATABASE=$name psql -qX -v ON_ERROR_STOP=1 -f "$dump" >restore.log 2>&1 || fail "$(<restore.log)"
    done
}

# ---- insert, read, look up ----

sql "CREATE TABLE tenants (id text PRIMARY KEY, key bytea NOT NULL)"
sql "CREATE TABLE users (id bigint PRIMARY KEY, tenant text NOT NULL, otp_secret bytea, email bytea)"
sql "CREATE UNIQUE INDEX users_email ON users (tenant, email)"
begun=$(date +%s%N)
column make "$tenants" "$rows"
made=$(date +%s%N)
[[ $(<out) == "$tenants tenants, $rows rows" ]] || fail "$(<out)"
token_calls 1
reads "$rows" 0 0
read=$(date +%s%N)
token_calls 1
echo "$rows rows of $tenants tenants: $(((made - begun) / 1000000)) ms to insert, $(((read - made) / 1000000)) ms to read"
[[ $(sql "SELECT DISTINCT length(otp_secret) FROM users") == 65 ]] || fail "fields of other lengths"
[[ $(sql "SELECT length(email) FROM users WHERE id = 7") == $((17 + 25)) ]] || fail "another length"
[[ $(sql "SELECT DISTINCT length(key) FROM tenants") == 81 ]] || fail "tenants' keys of other lengths"

column find t7 user7@example.org
[[ $(<out) == $'row 7\n1 found' ]] || fail "$(<out)"
column find t8 user7@example.org # another tenant's is another field
[[ $(<out) == "0 found" ]] || fail "$(<out)"
sql "SET enable_seqscan = off; EXPLAIN SELECT id FROM users WHERE tenant = 't7' AND email = '\\x02'" >plan
grep -q "users_email" plan || fail "no use of the index: $(<plan)"
if with_envelope "${column_program[@]}" stand-in add t7 7 >out 2>err; then
    fail "two rows have one address"
fi
[[ $(<out) == "refused: 23505" ]] || fail "$(cat out err)" # unique_violation
column add t8 7
sql "DELETE FROM users WHERE id >= 1000000000"

# ---- the KEK is rotated: one file, and no row ----

before=$(all_bytes)
make_kek kek next --id 0e0f
with_log kek="next recovery" open-only-kek=orders
tool rewrap keys >out 2>err || fail "$(cat out err)"
grep -q '^1 re-wrapped' out || fail "$(<out)"
with_log kek="next recovery" open-kek=next
[[ $(all_bytes) == "$before" ]] || fail "rows were touched"
reads "$rows" 0 0
[[ $(grep -c '"label":"next",.*"result":"ok"' audit.log) == 1 ]] || fail "another KEK: $(<audit.log)"
with_log kek="next recovery"

# ---- a tenant is shredded ----

"$pg_programs/pg_dump" -t users >users.dump
"$pg_programs/pg_dump" -t users -t tenants >whole.dump
sql "DELETE FROM tenants WHERE id = 't3'"
reads $((rows - 100)) 0 100
"$pg_programs/pg_dump" -t tenants >tenants.dump
restore data_alone users.dump tenants.dump
PGDATABASE=data_alone reads $((rows - 100)) 0 100 # a backup of the data does not bring him back
restore with_keys whole.dump
PGDATABASE=with_keys reads "$rows" 0 0 # one that has his key does

# ---- the named key above the tenants is rotated, as the document says, and destroyed ----

sed -e '/^<!-- test: /d' -e 's/^<!-- postgres: /<!-- test: /' "$source_dir/docs/FIELDS.md" >page.md
[[ $(block_names page.md | tr '\n' ' ') == "rewrap " ]] || fail "an example is not run: $(block_names page.md)"
block page.md rewrap sh >rewrap.sh
# psql does not bear a sanitizer's library; envelope has it by itself.
example_env=()
for variable in "${sanitizer_env[@]}"; do
    [[ $variable == LD_PRELOAD=* ]] || example_env+=("$variable")
done
rewrap_rows() { # summary
    : >audit.log
    env PATH="$ENVELOPE_MODULE_DIR:$PATH" OPENSSL_CONF="$work/$cnf" "${example_env[@]}" \
        bash -euo pipefail rewrap.sh >out 2>&1 || fail "$(<out)"
    [[ $(<out) == "$1" ]] || fail "$(<out)"
}
before=$(all_bytes)
key rotate tenants --seal-from now
rewrap_rows "$((tenants - 1)) sealed anew, 0 current, 0 skipped, 0 failed"
token_calls 2 # a version each
rewrap_rows "0 sealed anew, $((tenants - 1)) current, 0 skipped, 0 failed"
[[ $(all_bytes) == "$before" ]] || fail "rows were touched"
reads $((rows - 100)) 0 100
token_calls 1
PGDATABASE=with_keys reads "$rows" 0 0 # the old version is still there
key destroy tenants@1 --yes
reads $((rows - 100)) 0 100
PGDATABASE=with_keys reads 0 "$rows" 0
grep -qF "$(reason FIELD_KEY_UNKNOWN)" err || fail "$(<err)"
# Of that backup the other tenants' rows open with today's keys, and his do not.
"$pg_programs/pg_dump" -t tenants >tenants.dump
restore today users.dump tenants.dump
PGDATABASE=today reads $((rows - 100)) 0 100

# ---- one tenant's key is rotated: his rows, and nobody else's ----

old=$(sql "SELECT encode(key, 'hex') FROM tenants WHERE id = 't5'")
others=$(sql "SELECT md5(string_agg(otp_secret || email, '' ORDER BY id)) FROM users WHERE tenant <> 't5'")
column rotate t5
[[ $(<out) == "100 rows sealed anew" ]] || fail "$(<out)"
token_calls 1
[[ $(sql "SELECT md5(string_agg(otp_secret || email, '' ORDER BY id)) FROM users WHERE tenant <> 't5'") == "$others" ]] ||
    fail "others' rows were touched"
reads $((rows - 100)) 0 100
column find t5 user5@example.org
[[ $(<out) == $'row 5\n1 found' ]] || fail "$(<out)"
sql "UPDATE tenants SET key = decode('$old', 'hex') WHERE id = 't5'"
reads $((rows - 200)) 100 100
grep -qF "$(reason FIELD_KEY_UNKNOWN)" err || fail "$(<err)"
expect_nothing_beside
