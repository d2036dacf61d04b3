#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/BACKUP-JOB.md: the job, word for word, on good nights and bad ones; its units and its line for
# cron; opening what it made; how it is set up, and its next KEK. And that what the page warns of does
# happen.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_usual
# The job runs the likes of tar, which leave memory to the end of the process.
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}")
export PATH=$ENVELOPE_MODULE_DIR:$PATH # the command is to be found, as when it is installed
sed 's/^<!-- job: /<!-- test: /' "$source_dir/docs/BACKUP-JOB.md" >page.md

block page.md job sh >sealed-backup
chmod 700 sealed-backup
block page.md restore sh >restore.sh
mkdir backup saved saved/etc saved/srv
stream 300000 >saved/srv/data
echo words >saved/etc/words
name=backup/$(uname -n)-$(date +%F).tar.gz.sealed

night() { # what else is set: NAME=VALUE ...
    with_envelope env "$@" "$work/sealed-backup" "$work/backup" "$work/saved/etc" "$work/saved/srv"
}

good_night() {
    night >night.out 2>&1 || fail "$(<night.out)"
    [[ ! -s night.out ]] || fail "cron would send a mail: $(<night.out)"
}

# The job fails, says the words, and all is as it was.
bad_night() { # pattern, what else is set
    local pattern=$1 status=0
    shift
    sha256sum backup/*.sealed >before
    night "$@" >night.out 2>&1 || status=$?
    ((status != 0)) || fail "it did not fail: $(<night.out)"
    grep -qE "$pattern" night.out || fail "'$pattern' expected: $(<night.out)"
    sha256sum --quiet --check before || fail "a backup has changed"
    [[ $(find backup -type f -printf '%f\n' | sort | tr '\n' ' ') == ".lock ${name#*/} "* ]] ||
        fail "other files: $(ls -A backup)"
}

# ---- a good night, and what comes out again ----

good_night
[[ $(ls -A backup) == ".lock"$'\n'"${name#*/}" ]] || fail "other files: $(ls -A backup)"
(($(stat -c %a "$name") == 600)) || fail "others can read it"
mkdir target
with_envelope env backup="$name" target=target bash -eu restore.sh >restore.out 2>&1 ||
    fail "$(<restore.out)"
same saved/srv/data "target$work/saved/srv/data"
same saved/etc/words "target$work/saved/etc/words"

# A second one of the day takes the place of the first; old ones go.
cp "$name" first
: >backup/old.tar.gz.sealed
: >backup/recent.tar.gz.sealed
: >backup/other
touch -d '32 days ago' backup/old.tar.gz.sealed backup/other
touch -d '29 days ago' backup/recent.tar.gz.sealed
good_night
if cmp -s "$name" first; then fail "it was not made again"; fi
[[ ! -e backup/old.tar.gz.sealed && -e backup/recent.tar.gz.sealed && -e backup/other ]] ||
    fail "what was deleted: $(ls -A backup)"
rm backup/other backup/recent.tar.gz.sealed

# One that was killed leaves its part, which goes the next night.
: >backup/killed.tar.gz.sealed.part
good_night
[[ ! -e backup/killed.tar.gz.sealed.part ]] || fail "the part is there still"

# ---- a file that is there already ----

block page.md file sh >file.sh
cp saved/srv/data dump.sql
seal -in saved/etc/words -out dump.sql.sealed 2>/dev/null
with_envelope bash -eu file.sh >file.out 2>&1 || fail "$(<file.out)"
[[ ! -e dump.sql ]] || fail "the dump is still there"
open -in dump.sql.sealed 2>/dev/null | cmp - saved/srv/data || fail "another dump"

# ---- bad nights ----

mv tokens tokens.away
mkdir tokens
bad_night "$(reason NO_TOKEN)"
rmdir tokens
mv tokens.away tokens

mv saved/srv saved/away
bad_night 'saved/srv: Cannot stat'
mv saved/away saved/srv

# the disk is full
cat >full <<'END'
#!/bin/bash
ulimit -f 100
exec "$@"
END
chmod 700 full
night_of_work=$work/sealed-backup
mv sealed-backup job
printf '#!/bin/bash\nexec %q %q "$@"\n' "$work/full" "$work/job" >sealed-backup
chmod 700 sealed-backup
bad_night 'File size limit exceeded|error writing output file'
mv job "$night_of_work"

# what was written is not what is on the disk: a sync that alters the file that it is given
mkdir altered
# shellcheck disable=SC2016 # the dollar is the other script's
printf '#!/bin/bash\n[[ ! -f $1 ]] || printf x | env -u LD_PRELOAD dd of="$1" bs=1 seek=5000 conv=notrunc status=none\n' \
    >altered/sync
