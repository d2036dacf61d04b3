#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/RUNBOOK.md: what happens is made to happen, every command of the page is run word for word, and
# what the page says goes on, stops and comes back does. The disk that is full: runbook_full_disk.sh.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/runbook.sh
source "$source_dir/tests/lib/runbook.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_house

all_is_well() {
    cnf=etc/openssl.cnf
    expect_quiet open -in archive/report.sealed -out opened
    same report.pdf opened
    as_card card-key -d -in row -out opened || fail "$(<card.err)"
    same report.pdf opened
    expect_quiet seal -in report.pdf -out made
    expect_quiet open -in made -out opened
    same report.pdf opened
}
card_fails() { # reason, key file, pattern
    expect_failure "$1" "${3-}" ossl enc -d -aes-256-cbc -K "$(od -An -v -tx1 "$2" | tr -d ' \n')" -iv 0 -in row
}
all_is_well

# ---- the token is away for ten minutes ----

start_program card-key
does use seal open
take_away kek
perform away-seal 1
says away-seal
perform away-start 1
says away-start
does use use
stalls open seal
perform away-check 1
says away-check
[[ -e report.new && ! -s report.new ]] || fail "the page says that -out is emptied"
bring_back kek
comes_back seal open use
perform away-after
[[ ! -e report.new ]] || fail "the empty file is there"
all_is_well

# ---- for a day ----

folder_kek=$(folder_of kek)
mv "$folder_kek" away-kek
take_away spare
perform day-seal # no token is needed
[[ -z $(find tokens -name token.object) ]] || fail "there is a token"
bring_back spare
expect_failure NO_TOKEN "" open -in inbox/report.sealed
perform day-open
grep -q "^ok      named key: cards@1 opens through 'recovery' of token 'spare'" day-open.out || fail "$(<day-open.out)"
sed 's|^keys-by-rsa = .*||' etc/day.cnf >etc/without.cnf
cnf=etc/without.cnf card_fails KEK_NOT_HERE card-key "RSA KEKs were not tried \(keys-by-rsa\)"
does use
stalls open seal
cp -a etc/day.cnf forged.cnf
mv away-kek "$folder_kek"
comes_back seal open use
perform day-after
says day-after
expect_quiet open -in inbox/report.sealed -out opened # by the token kek alone
same report.pdf opened
all_is_well
end_program

# A program that was started in vain, and stayed.
take_away kek
start_program card-key
stalls use
bring_back kek
comes_back use seal
end_program

# ---- the token is dead; afterwards all is put back as it was ----

house=(etc srv archive inbox tokens)
mkdir before
cp -a "${house[@]}" before
rm -r "$(folder_of kek)"
make_token kek
perform dead
grep -q '^srv/keys/\|/srv/keys/cards@1.envkey: cards@1' dead.out || fail "$(<dead.out)"
! grep -q 'sealed at a different time' dead.out || fail "$(<dead.out)"
take_away spare
all_is_well
expect_quiet open -in inbox/report.sealed -out opened
bring_back spare
sed 's/ --trust-rsa//' dead.sh >dead-without.sh # without that word key files stay
rm -rf "${house[@]}"
cp -a before/. .
rm -r "$(folder_of kek)"
make_token kek
status=0
with_envelope env PATH="$work/own:$ENVELOPE_MODULE_DIR:$PATH" bash -eo pipefail dead-without.sh >out 2>&1 || status=$?
{ ((status == 1)) && grep -qF "$(reason KEY_RSA_OPENED)" out; } || fail "status $status: $(<out)"
rm -rf "${house[@]}"
cp -a before/. .
all_is_well

# ---- a machine is stolen ----

start_program card-key
does use seal
mkdir stolen
cp -a etc card-key stolen
rm stolen/etc/pin-spare # it is in the safe
sed -i "s|$work/etc|$work/stolen/etc|" stolen/etc/openssl.cnf
# SECURITY.md: what a configuration and key files give without the token, and with it and the PIN.
tool key export cards --yes --raw >key.raw 2>/dev/null || fail "no export"
[[ $(stat -c %s key.raw) == 32 ]] || fail "the key has $(stat -c %s key.raw) bytes"
! grep -qF -- "$(od -An -v -tx1 key.raw | tr -d ' \n')" <(find stolen -type f -exec cat {} + | od -An -v -tx1 | tr -d ' \n') ||
    fail "the key is in what was stolen"
