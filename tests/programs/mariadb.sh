#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# MariaDB's file_key_management, AES_CTR and AES_CBC: InnoDB and Aria tables, the redo log and the binary
# log, with stand-ins in the key file; mariadb-backup and mariadb-binlog beside the server.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_two_places
block "$source_dir/docs/PROGRAMS.md" mariadb ini >recipe.cnf
sed -i "s|/etc/mysql/|$work/|" recipe.cnf
plugins=$source_dir/build/packages/mariadb-server/usr/lib/mysql/plugin
[[ -f $plugins/file_key_management.so ]] || fail "MariaDB is missing: run tests/run.sh --programs"
backup_program=$source_dir/build/packages/mariadb-backup/usr/bin/mariadb-backup
binlog_program=$source_dir/build/packages/mariadb-client/usr/bin/mariadb-binlog
[[ -x $backup_program && -x $binlog_program ]] || fail "mariadb-backup is missing: run tests/run.sh --programs"
algorithm=AES_CTR
# Its message about a redo log under another key depends on the bytes that decryption gives.
other_key='Malformed log record|Missing FILE_CHECKPOINT|Log scan aborted|Reading log encryption info failed'

stop_server() {
    if [[ -s $work/pid ]]; then
        kill "$(<"$work/pid")" 2>/dev/null || :
    fi
    wait
}
end() {
    stop_server
    rm -rf "$work"
}
trap end EXIT

# Whether it runs; error.log says what it did. Sockets' paths are short.
start() { # a way to run it
    rm -f pid s
    "$@" mariadbd --defaults-file="$work/recipe.cnf" --user="$(id -un)" --datadir="$work/data" --socket="/proc/self/cwd/../s" \
        --skip-networking --pid-file="$work/pid" --plugin-dir="$plugins" --plugin-maturity=unknown \
        --plugin-load-add=file_key_management --log-bin=log --server-id=1 \
        --file-key-management-encryption-algorithm=$algorithm \
        --innodb-buffer-pool-size=32M --innodb-log-file-size=8M --innodb-flush-method=fsync \
        --log-error="$work/error.log" >server.out 2>&1 &
    local job=$!
    until sql 'SELECT 1' >client.log 2>&1; do
        if ! kill -0 $job 2>/dev/null; then
            wait $job || :
            return 1
        fi
        sleep 0.1
    done
}
sql() { # statements
    (cd "$work" && as_before mariadb --no-defaults -S s -u root -N -e "$1")
}

# MariaDB encrypts no Aria log, with whatever key (MDEV-8587).
encrypted() { # a folder; default: data
    find "${1-data}" -type f ! -name 'aria_log*' -print0 | xargs -0 grep -laF SECRETROW >found || :
    [[ ! -s found ]] || fail "plaintext found: $(<found)"
}

