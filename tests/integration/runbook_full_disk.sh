#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/RUNBOOK.md, "The audit log's disk is full", word for word, on a full disk, so only where a
# test may mount one.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
[[ $ENVELOPE_OWN_MOUNTS == yes ]] || fail "this needs a mount namespace of its own"
# shellcheck source=../lib/runbook.sh
source "$source_dir/tests/lib/runbook.sh"
sed 's/^<!-- full-disk: /<!-- test: /' "$source_dir/docs/RUNBOOK.md" >page.md
make_house
page=$work/page.md

rm -r log
mkdir log
mount -t tmpfs -o size=64k,mode=700 envelope log
trap 'umount log; leave' EXIT
expect_quiet open -in archive/report.sealed -out opened
start_program card-key
does use seal open
head -c 100000 /dev/zero | tr '\0' '\n' >>log/audit.log 2>/dev/null && fail "the disk is not full"
cp log/audit.log before.log

perform seal 1
says seal
does use
does_not AUDIT_FAILED seal open
[[ -e report.new && ! -s report.new ]] || fail "something was given out"
expect_failure AUDIT_FAILED "" ossl enc -d -aes-256-cbc -K "$(od -An -v -tx1 card-key | tr -d ' \n')" -iv 0 -in row

# Without audit-required everything continues, without lines.
sed '/^audit-required/d' etc/openssl.cnf >lenient.cnf
cnf=lenient.cnf expect_quiet open -in archive/report.sealed -out opened
same report.pdf opened
[[ $(stat -c %s log/audit.log) == $(stat -c %s before.log) ]] || fail "a line is there"

perform room
[[ ! -e log/audit.log.1 ]] || fail "no room was made"
same before.log srv/audit.log.1
does use seal open
expect_quiet open -in archive/report.sealed -out opened
jq -e . log/audit.log >/dev/null || fail "$(<log/audit.log)"
[[ $(jq -s length log/audit.log) -ge 4 ]] || fail "lines are missing: $(<log/audit.log)"
# what a line that was cut off leaves is read past, as the page says
printf '{"time":"2026' >>srv/audit.log.1
jq -R 'fromjson?' srv/audit.log.1 >out || fail "jq: $(<out)"
grep -q '"operation": "unwrap"' out || fail "no line is read"
end_program
