#!/bin/bash
# shellcheck disable=SC2016 # what is provoked is evaluated later
# SPDX-License-Identifier: Apache-2.0
# docs/TROUBLESHOOTING.md: each line that it explains is what a program prints today, provoked by
# the cause that the page gives.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
page=$source_dir/docs/TROUBLESHOOTING.md
nginx=$source_dir/build/packages/nginx/usr/sbin/nginx
make_two_places
echo words >plain
write_cnf kek=orders
expect_quiet seal -in plain -out sealed
expect_quiet seal -a -in plain -out sealed.base64
head -c 200 sealed >short
declare -A provoke=() # commands, evaluated later

# Sealing or opening with another line in openssl.cnf.
with_line() { # seal or open, lines
    local what=$1
    shift
    write_cnf kek=orders "$@"
    if [[ $what == seal ]]; then seal -in plain -out out; else open -in sealed -out out; fi
}
provoke["Unknown cipher: envelope"]='stock enc -e -envelope -K 0 -in plain -out out'
# it only prints this without a terminal; a new session has none
provoke["enter ENVELOPE-AES-256-GCM encryption password:"]='with_envelope setsid openssl enc -e -envelope -in plain -out out'
provoke["hex string is too short, padding with zero bytes to length"]='ossl enc -e -envelope -K 0 -in plain -out out; false'
provoke["non-hex digit"]='ossl enc -e -envelope -K orders -in plain -out out'
provoke["the key bytes name no KEK"]='ossl enc -e -envelope -pass pass:words -in plain -out out'
provoke["the input is not an envelope message"]='open -in plain -out out || open -in sealed.base64 -out out'
provoke["the message is truncated"]='open -in short -out out || open -a -in sealed -out out'
provoke["the context is not the one that the message was sealed with"]='with_line open context=other'
provoke["no token matches the configuration"]='with_line open token=pkcs11:token=other'
provoke["C_Initialize: CKR_GENERAL_ERROR"]='SOFTHSM2_CONF=$work/nowhere open -in sealed -out out'
provoke["the token refused the PIN"]='printf 9999 >other-pin; with_line open "pin-source=file:$work/other-pin"'
provoke["$(reason CONFIG_PIN_SOURCE)"]='with_line open "pin-source=file:$work/nowhere"'
provoke["no such KEK on the configured tokens"]='with_line seal kek=nobody'
provoke["no KEK of this message is on the configured tokens"]='with_line open token=pkcs11:token=spare'
provoke["no KEK is configured"]='write_cnf; sed -i "/^kek/d" "$cnf"; seal -in plain -out out'
extractable() {
    pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --keygen \
        --key-type AES:32 --label loose --id 0f0f --extractable --sensitive >/dev/null 2>&1
    with_line seal kek=loose
}
provoke["the KEK is extractable"]=extractable
provoke["unsupported cipher algorithm (ENVELOPE)"]="ossl_env ruby -ropenssl -e 'OpenSSL::Cipher.new(%q(ENVELOPE))'"
provoke["openssl_encrypt(): Unknown cipher algorithm"]="ossl_env php -r 'exit(openssl_encrypt(\"a\", \"ENVELOPE\", \"\", 1) === false ? 1 : 0);'"
ossl_env() { # a program with the test's openssl.cnf
    OPENSSL_CONF=$work/$cnf OPENSSL_MODULES=$work/modules "$@"
}
marked() { # the form of a stand-in, which is nobody's
    for_program=(key-ciphers=AES-256-CBC allow-keys=cards)
    program_cnf
    ours openssl enc -aes-256-cbc -K "$(printf 'key:%028d' 0 | od -An -v -tx1 | tr -d ' \n')" \
        -iv 00000000000000000000000000000000 -in plain -out out
}
provoke["the key bytes or the name stand for no named key that may be used here"]=marked
nginx_key() {
    for_program=(key-kdfs=PBKDF2 allow-keys=tls)
    program_cnf
    stock rand -hex 20 | tr -d '\n' >words
    take_over tls PBKDF2 words
    stock req -x509 -newkey rsa:2048 -nodes -keyout plain.pem -days 2 -subj /CN=test -out certificate.pem 2>/dev/null
    stock pkcs8 -topk8 -v2 aes-256-cbc -in plain.pem -out protected.pem -passout file:tls.key
    cat >nginx.conf <<END
pid $work/pid;
error_log stderr;
events { }
http {
    access_log off;
    client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    server {
        listen unix:$work/s ssl;
        ssl_certificate $work/certificate.pem;
        ssl_certificate_key $work/protected.pem;
        ssl_password_file $work/tls.stand-in;
    }
}
END
    token_away
    ! ours "$nginx" -t -p "$work" -c "$work/nginx.conf" -e stderr || return 0
    token_back
    # and it is the token's absence that made it fail
    ours "$nginx" -t -p "$work" -c "$work/nginx.conf" -e stderr || fail "nginx refuses it in any case"
    return 1
}
provoke["cannot load certificate key"]=nginx_key
provoke["Algorithm (AES-256-CBC : …), Properties"]='program_cnf; without_module openssl enc -aes-256-cbc -K 0 -iv 0 -in plain -out out'

mapfile -t explained < <(sed -n 's/^### `\(.*\)`$/\1/p' "$page")
((${#explained[@]} == ${#provoke[@]})) ||
    fail "${#explained[@]} lines explained, ${#provoke[@]} provoked"
for line in "${explained[@]}"; do
    how=${provoke[$line]-}
    [[ -n $how ]] || fail "not provoked: $line"
    write_cnf kek=orders
    if (eval "$how") >said 2>&1 </dev/null; then
        fail "no error: $how: $(<said)"
    fi
    pattern=$(printf %s "$line" | sed -E 's/[][().*+?{}|\\^$]/\\&/g; s/…/.*/g')
    grep -qE -- "$pattern" said || fail "'$line' expected: $how: $(<said)"
    ! grep -qF "$pin" said || fail "the PIN is shown: $how"
done