# The server's key, and another one that no table has before the token is away.
key_file() { # what the names of files end in
    printf '%s\n' "1;$(hex_of "$name.$1")" "2;$(hex_of "$name-2.$1")" >keys.txt
}
existing() {
    take_over "$name" mariadb 32
    take_over "$name-2" mariadb 16 --short
    key_file key
    rm -rf data
    cp -a empty data
    start "$@" || fail "$(tail -n 5 error.log)"
    sql "CREATE DATABASE d; USE d;
        CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE=InnoDB ENCRYPTED=YES;
        INSERT INTO d.t SELECT seq, CONCAT('SECRETROW-', seq) FROM seq_1_to_2000;
        CREATE TABLE d.a (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE=Aria;
        INSERT INTO d.a SELECT seq, CONCAT('SECRETROW-', seq) FROM seq_1_to_2000;"
    stop_server
    rows=2000
}
use_stand_in() {
    key_file stand-in
    rm "$name.key" "$name.hex" "$name-2.key" "$name-2.hex"
}
all_there() {
    [[ $(sql "SELECT COUNT(*), MAX(v) FROM d.t; SELECT COUNT(*), MAX(v) FROM d.a; CHECK TABLE d.t, d.a") == \
        $rows$'\t'SECRETROW-999$'\n'$rows$'\t'SECRETROW-999$'\n'*'d.t'*OK*'d.a'*OK ]] ||
        fail "$(sql "SELECT COUNT(*), MAX(v) FROM d.t; CHECK TABLE d.t, d.a")"
}
opens() {
    : >error.log
    start "$@" || fail "$(tail -n 5 error.log)"
    all_there
    # the binary log, through the server
    sql "SHOW BINLOG EVENTS IN 'log.000001'" >out 2>err || fail "$(<err)"
    grep -q 'CREATE DATABASE d' out || fail "$(<out)"
    stop_server
    encrypted
}
writes() {
    rows=$((rows + 1))
    start "$@" || fail "$(tail -n 5 error.log)"
    sql "INSERT INTO d.t VALUES ($rows, 'SECRETROW'); INSERT INTO d.a VALUES ($rows, 'SECRETROW');"
    # what it has not written to the tables yet it finds in its encrypted redo log
    kill -KILL "$(<pid)"
    wait
}
# It does not start, for this reason and, unless the key is another one, none that would send somebody to
# repair tables; and nothing is changed.
does_not_start() { # pattern, a way to run it
    local pattern=$1
    shift
    rm -rf kept
    cp -a data kept
    : >error.log
    if start "$@"; then
        fail "it starts"
    fi
    grep -qE "$pattern" error.log || fail "'$pattern' expected: $(grep ERROR error.log)"
    [[ $pattern == "$other_key" ]] || ! grep -qi 'corrupt' error.log || fail "$(grep -i corrupt error.log)"
    encrypted
    rm -rf data
    mv kept data
}
refused() {
    does_not_start 'Getting redo log crypto key failed' "$@"
}
silent() {
    does_not_start 'Getting redo log crypto key failed' "$@"
}
# The stand-in is then the key, and nothing is under that.
useless() {
    does_not_start "$other_key" "$@"
    # A new server's data are under bytes that only the key file has.
    mv data whole
    cp -a empty data
    start "$@" || fail "$(tail -n 5 error.log)"
    sql "CREATE DATABASE d; USE d; CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE=InnoDB ENCRYPTED=YES;
        INSERT INTO d.t SELECT seq, 'SECRETROW' FROM seq_1_to_10"
    stop_server
    encrypted
    does_not_start "$other_key" ours
    rm -rf data
    mv whole data
}

# ---- mariadb-backup, which reads the encrypted redo log and applies it ----

# As docs/PROGRAMS.md has it, with what else a server of this test's needs.
mkdir bin
cat >bin/mariadb-backup <<END
#!/bin/bash
options=("$backup_program")
[[ \$1 != --backup ]] || options+=(--defaults-file="$work/recipe.cnf" -S "$work/s" -u root --datadir="$work/data")
exec "\${options[@]}" "\$@" --plugin-dir="$plugins" --innodb-flush-method=fsync
END
chmod +x bin/mariadb-backup
block "$source_dir/docs/PROGRAMS.md" mariadb-backup sh >backup.sh
[[ $(grep -c '^mariadb-backup' backup.sh) == 2 ]] || fail "$(<backup.sh)"
run_line() { # backup or prepare, a way to run it
    sed -n "s|/var/backups/mariadb|$work/backup|; /--$1 /p" backup.sh >"$1.line"
    PATH=$work/bin:$PATH "$2" bash -e "$1.line" >"$1.log" 2>&1
}
backup() { # a way to run it
    rm -rf backup
    run_line backup "$1"
}
prepare() { # a way to run it
    run_line prepare "$1"
}
# It fails for this reason, by no crash, and its files hold nothing in clear.
backup_fails() { # pattern, backup or prepare, and its arguments
    local pattern=$1 status=0
    shift
    "$@" || status=$?
    ((status == 1)) || fail "status $status: $* $(tail -n 20 "$1.log")"
    grep -qE "$pattern" "$1.log" || fail "'$pattern' expected: $(tail -n 20 "$1.log")"
    [[ $pattern == "$other_key" ]] || ! grep -qi corrupt "$1.log" || fail "$(grep -i corrupt "$1.log")"
    [[ ! -d backup ]] || encrypted backup
}
backed_up() {
    start ours || fail "$(tail -n 5 error.log)"
    sql "USE d; INSERT INTO t SELECT seq, CONCAT('SECRETROW-', seq) FROM seq_3001_to_3500"
    backup ours || fail "$(tail -n 20 backup.log)"
    backup_is_whole
    token_away
    mv backup kept.backup
    backup_fails 'Getting redo log crypto key failed' backup ours
    rm -rf backup
    mv kept.backup backup
    cp -a backup first
    backup_fails 'Getting redo log crypto key failed' prepare ours
    token_back
    rm -rf backup
    mv first backup
    cp -a backup first
    backup_fails "$other_key" prepare as_before
    rm -rf backup
    mv first backup
    sql "DELETE FROM d.t WHERE id > 3000"
    stop_server
    prepare ours || fail "$(tail -n 20 prepare.log)"
    encrypted backup
    # restored: what was deleted later is there
    mv data later
    mkdir data
    ours "$backup_program" --copy-back --target-dir="$work/backup" --datadir="$work/data" \
        --plugin-dir="$plugins" >copy.log 2>&1 || fail "$(tail -n 20 copy.log)"
    start ours || fail "$(tail -n 5 error.log)"
    [[ $(sql 'SELECT COUNT(*) FROM d.t WHERE id > 3000') == 500 ]] || fail "the backup has other rows"
    sql "DELETE FROM d.t WHERE id > 3000"
    all_there
    stop_server
    rm -rf backup data
    mv later data
}
backup_is_whole() {
    grep -q 'completed OK' backup.log || fail "$(tail -n 20 backup.log)"
    encrypted backup
}

# mariadb-binlog reads no encrypted file itself, with whatever key. The server gives it the events.
binary_log() {
    start ours || fail "$(tail -n 5 error.log)"
    as_before "$binlog_program" --no-defaults --read-from-remote-server -S s -u root log.000001 >out 2>err ||
        fail "$(<err)"
    grep -q 'CREATE DATABASE d' out || fail "$(tail out)"
    ! ours "$binlog_program" --no-defaults data/log.000001 >out 2>err || fail "it reads the file"
    ! grep -q 'CREATE DATABASE' out || fail "in the clear"
    grep -qi 'decrypt' err || fail "$(<err)"
    stop_server
}

# A running server continues while the token is away, also with a key that nobody has used before.
# It does not say that a table is corrupted.
outlives_the_token() {
    : >error.log
    start ours || fail "$(tail -n 5 error.log)"
    token_away
    all_there
    sql "INSERT INTO d.t VALUES (1000000, 'SECRETROW'); FLUSH TABLES; DELETE FROM d.t WHERE id = 1000000;
        CREATE TABLE d.u (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE=InnoDB ENCRYPTED=YES ENCRYPTION_KEY_ID=2;
        USE d; INSERT INTO d.u SELECT seq, CONCAT('SECRETROW-', seq) FROM seq_1_to_2000;
        FLUSH TABLES; FLUSH BINARY LOGS"
    all_there
    [[ $(sql 'SELECT COUNT(*) FROM d.u; CHECK TABLE d.u') == 2000*OK ]] || fail "$(sql 'CHECK TABLE d.u')"
    token_back
    stop_server
    ! grep -qiE 'corrupt|\[ERROR\]' error.log || fail "$(grep -iE 'corrupt|ERROR' error.log)"
    encrypted
}

mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$work/empty" --skip-test-db \
    --auth-root-authentication-method=normal >install.log 2>&1 || fail "$(tail -n 5 install.log)"
for algorithm in AES_CTR AES_CBC; do
    name=key-$algorithm
    name=${name//_/-}
    for_program=(key-ciphers=mariadb allow-keys="$name $name-2" keys-open-at-start=yes)
    story
    outlives_the_token
    backed_up
    binary_log
done
