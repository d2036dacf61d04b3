#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pin-failure-memory by openssl and the command: a service that is restarted again and again with a
# wrong PIN tries it once; a right PIN always works, whatever happens to the folder.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_usual
memory=$work/memory
mkdir "$memory"
echo words >plain
wrong=w7Kd0pQz
printf %s "$wrong" >wrong
spy=$(first_file /usr/lib/*/pkcs11/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so)
export PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/spy.log

with_pin() { # file, further lines
    write_cnf "pkcs11-module-path=\"$spy\"" "pin-source=\"file:$work/$1\"" \
        "pin-failure-memory=\"$memory\"" "${@:2}"
}
logins_are() { # count, since the last time
    local count
    count=$(grep -c ': C_Login$' spy.log || :)
    [[ $count == "$1" ]] || fail "$count logins, not $1"
    : >spy.log
}

# Once by all processes.
with_pin pin
seal -in plain -out sealed 2>err || fail "$(<err)"
logins_are 1
with_pin wrong
expect_failure PIN_WRONG CKR_PIN_INCORRECT open -in sealed
logins_are 1
for _ in 1 2 3; do
    expect_failure PIN_REMEMBERED "token 'kek': if .* remove $memory/token-[0-9a-f]{32}" open -in sealed
done
logins_are 0
with_pin pin
open -in sealed -out opened 2>err || fail "$(<err)"
same plain opened
logins_are 1

# What is kept is no PIN, and for this user alone.
files=("$memory"/*)
[[ ${#files[@]} == 1 && $(stat -c %a "${files[0]}") == 600 ]] || fail "$(ls -la "$memory")"
for secret in "$wrong" "$(printf %s "$wrong" | xxd -p)" "$(printf %s "$wrong" | base64)" "$pin"; do
    ! grep -rqF "$secret" "$memory" || fail "$secret is kept"
    ! grep -qF "$secret" err failed.err || fail "$secret is shown"
done
# the hash is what its line says that it is
read -r _ _ _ _ algorithm rounds salt <"${files[0]}"
[[ $algorithm == PBKDF2-HMAC-SHA256 && $rounds -ge 600000 && ${#salt} == 32 ]] || fail "$(<"${files[0]}")"

# The audit log has the reason.
with_pin wrong "audit-log=\"file:$work/audit.log\""
expect_failure PIN_REMEMBERED "" open -in sealed
[[ $(jq -r .reason audit.log | sort -u) == "$(reason_number PIN_REMEMBERED)" ]] || fail "$(<audit.log)"
rm audit.log

# Eight at once, as a server's workers start: one tries, the others wait for what it finds out.
rm "${files[0]}"
: >spy.log
for i in {1..8}; do
    open -in sealed -out "opened.$i" 2>"err.$i" && echo "$i" >>opened.all &
done
wait
[[ ! -s opened.all ]] || fail "opened with a wrong PIN"
logins_are 1
[[ $(cat err.? | grep -cF ":$(reason PIN_REMEMBERED):") == 7 ]] || fail "$(cat err.?)"
[[ $(cat err.? | grep -cF ":$(reason PIN_WRONG):") == 1 ]] || fail "$(cat err.?)"

# The folder: not there, of another mode, full disk, no room, killed in the midst.
rm -r "$memory"
with_pin pin
open -in sealed -out opened 2>err || fail "$(<err)"
with_pin wrong
expect_failure PIN_WRONG "pin-failure-memory = $memory cannot be used: No such file or directory" open -in sealed
mkdir -m 770 "$memory"
expect_failure PIN_WRONG "$memory cannot be used: its group may write to it" open -in sealed
chmod 700 "$memory"
if [[ -z ${ENVELOPE_SANITIZE-} ]]; then
    faulty() { # at, what
        env FAULT_DIR="$memory" FAULT_LOG="$work/faults.log" FAULT_AT="$1" FAULT_DO="$2" \
            LD_PRELOAD="$ENVELOPE_PROGRAMS/faults.so" OPENSSL_CONF="$work/$cnf" \
            OPENSSL_MODULES="$ENVELOPE_MODULE_DIR" openssl enc -d -envelope -K 0 -in sealed
    }
    : >faults.log
    expect_failure PIN_WRONG "" faulty 1000000 EIO
    cp faults.log calls
    calls=$(wc -l <calls)
    ((calls >= 3)) || fail "$calls calls on files: $(<faults.log)"
    for ((i = 1; i <= calls; i++)); do
        rm -f "$memory"/*
        status=0
        faulty "$i" ENOSPC >out 2>err || status=$?
        [[ $status == 1 && ! -s out ]] || fail "a full disk at $i: status $status"
        grep -qF ":$(reason PIN_WRONG):" err || fail "a full disk at $i: $(<err)"
        leftovers=$(find "$memory" -name '*.new')
        [[ -z $leftovers ]] || fail "a full disk at $i leaves $leftovers"
        for what in before torn; do # after a call is before the next one
            [[ $what == before ]] || sed -n "${i}p" calls | found write || continue
            rm -f "$memory"/*
            faulty "$i" "$what" >out 2>err || :
            # whatever is there now: a right PIN works, and a wrong one is known the second time
            with_pin pin
            open -in sealed -out opened 2>err || fail "$what at $i: $(<err)"
            with_pin wrong
            open -in sealed -out opened 2>err || :
            expect_failure PIN_REMEMBERED "" open -in sealed
        done
    done
fi

# docs/KEYS.md: a PIN is changed.
mkdir etc
cp pin etc/pin
write_cnf "pin-source=\"file:$work/etc/pin\"" "pin-failure-memory=\"$memory\""
sed 's/^<!-- pins: /<!-- test: /' "$source_dir/docs/KEYS.md" >page.md
block page.md change sh | sed "s|/etc/envelope|$work/etc|" >change.sh
with_envelope env MODULE="$softhsm" PATH="$ENVELOPE_MODULE_DIR:$PATH" bash -euo pipefail change.sh >out 2>err ||
    fail "the example: $(<out) $(<err)"
! cmp -s pin etc/pin || fail "the PIN is the old one"
open -in sealed -out opened 2>err || fail "$(<err)"
write_cnf "pin-failure-memory=\"$memory\""
expect_failure PIN_WRONG "" open -in sealed # the old PIN, which was right so far
PIN=$(<etc/pin) NEW=$pin pkcs11-tool --module "$softhsm" --token-label kek --login --pin env:PIN \
    --change-pin --new-pin env:NEW >out 2>&1 || fail "$(<out)"
# and is now again: the error says which file has to go
expect_failure PIN_REMEMBERED "remove $memory/token-" open -in sealed
rm "$memory"/token-*
open -in sealed -out opened 2>err || fail "$(<err)"

# What the configuration may say, and what check finds.
with_pin pin
envelope() {
    with_envelope "$ENVELOPE_MODULE_DIR/envelope" "$@"
}
envelope check >out 2>err || fail "check: $(<out)$(<err)"
grep -q "pin-failure-memory" out || fail "check says nothing: $(<out)"
rm -rf "$memory"
status=0
envelope check >out 2>err || status=$?
[[ $status == 1 ]] || fail "check, status $status: $(<out)"
grep -q "pin-failure-memory = $memory: No such file" out || fail "check: $(<out)"
write_cnf pin-failure-memory=memory
expect_failure CONFIG_VALUE 'pin-failure-memory takes a path that begins with /' seal -in plain
write_cnf pin_failure_memory=/x
expect_failure CONFIG_UNKNOWN_KEY pin_failure_memory seal -in plain
