#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The documentation's marked examples, word for word and in their order (tests/lib/blocks.sh says
# how an example is marked). What is done with one follows from its language:
#
#   ini  becomes openssl.cnf, with the paths of module and PIN put to the test's own
#   conf is added to it
#   c    is written to NAME.c
#   sh   is run, where openssl.cnf, the module, NAME.c and the clone's path ($source_dir) are at hand
#   hex  is read by format_example.sh
#
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_usual
export PATH=$ENVELOPE_MODULE_DIR:$PATH # the command is to be found, as when it is installed
# The examples run the likes of tar, which leave memory to the end of the process.
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}")

# Examples that must be there, so that none goes untested because its mark was lost.
required=(README.md:configuration README.md:seal README.md:column README.md:switch
    docs/C-PROGRAMS.md:program docs/C-PROGRAMS.md:run-program
    docs/KEYWRAP.md:run-wrap-program docs/KEYWRAP.md:standard-names docs/KEYWRAP.md:cms)

language_of() { # file, name
    awk -v mark="<!-- test: $2 -->" '
        $0 == mark { marked = 1; next }
        marked && /^```/ { print substr($0, 4); exit }' "$1"
}

run_example() { # file, name
    local language
    language=$(language_of "$1" "$2")
    case $language in
    ini)
        block "$1" "$2" ini | sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" \
            -e "s|/etc/envelope/pin|$work/pin|" >openssl.cnf
        ;;
    conf)
        mkdir -p -m 755 keys
        block "$1" "$2" conf | sed "s|/etc/envelope/keys|$work/keys|" >>openssl.cnf
        ;;
    c)
        block "$1" "$2" c >"$2.c"
        compiles_anywhere "$2.c" 2>"$2.out" || fail "$1, example $2: $(<"$2.out")"
        ;;
    sh)
        block "$1" "$2" sh >"$2.sh"
        with_envelope bash -euo pipefail "$2.sh" >"$2.out" 2>&1 ||
            fail "$1, example $2: $(<"$2.out")"
        ;;
    hex) ;; # bytes, which format_example.sh reads
    *) fail "$1, example $2: no idea what to do with a fence of '$language'" ;;
    esac
}

for example in "${required[@]}"; do
    block_names "$source_dir/${example%%:*}" | found -x "${example#*:}" ||
        fail "${example%%:*} has no example '${example#*:}'"
done
stream 5000 >report.pdf # what the examples seal
openssl rand -base64 32 >app-key # and a key that a program has
for document in "$source_dir"/README.md "$source_dir"/docs/*.md; do
    case ${document##*/} in
    ROTATION.md) continue ;;   # rotation.sh does it
    PROGRAMS.md) continue ;;   # programs/recipes.sh and those of servers do
    NAMED-KEYS.md) continue ;; # named_keys_doc.sh does
    FIELDS.md) continue ;;     # fields_doc.sh does
    INSTALL.md) continue ;;    # tests/package.sh and conf_samples.sh do
    RUNBOOK.md) continue ;;    # runbook.sh and runbook_full_disk.sh do
    TWO-SERVERS.md) continue ;; # two_servers.sh does
    esac
    while read -r name; do
        echo "$document: $name"
        run_example "$document" "$name"
    done < <(block_names "$document")
done
