#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# RSA KEKs in SoftHSM (which does OAEP with SHA-1 alone) and from files: sealed with the public half,
# opened by the token, read by stock OpenSSL with the private key.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
vectors=$source_dir/tests/vectors/rsa
recovery_id=$(stock x509 -in "$vectors/kek-3072-cert.pem" -noout -ext subjectKeyIdentifier |
    sed -nE 's/^ *(([0-9A-F]{2}:){19}[0-9A-F]{2})$/\1/p' | tr -d : | tr A-F a-f)
stream 10000 >plain

# A key pair from outside: its token was not the only one that had it.
import_rsa() { # file, label, id
    softhsm2-util --import "$vectors/$1" --token kek --pin "$pin" --label "$2" --id "$3" >/dev/null
}

id_of() { # KEK file
    ossl pkey -in "$1" -noout -text | sed -nE 's/^ *Reference: ([0-9a-f]+)$/\1/p'
}

shown() { # message
    stock cms -cmsout -print -noout -inform DER -in "$1"
}

reference_in() { # what cms shows, of one recipient
    sed -nE '/d\.subjectKeyIdentifier/,/keyEncryptionAlgorithm/s/^ *[0-9a-f]{4} - ([0-9a-f -]+)   .*/\1/p' "$1" |
        tr -d ' \n-'
}

make_usual

# ---- a KEK made in the token ----

expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:rsa -pkeyopt type:RSA -out rsa.pem
expect_quiet ossl pkey -in rsa.pem -noout -text >text
grep -q '^    Wraps with: RSA-OAEP (C_Decrypt' text || fail "$(<text)"
# its id is what whoever has only the public half works out
expect_quiet ossl pkey -in rsa.pem -pubout -out rsa.pub.pem
stock rsa -pubin -in rsa.pub.pem -RSAPublicKey_out -outform DER 2>/dev/null | stock sha1 -r >digest
[[ $(id_of rsa.pem) == "$(cut -d' ' -f1 digest)" ]] || fail "$(id_of rsa.pem), not $(<digest)"
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --list-objects >objects 2>pkcs11-tool.err
# newer versions of pkcs11-tool write colons between the bytes
(($(sed "/ID:/s/\([0-9a-f]\):/\1/g" objects | grep -c "ID: *$(id_of rsa.pem)") == 2)) || fail "both halves have the id: $(<objects)"
# one that the caller chose stays
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:named -pkeyopt type:RSA -pkeyopt id:0a0b \
    -out named.pem
[[ $(id_of named.pem) == 0a0b ]] || fail "$(id_of named.pem)"

# ---- openssl enc, by label ----

write_cnf kek=rsa
expect_quiet seal -in plain -out sealed
shown sealed >text
grep -q 'd.ktri' text || fail "$(<text)"
grep -q 'rsaesOaep' text || fail "$(<text)"
if grep -q sha256 text; then
    fail "SHA-256, which this token does not open"
fi
expect_quiet open -in sealed -out opened
same plain opened
for name in pkcs11:object=rsa "pkcs11:object=rsa\;type=private"; do
    write_cnf "kek=\"$name\""
    expect_quiet seal -in plain | expect_quiet open >opened
    same plain opened
done
write_cnf "kek=\"pkcs11:object=rsa\;type=secret-key\""
expect_failure KEK_NOT_FOUND rsa seal -in plain
# anybody could seal to it: it opens when the configuration names it, and not otherwise
write_cnf
expect_failure KEK_NOT_NAMED "id $(id_of rsa.pem): key 'rsa'" open -in sealed
write_cnf open-only-kek=rsa
expect_quiet open -in sealed -out opened
same plain opened
expect_quiet seal -in plain -out sealed.orders # it does not restrict
expect_quiet open -in sealed.orders -out opened
same plain opened
write_cnf kek=rsa open-only-kek=rsa
expect_failure KEK_OPENS_ONLY rsa seal -in plain
write_cnf kek=rsa open-kek=orders
expect_failure KEK_NOT_ALLOWED "" open -in sealed

# ---- wrap and oaep-hash ----

