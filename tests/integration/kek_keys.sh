#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Making, showing, listing and referring to KEKs with only the openssl command.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
write_cnf

genpkey() { # options, each with -pkeyopt before it
    local option options=()
    for option; do
        options+=(-pkeyopt "$option")
    done
    ossl genpkey -algorithm ENVELOPE-KEK "${options[@]}"
}

has_line() { # pattern, file
    grep -qE -- "$1" "$2" || fail "no line '$1': $(<"$2")"
}

# ---- made, and what it is then ----

echo words >plain
expect_quiet genpkey label:orders >kek.pem
has_line '^-----BEGIN ENVELOPE KEK REFERENCE-----$' kek.pem
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened

expect_quiet ossl pkey -in kek.pem -noout -text >text
for line in 'Token: kek$' 'Label: orders$' 'Reference: [0-9a-f]{32}$' 'Type: AES, 256 bits$' \
    'Wraps with: AES-KW \(C_WrapKey, C_UnwrapKey\)' 'Allowed: wrap unwrap$' \
    'Sensitive: yes \(always: yes\)$' 'Extractable: no \(never: yes\)$' 'Private object: yes$' \
    'Made in the token: yes$' 'URI: pkcs11:token=kek;.*object=orders;type=secret-key$'; do
    has_line "^ {4}$line" text
done

# It serves the key-wrap ciphers as well.
stream 32 >key
selector=$(printf orders | od -An -tx1 | tr -d ' \n')
for wrapping in "wrap a6a6a6a6a6a6a6a6" "wrap-pad a65959a6"; do
    cipher=(-envelope-aes-256-"${wrapping% *}" -K "$selector" -iv "${wrapping#* }")
    expect_quiet ossl enc -e "${cipher[@]}" -in key -out wrapped
    expect_quiet ossl enc -d "${cipher[@]}" -in wrapped -out unwrapped
    same key unwrapped
done

# The token's own attributes: one pair of uses, and the mechanisms that go with it.
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --list-objects \
    --type secrkey >objects 2>&1
has_line 'Usage: +wrap, unwrap$' objects
has_line 'Access: +sensitive, always sensitive, never extractable, local$' objects

# What the token is asked for, the first time already with all that it knows.
spy=$(first_file /usr/lib/*/pkcs11/pkcs11-spy.so /usr/lib/*/pkcs11-spy.so)
write_cnf "pkcs11-module-path=\"$spy\""
PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/spied expect_quiet genpkey label:spied >spied.pem
(($(grep -c 'C_GenerateKey$' spied) == 1)) || fail "$(grep -c 'C_GenerateKey$' spied) attempts"
sed -n '/C_GenerateKey$/,/^Returned/p' spied >asked
for attribute in 'TOKEN +True' 'PRIVATE +True' 'SENSITIVE +True' 'EXTRACTABLE +False' 'WRAP +True' \
    'UNWRAP +True' 'ENCRYPT +False' 'DECRYPT +False' 'SIGN +False' 'ALLOWED_MECHANISMS ' \
    'UNWRAP_TEMPLATE '; do
    has_line "^ +CKA_$attribute" asked
done
write_cnf

# The options.
expect_quiet genpkey label:invoices type:AES bits:256 token:kek id:0a0B0c >invoices.pem
expect_quiet ossl pkey -in invoices.pem -noout -text >text
has_line 'Reference: 0a0b0c$' text
expect_quiet genpkey label:by-uri token:pkcs11:token=kek id:0d >by_uri.pem
expect_quiet ossl pkey -in by_uri.pem -outform DER -out by_uri.der
expect_quiet ossl pkey -inform DER -in by_uri.der -noout -text >text
has_line 'Label: by-uri$' text
expect_quiet ossl pkey -in by_uri.pem >again.pem
same by_uri.pem again.pem

# ---- what is refused when one is made ----

expect_failure LABEL_MISSING "" genpkey type:AES
expect_failure KEK_EXISTS orders genpkey label:orders
expect_failure KEK_EXISTS 0a0b0c genpkey label:more id:0a0b0c
expect_failure KEK_EXISTS 0a0b0c genpkey label:invoices id:0a0b0c same-label:yes
expect_failure KEK_KIND "257 bits" genpkey label:odd bits:257
expect_failure KEK_KIND "64 bits" genpkey label:odd bits:64
expect_failure KEK_TOO_WEAK "128 bits" genpkey label:weak bits:128
expect_failure BAD_PARAMETER "type" genpkey label:odd type:DES
expect_failure BAD_PARAMETER "id" genpkey label:odd id:xyz
expect_failure BAD_PARAMETER "same-label" genpkey label:odd same-label:perhaps
expect_failure NO_TOKEN "" genpkey label:odd token:absent
expect_failure CONFIG_BAD_URI "" genpkey label:odd token:pkcs11:token=%zz
write_cnf wrap=aes-kwp
expect_failure KEK_USAGE "CKM_AES_KEY_WRAP_KWP" genpkey label:odd
write_cnf allow-weak-kek=yes
expect_quiet genpkey label:weak bits:128 >weak.pem
write_cnf pkcs11-scheme=perhaps
expect_failure CONFIG_VALUE pkcs11-scheme genpkey label:odd
write_cnf pkcs11_scheme=yes
expect_failure CONFIG_UNKNOWN_KEY pkcs11_scheme genpkey label:odd
write_cnf

