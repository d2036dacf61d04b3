#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope kek rotate and list: the next version is like the last one and starts when machines have
# it, and two machines that rotate at once end with one.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/kek_versions.sh
source "$source_dir/tests/lib/kek_versions.sh"

fails() { # reason, pattern, arguments
    local text
    text=$(reason "$1")
    tool_gives 1 - "${@:3}"
    grep -qF "$text" out || fail "$1 expected: $(<out)"
    says "$2"
}

it_is 2031-06-15
write_cnf 'kek=orders/*'
fails KEK_NOT_FOUND 'label:orders/1' kek rotate orders
fails KEK_NOT_FOUND 'orders/\*' kek list orders

# A day that begins before 24 hours are over is too early; as long as the last one.
make_version orders/1 -pkeyopt not-before:2031-01-01 -pkeyopt not-after:2031-06-30
tool_gives 0 - kek list orders
says "^orders/1 in token 'kek': AES-256, reference [0-9a-f]{32}, seals from 2031-01-01 to 2031-06-30: seals today$"
tool_gives 0 - kek rotate --dry-run orders
says "^orders/2 in token 'kek': AES-256, .*seals from 2031-06-17 to 2031-12-14: would be made$"
tool_gives 0 - kek list orders
[[ $(wc -l <out) == 1 ]] || fail "--dry-run made something: $(<out)"

# A gap: a day on which nothing can be sealed.
fails KEK_GAP '2031-06-30.*2031-07-02' kek rotate --start 2031-07-02 orders
for wrong in yesterday +1 2031-06-14; do
    tool_complains "--start" kek rotate --start "$wrong" orders
done
for wrong in 0 -1 1m 40000; do
    tool_complains "--cryptoperiod" kek rotate --cryptoperiod "$wrong" orders
done
tool_complains "NAME" kek rotate
tool_complains "one NAME" kek rotate orders others
tool_complains "label of a KEK" kek rotate pkcs11:object=orders
tool_complains "label of a KEK" kek rotate orders/

tool kek rotate --json --start 2031-07-01 --cryptoperiod 1y orders >json || fail "rotate"
json_is 0 .made true
json_is 0 .kek orders/2
json_is 0 .not_before 2031-07-01
json_is 0 .not_after 2032-06-29
json_is 0 .bits 256
tool_gives 0 - kek rotate orders
says "^orders/2 in token 'kek'.*it is the next one already$"
tool_gives 0 - kek list --verify 'orders/*'
says "^orders/2 .*: not yet, opened what it wraps$"
says "^orders/1 .*: seals today, opened what it wraps$"
it_is 2031-07-01
tool_gives 0 - kek list orders
says "^orders/2 .*: seals today$"
says "^orders/1 .*: expired$"
tool kek list --json orders >json || fail "list"
json_is 0 .state "seals today"
json_is 1 .state expired

# No version is left: it starts today, which is reported as now. A gap in the past does not count.
it_is 2033-01-01
fails KEK_NO_VERSION "" kek list orders
fails KEK_GAP "2033-01-03" kek rotate orders
tool_gives 0 - kek rotate --start now --cryptoperiod 30 orders
says "^orders/3 .*seals from 2033-01-01 to 2033-01-30: made$"
expect_quiet seal -in plain -out sealed

# Type and length as the last one's.
write_cnf 'kek=orders/* rsa/*'
make_version rsa/7 -pkeyopt type:RSA
tool_gives 0 - kek rotate rsa
says "^rsa/8 .*RSA-3072.*seals from 2033-01-03: made$"
tool_gives 0 - kek list --verify rsa
says "^rsa/8 .*: not yet, opened what it wraps$"

# A next version that is there already begins too late for who needs one now.
write_cnf 'kek=urgent/*'
make_version urgent/1
tool_gives 0 - kek rotate urgent
says "^urgent/2 .*seals from 2033-01-03: made$"
tool_gives 0 - kek rotate --start now urgent
says "^urgent/3 .*seals from 2033-01-01: made$"
tool_gives 0 - kek list urgent
says "^urgent/3 .*: seals today$"
says "^urgent/1 .*: opens$"

