# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Another Debian release in a folder under build/chroot, kept for the next time. Needs root. Source
# it in the project's folder.

# Selects the release for everything below.
use_chroot() { # release, name of its folder
    release=$1
    root=$PWD/build/chroot/${2-$1}
    logs=$PWD/build/logs
    mkdir -p "$logs" "$root"
    ((EUID == 0)) || {
        echo "a chroot needs root" >&2
        exit 2
    }
    trap leave EXIT
}

# /dev is not mounted: debootstrap makes the devices that are needed, and a chroot that was left
# behind can be deleted without harm.
leave() {
    if mountpoint -q "$root/proc"; then
        umount "$root/proc"
    fi
    if mountpoint -q "$root"; then
        umount "$root"
    fi
}

inside() {
    # /bin as well: not every release has it in /usr
    env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}

quietly() { # name, command ...
    local name=$1
    shift
    # in the background, since within an `if` set -e has no meaning
    "$@" >"$logs/chroot-$name.log" 2>&1 &
    if ! wait $!; then
        tail -n 50 "$logs/chroot-$name.log"
        echo "$name failed, see $logs/chroot-$name.log" >&2
        exit 1
    fi
}

install_debootstrap() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' debootstrap 2>/dev/null) != installed ]] ||
        return 0
    exec 9>"$logs/apt.lock" # run.sh may be about to do the same
    flock 9
    apt-get update -q
    apt-get install -q -y --no-install-recommends debootstrap
    exec 9>&-
}

make_chroot() {
    if [[ ! -f $root/made ]]; then
        rm -rf "$root"
        debootstrap --variant=minbase --include=ca-certificates "${release/experimental/sid}" "$root"
        touch "$root/made"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # a mirror of sid may be days behind
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/old-mirror"
    # a mount point itself, so that tests in it can have mount namespaces of their own
    mountpoint -q "$root" || mount --bind "$root" "$root"
    mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
}

install_packages() {
    inside env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

copy_tree() { # folder inside
    find "$root/$1" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} + 2>/dev/null ||
        mkdir -p "$root/$1"
    git archive HEAD | tar -x -C "$root/$1"
}

passed=0
failed=0
good=true

# Runs a step, and counts it. Whether it succeeded is in good. In the background, and never part of a
# condition: within one, set -e has no meaning.
step() { # name, command ...
    local name=$1 log start=$SECONDS
    log=$logs/$(basename "$0" .sh)-$release-${1//[ ,]/-}.log
    shift
    good=false
    "$@" >"$log" 2>&1 &
    wait $! && good=true
    if $good; then
        passed=$((passed + 1))
        echo "== $release: $name: passed ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1))
        tail -n 50 "$log"
        echo "== $release: $name: FAILED ($((SECONDS - start)) s), see $log"
    fi
}

# The last line of a script, and its status.
count_steps() {
    echo "$passed passed, $failed failed"
    ((failed == 0))
}
