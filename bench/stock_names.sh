#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The cost of key-ciphers for programs that pass a real key: instructions of an init, and of a
# process's start (openssl enc on an empty file), counted by callgrind, which gives the same number
# each time.
#
#     bench/stock_names.sh BUILD-FOLDER STOCK_INITS
set -euo pipefail
build=$(cd "$1" && pwd)
inits=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
: >empty

cnf() { # name, lines of our section, or none at all
    {
        printf '%s\n' 'openssl_conf = init' '[init]' 'providers = providers' 'alg_section = algorithms' \
            '[algorithms]' 'default_properties = ?provider=envelope' '[providers]' \
            'default = default_sect'
        [[ $# -lt 2 ]] || echo 'envelope = envelope_sect'
        printf '%s\n' '[default_sect]' 'activate = 1'
        [[ $# -lt 2 ]] || printf '%s\n' '[envelope_sect]' 'activate = 1' "${@:2}"
    } >"$1.cnf"
}
cnf without
cnf loaded ''
cnf spliced 'key-ciphers = mariadb'

instructions() { # configuration, command ...
    OPENSSL_CONF=$1.cnf OPENSSL_MODULES=$build valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "${@:2}" 2>&1 | sed -n 's/.*Collected : //p'
}

start() { # configuration
    instructions "$1" openssl enc -e -aes-256-ctr -K "$(printf '%064d' 7)" -iv 0 -in empty
}
base=$(start without)
echo "process start without the module: $base instructions"
for name in loaded spliced; do
    echo "  $name: $(($(start "$name") - base)) more"
done

one_init() { # cipher, query
    echo $((($(instructions spliced "$inits" "$1" "$2" 3000) -
        $(instructions spliced "$inits" "$1" "$2" 1000)) / 2000))
}
for cipher in AES-256-CBC AES-256-CTR AES-256-GCM ChaCha20-Poly1305; do
    stock=$(one_init $cipher provider=default)
    ours=$(one_init $cipher provider=envelope)
    echo "an init of $cipher: $stock, ours $((ours - stock)) more"
done
