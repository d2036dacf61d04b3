#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KEKs through OSSL_STORE: listed by token, loaded by name, under two schemes.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
make_kek kek invoices --id 0102 --usage encrypt
make_kek kek without-id --no-id
make_kek kek useless --id 05 --usage none
echo words >plain

labels() { # of the KEKs in a listing with -text
    sed -n 's/^    Label: //p' "$1" | sort | xargs
}

found_nothing() { # later releases print no total then
    ! grep -v '^Total found: 0$' listed || fail "$(<listed)"
}

expect_quiet ossl storeutl -keys -text -noout 'envelope:token=kek' >listed
[[ $(labels listed) == "invoices orders" ]] || fail "listed: $(<listed)"
expect_quiet ossl storeutl -keys -text -noout envelope: >listed
[[ $(labels listed) == "invoices orders" ]] || fail "listed: $(<listed)"
expect_quiet ossl storeutl envelope:id=%01%02 >listed
grep -q '^Total found: 1$' listed || fail "$(<listed)"
expect_quiet ossl storeutl -certs 'envelope:token=kek' >listed
found_nothing

# A listing is made of references that can be used as they are.
expect_quiet ossl storeutl -keys -out references.pem 'envelope:object=orders'
expect_quiet ossl pkeyutl -encrypt -inkey references.pem -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened

# A URI can be used like a key file.
percent_id=$(fold -w 2 <<<"$kek_id" | sed 's/^/%/' | tr -d '\n')
for key in envelope:object=orders "envelope:id=$percent_id" \
    'envelope:token=kek;object=orders;type=secret-key'; do
    expect_quiet ossl pkeyutl -decrypt -inkey "$key" -in sealed -out opened
    same plain opened
done

# storeutl prints errors and counts; openssl pkey fails.
failing() {
    ossl pkey -noout -in "$1"
}
expect_failure KEK_NOT_FOUND absent failing envelope:object=absent
expect_failure KEK_NOT_FOUND "" failing envelope:object=invoices\;id=%05
expect_failure NO_TOKEN absent failing 'envelope:token=absent'
expect_failure CONFIG_BAD_URI "" failing 'envelope:token=%zz'
expect_failure CONFIG_BAD_URI "" failing 'envelope:object=orders;type=cert'
write_cnf "pkcs11-module-path=$work/absent.so"
expect_failure NO_MODULE absent.so failing envelope:object=orders
write_cnf

# A token without KEKs is no error.
make_token empty
write_cnf 'token="pkcs11:token=empty"'
expect_quiet ossl storeutl -keys envelope: >listed
found_nothing
write_cnf

# pkcs11: is nobody's, unless it is asked for.
if ossl pkey -noout -in pkcs11:object=orders 2>err; then
    fail "pkcs11: was taken unasked"
fi
write_cnf pkcs11-scheme=yes
expect_quiet ossl pkey -noout -in pkcs11:object=orders
expect_quiet ossl pkey -noout -in pkcs11:object=orders -propquery provider=envelope
expect_quiet ossl pkeyutl -decrypt -inkey pkcs11:object=orders -in sealed -out opened
same plain opened

# The token's KEKs beside a file whose name looks like a URI: the file is meant then.
stock genpkey -algorithm EC -pkeyopt group:P-256 -out envelope:object=orders
ossl pkey -noout -text -in envelope:object=orders >text
grep -q 'ASN1 OID: prime256v1' text || fail "the file was passed over: $(<text)"
