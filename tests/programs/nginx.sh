#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nginx: a TLS key in PKCS#8, whose ssl_password_file has a stand-in, opens only with the token.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_two_places
nginx=$source_dir/build/packages/nginx/usr/sbin/nginx
[[ -x $nginx ]] || fail "there is no nginx: tests/run.sh --programs"
for_program=(key-kdfs=PBKDF2 allow-keys=tls)

stop_server() {
    if [[ -s $work/pid ]]; then
        kill "$(<"$work/pid")" 2>/dev/null || :
    fi
    wait
}
end() {
    stop_server
    rm -rf "$work"
}
trap end EXIT

cat >nginx.conf <<END
daemon off;
pid $work/pid;
error_log $work/error.log info;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    server {
        listen unix:$work/s ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate $work/certificate.pem;
$(block "$source_dir/docs/PROGRAMS.md" nginx nginx | sed "s|/etc/nginx/|$work/|")
        location / { return 200 "it is served\n"; }
    }
}
END
((EUID != 0)) || sed -i '1s/^/user root;\n/' nginx.conf

# Whether it serves; error.log says what it did.
start() { # a way to run it
    rm -f s pid
    : >error.log
    "$@" "$nginx" -p "$work" -c "$work/nginx.conf" -e "$work/error.log" >nginx.out 2>&1 &
    local job=$!
    until [[ -s pid && -S s ]]; do
        if ! kill -0 $job 2>/dev/null; then
            wait $job || :
            return 1
        fi
        sleep 0.1
    done
}

served() { # TLS version
    printf 'GET / HTTP/1.0\r\n\r\n' |
        as_before timeout 60 openssl s_client -unix s "-$1" -CAfile certificate.pem -verify_return_error \
            -ign_eof -quiet 2>client.err | found 'it is served'
}

existing() {
    stock rand -hex 20 | tr -d '\n' >words
    take_over tls PBKDF2 words
    stock req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout plain.pem -days 2 \
        -subj /CN=test -out certificate.pem 2>err || fail "$(<err)"
    stock pkcs8 -topk8 -v2 aes-256-cbc -in plain.pem -out protected.pem -passout file:tls.key
    rm plain.pem
    stock genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem
    cp tls.key password
}
use_stand_in() {
    cp tls.stand-in password
    rm tls.key tls.hex words
}
opens() {
    start "$@" || fail "nginx does not start: $(<error.log)"
    served tls1_2 || fail "TLS 1.2: $(<client.err)"
    served tls1_3 || fail "TLS 1.3: $(<client.err)"
    stop_server
}
writes() { # a renewed key, under the same password
    stock genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem
    stock req -x509 -key plain.pem -days 2 -subj /CN=test -out certificate.pem
    "$@" openssl pkcs8 -topk8 -v2 aes-256-cbc -in plain.pem -out protected.pem -passout file:password
    rm plain.pem
}
does_not_start() { # pattern, a way to run it
    local pattern=$1
    shift
    if start "$@"; then
        fail "nginx serves"
    fi
    grep -qE -- "$pattern" error.log nginx.out || fail "$(cat error.log nginx.out)"
}
refused() {
    does_not_start "$(reason NO_TOKEN)" "$@"
}
silent() {
    does_not_start 'emerg' "$@"
}
useless() {
    # a key that is protected now opens by the stand-in itself, and not by what it stands for
    "$@" openssl pkcs8 -topk8 -v2 aes-256-cbc -in other.pem -out lost.pem -passout file:password
    as_before openssl pkey -in lost.pem -passin file:password -out opened
    same other.pem opened
    ! ours openssl pkey -in lost.pem -passin file:password -out opened 2>err ||
        fail "we open what was written without us"
    does_not_start 'cannot load certificate key .*(bad decrypt|BAD_DECRYPT|bad_decrypt|pem_read_bio|PEM_read_bio)' "$@"
}
story

# A server that serves goes on while the token is away.
program_cnf
start ours || fail "$(<error.log)"
token_away
served tls1_3 || fail "it stops with the token"
token_back
stop_server
