#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an attacker learns who submits messages and watches the outcome: whichever way the wrapped
# key or the header's MAC is wrong, the error queue, the exit status, the line of the audit log and
# the calls that the token sees (each with the lengths of what it is given) are the same. OpenSC's
# spy is in front of SoftHSM and records the calls.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
vectors=$source_dir/tests/vectors/rsa
spy=$(first_file /usr/lib/*/pkcs11-spy.so)
export PKCS11SPY=$softhsm PKCS11SPY_OUTPUT=$work/trace
log=$work/audit.log

spied_cnf() { # further lines
    write_cnf "pkcs11-module-path=\"$spy\"" "audit-log=\"file:$log\"" allow-imported-kek=yes "$@"
}

# The calls and the lengths of what is given to them, without what is in it or comes back.
calls() { # trace of the spy
    awk '
        /^[0-9]+: C_/ { print $2; given = 0; next }
        /^\[in\]/ { given = 1 }
        /^\[out\]/ || /^Returned/ { given = 0 }
        given && !/^    [0-9A-F]+  / {
            sub(/\[out\].*/, "")
            gsub(/0x[0-9a-f]+/, "N")
            gsub(/ [0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+ \//, " P /")
            print
        }' "$1"
}

# Calls that are known to differ.
skip_calls=

# All that is seen of a command that has to fail, in the file seen. What it is given is "message".
watch() { # command ...
    local status=0
    rm -f trace "$log"
    "$@" >out 2>err || status=$?
    {
        echo "status $status"
        sed -E 's/^[0-9A-F]+:error:/error:/' out err
        jq -c 'del(.time, .pid)' "$log"
        if [[ -n $skip_calls ]]; then
            calls trace | grep '^C_' | grep -vxE "$skip_calls"
        else
            calls trace
        fi
    } >seen
    grep -qx 'status 1' seen || fail "$*: $(<seen)"
    grep -qF "$(reason NOT_AUTHENTIC)" out err || fail "$*: $(<seen)"
    grep -qx C_Login seen || fail "the spy saw nothing: $(<seen)"
    grep -q '"operation":"unwrap","kek":"[0-9a-f]*".*"result":"failed"' seen || fail "$(<seen)"
    if grep -q '"ckr"' seen; then fail "a code of the token's: $(<seen)"; fi
}

# Runs the command on every message of the directory: the results cannot be distinguished.
tell_nothing() { # directory, command ...
    local directory=$1 file first=
    shift
    for file in "$directory"/*; do
        cp "$file" message
        watch "$@"
        if [[ -z $first ]]; then
            first=$file
            cp seen seen.first
        elif ! cmp -s seen seen.first; then
            diff seen.first seen >&2 || :
            fail "$first can be distinguished from $file: $*"
        fi
    done
    cp seen.first "seen.$1"
}

# The positions of wrapped keys of this length in a header.
wrapped_at() { # message, bytes
    local begin
    stock asn1parse -inform DER -in "$1" -length "$(header_length "$1")" |
        sed -nE "s/^ *([0-9]+):d=[0-9]+ +hl=([0-9]) l= *$2 prim: OCTET STRING.*/\1 \2/p" |
        while read -r at length; do
            begin=$((at + length))
            echo "$begin"
        done
}

splice() { # message, offset, new bytes
    dd if="$3" of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# ---- ciphertexts of an RSA key ----

public_half() { # private key: its public half, in public.pem
    stock pkey -in "$vectors/$1" -pubout -out public.pem
}

encrypt() { # what, option of pkeyutl: for public.pem
    stock pkeyutl -encrypt -pubin -inkey public.pem -in "$1" -pkeyopt "rsa_padding_mode:$2"
}

# Every kind of ciphertext that an attacker can make, in the directory "ciphertexts".
make_ciphertexts() { # private key
    public_half "$1"
    rm -rf ciphertexts
    mkdir ciphertexts
    stream 384 >block
    # the first byte of the block is what Manger's attack needs to know
    for first in 000 001 002; do
        # shellcheck disable=SC2059 # the format is the byte
        printf "\\$first" | dd of=block bs=1 conv=notrunc status=none
        encrypt block none >"ciphertexts/block$first"
    done
    stream 32 >secret
    encrypt secret pkcs1 >ciphertexts/pkcs1
    stock pkeyutl -encrypt -pubin -inkey public.pem -in secret -pkeyopt rsa_padding_mode:oaep \
        -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 >ciphertexts/other-hash
    for length in 1 16 31 33 64; do
        stream $length >secret
        encrypt secret oaep >"ciphertexts/length$length"
    done
    stream 32 >secret
    encrypt secret oaep >ciphertexts/wrong-key
    head -c 32 /dev/zero >secret
    encrypt secret oaep >ciphertexts/zero-key
}

# The message with each of the ciphertexts, and with its own under another MAC.
make_messages() { # directory, message, offset of the wrapped key
    local file
    mkdir "$1"
    for file in ciphertexts/*; do
        cp "$2" "$1/${file#*/}"
        splice "$1/${file#*/}" "$3" "$file"
    done
    cp "$2" "$1/mac"
    flip "$1/mac" $(($(header_length "$2") - 1))
}

# The directory with one message of each kind.
few_of() { # directory
    local file
    for file in "$1"/*; do
        case ${file##*/} in
        block000 | block001 | length16 | wrong-key | mac) ;;
        *) rm "$file" ;;
        esac
    done
}

