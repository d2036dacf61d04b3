#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# However a program ends or unloads the provider, there is no hang, no crash and no output. The
# cases are in programs/end_of_life.c.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
provider=$ENVELOPE_MODULE_DIR/envelope.so
limit=200

# A context that is alive at the end points to its parts from memory that leak checkers do not see.
alive_at_the_end=(env)
if [[ ${ENVELOPE_SANITIZE:-} == *address* ]]; then
    alive_at_the_end=(env ASAN_OPTIONS=detect_leaks=0:intercept_tls_get_addr=0)
fi

ends() { # case, command before it
    local name=$1 status=0
    shift
    with_envelope timeout "$limit" "$@" "$ENVELOPE_PROGRAMS/end_of_life" "$name" "$provider" \
        >out 2>err || status=$?
    if ((status != 0)) || [[ -s err || $(<out) != "$name: at the end" ]]; then
        cat out err >&2
        fail "$name, $setting: status $status"
    fi
}

ours_first() {
    sed -i -e '/^default = default_sect$/d' -e 's/^envelope = envelope_sect$/&\ndefault = default_sect/' "$cnf"
}

all_end() { # lines of openssl.cnf
    local place name _
    for place in first last; do
        setting="$module, our provider $place"
        write_cnf "$@"
        [[ $place == last ]] || ours_first
        # and in the child of a fork, as dlclose makes one, the leak checker itself has words to say
        for name in exit _exit quick_exit cleanup dlclose; do
            ends "$name" "${alive_at_the_end[@]}"
        done
        for name in cleanup-freed freed-after-cleanup freed-before-cleanup libctx two; do
            ends "$name"
        done
        for _ in {1..5}; do # failures here are intermittent
            ends threads "${alive_at_the_end[@]}"
            ends exit-from-thread "${alive_at_the_end[@]}"
        done
        write_cnf -activate "$@" # the program loads it
        [[ $place == last ]] || ours_first
        ends unload
    done
}

module=SoftHSM
all_end
if [[ -z ${ENVELOPE_SANITIZE:-} ]]; then
    setting="under valgrind"
    limit=300
    write_cnf
    for name in exit cleanup freed-after-cleanup two; do
        ends "$name" valgrind --quiet --error-exitcode=9 --leak-check=full \
            --errors-for-leak-kinds=definite "--suppressions=$source_dir/tests/lib/valgrind.supp"
    done
    limit=200
fi

module=NSS
make_nss
make_nss_kek orders --id 0a0b --usage wrap
all_end "${nss_lines[@]}"

# Both know SoftHSM by the file that its package has in p11-kit's directory.
module="p11-kit's proxy"
proxy=$(first_file /usr/lib/*/p11-kit-proxy.so)
all_end "pkcs11-module-path=\"$proxy\""
module="all modules that p11-kit knows"
all_end -pkcs11-module-path
