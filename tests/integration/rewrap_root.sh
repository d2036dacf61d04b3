#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Re-wrapping in situations that only root can create, so only root runs this: a completely full
# disk, files of other users, immutable files, mount points.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
[[ $ENVELOPE_OWN_MOUNTS == yes ]] || fail "this needs a mount namespace of its own"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
make_two_keks
make_kek kek short --id 2011
stream 30000 >plain
seal_as one plain sealed

# ---- a full disk ----

mkdir disk
mount -t tmpfs -o size=256k,mode=700 envelope disk

# Both ways to change a file, with this many pages free: it works, or fails without damage.
with_free_pages() { # pages, KEK, command
    local status=0 free
    rm -f disk/*
    cp sealed disk/sealed
    free=$(df --output=avail --block-size=4096 disk | tail -n 1)
    head -c $(((free - $1) * 4096)) /dev/zero >disk/filling
    write_cnf "kek=$2"
    envelope "$3" disk/sealed >output 2>&1 || status=$?
    expect_no_sidecars disk
    case $status in
    0) opens_with_only "$2" disk/sealed plain ;;
    1)
        grep -q "$(reason FILE_FAILED).*No space left on device" output || fail "$(<output)"
        same sealed disk/sealed
        refused=$((refused + 1))
        ;;
    *) fail "status $status: $(<output)" ;;
    esac
}

for change in "two rewrap 0 1" "short rewrap 0 1 5 8 9 12" "two reencrypt 0 1 5 8 9 12"; do
    read -r kek subcommand pages <<<"$change"
    refused=0
    for free in $pages; do
        with_free_pages "$free" "$kek" "$subcommand"
    done
    ((refused > 0 && refused < $(wc -w <<<"$pages"))) ||
        fail "$change: $refused refusals: the disk was never full, or always"
done
umount disk

# ---- files of other users ----

cp sealed others
chown 12345:54321 others
chmod 4666 others
facts="12345:54321 666" # but the set-id bit, which no new content has
write_cnf kek=short
expect_output "1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap others
[[ $(stat -c '%u:%g %a' others) == "$facts" ]] || fail "another owner or mode: $(stat -c '%u:%g %a' others)"
opens_with_only short others plain
# Who may write to it but not give files away leaves it alone, unless it stays the same file.
cp others before
write_cnf kek=two
expect_failed FILE_UNSAFE "owner and group \(12345:54321\)" plainly envelope rewrap others
expect_no_sidecars .
same before others
expect_failed FILE_UNSAFE "owner and group \(12345:54321\)" plainly envelope reencrypt others
same before others
expect_output "1 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap others
write_cnf kek=one
expect_output "1 re-wrapped (1 in place), 0 current, 0 skipped, 0 failed" 0 plainly envelope rewrap others
[[ $(stat -c %u:%g others) == 12345:54321 ]] || fail "another owner: $(stat -c %u:%g others)"

# ---- files that nobody may change, and mounts that are read-only ----

mkdir readonly
mount -t tmpfs envelope readonly
cp others readonly/sealed
mount -o remount,ro readonly
write_cnf kek=two
expect_failed FILE_FAILED "Read-only file system" envelope rewrap readonly
umount readonly
if chattr +i others 2>/dev/null; then
    status=0
    envelope rewrap others >output 2>&1 || status=$?
    chattr -i others
    grep -q "$(reason FILE_FAILED).*Operation not permitted" output || fail "$(<output)"
    ((status == 1)) || fail "status $status: $(<output)"
else
    echo "this file system has no immutable files"
fi
opens_with_only one others plain

# ---- a file that is a mount point, and names that somebody else has taken ----

cp sealed outside
: >mountpoint
mount --bind outside mountpoint
write_cnf kek=short
expect_failed FILE_FAILED "exchange with its new file: Device or resource busy" envelope rewrap mountpoint
same sealed outside
expect_no_sidecars .
write_cnf kek=two
expect_output "1 re-wrapped (1 in place), 0 current, 0 skipped, 0 failed" 0 envelope rewrap mountpoint
umount mountpoint
opens_with_only two outside plain
mkdir -m 1777 shared
cp sealed shared/file
for taken in envelope-new:short envelope-exchange:short envelope-journal:two; do
    write_cnf "kek=${taken#*:}"
    squatter=shared/.file.${taken%:*}
    for kind in file directory link; do
        case $kind in
        file) echo mine >"$squatter" ;;
        directory) mkdir "$squatter" ;;
        link) ln -s /etc/passwd "$squatter" ;;
        esac
        chown -h 12345 "$squatter"
        status=0
        envelope rewrap shared/file >output 2>&1 || status=$?
        ((status == 1)) || fail "$taken, $kind: status $status: $(<output)"
        grep -qE "$(reason FILE_UNSAFE)|$(reason FILE_FAILED)" output || fail "$taken, $kind: $(<output)"
        same sealed shared/file
        [[ -e $squatter || -L $squatter ]] || fail "$taken, $kind: the existing file is gone"
        [[ $(stat -c %u "$squatter") == 12345 ]] || fail "$taken, $kind: it is a different file"
        rm -rf "$squatter"
    done
done