import_rsa() { # file, token, label, id
    softhsm2-util --import "$vectors/$1" --token "$2" --pin "$pin" --label "$3" --id "$4" >/dev/null
}

stream 100 >plain
make_token kek
import_rsa kek-3072.pem kek rsa 0a0b0c
write_cnf kek=rsa allow-imported-kek=yes
expect_quiet seal -in plain -out sealed
expect_quiet ossl pkey -in 'envelope:object=rsa' -out rsa.pem
expect_quiet with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate rsa.pem sealed.key >secret
make_ciphertexts kek-3072.pem
make_messages messages sealed "$(wrapped_at sealed 384)"
make_messages keys sealed.key "$(wrapped_at sealed.key 384)"

# ---- every way to open ----

spied_cnf kek=rsa
cp sealed message # the messages are such as open when nothing is wrong
rm -f trace
expect_quiet open -in message -out opened
same plain opened
calls trace >seen
grep -qx C_Decrypt seen || fail "the spy saw nothing"
if grep -qx C_GenerateRandom seen; then
    fail "a good message is followed by questions"
fi
tell_nothing messages open -in message
grep -qx C_GenerateRandom seen || fail "no questions: $(<seen)"
cp -r messages every
few_of messages
few_of keys
tell_nothing messages ossl pkeyutl -decrypt -inkey rsa.pem -in message
tell_nothing messages ossl enc -e -envelope-rewrap -K 0 -in message
tell_nothing keys with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate rsa.pem message
tell_nothing messages tool verify message
tell_nothing messages tool rewrap message

# ---- C_UnwrapKey instead of C_Decrypt ----

make_token unwraps
import_rsa kek-3072.pem unwraps rsa 0a0b0c
make_kek unwraps rsa --not-decrypt
spied_cnf kek=rsa 'token="pkcs11:token=unwraps"'
cp sealed message
rm -f trace
expect_quiet open -in message -out opened
same plain opened
calls trace >seen
grep -qx C_UnwrapKey seen || fail "not the key that was wanted: $(<seen)"
tell_nothing every open -in message

# ---- the key on two tokens, and another key that has its id ----

make_token second
import_rsa kek-3072.pem second rsa 0a0b0c
spied_cnf kek=rsa 'token="pkcs11:token=kek pkcs11:token=second"'
tell_nothing messages open -in message
(($(grep -cx C_Decrypt seen) == 2)) || fail "the replica was not asked: $(<seen)"
# (a number that is above the other's modulus, as everybody sees, is not given to that one)
at=$(wrapped_at sealed 384)
below=$((0x$(stock rsa -in "$vectors/other-3072.pem" -noout -modulus | sed -E 's/^Modulus=(..).*/\1/')))
for file in every/*; do
    (($(byte_at "$file" "$at") < below)) || rm "$file"
done
make_token third
import_rsa other-3072.pem third rsa 0a0b0c
spied_cnf kek=rsa 'token="pkcs11:token=kek pkcs11:token=third"'
tell_nothing every open -in message
(($(grep -cx C_Decrypt seen) == 2)) || fail "the other key was not asked: $(<seen)"

# ---- two recipients, each of which alone is an attacker's ----

import_rsa other-3072.pem kek other 0d0e0f
write_cnf 'kek="rsa other"' allow-imported-kek=yes
expect_quiet seal -in plain -out sealed
spied_cnf 'open-only-kek="rsa other"'
mapfile -t places < <(wrapped_at sealed 384) # the references' order is that of the recipients
((${#places[@]} == 2)) || fail "two wrapped keys expected: ${places[*]}"
keys=(kek-3072 other-3072)
for i in 0 1; do
    make_ciphertexts "${keys[1 - i]}.pem"
    cp sealed both
    splice both "${places[1 - i]}" ciphertexts/wrong-key
    make_ciphertexts "${keys[i]}.pem"
    rm -rf messages
    make_messages messages both "${places[i]}"
    few_of messages
    tell_nothing messages open -in message
    (($(grep -cx C_Decrypt seen) == 2)) || fail "not both were tried: $(<seen)"
done

# ---- AES KEKs ----

# Whether a wrapped key is a real one anybody may know, since none but the KEK's holder can make one.
# All the same it shows in nothing but C_UnwrapKey, after which there is a key to be read or not.
make_kek kek orders --id "$kek_id"
make_kek kek gcm --id 0102 --usage encrypt
for kek in orders gcm; do
    write_cnf kek=$kek wrap=auto
    expect_quiet seal -in plain -out sealed
    expect_quiet seal -in plain -out other
    length=40
    [[ $kek == orders ]] || length=48
    at=$(wrapped_at sealed $length)
    part other "$(wrapped_at other $length)" $length >other.key
    rm -rf messages
    mkdir messages
    for place in "$at" $((at + length - 1)) $(($(header_length sealed) - 1)); do
        cp sealed "messages/$place"
        flip "messages/$place" "$place"
    done
    cp sealed messages/other
    splice messages/other "$at" other.key
    spied_cnf kek=$kek
    skip_calls=
    [[ $kek == gcm ]] || skip_calls='C_GetAttributeValue|C_DestroyObject'
    tell_nothing messages open -in message
    grep -qx C_GenerateRandom seen || fail "no questions: $(<seen)"
done
grep -qx C_Decrypt seen || fail "not what was wanted: $(<seen)"