write_cnf kek=rsa wrap=rsa-oaep
expect_quiet seal -in plain | expect_quiet open >opened
same plain opened
write_cnf kek=orders wrap=rsa-oaep
expect_failure KEK_USAGE "wrap = rsa-oaep needs an RSA key" seal -in plain
write_cnf kek=rsa wrap=aes-gcm # that is about AES KEKs
expect_quiet seal -in plain | expect_quiet open >opened
same plain opened
write_cnf kek=rsa oaep-hash=sha1
expect_quiet seal -in plain | expect_quiet open >opened
same plain opened
write_cnf kek=rsa oaep-hash=sha256
expect_failure KEK_USAGE "SHA-256.*CKR_ARGUMENTS_BAD" seal -in plain
write_cnf kek=rsa oaep-hash=md5
expect_failure CONFIG_VALUE oaep-hash seal -in plain
write_cnf kek=rsa oaep_hash=sha1
expect_failure CONFIG_UNKNOWN_KEY oaep_hash seal -in plain

# ---- AES and RSA together ----

write_cnf 'kek="orders rsa"'
expect_quiet seal -in plain -out both
shown both >text
grep -q 'd.ktri' text || fail "$(<text)"
grep -q 'd.kekri' text || fail "$(<text)"
for one in orders rsa; do
    write_cnf "open-kek=$one"
    expect_quiet open -in both -out opened
    same plain opened
done

# ---- without the token: only the public half ----

no_token() { # kek and further lines: neither module nor PIN nor token is there
    write_cnf "pkcs11-module-path=/nonexistent/module.so" -token "pin-source=file:/nonexistent/pin" "$@"
}

cp "$vectors/kek-3072-cert.pem" cert.pem
stock x509 -in cert.pem -outform DER -out cert.der
stock x509 -in cert.pem -noout -pubkey >public.pem
stock pkey -pubin -in public.pem -outform DER -out public.der
mkdir "a b"
cp cert.pem "a b/100%.pem"
chmod go+r cert.* public.* # as such files are
for file in cert.pem cert.der public.pem public.der a%20b/100%25.pem; do
    no_token "kek=\"file:$work/$file\""
    expect_quiet seal -in plain -out "recovery.${file##*/}"
    shown "recovery.${file##*/}" >text
    [[ $(reference_in text) == "$recovery_id" ]] || fail "$file: $(<text)"
done
no_token "kek=file:cert.pem" # relative to where the program runs, as everywhere
expect_quiet seal -in plain -out relative
no_token "kek=file:cert.pem" oaep-hash=sha256
expect_quiet seal -in plain -out recovery.sha256
shown recovery.sha256 | found sha256 || fail "$(shown recovery.sha256)"
no_token "kek=\"file:$work/cert.pem?id=0102\""
expect_quiet seal -in plain -out recovery.id

# The token has no such key so far.
write_cnf
expect_failure KEK_NOT_HERE "$recovery_id" open -in recovery.cert.pem
# The private half comes to a token, with the id that the certificate has.
import_rsa kek-3072.pem recovery "$recovery_id"
write_cnf allow-imported-kek=yes open-only-kek=recovery
for sealed in recovery.cert.pem recovery.cert.der recovery.public.pem recovery.public.der recovery.100%25.pem relative; do
    expect_quiet open -in "$sealed" -out opened
    same plain opened
done
expect_failure KEK_NOT_HERE 0102 open -in recovery.id
expect_failure UNWRAP_FAILED CKR_ARGUMENTS_BAD open -in recovery.sha256
write_cnf
expect_failure KEK_IMPORTED recovery open -in recovery.cert.pem

# ---- stock OpenSSL with the private key, and the second reader ----

wrapped_key() { # message: the encryptedKey
    local at
    at=$(stock asn1parse -inform DER -in "$1" | sed -nE 's/^ *([0-9]+):.*hl=4 l= +384 prim: OCTET STRING.*/\1/p')
    part "$1" $((at + 4)) 384
}