rm key.raw
cnf=stolen/etc/openssl.cnf
expect_quiet open -in archive/report.sealed -out opened # he has the PIN and reaches the token
take_away kek
expect_failure NO_TOKEN "" open -in archive/report.sealed
card_fails NO_TOKEN card-key
bring_back kek
mv stolen/etc/pin pin.hidden
expect_failure CONFIG_PIN_SOURCE "" open -in archive/report.sealed
mv pin.hidden stolen/etc/pin
cnf=etc/openssl.cnf
comes_back use seal open
perform stolen-pin
old_pin=$pin
pin=$(<etc/pin)
[[ $pin =~ ^[0-9a-f]{16}$ ]] || fail "the PIN is '$pin'"
cnf=stolen/etc/openssl.cnf expect_failure PIN_WRONG "" open -in archive/report.sealed
cnf=stolen/etc/openssl.cnf card_fails PIN_WRONG card-key
does use seal open # the others do not notice
perform stolen-revoke
says stolen-revoke
revoked=$(grep -o 'revoked-stand-in = [0-9a-f]*' stolen-revoke.out)
cp -a srv/keys keys.now
cp card-key card-key.old
block "$page" stolen-state sh | found '"revoked-stand-in = 1d4e8f0a2b6c9d73"' || fail "another line of the state file"
eval "$(declare -f with_paths | sed '1s/with_paths/with_plain_paths/')"
with_paths() {
    with_plain_paths | sed -e "s/revoked-stand-in = 1d4e8f0a2b6c9d73/$revoked/" \
        -e 's/since 2026-11-30T18:00/since 2000-01-01T00:00/' -e "s/== \"shop\"/== \"$(uname -n)\"/" \
        -e "s/\.uid == 1004/.uid == $UID/"
}
perform stolen-state
soon_not KEY_REFUSED use # the program that runs has the old one
end_program
all_is_well
card_fails KEY_REFUSED card-key.old
cp before/etc/keys/* etc/keys/ # the thief's key file: the state file stands against it
card_fails KEY_REFUSED card-key.old
cp srv/keys/* etc/keys/
perform stolen-log
grep -q ' unwrap orders ok$' stolen-log.out || fail "$(<stolen-log.out)"
grep -q ' stand-in cards@1 ok$' stolen-log.out || fail "$(<stolen-log.out)"

# ---- an employee leaves ----

tool key export cards --yes --hex >out || fail "no export"
perform leaves-log
grep -q ' export cards@1$' leaves-log.out || fail "$(<leaves-log.out)"
! grep -q ' unwrap ' leaves-log.out || fail "$(<leaves-log.out)"
perform leaves-inventory
grep -q 'Ann <ann@example.org>' keys.csv || fail "$(<keys.csv)"

# ---- last year's backup ----

mkdir restored
cp -a archive restored/archive # from before the KEK of today
cp -a before/srv/keys restored/keys
cnf=etc/office.cnf
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt token:kek -pkeyopt label:orders-next -out next.pem
sed -i 's/^kek = orders /kek = orders-next /' etc/openssl.cnf etc/office.cnf
tool rewrap archive inbox srv/keys >out 2>&1 || fail "$(<out)"
make_kek kek orders --destroy
# the label of the examples again
make_kek kek orders --id "$kek_id"
sed -i 's/^kek = orders-next /kek = orders /' etc/openssl.cnf etc/office.cnf
tool rewrap archive inbox srv/keys >out 2>&1 || fail "$(<out)"
make_kek kek orders-next --destroy
cp srv/keys/* etc/keys/
all_is_well
cp -a restored restored.before
perform backup-open 1
says backup-open
perform backup-census
says backup-census
perform backup-rewrap
says backup-rewrap
take_away spare
expect_quiet open -in restored/archive/report.sealed -out opened
same report.pdf opened
bring_back spare
cp restored/keys/* etc/keys/ # they were restored as well
card_fails KEY_REFUSED card-key.old # whose stand-in is in there
card_fails KEY_REFUSED card-key # and which today's is not in
perform backup-inventory
says backup-inventory
perform backup-keys
all_is_well

# ---- the KEK has leaked ----

start_program card-key
does use seal
cp archive/report.sealed leaked.sealed
perform leak-stop
perform away-seal 1
says leak-stop away-seal.out
soon_not KEK_DISABLED seal
does use
cnf=etc/office.cnf expect_quiet open -in archive/report.sealed -out opened
perform leak-kek
all_new() {
    expect_quiet seal -in report.pdf -out made
    expect_quiet open -in made -out opened
}
all_new
end_program
perform leak-messages
perform leak-keys
grep -qE 'shop-2.*key:[A-Za-z0-9_-]{28}$' stand-ins || fail "$(<stand-ins)"
grep -oE 'key:[A-Za-z0-9_-]{28}$' stand-ins | tr -d '\n' >card-key.2
as_card card-key -d -in row -out opened || fail "the old stand-in: $(<card.err)"
as_card card-key.2 -e -in opened -out row.2 || fail "the new stand-in: $(<card.err)"
cmp -s row row.2 && fail "the key is the old one"
perform leak-nothing-left
says leak-nothing-left
perform leak-destroy
rm etc/state && echo "# nothing" >etc/state
all_is_well
take_away kek # what was in a backup
sed 's|^kek = .*|kek = file:'"$work"'/etc/recovery.pub|' etc/office.cnf >recovery.cnf
cnf=recovery.cnf expect_quiet open -in leaked.sealed -out opened
same report.pdf opened
bring_back kek
cnf=etc/openssl.cnf

# ---- a PIN was changed ----

echo "$revoked" >>etc/state
start_program card-key
does use seal
new_pin=n3wP1nQq
OLD=$pin NEW=$new_pin pkcs11-tool --module "$softhsm" --token-label kek --login --pin env:OLD --change-pin \
    --new-pin env:NEW >out 2>&1 || fail "$(<out)"
perform pin-wrong 1
says pin-wrong
does use seal open
cp etc/pin pin.old
export NEW_PIN=$new_pin
perform pin-file
old_pin=$pin
pin=$new_pin
take_away kek
stalls open seal
bring_back kek
comes_back seal open use # it has logged in anew, by the new file
end_program
cp pin.old etc/pin
start_program card-key
does_not PIN_WRONG seal use
perform pin-file
does_not PIN_WRONG seal # as the page says
soon "$(reason PIN_WRONG | sed 's/[().]/\\&/g')" use
end_program
start_program card-key
does use seal open
end_program
all_is_well
for secret in "$old_pin" "$pin" "$spare_pin"; do
    ! grep -rqaF -- "$secret" log archive inbox srv ./*.out || fail "a PIN is shown"
done

ran="$ran$(block_names "$page" | grep '^house-' | tr '\n' ' ')"
all_of_the_page_ran 9
