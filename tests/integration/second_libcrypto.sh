#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A module that brings its own libcrypto into the program: every operation fails with its own
# reason, no token is touched, and the program ends normally.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
spy=$(first_file /usr/lib/*/pkcs11/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so)
write_cnf "pkcs11-module-path=\"$spy\""
export PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/spied
version=$(openssl version | cut -d ' ' -f 2)

expect_failure FOREIGN_LIBCRYPTO \
    "the program's OpenSSL is $version, the module's is another one, $version" \
    with_envelope "$ENVELOPE_PROGRAMS/second_libcrypto" "$ENVELOPE_MODULE_DIR/envelope.so"
[[ ! -e spied ]] || fail "a token was touched: $(head -20 spied)"
grep -q 'envelope' failed.err || fail "$(<failed.err)"
