#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# With every cipher of key-ciphers configured and ours preferred, TLS and CMS work as before, with
# stock OpenSSL on the other side, in both roles.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/stock_names.sh
source "$source_dir/tests/lib/stock_names.sh"
named_cnf() { # no token is needed, and none is there
    write_cnf pkcs11-module-path=/nonexistent "$@"
}
stock_cnf key-ciphers="$all_ciphers" key-kdfs=PBKDF2
for cipher in $all_ciphers; do
    echo "$cipher"
done >wanted
mapfile -t servers < <(with_envelope xargs "$ENVELOPE_PROGRAMS/served_by" <wanted)
((${#servers[@]} == 44)) || fail "${#servers[@]} ciphers"
for server in "${servers[@]}"; do
    [[ $server == envelope ]] || fail "one is $server's"
done

mkdir served
stream 200000 >served/page
stream 5000 >plain
stock req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.pem \
    -subj /CN=ec -days 3650 2>err || fail "$(<err)"
stock req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -subj /CN=rsa -days 3650 2>err ||
    fail "$(<err)"

# ---- TLS ----

# One connection over a socket in this directory: the page arrives unchanged.
connection() { # server, client, certificate, further arguments of both
    local server=$1 client=$2 certificate=$3 pid tries=0
    shift 3
    rm -f socket
    (cd served && exec "$server" s_server -unix ../socket -cert "../$certificate.pem" \
        -key "../$certificate.key" -naccept 1 -HTTP -quiet "$@" >../server.out 2>&1) &
    pid=$!
    until [[ -S socket ]]; do
        kill -0 $pid 2>/dev/null || fail "no server: $(<server.out)"
        ((++tries < 600)) || fail "the server does not start"
        sleep 0.1
    done
    printf 'GET /page HTTP/1.0\r\n\r\n' |
        "$client" s_client -unix socket -quiet -ign_eof -CAfile "$certificate.pem" \
            -verify_return_error "$@" >page 2>client.err || fail "$*: $(<client.err) $(<server.out)"
    wait $pid || fail "$*: $(<server.out)"
    same served/page page
}

each_side() { # certificate, arguments
    connection ossl_program stock_program "$@"
    connection stock_program ossl_program "$@"
    connection ossl_program ossl_program "$@"
}

# Programs, which exec can start.
cat >ossl_program <<END
#!/bin/bash
export OPENSSL_CONF=$(printf %q "$work/$cnf") OPENSSL_MODULES=$(printf %q "$ENVELOPE_MODULE_DIR")
PATH=$(printf %q "$instrumented")\$PATH exec env ${sanitizer_env[*]@Q} openssl "\$@"
END
cat >stock_program <<'END'
#!/bin/bash
OPENSSL_CONF=/dev/null exec openssl "$@"
END
chmod +x ossl_program stock_program
PATH=$work:$PATH

tls12=(
    "ec ECDHE-ECDSA-AES256-GCM-SHA384"
    "ec ECDHE-ECDSA-AES128-CCM"
    "ec ECDHE-ECDSA-AES256-CCM8"
    "ec ECDHE-ECDSA-CHACHA20-POLY1305"
    "ec ECDHE-ECDSA-AES256-SHA384"
    "ec ECDHE-ECDSA-CAMELLIA256-SHA384"
    "ec ECDHE-ECDSA-ARIA256-GCM-SHA384"
    "rsa AES128-SHA"
    "rsa AES256-GCM-SHA384"
)
for line in "${tls12[@]}"; do
    each_side "${line% *}" -tls1_2 -cipher "${line#* }:@SECLEVEL=0"
done
for suite in TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256 TLS_CHACHA20_POLY1305_SHA256 \
    TLS_AES_128_CCM_SHA256 TLS_AES_128_CCM_8_SHA256; do
    each_side ec -tls1_3 -ciphersuites $suite -cipher "ALL:@SECLEVEL=0"
done
# encrypt-then-MAC, and MAC-then-encrypt
each_side rsa -tls1_2 -cipher "AES256-SHA256:@SECLEVEL=0"

# ---- CMS, PKCS#7, PKCS#8, PKCS#12 ----

from_each_side() { # name, then the command that makes `message`, --, the one that makes `opened`
    local name=$1 make=() open=() from to
    shift
    while [[ $1 != -- ]]; do
        make+=("$1")
        shift
    done
    open=("${@:2}")
    for from in ossl stock; do
        for to in ossl stock; do
            [[ $from$to != stockstock ]] || continue
            rm -f message opened
            $from "${make[0]}" -out message "${make[@]:1}" 2>err || fail "$name, $from: $(<err)"
            $to "${open[0]}" -in message -out opened "${open[@]:1}" 2>err || fail "$name, $from to $to: $(<err)"
            same plain opened
        done
    done
}

secret=$(stock rand -hex 32)
for cipher in -aes-256-cbc -aes-128-cbc -des3 -camellia-256-cbc -aes-256-gcm -aes-128-gcm; do
    from_each_side "cms $cipher" cms -encrypt -binary -outform DER $cipher -in plain -recip ec.pem -- \
        cms -decrypt -binary -inform DER -recip ec.pem -inkey ec.key
    from_each_side "cms rsa $cipher" cms -encrypt -binary -outform DER $cipher -in plain rsa.pem -- \
        cms -decrypt -binary -inform DER -recip rsa.pem -inkey rsa.key
done
from_each_side EncryptedData cms -EncryptedData_encrypt -binary -outform DER -aes-256-cbc \
    -secretkey "$secret" -in plain -- \
    cms -EncryptedData_decrypt -binary -inform DER -secretkey "$secret"
from_each_side "cms password" cms -encrypt -binary -outform DER -aes-256-cbc -pwri_password secret \
    -in plain -- cms -decrypt -binary -inform DER -pwri_password secret
from_each_side PKCS#7 smime -encrypt -binary -outform DER -aes256 -in plain rsa.pem -- \
    smime -decrypt -binary -inform DER -recip rsa.pem -inkey rsa.key

cp plain plain.data
stock pkey -in rsa.key -out plain
for cipher in aes-256-cbc aes-128-cbc des-ede3-cbc camellia-256-cbc aria-256-cbc; do
    from_each_side "pkcs8 $cipher" pkcs8 -topk8 -v2 $cipher -passout pass:secret -in rsa.key -- \
        pkey -passin pass:secret
done
for from in ossl stock; do
    $from pkcs12 -export -inkey rsa.key -in rsa.pem -passout pass:secret -out message
    for to in ossl stock; do
        $to pkcs12 -in message -nocerts -noenc -passin pass:secret | stock pkey -out opened
        same plain opened
    done
done
mv plain.data plain

# A random generator that lasts, and MACs on top of ciphers.
[[ $(ossl rand -hex 70000 | wc -c) == 140001 ]] || fail "random numbers"
[[ $(ossl mac -macopt hexkey:00112233445566778899aabbccddeeff -cipher AES-128-CBC -in plain CMAC) == \
    "$(stock mac -macopt hexkey:00112233445566778899aabbccddeeff -cipher AES-128-CBC -in plain CMAC)" ]] ||
    fail "CMAC"
