#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every sample in conf/ works as it is, once the paths of module and PIN are the test's own.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=../lib/stock_names.sh
source "$source_dir/tests/lib/stock_names.sh"
make_token kek
make_token "safe deposit"
make_kek kek orders --id "$kek_id"
make_kek "safe deposit" "orders backup" --id 0b0b
stream 5000 >plain

samples=("$source_dir"/conf/*.cnf)
((${#samples[@]} == 11)) || fail "a sample that this test does not know"
for sample in "${samples[@]}"; do
    case ${sample##*/} in
    provider.cnf | app.cnf | container.cnf) continue ;; # below
    esac
    for path in /usr/lib/softhsm/libsofthsm2.so /etc/envelope/pin; do
        grep -qF "$path" "$sample" || fail "$sample does not have $path"
    done
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/|$work/|" \
        "$sample" >openssl.cnf
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
done

# The one to be included, as its own first lines say.
sed -n 's/^#     //p' "$source_dir/conf/provider.cnf" | sed "s|/etc/envelope/|$work/|" >openssl.cnf
grep -qx "\.include $work/provider.cnf" openssl.cnf || fail "$(<openssl.cnf)"
sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/|$work/|" \
    "$source_dir/conf/provider.cnf" >provider.cnf
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened

# For a service: systemd passes the PIN in a folder that it names, and check runs before the start.
mkdir -m 700 credentials log
cp pin credentials/pin
chmod 400 credentials/pin
sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/var/log/app/|$work/log/|" \
    "$source_dir/conf/app.cnf" >openssl.cnf
expect_failure CONFIG_PIN_SOURCE "LoadCredential=" seal -in plain -out sealed
export CREDENTIALS_DIRECTORY=$work/credentials
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
grep -q '"application":"app"' log/envelope.log || fail "$(<log/envelope.log)"
expect_quiet tool check --quiet
unset CREDENTIALS_DIRECTORY
if tool check >out 2>&1; then fail "without the PIN: $(<out)"; fi
grep -q "^FAILED  PIN file: credential:pin: " out || fail "$(<out)"
sed -e "s|=/usr/bin/envelope |=$ENVELOPE_MODULE_DIR/envelope |" -e "s|=/usr/local/bin/app$|=/bin/true|" \
    "$source_dir/conf/app.service" >app.service
grep -qx "ExecStartPre=$ENVELOPE_MODULE_DIR/envelope check --quiet" app.service || fail "$(<app.service)"
systemd-analyze verify ./app.service >verify.out 2>&1 || fail "$(<verify.out)"
# it says nothing of a key that it does not know, but here
if grep -F app.service verify.out; then fail "$(<verify.out)"; fi

# The samples for programs: a key of the set's, by its stand-in, does what the key does under stock
# OpenSSL, check finds nothing wrong, and without the module nothing starts.
mkdir keys no-modules
iv=000102030405060708090a0b0c0d0e0f
for_set() { # set, use, bytes; each cipher of openssl enc, or PBKDF2
    local name use=$2 bytes=$3 cipher value stand_in
    name=$(sed -n 's/^allow-keys = //p' "$source_dir/conf/$1.cnf")
    name=${name/\*/$2}
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/|$work/|" \
        "$source_dir/conf/$1.cnf" >openssl.cnf
    shift 3
    stock rand -out raw "$bytes"
    key import "$name" --for "$use" --single --raw <raw
    key stand-in "$name" --for-app test
    tr -d '\n' <out >stand-in
    value=$(hex_of raw)
    stand_in=$(hex_of stand-in)
    tool check >out 2>err || fail "check of $name: $(cat out err)"
    ! grep -q '^warning .*keys-open-at-start' out || fail "check of $name: $(<out)"
    for cipher; do
        if [[ $cipher == PBKDF2 ]]; then
            for way in "stock hexpass:$value" "ossl hexpass:$stand_in"; do
                ${way% *} kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "${way#* }" -kdfopt salt:salty \
                    -kdfopt iter:1000 PBKDF2 >"${way%% *}.out"
            done
        else
            [[ $cipher != *-ecb ]] || iv_args=()
            [[ $cipher == *-ecb ]] || iv_args=(-iv "$iv")
            stock enc -e "-$cipher" -K "$value" "${iv_args[@]}" -in plain -out stock.out
            expect_quiet ossl enc -e "-$cipher" -K "$stand_in" "${iv_args[@]}" -in plain -out ossl.out
        fi
        same stock.out ossl.out
    done
    if OPENSSL_CONF=$work/$cnf OPENSSL_MODULES=$work/no-modules openssl dgst -sha256 plain >out 2>&1; then
        fail "$name: it starts without the module"
    fi
}
for_set mariadb mariadb 32 aes-256-cbc aes-256-ctr aes-256-ecb
for_set pgcrypto pgcrypto 32 aes-256-cbc aes-256-ecb
for_set laravel laravel 32 aes-256-cbc
for_set rails rails 30 PBKDF2
for_set sqlcipher sqlcipher 32 aes-256-cbc PBKDF2

