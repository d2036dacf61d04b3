#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One ciphertext of each mode, which PHP made with the key under stock OpenSSL, opens in PHP, Ruby,
# Python and Node with one stand-in, and what each writes with it opens in all of them.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
find_node
make_two_places
stream 3000 >plain
languages=(php ruby python node)
modes=(cbc gcm)
for_program=("key-ciphers=AES-256-CBC AES-256-GCM" allow-keys="cbc gcm")

run() { # a way to run it, language, action, mode, in, out
    local way=$1 language=$2 action=$3 mode=$4 program cipher=aes-256-$4
    case $language in
    php) program=(php "$source_dir/tests/programs/served.php") ;;
    ruby) program=(ruby "$source_dir/tests/programs/served.rb") ;;
    node) program=("${node[@]}" "$source_dir/tests/programs/served.js") ;;
    python)
        program=(/usr/bin/python3 "$source_dir/tests/programs/served.py")
        cipher=$mode # its name there
        ;;
    esac
    "$way" "${program[@]}" "$action" "$cipher" "$mode.$configured" "$5" "$6" 2>err
}
opens_everywhere() { # mode, file
    local language
    for language in "${languages[@]}"; do
        run ours "$language" open "$1" "$2" opened || fail "$language: $2: $(<err)"
        same plain opened
        rm opened
    done
}

take_over cbc AES-256-CBC 32
take_over gcm AES-256-GCM 32
configured=key
for mode in "${modes[@]}"; do
    run as_before php seal "$mode" plain "php.$mode" || fail "$(<err)"
done
configured=stand-in
rm ./*.key ./*.hex
program_cnf
for mode in "${modes[@]}"; do
    opens_everywhere "$mode" "php.$mode"
    for language in "${languages[@]}"; do
        run ours "$language" seal "$mode" plain new || fail "$language: $(<err)"
        opens_everywhere "$mode" new
    done
done
token_away
for language in "${languages[@]}"; do
    for mode in "${modes[@]}"; do
        ! run ours "$language" open "$mode" "php.$mode" opened || fail "$language: it opens"
        [[ ! -e opened ]] || fail "$language: there is output"
        grep -qF "$(reason NO_TOKEN)" err || fail "$language: $(<err)"
    done
done
