#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# close-at-exit: a process that ends logs out and closes its sessions, and finalises no module; no
# crash, however it ends. (Its purpose, a TPM, is tested in tests/tokens.sh.)
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
echo words >plain
spy=$(first_file /usr/lib/*/pkcs11/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so)
export PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/spy.log
calls() { # name
    grep -cE "^[0-9]+: $1\$" spy.log || :
}
calls_are() { # opened, logins, logouts, closed
    local got
    got="$(calls C_OpenSession) $(calls C_Login) $(calls C_Logout) $(calls C_CloseSession)"
    [[ $got == "$*" ]] || fail "sessions opened, logins, logouts, sessions closed: $got, not $*"
    [[ $(calls C_Finalize) == 0 ]] || fail "a module was finalised"
    : >spy.log
}

write_cnf "pkcs11-module-path=\"$spy\""
seal -in plain -out sealed 2>err || fail "$(<err)"
calls_are 1 1 0 0
write_cnf "pkcs11-module-path=\"$spy\"" close-at-exit=yes
open -in sealed -out opened 2>err || fail "$(<err)"
same plain opened
calls_are 1 1 1 1
# also where it failed, and where there was no login
printf wrong >wrong
write_cnf "pkcs11-module-path=\"$spy\"" close-at-exit=yes "pin-source=\"file:$work/wrong\""
expect_failure PIN_WRONG "" open -in sealed
calls_are 1 1 0 1
write_cnf "pkcs11-module-path=\"$spy\"" close-at-exit=yes kek=absent
expect_failure KEK_NOT_FOUND "" seal -in plain
[[ $(calls C_Logout) == 1 && $(calls C_OpenSession) == $(calls C_CloseSession) ]] || fail "$(<spy.log)"

# A child of fork has sessions of its own, and never ends its parent's.
write_cnf "pkcs11-module-path=\"$spy\"" close-at-exit=yes
: >spy.log
printf '%s\n' seal fork open fork open | with_envelope timeout 100 "$ENVELOPE_PROGRAMS/on_command" >out 2>err ||
    fail "$(<out) $(<err)"
if [[ -s err ]] || grep -qv '^good$' out; then
    fail "$(<out) $(<err)"
fi

# However it ends: without words and with status 0.
alive_at_the_end=(env)
if [[ ${ENVELOPE_SANITIZE:-} == *address* ]]; then
    alive_at_the_end=(env ASAN_OPTIONS=detect_leaks=0:intercept_tls_get_addr=0)
fi
all_end() { # lines of openssl.cnf
    local name
    write_cnf "$@" close-at-exit=yes
    for name in exit _exit quick_exit cleanup dlclose cleanup-freed freed-after-cleanup freed-before-cleanup \
        libctx two threads exit-from-thread; do
        with_envelope timeout 200 "${alive_at_the_end[@]}" "$ENVELOPE_PROGRAMS/end_of_life" "$name" \
            "$ENVELOPE_MODULE_DIR/envelope.so" >out 2>err || fail "$name: status $?: $(<out) $(<err)"
        [[ ! -s err && $(<out) == "$name: at the end" ]] || fail "$name: $(<out) $(<err)"
    done
}
all_end
make_nss
make_nss_kek orders --id 0a0b --usage wrap
all_end "${nss_lines[@]}"
all_end -pkcs11-module-path
write_cnf close-at-exit=sometimes
expect_failure CONFIG_VALUE 'close-at-exit takes yes or no' seal -in plain
write_cnf close_at_exit=yes
expect_failure CONFIG_UNKNOWN_KEY close_at_exit seal -in plain
