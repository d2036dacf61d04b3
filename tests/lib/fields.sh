# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Base of the tests of fields and tenant keys, in addition to fixture.sh and named.sh.
: "${cnf:?}" "${ENVELOPE_PROGRAMS:?}" "${ENVELOPE_MODULE_DIR:?}"

hex() { # of stdin
    od -An -v -tx1 | tr -d ' \n'
}

# From here on the configuration has envelope-names as well.
names_too() {
    printf '[names_sect]\npath = %s\n' "$ENVELOPE_MODULE_DIR/envelope.so" >>"$cnf"
    sed -i 's/^providers = .*/&\nenvelope-names = names_sect/' "$cnf"
}

by_name() { # cipher, -e or -d, hexadecimal key bytes
    with_envelope "$ENVELOPE_PROGRAMS/by_name" "$1" "$2" -K "$3"
}

# "ENVF" 01, and three parts with their lengths; the last is the context.
form() { # stand-in, hexadecimal tenant key, tenant, context
    printf 'ENVF\001' | hex
    printf '%04x%s' "$(printf %s "$1" | wc -c)" "$(printf %s "$1" | hex)"
    printf '%04x%s' "$((${#2} / 2))" "$2"
    printf '%04x%s' "$(printf %s "$3" | wc -c)" "$(printf %s "$3" | hex)"
    printf %s "$4" | hex
}
