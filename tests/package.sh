#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/INSTALL.md and the Debian packages, in a fresh chroot of a release under build/chroot. The
# page is followed word for word: built from source, installed, tried, uninstalled; the package
# built, installed, and used by a service's user. It is built again in a folder with another name
# and compared byte for byte, checked by lintian, and purged. Needs root. Ends in one line, "N
# passed, N failed".
#
#     tests/package.sh [release ...]       bookworm and trixie unless said otherwise
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/lib/chroot.sh
source tests/lib/chroot.sh
# shellcheck source=tests/lib/blocks.sh
source tests/lib/blocks.sh

# An example of the page, run as root in a copy of the tree.
example() { # name, folder
    {
        echo 'set -ex; export DEBIAN_FRONTEND=noninteractive'
        block docs/INSTALL.md "$1" sh
    } >"$root/example.sh"
    inside sh -c "cd /$2 && bash /example.sh"
}

make_ready() {
    inside apt-get update -q
    copy_tree one/tree
    copy_tree two/tree-of-another-name
}

from_source() {
    example source one/tree
    install_packages openssl softhsm2
    inside test -x /usr/local/bin/envelope
    inside env OPENSSL_CONF=/dev/null openssl list -providers -provider envelope | grep 'status: active'
    example uninstall one/tree
    if inside find /usr -name '*envelope*' | grep .; then
        return 1
    fi
    rm -rf "$root/one/tree/build"
}

build_again() {
    inside sh -c 'cd /two/tree-of-another-name && dpkg-buildpackage -b -us -uc'
}

compare() {
    (cd "$root/one" && sha256sum ./*.deb) >"$root/sums"
    [[ $(wc -l <"$root/sums") == 3 ]] || { # two packages, and what a debugger needs of one
        cat "$root/sums"
        return 1
    }
    (cd "$root/two" && sha256sum -c "$root/sums")
}

# No bug asks for the package, which a first version would close.
judge() {
    install_packages lintian
    inside sh -c 'lintian --allow-root --fail-on error,warning --info \
        --suppress-tags initial-upload-closes-no-bugs /one/*.changes'
}

try_it() {
    inside sh -c 'apt-get install -q -y --no-install-recommends /one/openssl-provider-envelope-dev_*.deb \
        gcc libc6-dev pkgconf'
    # nothing changes for who does not ask
    if inside openssl list -providers | grep envelope; then
        return 1
    fi
    inside bash /one/tree/debian/tests/seal-and-open
}

# systemd does not run here. What its unit says is set by hand: user, environment, credential.
as_service() { # command ...
    inside env OPENSSL_CONF=/etc/envelope/app.cnf SOFTHSM2_CONF=/etc/envelope/softhsm2.conf \
        CREDENTIALS_DIRECTORY=/run/app-credentials runuser -u app -- "$@"
}

serve() {
    example service one/tree
    example service-files one/tree
    inside install -d -o app -m 500 /run/app-credentials
    inside install -o app -m 400 /etc/envelope/pin /run/app-credentials/pin
    as_service openssl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:orders -out /dev/null
    # shellcheck disable=SC2046 # words are meant
    as_service $(sed -n 's/^ExecStartPre=//p' conf/app.service)
    as_service sh -c 'echo words | openssl enc -e -envelope -K 0 | openssl enc -d -envelope -K 0' |
        grep -x words
    grep '"application":"app"' "$root/var/log/app/envelope.log"
    # another user has neither token nor PIN
    inside useradd --system other
    if inside env OPENSSL_CONF=/etc/envelope/app.cnf SOFTHSM2_CONF=/etc/envelope/softhsm2.conf \
        CREDENTIALS_DIRECTORY=/run/app-credentials runuser -u other -- envelope check; then
        return 1
    fi
}

remove() {
    inside apt-get purge -q -y openssl-provider-envelope openssl-provider-envelope-dev
    if find "$root/usr" -name '*envelope*' | grep .; then
        return 1
    fi
    [[ -f $root/etc/envelope/pin && ! -e $root/etc/envelope/provider.cnf ]] # what is the user's stays
}

everything() {
    use_chroot "$1" "package-$1"
    echo "== $release: making a fresh chroot"
    rm -f "$root/made"
    leave
    quietly debootstrap install_debootstrap
    quietly make make_chroot
    quietly ready make_ready
    step "from source" from_source
    step "the package" example package one/tree
    if $good; then
        step "try it" try_it
        step "a service" serve
        step "build it again" build_again
        step "the same bytes" compare
        step lintian judge
        step remove remove
    fi
    leave
}

(($# > 0)) || set -- bookworm trixie
for wanted; do
    everything "$wanted"
done
count_steps