for hash in sha1 sha256; do
    message=recovery.cert.pem
    [[ $hash == sha1 ]] || message=recovery.sha256
    wrapped_key $message >wrapped
    stock pkeyutl -decrypt -inkey "$vectors/kek-3072.pem" -in wrapped -out dek \
        -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:$hash -pkeyopt rsa_mgf1_md:$hash
    (($(stat -c %s dek) == 32)) || fail "a DEK of $(stat -c %s dek) bytes"
    "$ENVELOPE_PROGRAMS/open_by_hand" --dek "$(od -An -v -tx1 dek | tr -d ' \n')" <$message >opened
    same plain opened
    "$ENVELOPE_PROGRAMS/open_by_hand" --rsa "$vectors/kek-3072.pem" <$message >opened
    same plain opened
done

# ---- found by its public half ----

make_token second
softhsm2-util --import "$vectors/kek-3072.pem" --token second --pin "$pin" --label moved --id beef >/dev/null
write_cnf 'token="pkcs11:token=second"' allow-imported-kek=yes open-only-kek=moved
expect_quiet open -in recovery.cert.pem -out opened
same plain opened
write_cnf 'token="pkcs11:token=second"' allow-imported-kek=yes open-kek=beef
expect_quiet open -in recovery.cert.pem -out opened
write_cnf 'token="pkcs11:token=second"' allow-imported-kek=yes "open-kek=$recovery_id"
expect_quiet open -in recovery.cert.pem -out opened
write_cnf 'token="pkcs11:token=second"' allow-imported-kek=yes open-kek=0102
expect_failure KEK_NOT_ALLOWED "" open -in recovery.cert.pem

# ---- what is altered, and another key under the reference ----

write_cnf allow-imported-kek=yes open-only-kek=recovery
at=$(stock asn1parse -inform DER -in recovery.cert.pem | sed -nE 's/^ *([0-9]+):.*l= +384 prim: OCTET STRING.*/\1/p')
told() { # message: what openssl says, without addresses and lines of the source
    expect_failure NOT_AUTHENTIC "" open -in "$1"
    sed -E 's/^[0-9A-F]+://; s/:[0-9]+:/::/' failed.err
}
for offset in $((at + 4)) $((at + 200)) $((at + 387)); do
    cp recovery.cert.pem altered
    flip altered "$offset"
    told altered >told.key
    cp recovery.cert.pem altered
    flip altered $(($(header_length altered) - 1))
    told altered >told.mac
    same told.key told.mac
done
cp recovery.cert.pem altered # a number larger than the modulus
printf '\377%.0s' {1..384} | dd of=altered bs=1 seek=$((at + 4)) conv=notrunc status=none
told altered >told.key
same told.key told.mac
make_token third
softhsm2-util --import "$vectors/other-3072.pem" --token third --pin "$pin" --label other \
    --id "$recovery_id" >/dev/null
write_cnf 'token="pkcs11:token=third"' allow-imported-kek=yes open-only-kek=other
told recovery.cert.pem >told.key
same told.key told.mac

# ---- KEKs too weak ----

stock pkey -in "$vectors/kek-2048.pem" -pubout -out weak.pub.pem
no_token "kek=file:weak.pub.pem"
expect_failure KEK_TOO_WEAK "2048 bits" seal -in plain
no_token "kek=file:weak.pub.pem" allow-weak-kek=yes
expect_quiet seal -in plain -out weak
import_rsa kek-2048.pem weak 0a
write_cnf kek=weak allow-imported-kek=yes
expect_failure KEK_TOO_WEAK weak seal -in plain
expect_failure KEK_TOO_WEAK weak open -in weak
write_cnf kek=weak allow-imported-kek=yes allow-weak-kek=yes
expect_quiet open -in weak -out opened
same plain opened
expect_quiet seal -in plain | expect_quiet open >opened
same plain opened

# ---- files that will not do ----

refuse() { # reason, pattern, file
    no_token "kek=\"file:$work/$3\""
    expect_failure "$1" "$2" seal -in plain
}