# Audited, as all that makes a KEK.
write_cnf 'kek=orders/*' "audit-log=\"file:$work/audit\""
make_version audited/1
tool_gives 0 - kek rotate audited
grep -q '"operation":"generate".*"kek_label":"audited/2"' audit ||
    grep -q '"generate".*audited/2' audit || fail "$(<audit)"

# Two at once: one new version, which both tell, whichever it is.
write_cnf 'kek=orders/*'
for round in 1 2 3; do
    make_version "race$round/1"
    for i in 1 2 3; do
        tool kek rotate --json "race$round" >"race.$i" 2>"race.err.$i" &
        pids[i]=$!
    done
    for i in 1 2 3; do
        wait "${pids[i]}" || fail "round $round, $i: $(cat "race.$i" "race.err.$i")"
    done
    tool kek list --json "race$round" >json || fail "list: $(<json)"
    [[ $(jq -s length json) == 2 ]] || fail "round $round: $(<json) $(cat race.?)"
    json_is 0 .kek "race$round/2"
    now=$(jq -rs '.[0].reference' json)
    [[ $(cat race.? | jq -rs '[.[] | select(.made)] | map(.reference) | join(" ")') == "$now" ]] ||
        fail "round $round: $now is not what was made: $(cat race.?)"
    [[ $(cat race.? | jq -r .kek | sort -u) == "race$round/2" ]] || fail "$(cat race.?)"
done

# Two tokens have the last version: a token cannot pass a key on, so the steps are printed.
make_token two
value=$(stock rand -hex 32)
for token in kek two; do
    make_kek "$token" copied/1 --id c0 --import "$value"
done
write_cnf 'kek=copied/*' 'token="pkcs11:token=kek pkcs11:token=two"' allow-imported-kek=yes
fails KEK_COPIES_BY_HAND 'copied/1 is on 2' kek rotate copied
says "copy-of:from-outside -pkeyopt token:'two' -pkeyopt label:copied/2 -pkeyopt not-before:2033-01-03"
value=$(stock rand -hex 32)
for token in kek two; do
    make_kek "$token" from-outside --id c1 --import "$value"
done
sed -nE 's/^ *(openssl genpkey .*)$/\1 -out copy.pem/p' out >commands.sh
[[ $(wc -l <commands.sh) == 2 ]] || fail "$(<out)"
expect_quiet with_envelope bash -e commands.sh
for token in kek two; do
    make_kek "$token" from-outside --destroy
done
tool_gives 0 - kek list --verify copied
says "^copied/2 in token 'two'.*seals from 2033-01-03: not yet, opened what it wraps$"
[[ $(grep -c 'opened what it wraps' out) == 4 ]] || fail "$(<out)"
it_is 2033-01-03
expect_quiet seal -in plain -out sealed
tool census --labels sealed >out
says "copied/2"
# One of them alone, for tokens that copy by means of their own.
tool_gives 0 - kek rotate --token two copied
says "^copied/3 in token 'two'.*: made$"

# A copy that is another key is found out.
make_kek kek copied/4 --id c4 --import "$(stock rand -hex 32)"
make_kek two copied/4 --id c4 --import "$(stock rand -hex 32)"
tool kek list --verify copied >out 2>err && fail "another key passed: $(<out)"
says "^copied/4 .*$(reason KEK_DIFFERS)"

# A copy without dates seals no longer than the others, on whichever token it is.
value=$(stock rand -hex 32)
for token in kek two; do
    make_kek "$token" outside-again --id d1 --import "$value"
done
make_version dated/1 -pkeyopt token:kek -pkeyopt copy-of:outside-again \
    -pkeyopt not-after:2033-02-01
make_version dated/1 -pkeyopt token:two -pkeyopt copy-of:outside-again
for token in kek two; do
    make_kek "$token" outside-again --destroy
done
write_cnf 'kek=dated/*' 'token="pkcs11:token=two pkcs11:token=kek"' allow-imported-kek=yes
expect_quiet seal -in plain -out sealed
tool check >out 2>&1 || :
says "^warning KEK: 'dated/1' .*: its last day is 2033-02-01, in 29 days"
fails KEK_GAP "the last day is 2033-02-01" kek rotate --token kek --start 2033-03-01 dated
it_is 2033-02-02
expect_failure KEK_NO_VERSION "last day was 2033-02-01" seal -in plain -out failed
expect_quiet open -in sealed -out opened
same plain opened
