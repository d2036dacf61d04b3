#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every call to the token fails in turn, in every way: faulty/driver.c. By default a sample of the
# cases is run; FAULTS_EVERY=1 runs them all. FAULTS_ONLY=PATTERN runs the settings whose names (as
# they are printed) match it.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
vectors=$source_dir/tests/vectors/rsa
export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
aes=(seal open rewrap wrap unwrap wrap-pad unwrap-pad list encapsulate decapsulate encrypt decrypt generate)
rsa=(seal open rewrap rewrap-back encapsulate decapsulate encrypt decrypt list seal-file open-file)
card=(seal open decapsulate decrypt)
# a key of OpenSSL is the one key on one token
for_replicas=(seal open rewrap wrap unwrap wrap-pad unwrap-pad)

# The tokens from now on are others than before.
new_tokens() { # name, token ...
    export SOFTHSM2_CONF=$work/softhsm2-$1.conf
    mkdir "$work/tokens-$1"
    sed "s,^directories.tokendir=.*,directories.tokendir=$work/tokens-$1," "$work/softhsm2.conf" \
        >"$SOFTHSM2_CONF"
    shift
    local token
    for token; do
        make_token "$token"
    done
}

# Runs operations with faults of one sort, of which every N-th is tried: of losses, of which there are
# fewer, more.
run() { # setting, operations, further lines of openssl.cnf
    local setting=$1 operations=$2 sort every
    shift 2
    write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=0 "$@"
    for sort in fail lie vanish; do
        case $sort in
        fail) every=997 ;;
        lie) every=499 ;;
        vanish) every=293 ;;
        esac
        # shellcheck disable=SC2254,SC2053 # a pattern
        [[ "$setting $sort" == ${FAULTS_ONLY:-*} ]] || continue
        # shellcheck disable=SC2086 # a list
        FAULTS_EVERY=${FAULTS_EVERY:-$every} with_envelope "$ENVELOPE_PROGRAMS/token_faults" \
            "$sort" "$faulty" "$work/$cnf" ${FAULTS_OPERATIONS:-$operations} >out 2>&1 ||
            fail "$setting, $sort: $(tail -n 3000 out)"
        [[ -z ${FAULTS_SHOW:-} ]] || cat out
        echo "$setting $sort: $(tail -n 1 out)"
    done
}

new_tokens aes kek
make_kek kek orders --id "$kek_id" --usage both
make_kek kek invoices --id 01 --usage both
run aes "${aes[*]}"
run gcm "${aes[*]}" wrap=aes-gcm
run copy copy

# ---- versions of a KEK, the newest with days; and one is made ----

new_tokens versions kek
write_cnf 'kek=orders/*'
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:orders/1 -pkeyopt not-before:2001-01-01 \
    -out first.pem
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:orders/2 -pkeyopt not-before:2001-01-02 \
    -out second.pem
make_kek kek invoices --id 01 --usage both
run versions "seal open rewrap" 'kek=orders/*'
new_tokens dated kek
make_kek kek orders --id "$kek_id"
run dated generate-dated

# ---- under stock OpenSSL's name: a named key, opened by the first stand-in of a process ----

mkdir keys
write_cnf keys-directory="\"$work/keys\""
printf 0123456789abcdef0123456789abcdef >raw
key import named --for AES-256-GCM --raw --single <raw
key stand-in named --for-app test
FAULTS_STAND_IN=$(<out)
export FAULTS_STAND_IN
run stock stock-seal key-ciphers=AES-256-GCM keys-directory="\"$work/keys\"" allow-keys=named
unset FAULTS_STAND_IN

# ---- RSA: re-wrapped from an AES KEK and back, sealed with the public half alone ----

new_tokens rsa kek
make_kek kek orders --id "$kek_id"
ski=$(stock x509 -in "$vectors/kek-3072-cert.pem" -noout -ext subjectKeyIdentifier |
    sed -nE 's/^ *(([0-9A-F]{2}:){19}[0-9A-F]{2})$/\1/p' | tr -d :)
softhsm2-util --import "$vectors/kek-3072.pem" --token kek --pin "$pin" --label rsa --id "$ski" >/dev/null
cp "$vectors/kek-3072-cert.pem" cert.pem # not one that the group of a checkout may write to
export FAULTS_KEK=rsa FAULTS_OLD_KEK=orders FAULTS_FILE=file:$PWD/cert.pem
run rsa "${rsa[*]}" kek=rsa allow-imported-kek=yes
unset FAULTS_OLD_KEK FAULTS_FILE

# a card's key, which requires a login for every use
new_tokens card kek
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --keypairgen --key-type rsa:3072 \
    --label rsa --id 0a0b --always-auth --usage-decrypt >pkcs11-tool.out 2>&1 || fail "$(<pkcs11-tool.out)"
run card "${card[*]}" kek=rsa
unset FAULTS_KEK

new_tokens spare kek
write_cnf
expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:spare -pkeyopt id:0a0b \
    -pkeyopt type:RSA -out spare.pem
export FAULTS_SPARE=spare
run make-rsa generate-rsa
unset FAULTS_SPARE

# ---- replicas: what one token cannot do the other does, and each opens what was sealed ----

new_tokens replicas kek second
for token in kek second; do
    make_kek "$token" orders --id "$kek_id" --usage both \
        --import 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    make_kek "$token" invoices --id 01 --usage both \
        --import 1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100
    write_cnf "pkcs11-module-path=\"$faulty\"" "token=\"pkcs11:token=$token\"" allow-imported-kek=yes
    mv "$cnf" "$token.cnf"
done
export FAULTS_HAVE_REPLICA=1 FAULTS_VERIFY="$work/kek.cnf $work/second.cnf" FAULTS_TOKEN
for FAULTS_TOKEN in kek second; do
    run "replica-$FAULTS_TOKEN" "${for_replicas[*]}" -token allow-imported-kek=yes
    run "replica-gcm-$FAULTS_TOKEN" "seal open rewrap" -token allow-imported-kek=yes wrap=aes-gcm
done

# ---- several KEKs, each on a token of its own, and one that sealing can go without ----

new_tokens several kek second
make_kek kek orders --id "$kek_id" --usage both
make_kek kek invoices --id 01 --usage both
make_kek second recovery --id 02 --usage both
unset FAULTS_HAVE_REPLICA
export FAULTS_TOKEN=second FAULTS_VERIFY=$work/kek.cnf FAULTS_OPTIONAL=1
run optional "seal open" -token 'kek="orders recovery"' kek-optional=recovery
unset FAULTS_OPTIONAL
export FAULTS_VERIFY="$work/kek.cnf $work/second.cnf"
run several "seal rewrap" -token 'kek="orders recovery"'
