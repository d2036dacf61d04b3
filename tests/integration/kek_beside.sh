#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In one configuration with the pkcs11-provider module, in either order: neither disturbs the other.
# Not registered where that module is not installed (Debian has it from trixie on).
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
other=$(pkg-config --variable=modulesdir libcrypto)/pkcs11.so
[[ -f $other ]] || fail "pkcs11-provider is not installed"
make_usual
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --keypairgen \
    --key-type EC:prime256v1 --label signing --id aa >/dev/null 2>&1
echo words >plain

# The usual configuration with both, in this order. With SoftHSM the other one needs the quirk: by
# itself, without us, it crashes at exit (C_Finalize after the module's own destructors).
write_both() { # first, second, further lines of ours
    local first=$1 second=$2
    shift 2
    write_cnf "$@"
    sed -i "s/^envelope = envelope_sect\$/$first = ${first}_sect\n$second = ${second}_sect/" openssl.cnf
    cat >>openssl.cnf <<END
[pkcs11_sect]
module = $other
pkcs11-module-path = $softhsm
pkcs11-module-token-pin = file:$work/pin
pkcs11-module-quirks = no-deinit
activate = 1
END
}

for order in "envelope pkcs11" "pkcs11 envelope"; do
    # shellcheck disable=SC2086 # two words
    write_both $order
    ossl list -providers >providers
    for name in envelope pkcs11; do
        grep -q "^  $name$" providers || fail "$order: no $name: $(<providers)"
    done
    # ours
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
    expect_quiet ossl pkey -in envelope:object=orders -out orders.pem
    expect_quiet ossl pkeyutl -decrypt -inkey orders.pem -in sealed -out opened
    same plain opened
    expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt "label:${order// /-}" -out new.pem
    # theirs
    expect_quiet ossl pkey -in "pkcs11:object=signing;type=private" -pubout -out signing.pub
    expect_quiet ossl dgst -sha256 -sign "pkcs11:object=signing;type=private" -out signature plain
    expect_quiet ossl dgst -sha256 -verify signing.pub -signature signature plain
    # both at once: the provider that is asked for by name handles the URI
    # shellcheck disable=SC2086
    write_both $order pkcs11-scheme=yes
    expect_quiet ossl pkey -in pkcs11:object=orders -propquery provider=envelope -out orders.pem
    expect_quiet ossl pkey -in orders.pem -noout
    expect_quiet ossl storeutl -keys -noout -propquery provider=pkcs11 \
        "pkcs11:object=signing;type=private" >listed
    grep -q '^Total found: 1$' listed || fail "$order: $(<listed)"
done
