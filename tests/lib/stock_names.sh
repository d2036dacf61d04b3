# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Base of the tests of key-ciphers, in addition to fixture.sh, tool.sh and named.sh, which are
# sourced before.
: "${work:?}" "${cnf:?}"

# Every cipher that key-ciphers accepts.
# shellcheck disable=SC2034 # the tests use it
all_ciphers=$(
    for bits in 128 192 256; do
        printf 'AES-%s-%s ' $bits ECB $bits CBC $bits CBC-CTS $bits CTR $bits CFB $bits CFB1 \
            $bits CFB8 $bits OFB $bits GCM $bits CCM $bits OCB
        printf 'ARIA-%s-CBC CAMELLIA-%s-CBC ' $bits $bits
    done
    echo AES-128-XTS AES-256-XTS ChaCha20 ChaCha20-Poly1305 DES-EDE3-CBC
)

# The configuration of make_two_places with ours preferred, and libcrypto's generator told.
stock_cnf() { # lines
    named_cnf "$@"
    sed -i 's/^\[openssl_init\]$/&\nalg_section = algorithms\nrandom = random_numbers/' "$cnf"
    printf '%s\n' '[algorithms]' 'default_properties = ?provider=envelope' '[random_numbers]' \
        'properties = provider!=envelope' >>"$cnf"
}

# Who serves a cipher to a program that says nothing of providers.
served_by() { # cipher
    with_envelope "$ENVELOPE_PROGRAMS/served_by" "$1"
}

hex_of() { # file
    od -An -v -tx1 "$1" | tr -d ' \n'
}