# The keys that a sample has commented out are ones that we know: with them it works as well.
sed -E -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|" \
    -e 's/^# ((open-kek|context) = )/\1/' "$source_dir/conf/envelope.cnf" >openssl.cnf
(($(grep -cE '^(open-kek|context) = ' openssl.cnf) == 2)) || fail "the sample has other keys now"
expect_failure CONTEXT_MISMATCH "" open -in sealed
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened

# A selector is never used as the key itself, whichever provider is first: libcrypto sorts its
# providers as soon as there is a third one.
make_kek kek known --id 0d0d --import "$(printf '7%.0s' {1..64})"
selector=$(printf %-64s "$(printf kek:known | od -An -v -tx1 | tr -d ' \n')" | tr ' ' 0)
for third in no yes; do
    sed -E -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|" \
        -e 's/^# (alg_section = algorithm_sect).*/\1/' -e 's/^# (standard-names = yes|\[algorithm_sect\]|default_properties = .*)$/\1/' \
        -e 's/^standard-names = yes$/&\nallow-imported-kek = yes/' "$source_dir/conf/envelope.cnf" >openssl.cnf
    (($(grep -cE '^(alg_section|standard-names|\[algorithm_sect|default_properties)' openssl.cnf) == 4)) ||
        fail "the sample has other lines for standard-names"
    [[ $third == no ]] ||
        sed -i -e 's/^\[provider_sect\]$/&\nbase = base_sect/' -e 's/^\[default_sect\]$/[base_sect]\nactivate = 1\n&/' openssl.cnf
    with_envelope "$ENVELOPE_MODULE_DIR/envelope" check >out 2>&1 || fail "check: $(<out)"
    grep -q '^ok      stock names: 6 ' out || fail "check: $(<out)"
    expect_quiet ossl cms -encrypt -binary -aes-256-cbc -in plain -outform DER -out message \
        -secretkey "$selector" -secretkeyid 01
    if stock cms -decrypt -binary -inform DER -in message -secretkey "$selector" -secretkeyid 01 \
        -out opened 2>err; then
        fail "encrypted under the public selector"
    fi
    expect_quiet stock cms -decrypt -binary -inform DER -in message -out opened \
        -secretkey "$(printf '7%.0s' {1..64})" -secretkeyid 01
    same plain opened
done
make_kek kek known --destroy

# The backup KEK opens alone what was sealed for both.
sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" -e "s|/etc/envelope/pin|$work/pin|" \
    "$source_dir/conf/backup-kek.cnf" >openssl.cnf
expect_quiet seal -in plain -out sealed
make_kek kek orders --destroy
expect_quiet open -in sealed -out opened
same plain opened

# A container's: the token is behind p11-kit's server, which is started as docs/INSTALL.md has it.
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
trap '[[ -z ${server-} ]] || { pkill -KILL -P "$server" || :; kill -KILL "$server"; }; leave' EXIT
block "$source_dir/docs/INSTALL.md" container-host sh |
    sed "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" >host.sh
# exec: the server is who this shell was; relative: a path to a socket has room for 107 bytes
socket=socket bash -c "exec $(<host.sh)" >server.out 2>&1 &
server=$!
for _ in {1..100}; do
    [[ ! -S socket ]] || break
    sleep 0.1
done
export P11_KIT_SERVER_ADDRESS=unix:path=/proc/self/cwd/socket
sed "s|/run/secrets/|$work/|" "$source_dir/conf/container.cnf" >openssl.cnf
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:app -pkeyopt type:RSA -out kek.pem 2>err ||
    fail "$(cat err server.out)"
sed -i 's/^kek = orders$/kek = app/' openssl.cnf
seal -in plain -out sealed 2>err || fail "$(<err)"
grep -q '"operation":"wrap"' err || fail "no audit log on stderr: $(<err)"
open -in sealed -out opened 2>err || fail "$(<err)"
grep -q '"operation":"unwrap"' err || fail "no audit log on stderr: $(<err)"
same plain opened
