#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From a clone to a sealed file: installs the Debian packages that are missing, builds the provider,
# makes a SoftHSM token with a KEK in it, writes an openssl.cnf, seals and opens a file.
#
# Everything is kept in build/quickstart (or the directory that ENVELOPE_QUICKSTART_DIR names). No
# other token and no other configuration is touched. It can be run again: the token and its KEK
# stay, so that earlier files still open.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${ENVELOPE_QUICKSTART_DIR:-$source_dir/build/quickstart}
packages=(cmake ninja-build pkg-config gcc libc6-dev libssl-dev openssl libp11-kit-dev softhsm2)

say() {
    printf '\n== %s\n' "$*"
}

fail() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

run_as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "these packages are missing, and there is no sudo to install them: ${missing[*]}"
    fi
}

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

install_packages() {
    missing=()
    command -v dpkg-query >/dev/null ||
        fail "this script knows Debian's packages; elsewhere install packages like: ${packages[*]}"
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    say "Installing ${missing[*]}"
    run_as_root apt-get update -q >"$dir/apt.log" 2>&1 ||
        fail "apt-get update failed, see $dir/apt.log"
    run_as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" >>"$dir/apt.log" 2>&1 ||
        fail "the packages could not be installed, see $dir/apt.log"
}

build() {
    say "Building the provider in $dir/build"
    if ! { cmake -S "$source_dir" -B "$dir/build" -G Ninja -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$dir/build"; } >"$dir/build.log" 2>&1; then
        tail -n 20 "$dir/build.log" >&2
        fail "the build failed, see $dir/build.log"
    fi
}

find_softhsm() {
    for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
        [[ ! -f $module ]] || return 0
    done
    fail "the package softhsm2 is installed, but libsofthsm2.so is not where it should be"
}

# The PIN is generated here, and stored in a file that only this user can read.
make_token() {
    export SOFTHSM2_CONF=$dir/softhsm2.conf
    if [[ -f $dir/token.made ]]; then
        say "Using the token that was made before, in $dir/tokens"
        return
    fi
    say "Making a SoftHSM token in $dir/tokens"
    rm -rf "$dir/tokens" "$dir/pin" # of an interrupted run
    mkdir "$dir/tokens"
    printf '%s\n' "directories.tokendir = $dir/tokens" "objectstore.backend = file" \
        "log.level = ERROR" >"$SOFTHSM2_CONF"
    openssl rand -hex 8 | tr -d '\n' >"$dir/pin"
    softhsm2-util --init-token --free --label envelope --so-pin "$(openssl rand -hex 8)" \
        --pin "$(<"$dir/pin")"
}

write_cnf() {
    say "Writing $dir/openssl.cnf"
    cat >"$dir/openssl.cnf" <<END
openssl_conf = openssl_init

[openssl_init]
providers = provider_sect

[provider_sect]
default = default_sect
envelope = envelope_sect

[default_sect]
activate = 1

[envelope_sect]
activate = 1
module = "$dir/build/envelope.so"
pkcs11-module-path = "$module"
token = "pkcs11:token=envelope"
pin-source = "file:$dir/pin"
kek = orders
END
}

# AES-256; never leaves the token; can only wrap and unwrap other keys. Its id, by which messages
# name it, is random.
make_kek() {
    [[ ! -f $dir/token.made ]] || return 0
    say "Making the KEK 'orders' in the token"
    if ! { OPENSSL_CONF=$dir/openssl.cnf openssl genpkey -algorithm ENVELOPE-KEK \
        -pkeyopt label:orders -out "$dir/kek.pem" &&
        OPENSSL_CONF=$dir/openssl.cnf openssl pkey -in "$dir/kek.pem" -noout -text; } \
        >"$dir/kek.log" 2>&1; then
        cat "$dir/kek.log" >&2
        fail "the KEK could not be made"
    fi
    grep -E 'Reference|Type|Allowed|Extractable' "$dir/kek.log"
    touch "$dir/token.made"
}

seal_and_open() {
    local -x OPENSSL_CONF=$dir/openssl.cnf
    say "Sealing README.md to readme.sealed and opening it to readme.opened, in $dir"
    # -K 0: the KEK is the one of openssl.cnf (without -K, enc asks for a password)
    openssl enc -e -envelope -K 0 -in "$plain" -out "$dir/readme.sealed" 2>"$dir/enc.log" ||
        fail "sealing failed: $(<"$dir/enc.log")"
    openssl enc -d -envelope -K 0 -in "$dir/readme.sealed" -out "$dir/readme.opened" \
        2>"$dir/enc.log" || fail "opening failed: $(<"$dir/enc.log")"
    cmp "$plain" "$dir/readme.opened" || fail "what came out is not what went in"
    echo "What came out is what went in."
    say "Who can open it (any OpenSSL shows this; keyIdentifier is the KEK's id)"
    OPENSSL_CONF=/dev/null openssl cms -cmsout -print -noout -inform DER \
        -in "$dir/readme.sealed" | sed -n -e '/keyIdentifier:/,/date:/{/date:/d;p}' \
        -e '/keyEncryptionAlgorithm:/,/algorithm:/p'
}

read_on() { # without man a page is hard to read
    if command -v man >/dev/null; then
        echo "man -l $(printf %q "$source_dir/docs/envelope.7")"
    else
        echo "envelope --help"
    fi
}

umask 077
[[ $dir == /* ]] || dir=$PWD/$dir
case $dir in
*[\"\\#\$]*) fail "the path of the clone has a quote, #, \$ or backslash: build tools stumble over it" ;;
esac
mkdir -p "$dir"
plain=$source_dir/README.md

install_packages
build
find_softhsm
make_token
write_cnf
make_kek
seal_and_open

say "Now try it yourself (-K 0 is the KEK of openssl.cnf; openssl remarks that 0 is short)"
cat <<END
export OPENSSL_CONF=$(printf %q "$dir/openssl.cnf") SOFTHSM2_CONF=$(printf %q "$dir/softhsm2.conf") PATH=$(printf %q "$dir/build"):\$PATH
openssl enc -e -envelope -K 0 -in FILE -out FILE.sealed
openssl enc -d -envelope -K 0 -in FILE.sealed -out FILE.opened
openssl cms -cmsout -print -noout -inform DER -in FILE.sealed
envelope check
$(read_on)
END
say "To remove all that it made (what was sealed does not open any more)"
echo "rm -r $(printf %q "$dir")"
