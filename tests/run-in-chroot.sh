#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The suite against another Debian release's OpenSSL: makes a chroot with debootstrap under
# build/chroot (kept for the next time), copies the committed tree into it, and there
#   1. builds and runs everything that `tests/run.sh --libcrypto` runs,
#   2. runs some of them with the module that was built outside, against this system's OpenSSL: a
#      module built against 3.0 works in 3.5. Not in 4.0, which is another library.
# Ends in one line, "N passed, N failed".
#
#     tests/run-in-chroot.sh [release]             needs root
#     tests/run-in-chroot.sh --make [release]      makes the chroot, and no more
#
# trixie (OpenSSL 3.5) unless said otherwise; sid has what comes next, and experimental is sid with
# the OpenSSL of Debian's experimental suite.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
make_only=false
if [[ ${1-} == --make ]]; then
    make_only=true
    shift
fi
release=${1:-trixie}
# shellcheck source=tests/lib/chroot.sh
source tests/lib/chroot.sh
use_chroot "$release"

# What a release has for tests that the system outside cannot run.
install_more() {
    local packages
    if [[ $release == experimental ]]; then
        # apt only takes named packages from this suite
        sed 's/ sid / experimental /' "$root/etc/apt/sources.list" \
            >"$root/etc/apt/sources.list.d/experimental.list"
    fi
    inside apt-get update -q
    if [[ $release == experimental ]]; then
        install_packages -t experimental openssl libssl-dev openssl-provider-fips
    fi
    mapfile -t packages < <(inside apt-cache search --names-only \
        '^(pkcs11-provider|openssl-provider-fips)$' | cut -d ' ' -f 1)
    install_packages "${packages[@]}"
}

# The module of the system outside, built as a user would build it.
build_outside() {
    cmake -S . -B build/for-chroot -G Ninja -DCMAKE_BUILD_TYPE=Release
    cmake --build build/for-chroot
    rm -rf "$root/outside"
    mkdir "$root/outside"
    cp build/for-chroot/envelope.so build/for-chroot/envelope "$root/outside/"
}

echo "== $release: making the chroot"
quietly debootstrap install_debootstrap
quietly make make_chroot
quietly more install_more
quietly copy copy_tree src
quietly install inside bash /src/tests/run.sh --install
! $make_only || exit 0
quietly build build_outside

echo "== $release: the suite, built there"
inside bash /src/tests/run.sh --libcrypto | tee "$logs/chroot-suite.log" || [[ ${PIPESTATUS[0]} == 1 ]]
read -r passed failed < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' \
    "$logs/chroot-suite.log")

major() { # command ...
    "$@" openssl version | sed -E 's/^OpenSSL ([0-9]+)\..*/\1/'
}
if [[ $(major inside) != $(major env) ]]; then
    echo "== $release: $(inside openssl version): the module built with $(openssl version) is not for it"
    count_steps
    exit
fi

echo "== $release: $(inside openssl version), the module built with $(openssl version)"
# One of those tests: says its name where it fails.
with_module_outside() { # name
    inside env ENVELOPE_MODULE_DIR=/outside ENVELOPE_PROGRAMS=/src/build/suite/tests \
        bash "/src/tests/integration/$1.sh" >"$logs/chroot-$1.log" 2>&1 || echo "$1"
}

# Each part of the interface between a module and libcrypto.
names=(audit cms errors_message fields fork kek_keys kek_kem kek_skey key_stand_in key_wrap lazy names
    rewrap roundtrip rsa stock_check stock_names stock_undisturbed)
export root logs
export -f inside with_module_outside
mapfile -t bad < <(printf '%s\n' "${names[@]}" |
    xargs -P "$(nproc)" -I '{}' bash -c 'with_module_outside {}')
for name in "${bad[@]}"; do
    tail -n 50 "$logs/chroot-$name.log"
    echo "== $name: FAILED with the module built outside"
done
failed=$((failed + ${#bad[@]}))
passed=$((passed + ${#names[@]} - ${#bad[@]}))
count_steps
