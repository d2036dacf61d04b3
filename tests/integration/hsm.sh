#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Devices that are not here, as their documents say that they behave: SoftHSM dressed up by
# tests/hsm/. profiles.c names the documents.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
hsm=$ENVELOPE_PROGRAMS/hsm_p11.so
export HSM_MODULE=$softhsm HSM_PIN=$pin
make_token kek
make_token soft
stream 3000 >plain

# openssl.cnf of a device, and of SoftHSM beside it.
device() { # profile, further lines
    export HSM_PROFILE=$1
    shift
    write_cnf "pkcs11-module-path=\"$hsm\"" "$@"
}

audit=$work/audit.log
way() { # what the last self-test chose
    jq -rs 'map(select(.operation == "self-test")) | last | .way' "$audit"
}

# Seals, opens, and says how the KEK wraps.
works() { # profile, words of the way, KEK, further lines
    local profile=$1 words=$2 kek=$3
    shift 3
    rm -f "$audit"
    device "$profile" kek="$kek" audit-log="file:$audit" "$@"
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
    [[ $(way) == "$words" ]] || fail "$profile: it wraps so: $(way)"
}

make() { # profile, label, then -pkeyopt's
    local profile=$1 label=$2 options=(-pkeyopt "label:$2")
    shift 2
    while (($# > 0)); do
        options+=(-pkeyopt "$1")
        shift
    done
    device "$profile" -kek
    expect_quiet ossl genpkey -algorithm ENVELOPE-KEK "${options[@]}" -pkeyopt token:kek -out "$label.pem"
}

# ---- what each device's KEKs wrap with, made by genpkey or found ----

make aws aws
works aws 'AES-KW by C_WrapKey' aws
make_kek kek gcm --id 0101 --usage both
by_device=', IV made by the token'
works aws "AES-GCM by C_Encrypt$by_device" gcm wrap=aes-gcm
works aws-front "AES-GCM by C_Encrypt$by_device" gcm

make luna luna
works luna 'AES-KW by C_WrapKey' luna
works luna 'AES-GCM by C_Encrypt' gcm wrap=aes-gcm

# No key comes in, in the clear, so genpkey makes the other pair.
no_kw='; not AES-KW by C_WrapKey: C_CreateObject: CKR_ACTION_PROHIBITED (0x1b)'
for profile in luna-fips luna-fips-793; do
    make $profile $profile
    works $profile "AES-GCM by C_Encrypt$by_device" $profile
    works $profile "AES-GCM by C_Encrypt$by_device$no_kw" gcm
done
status=0
tool check >out || status=$?
((status == 1)) || fail "keys of other devices are on the token as well: status $status, $(<out)"
grep -qF "wraps by AES-GCM by C_Encrypt$by_device$no_kw" out || fail "$(<out)"
make nshield nshield
works nshield 'AES-KWP by C_Encrypt' nshield
works nshield "AES-KWP by C_Encrypt$no_kw" gcm
works nshield "AES-GCM by C_Encrypt" nshield wrap=aes-gcm

# Keys of Google's and their ids are made by its own tools.
name=projects/my-project/locations/europe-west1/keyRings/my-ring/cryptoKeys/orders/cryptoKeyVersions/1
long_id=$(printf %s "$name" | od -An -v -tx1 | tr -d ' \n')
device google -kek
expect_failure KEK_NOT_MADE CKR_ARGUMENTS_BAD ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:google -pkeyopt token:kek
make_kek kek google --id "$long_id" --usage both
works google "AES-GCM by C_Encrypt$by_device" google -pin-source

make vault vault
works vault 'AES-GCM by C_Encrypt' vault
device yubihsm
expect_failure KEK_USAGE 'a KEK of type:RSA' ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:yubi -pkeyopt token:kek

# A KEK with SoftHSM's pair of uses, where C_WrapKey is not to be had (so with p11-kit's server).
make_kek kek wraps --id 0d
write_cnf kek=wraps
expect_quiet seal -in plain -out sealed
device vault kek=wraps
needs='the token does AES-GCM by C_Encrypt and C_Decrypt, for which the key needs CKA_ENCRYPT and CKA_DECRYPT'
expect_failure KEK_USAGE "$needs" seal -in plain
expect_failure KEK_USAGE "$needs" open -in sealed

# A device that sets all but label and length itself.
make bare bare
works bare 'AES-GCM by C_Encrypt' bare
make bare rsa-bare type:RSA
works bare 'RSA-OAEP with SHA-256' rsa-bare

# ---- RSA ----

for profile in aws luna luna-fips nshield yubihsm; do
    make $profile "rsa-$profile" type:RSA
    works $profile 'RSA-OAEP with SHA-256' "rsa-$profile"
done

# A card: its keys are made elsewhere, are short, have ids of a byte, and want the PIN for each use.
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --keypairgen --key-type rsa:2048 \
    --label piv --id 04 --always-auth --usage-decrypt >pkcs11-tool.out 2>&1 || fail "$(<pkcs11-tool.out)"
device piv kek=piv
expect_failure KEK_TOO_WEAK allow-short-kek seal -in plain
works piv 'RSA-OAEP with SHA-256' piv allow-short-kek=yes
device piv kek=gcm allow-short-kek=yes # and nothing else
expect_failure KEK_USAGE "" seal -in plain

pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --keypairgen --key-type rsa:3072 \
    --label google-rsa --id "$long_id" --sensitive --usage-decrypt >pkcs11-tool.out 2>&1 ||
    fail "$(<pkcs11-tool.out)"
works google 'RSA-OAEP with SHA-256' google-rsa -pin-source
expect_quiet ossl pkey -in 'envelope:object=google-rsa;type=private' -pubout -out google.pub
device google -pin-source kek="file:$work/google.pub" oaep-hash=sha256
expect_quiet seal -in plain -out sealed
device google -pin-source kek=google-rsa oaep-hash=sha256
expect_quiet open -in sealed -out opened
same plain opened

# ---- an id that is too long to be the reference ----

# What a header has is its hash; the URI has the id itself, and finds the key.
device google -pin-source kek=google
expect_quiet seal -in plain -out sealed
reference=$(printf %s "$name" | stock dgst -sha256 -r | cut -d' ' -f1)
tool inspect --here sealed >out
grep -q "$reference" out || fail "$(<out)"
expect_quiet ossl pkey -in 'envelope:object=google;type=secret-key' -noout -text >text
grep -q "Reference: $reference" text || fail "$(<text)"
expect_quiet ossl pkey -in 'envelope:object=google;type=secret-key' -out google.pem
expect_quiet ossl pkey -in google.pem -noout -text >again
same text again
secret=$(with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate google.pem sealed.key)
[[ $secret == "$(with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate google.pem sealed.key)" ]] || fail "KEM"
write_cnf kek=google wrap=aes-gcm # SoftHSM itself has the key too
expect_quiet open -in sealed -out opened
same plain opened

# ---- key wrap ----

label() { # KEK
    { printf '%s' "$1" && head -c $((32 - ${#1})) /dev/zero; } | od -An -v -tx1 | tr -d ' \n'
}
key_wrap() { # -e or -d, cipher, KEK
    with_envelope "$ENVELOPE_PROGRAMS/wrap" "$1" "envelope-aes-256-wrap$2" "$(label "$3")"
}
stream 32 >dek
for profile in aws luna; do
    device $profile kek=$profile
    expect_quiet key_wrap -e "" $profile <dek >wrapped
    expect_quiet key_wrap -d "" $profile <wrapped >unwrapped
    same dek unwrapped
    write_cnf kek=$profile # the standard's own mechanism says the same
    expect_quiet key_wrap -d "" $profile <wrapped >unwrapped
    same dek unwrapped
done
device nshield kek=nshield
stream 20 >odd
expect_quiet key_wrap -e -pad nshield <odd >wrapped
expect_quiet key_wrap -d -pad nshield <wrapped >unwrapped
same odd unwrapped
device google -pin-source
expect_failure KEK_USAGE "" key_wrap -e "" google <dek

# ---- IVs that give the key away ----

for profile in bad-repeats bad-zeros; do
    device $profile -kek
    expect_failure TOKEN_IV "" ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt "label:$profile" -pkeyopt token:kek
    device $profile kek=gcm
    expect_failure TOKEN_IV 'the IV is (zero|the same as the last one)' seal -in plain
done
device bad-opens kek=gcm
expect_failure KEK_SELF_TEST 'it opens what was altered' seal -in plain
# what is said is kept to
for profile in luna-fips google; do
    device $profile kek=gcm wrap=aes-kw
    expect_failure KEK_USAGE 'CKM_AES_KEY_WRAP|CKR_ACTION_PROHIBITED' seal -in plain
done

# ---- replicas: not where the token makes the IV ----

value=$(stock rand -hex 32)
for token in kek soft; do
    make_kek $token both --id 0b --usage both --import "$value"
done
for profile in aws luna vault; do
    device $profile -token kek=both allow-imported-kek=yes
    expect_quiet seal -in plain -out sealed
    for token in kek soft; do
        device $profile token="\"pkcs11:token=$token\"" kek=both allow-imported-kek=yes
        expect_quiet open -in sealed -out opened
        same plain opened
    done
done
for profile in luna-fips luna-fips-793 google; do
    device $profile -token kek=both allow-imported-kek=yes
    expect_failure KEK_TOKEN_NONCE "" seal -in plain
done

# ---- from SoftHSM, which has tokens of its own, to the device, and back ----

mkdir device-tokens
sed "s,^directories.tokendir=.*,directories.tokendir=$work/device-tokens," "$SOFTHSM2_CONF" >device.conf
(
    export SOFTHSM2_CONF=$work/device.conf
    make_token far
    make_kek far far --id 0f --usage both
)
make_kek soft near --id 0e
cp "$softhsm" own-softhsm.so # with a state of its own
printf 'module: %s\n' "$hsm" >"$p11_modules/hsm.module"
for profile in aws luna luna-fips luna-fips-793 nshield google vault; do
    export HSM_PROFILE=$profile HSM_MODULE=$work/own-softhsm.so HSM_CONF=$work/device.conf
    write_cnf -pkcs11-module-path 'token="pkcs11:token=far pkcs11:token=soft"' kek=near
    expect_quiet seal -in plain -out sealed
    for to in far near; do
        write_cnf -pkcs11-module-path 'token="pkcs11:token=far pkcs11:token=soft"' kek=$to
        tool rewrap sealed >out 2>&1 || fail "$profile, to $to: $(<out)"
        expect_quiet open -in sealed -out opened
        same plain opened
    done
done
rm "$p11_modules/hsm.module"
export HSM_MODULE=$softhsm
unset HSM_CONF

# ---- 4 threads ----

for profile in aws luna-fips-793 nshield google vault; do
    kek=gcm
    [[ $profile != google ]] || kek=google # which all of them look for by the hash of its id
    device $profile kek=$kek
    with_envelope "$ENVELOPE_PROGRAMS/sealing_threads" 4 50 >out 2>&1 || fail "$profile: $(tail out)"
done
