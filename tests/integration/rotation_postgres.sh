#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/ROTATION.md on a column of a database, word for word, against a PostgreSQL of its own: rows with
# contexts go out and come back while a program writes to the table, and nothing that it writes is
# lost.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
# shellcheck source=../lib/postgres.sh
source "$source_dir/tests/lib/postgres.sh"
make_two_keks
# The examples run psql, which does not bear a sanitizer's library; envelope has it by itself.
example_env=()
for variable in "${sanitizer_env[@]}"; do
    [[ $variable == LD_PRELOAD=* ]] || example_env+=("$variable")
done
sed -e '/^<!-- test: /d' -e 's/^<!-- postgres: /<!-- test: /' "$source_dir/docs/ROTATION.md" >page.md

serve_postgres

# ---- what a program does: it seals a value with its row's context, and writes it ----

write_row() { # id, KEK, text
    local cnf=row.cnf.$BASHPID sealed
    write_cnf "kek=$2" "context=customers/$1"
    sealed=$(printf %s "$3" | ossl enc -e -envelope -K 0 -a -A 2>/dev/null)
    psql -qX -1 -v ON_ERROR_STOP=1 <<END
INSERT INTO customers VALUES ($1, decode('$sealed', 'base64'))
    ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note;
INSERT INTO expected VALUES ($1, '$3') ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text;
END
}

# What is in the table, each row opened with its context, is what the program wrote last.
table_is_as_written() {
    local id sealed text cnf=check.cnf opened rows=0
    while IFS='|' read -r id sealed text <&3; do
        write_cnf "kek=two" "context=customers/$id"
        opened=$(base64 -d <<<"$sealed" | ossl enc -d -envelope -K 0 2>opened.err) ||
            fail "row $id: $(<opened.err)"
        [[ $opened == "$text" ]] || fail "row $id is '$opened', not '$text'"
        rows=$((rows + 1))
    done 3< <(sql "SELECT id, translate(encode(note, 'base64'), E'\n', ''), text
        FROM customers JOIN expected USING (id) WHERE note IS NOT NULL")
    ((rows == $1)) || fail "$rows rows, not $1"
}

run_example() { # script
    env PATH="$ENVELOPE_MODULE_DIR:$PATH" OPENSSL_CONF="$work/$cnf" "${example_env[@]}" \
        bash -euo pipefail "$1.sh" >"$1.out" 2>&1 || fail "example $1: $(<"$1.out")"
}

perform() { # example
    block page.md "$1" sh >"$1.sh"
    run_example "$1"
}

under() { # KEK: how many rows are under it
    psql -AtXc "SELECT json_build_object('message', encode(note, 'base64')) FROM customers" |
        envelope census --json --list --kek "$1" - | jq -s '[.[-1].keks[].files] | add // 0'
}

sql "$(block page.md table sql)"
sql "CREATE TABLE expected (id bigint PRIMARY KEY, text text)"
for ((id = 1; id <= 12; id++)); do
    write_row $id one "first of $id"
done
sql "INSERT INTO customers VALUES (100, NULL)"
write_cnf kek=two

# ---- out, meanwhile, and in ----

perform rewrap
grep -qx '12 re-wrapped, 0 current, 1 skipped, 0 failed' rewrap.out || fail "$(<rewrap.out)"
# By programs that still have the old configuration, and by one that has the new one:
write_row 3 one "meanwhile 3"
write_row 4 two "meanwhile 4"
write_row 13 one "new 13"
sql "DELETE FROM customers WHERE id = 5"
sql "UPDATE customers SET note = NULL WHERE id = 6"
perform update
[[ $(under one) == 2 ]] || fail "$(under one) rows are under the old KEK, not 2"
table_is_as_written 11
[[ $(sql "SELECT count(*) FROM customers WHERE note IS NULL") == 2 ]] || fail "NULL is something now"

# While a program writes all the time, over and over, until it has stopped and nothing is left.
cp -a tokens tokens.writer # see rewrap_faults.sh
sed "s|/tokens\$|/tokens.writer|" softhsm2.conf >softhsm2.writer.conf
(
    export SOFTHSM2_CONF=$work/softhsm2.writer.conf
    for ((i = 0; i < 25; i++)); do
        write_row $((i % 13 + 1)) one "written $i"
    done
) 2>writer.err &
writer=$!
rounds=0
while kill -0 $writer 2>/dev/null; do
    perform rewrap
    perform update
    rounds=$((rounds + 1))
done
wait $writer || fail "the writer: $(<writer.err)"
perform rewrap
perform update
[[ $(under one) == 0 && $(under two) == 13 ]] || fail "$(under one) rows are left under the old KEK"
table_is_as_written 13
echo "$rounds rounds while rows were written"

# ---- what is there opens without the old KEK, each row with its own context alone ----

write_cnf kek=two open-kek=two
perform see
grep -q "key 'two'" see.out || fail "$(<see.out)"
grep -qx '13 opened (.* of plaintext), 0 failed, 0 skipped' see.out || fail "$(<see.out)"
sed 's|customers/7"|customers/8"|' notes.json >exchanged.json
expect_failed CONTEXT_MISMATCH "^exchanged.json:[0-9]+ \(id 7\): " envelope verify --list exchanged.json
# and under new data keys
write_cnf kek=two
sed 's/envelope rewrap/envelope reencrypt/' rewrap.sh >reencrypt.sh
cp notes.json before.json
run_example reencrypt
grep -qx '13 re-encrypted, 0 current, 1 skipped, 0 failed' reencrypt.out || fail "$(<reencrypt.out)"
perform update
perform see
[[ $(jq -r .message notes.json before.json | tr -d '\n' | sort | uniq -d | wc -l) == 0 ]] || fail "a row is as it was"
table_is_as_written 13
[[ $(block_names page.md | tr '\n' ' ') == "table rewrap update see " ]] ||
    fail "an example is not run: $(block_names page.md)"