refuse KEK_FILE nothing nothing.pem
refuse KEK_FILE "it is not a regular file" tokens
cp cert.pem writable.pem
chmod o+w writable.pem
refuse KEK_FILE "everyone may write to it" writable.pem
chmod 620 writable.pem
refuse KEK_FILE "its group may write to it" writable.pem
mkdir mounted ..data
mv writable.pem ..data/
ln -s ../..data mounted/..data && ln -s ..data/writable.pem mounted/linked.pem # as Kubernetes mounts
refuse KEK_FILE "its group may write to it" mounted/linked.pem
chmod 600 ..data/writable.pem
no_token "kek=\"file:$work/mounted/linked.pem\""
expect_quiet seal -in plain -out linked.sealed
chmod 770 ..data
refuse KEK_FILE "its folder.s group may write to it" mounted/linked.pem
if ((EUID == 0)); then # whoever else can give a file away
    cp cert.pem planted.pem
    chown 65534 planted.pem
    refuse KEK_FILE "another user" planted.pem
fi
head -c 70000 /dev/zero >long
refuse KEK_FILE "64 KiB" long
refuse KEK_FILE_CONTENT "" plain
: >empty
refuse KEK_FILE_CONTENT "" empty
head -c 300 cert.der >short
refuse KEK_FILE_CONTENT "" short
sed 5d cert.pem >broken.pem
refuse KEK_FILE_CONTENT "" broken.pem
# what the file calls itself is no text for a terminal
printf -- '-----BEGIN \033[31mX-----\nAAAA\n-----END \033[31mX-----\n' >coloured.pem
refuse KEK_FILE_CONTENT ': \?\[31mX' coloured.pem
cat cert.pem public.pem >two.pem
refuse KEK_FILE_CONTENT "more than one" two.pem
{
    cat public.der
    echo
} >longer.der
refuse KEK_FILE_CONTENT "" longer.der
cp "$vectors/kek-3072.pem" private.pem
refuse KEK_FILE_PRIVATE private private.pem
cat cert.pem private.pem >certified.pem
refuse KEK_FILE_PRIVATE certified certified.pem
stock pkey -in private.pem -outform DER -out private.der
refuse KEK_FILE_PRIVATE private private.der
stock rsa -in private.pem -traditional -out traditional.pem 2>rsa.err
refuse KEK_FILE_PRIVATE traditional traditional.pem
stock pkey -in private.pem -aes256 -passout pass:x -out encrypted.pem
refuse KEK_FILE_PRIVATE encrypted encrypted.pem
stock genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | stock pkey -pubout -out ec.pem
refuse KEK_KIND "not RSA" ec.pem
stock genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 2>genpkey.err | stock pkey -pubout -out tiny.pem ||
    stock genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 2>genpkey.err | stock pkey -pubout -out tiny.pem
refuse KEK_KIND 1024 tiny.pem
for name in "file:" "file:?id=01" "file:cert.pem?id=" "file:cert.pem?id=xy" "file:cert.pem?id=$(printf '00%.0s' {1..65})"; do
    no_token "kek=\"$name\""
    expect_failure CONFIG_VALUE kek seal -in plain
done

# ---- and the rest of the KEK's operations ----

write_cnf "kek=\"orders rsa named\""
expect_quiet ossl pkeyutl -encrypt -inkey rsa.pem -in text -out message
expect_quiet ossl pkeyutl -decrypt -inkey rsa.pem -in message -out opened
same text opened
expect_quiet open -in message -out opened
same text opened
expect_quiet with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate rsa.pem sealed.key >secret
expect_quiet with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate rsa.pem sealed.key >again
same secret again
expect_failure OTHER_KEK "" ossl pkeyutl -decrypt -inkey named.pem -in message
# what was sealed with the public key alone is for the key, whatever its id
expect_quiet ossl pkey -in named.pem -pubout -out named.pub.pem
no_token "kek=\"file:$work/named.pub.pem\""
expect_quiet seal -in text -out message
write_cnf
expect_failure KEK_NOT_NAMED named ossl pkeyutl -decrypt -inkey named.pem -in message
write_cnf open-only-kek=named
expect_quiet ossl pkeyutl -decrypt -inkey named.pem -in message -out opened
same text opened
expect_quiet open -in message -out opened
same text opened