chmod 700 altered/sync
bad_night "$(reason BAD_SEGMENT)" "PATH=$work/altered:$PATH"
# and one that says that it could not
printf '#!/bin/bash\necho "sync: no luck" >&2\nexit 1\n' >altered/sync
bad_night "no luck" "PATH=$work/altered:$PATH"

exec 8>backup/.lock
flock 8
bad_night "another one is running"
exec 8>&-

# A file that changes while tar reads it is no failure.
mkdir growing
cat >growing/tar <<'END'
#!/bin/bash
/bin/tar "$@" || exit
exit 1
END
chmod 700 growing/tar
night "PATH=$work/growing:$PATH" >night.out 2>&1 || fail "$(<night.out)"
good_night

# ---- units, cron ----

for unit in service timer; do
    block page.md $unit ini | sed "s|/usr/local/sbin/sealed-backup|$work/sealed-backup|" \
        >sealed-backup.$unit
done
systemd-analyze verify ./sealed-backup.service ./sealed-backup.timer >verify.out 2>&1 ||
    fail "$(<verify.out)"
[[ ! -s verify.out ]] || fail "$(<verify.out)"
sed -i 's/Persistent/Persistnt/' sealed-backup.timer # so it does look
systemd-analyze verify ./sealed-backup.timer >verify.out 2>&1 || :
grep -q Persistnt verify.out || fail "it does not look: $(<verify.out)"
block page.md cron "" >cron
started=$(sed -n 's/^ExecStart=//p' sealed-backup.service)
[[ "$(tail -1 cron)" == "30 2 * * * root ${started/$work//usr/local/sbin}" ]] ||
    fail "cron does another thing: $(<cron)"
[[ $(block_names page.md | wc -l) == 9 ]] || fail "an example is not looked at"

# ---- before the first night, the next KEK, and the machine is lost ----

for place in machine elsewhere; do
    mkdir -p $place/tokens
    sed "s|$work/tokens|$work/$place/tokens|" softhsm2.conf >$place/softhsm2.conf
done
at() { # place, command ...
    local place=$1
    shift
    cnf=$place/openssl.cnf SOFTHSM2_CONF=$work/$place/softhsm2.conf with_envelope "$@"
}
here() { # example: as it is, but for the folders
    block page.md "$1" sh | sed -e "s|/etc/envelope|$work/machine|g" -e "s|/backup|$work/nights|g"
}
SOFTHSM2_CONF=$work/elsewhere/softhsm2.conf make_token spare
cnf=elsewhere/openssl.cnf write_cnf token='"pkcs11:token=spare"' kek=recovery
block page.md recovery sh >recovery.sh
at elsewhere bash -eu recovery.sh >recovery.out 2>&1 || fail "$(<recovery.out)"
mkdir conf
sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope|$work/machine|" \
    "$source_dir/conf/envelope.cnf" >conf/envelope.cnf
here setup >setup.sh
at machine env OPENSSL_CONF=/dev/null bash -eu setup.sh >setup.out 2>&1 || fail "$(<setup.out)"
grep -q ' 0 failed$' setup.out || fail "the check: $(<setup.out)"
grep -qE "^warning KEK: file '$work/machine/recovery.pub' \(RSA-3072, reference [0-9a-f]{40}\) wrapped; what opens it is on no configured token$" \
    setup.out || fail "no warning: $(<setup.out)"

mkdir nights gone
at machine ./sealed-backup "$work/nights" "$work/saved/etc" >night.out 2>&1 || fail "$(<night.out)"
here rotate >rotate.sh
at machine bash -eu rotate.sh >rotate.out 2>&1 || fail "$(<rotate.out)"
grep -q '^1 re-wrapped (1 in place)' rotate.out || fail "not re-wrapped: $(<rotate.out)"
grep -q '^1 opened .*, 0 failed' rotate.out || fail "not verified: $(<rotate.out)"
if at machine envelope verify nights >verify.out 2>&1; then fail "the lock is a message"; fi
rm -r machine
at elsewhere env backup="nights/${name#*/}" target=gone bash -eu restore.sh >restore.out 2>&1 ||
    fail "$(<restore.out)"
same saved/etc/words "gone$work/saved/etc/words"

# ---- what the page warns of ----

echo precious >out
expect_failure KEK_NOT_FOUND "" ossl enc -e -envelope \
    -K "$(printf %-64s "$(printf nobody | od -An -tx1 | tr -d ' \n')" | tr ' ' 0)" -in saved/etc/words -out out
[[ ! -s out ]] || fail "a sealing that failed did not empty the file"
cp saved/etc/words x
expect_quiet seal -in x -out x
expect_quiet open -in x -out opened
[[ ! -s opened ]] || fail "a file was sealed onto itself"
(
    set +o pipefail
    tar c saved/etc saved/nowhere 2>/dev/null | seal -out half 2>/dev/null
) || fail "the status of half an archive"
open -in half 2>/dev/null | tar t | found -x saved/etc/words || fail "half an archive"
