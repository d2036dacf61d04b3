#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The oldest and the newest gcc and clang of Debian releases, each in a chroot of the release under
# build/chroot. Each builds twice, with warnings as errors: the preset release (-O3,
# _FORTIFY_SOURCE=3), and with dpkg-buildflags' hardening and link time optimization. What came out
# is installed in the chroot, seals and opens, and is uninstalled. Needs root. Ends in one line,
# "N passed, N failed".
#
#     tests/compilers.sh [release ...]     bookworm, trixie and sid unless said otherwise
#     COMPILERS='gcc-11 clang-16' tests/compilers.sh bookworm
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/lib/chroot.sh
source tests/lib/chroot.sh

make_ready() {
    inside apt-get update -q
    install_packages cmake ninja-build pkg-config dpkg-dev gcc libc6-dev libssl-dev libp11-kit-dev \
        openssl softhsm2
    copy_tree src
    install -D -m 644 conf/provider.cnf "$root/etc/envelope/provider.cnf" # as the package does
}

# The release's own, from the oldest to the newest, one a line.
versions_of() { # gcc or clang
    inside apt-cache search --names-only "^$1-[0-9]+\$" | cut -d ' ' -f 1 | sort -V
}

oldest_and_newest() {
    local name
    for name in gcc clang; do
        versions_of "$name" | sed -n '1p;$p' | uniq
    done
}

# What is in a build's folder seals and opens as a package would.
try_it() { # folder
    local status=0
    inside cmake --install "/src/$1"
    inside bash /src/debian/tests/seal-and-open &
    wait $! || status=$?
    inside cmake --build "/src/$1" --target uninstall
    return "$status"
}

configure() { # folder, compiler, arguments of cmake
    local folder=$1 compiler=$2
    shift 2
    rm -rf "${root:?}/src/$folder"
    inside sh -c 'cd /src && "$@"' sh cmake -B "$folder" -G Ninja -D CMAKE_C_COMPILER="$compiler" \
        -D ENVELOPE_WERROR=ON -D CMAKE_INSTALL_PREFIX=/usr \
        -D ENVELOPE_ZSH_DIR=share/zsh/vendor-completions "$@"
}

as_release() { # compiler
    configure "build/$1" "$1" --preset release
    inside cmake --build "/src/build/$1"
    try_it "build/$1"
}

flags_of_dpkg() { # compiler, which flags
    local flags
    flags=$(inside env DEB_BUILD_MAINT_OPTIONS='hardening=+all optimize=+lto' dpkg-buildflags --get "$2")
    if [[ $1 == clang-* ]]; then
        # gcc's spelling, of which clang knows some from some version on
        flags=$(tr ' ' '\n' <<<"$flags" | grep -vE '^-(flto=auto|ffat-lto-objects|specs=.*)$' | tr '\n' ' ')
        flags+=" -flto=thin"
    fi
    echo "$flags"
}

as_package() { # compiler
    local cflags ldflags
    cflags="$(flags_of_dpkg "$1" CFLAGS) $(flags_of_dpkg "$1" CPPFLAGS)"
    ldflags="$(flags_of_dpkg "$1" LDFLAGS) -Werror" # the optimizer warns when it links
    configure "build/$1-lto" "$1" -D CMAKE_BUILD_TYPE=None -D CMAKE_C_FLAGS="$cflags" \
        -D CMAKE_EXE_LINKER_FLAGS="$ldflags" -D CMAKE_MODULE_LINKER_FLAGS="$ldflags"
    inside cmake --build "/src/build/$1-lto"
    try_it "build/$1-lto"
}

everything() { # release
    local compiler compilers
    use_chroot "$1" "compilers-$1"
    echo "== $release: making the chroot"
    quietly debootstrap install_debootstrap
    quietly make make_chroot
    quietly ready make_ready
    read -r -d '' -a compilers <<<"${COMPILERS-$(oldest_and_newest)}" || :
    ((${#compilers[@]} > 0)) || {
        echo "$release has no compilers" >&2
        exit 1
    }
    for compiler in "${compilers[@]}"; do
        quietly "$compiler" install_packages "$compiler"
        step "$compiler" as_release "$compiler"
        step "$compiler hardened with LTO" as_package "$compiler"
    done
    leave
}

(($# > 0)) || set -- bookworm trixie sid
for wanted; do
    everything "$wanted"
done
count_steps