# A second key of the same label is asked for, and the label alone then names neither.
expect_quiet genpkey label:twice >twice1.pem
expect_failure KEK_EXISTS twice genpkey label:twice
expect_quiet genpkey label:twice same-label:yes >twice2.pem
for reference in twice1.pem twice2.pem; do
    expect_quiet ossl pkeyutl -encrypt -inkey $reference -in plain -out sealed.$reference
    expect_quiet ossl pkeyutl -decrypt -inkey $reference -in sealed.$reference -out opened
    same plain opened
done
expect_failure OTHER_KEK "" ossl pkeyutl -decrypt -inkey twice1.pem -in sealed.twice2.pem
expect_failure KEK_AMBIGUOUS "twice" ossl pkey -in envelope:object=twice -noout
write_cnf kek=twice
expect_failure KEK_AMBIGUOUS "twice" seal -in plain
write_cnf

# ---- tokens and PINs ----

make_token other
write_cnf -token
expect_failure TOKEN_AMBIGUOUS "kek.*other|other.*kek" genpkey label:somewhere
expect_quiet genpkey label:somewhere token:other >somewhere.pem
expect_quiet ossl pkey -in somewhere.pem -noout -text >text
has_line 'Token: other$' text
write_cnf 'token="pkcs11:token=absent"'
expect_failure NO_TOKEN absent genpkey label:odd
echo 00000000 >wrong
chmod 600 wrong
write_cnf "pin-source=file:$work/wrong"
expect_failure PIN_WRONG kek genpkey label:odd
expect_failure PIN_WRONG kek ossl pkey -in kek.pem -noout
write_cnf -pin-source
expect_failure PIN_MISSING kek genpkey label:odd
# Where OpenSSL asks for a passphrase, it is the PIN that is wanted.
expect_quiet ossl pkey -in kek.pem -passin "file:$work/pin" -noout -text >text
has_line 'Label: orders$' text
expect_quiet ossl pkey -in envelope:object=orders -passin "file:$work/pin" -noout -text >text
has_line 'Label: orders$' text
expect_failure PIN_WRONG kek ossl pkey -in kek.pem -passin pass:00000000 -noout
expect_quiet ossl storeutl -keys -noout "envelope:token=kek?pin-source=file:$work/pin" >listed
has_line '^Total found: [1-9]' listed
write_cnf

# ---- the public half, and leaving the token ----

expect_failure NO_PUBLIC_HALF "" ossl pkey -in kek.pem -pubout
# There is nothing to encrypt in a reference.
expect_quiet ossl pkey -in kek.pem -aes256 -passout pass:x >again.pem
same kek.pem again.pem

# ---- references that are no good ----

sed 's/MH4/MH5/' kek.pem >broken.pem
expect_failure BAD_REFERENCE "" ossl pkey -in broken.pem -noout
printf '%s\n' '-----BEGIN ENVELOPE KEK REFERENCE-----' "$(head -c 4000 /dev/zero | stock base64)" \
    '-----END ENVELOPE KEK REFERENCE-----' >zeros.pem
expect_failure BAD_REFERENCE "" ossl pkey -in zeros.pem -noout
make_kek kek invoices --id 0a0b0c --destroy
expect_failure KEK_NOT_FOUND invoices ossl pkey -in invoices.pem -noout -text
expect_failure KEK_NOT_FOUND invoices ossl pkeyutl -encrypt -inkey invoices.pem -in plain
write_cnf 'token="pkcs11:token=other"'
expect_failure NO_TOKEN "token=kek" ossl pkey -in kek.pem -noout
write_cnf

# A KEK that the policy refuses is shown, and used for nothing.
make_kek kek exposed --id 77 --extractable
expect_quiet ossl pkey -in envelope:object=exposed -out exposed.pem
expect_quiet ossl pkey -in exposed.pem -noout -text >text
has_line 'Extractable: yes \(never: no\)$' text
expect_failure KEK_EXTRACTABLE exposed ossl pkeyutl -encrypt -inkey exposed.pem -in plain
expect_failure KEK_TOO_WEAK weak ossl pkeyutl -encrypt -inkey weak.pem -in plain
write_cnf allow-weak-kek=yes
expect_quiet ossl pkeyutl -encrypt -inkey exposed.pem -in plain -out sealed.exposed
write_cnf
expect_failure KEK_EXTRACTABLE exposed ossl pkeyutl -decrypt -inkey exposed.pem -in sealed.exposed

# Other keys load as if we were not there.
stock genpkey -algorithm EC -pkeyopt group:P-256 -out ec.pem
expect_quiet ossl pkey -in ec.pem -noout
stock pkey -in ec.pem -outform DER -out ec.der
expect_quiet ossl pkey -inform DER -in ec.der -noout
expect_quiet ossl pkey -in ec.pem -pubout -out ec.pub
expect_quiet ossl pkey -pubin -in ec.pub -noout
