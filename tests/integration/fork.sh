#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs that fork while they seal and open, as servers do: forks/main.c. No child hangs, none
# disturbs its parent. FORKS says how many children a case has; 1000 take some minutes.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
forks=${FORKS:-12}
export FORK_SECONDS=$((200 + forks))

# The allocators of gcc's sanitizers are left locked in the child of a process with threads, and a
# context that is alive at exit points to its parts from memory that the leak checker does not see.
threaded=(load programs first)
if [[ -n ${ENVELOPE_SANITIZE:-} ]]; then
    threaded=()
    export ASAN_OPTIONS=detect_leaks=0:intercept_tls_get_addr=0
    sanitizer_env=("${sanitizer_env[@]/ASAN_OPTIONS=*/ASAN_OPTIONS=$ASAN_OPTIONS}")
fi

forks() { # case, count
    local name=$1 count=$2
    with_envelope timeout -k 5 $((FORK_SECONDS + 30)) "$ENVELOPE_PROGRAMS/fork_load" "$name" "$count" \
        >out 2>err || fail "$name, $setting: status $?: $(head -c 20000 err)"
    [[ ! -s err ]] || fail "$name, $setting: $(head -c 20000 err)"
    echo "$setting: $(<out)"
}

all_fork() {
    local name
    rm -f sealed.before
    for name in "${threaded[@]}" alone; do
        forks "$name" "$forks"
    done
    for name in servers servers-first; do
        forks "$name" $(((forks + 7) / 8))
    done
}

ours_first() {
    sed -i -e '/^default = default_sect$/d' -e 's/^envelope = envelope_sect$/&\ndefault = default_sect/' "$cnf"
}

first_and_last() { # lines of openssl.cnf
    setting="$module, our provider last"
    write_cnf "$@"
    all_fork
    setting="$module, our provider first"
    ours_first
    all_fork
}

module=SoftHSM
first_and_last

module=NSS
make_nss
make_nss_kek orders --id 0a0b --usage wrap
first_and_last "${nss_lines[@]}"

# Of the modules that p11-kit knows some have threads of their own, in every process: ThreadSanitizer
# ends a child that starts one where its parent had one.
[[ ${ENVELOPE_SANITIZE:-} != thread ]] || exit 0

# OpenSC's module loads providers of libcrypto when a child starts it anew, for which libcrypto takes a
# lock that a beginning or ending thread of the parent may have had (docs/SECURITY.md).
rm -f "$p11_modules/opensc-pkcs11.module"
module="p11-kit's proxy"
first_and_last "pkcs11-module-path=\"$(first_file /usr/lib/*/p11-kit-proxy.so)\""
