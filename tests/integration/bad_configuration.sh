#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A wrong configuration is an error: for every key and every kind of bad value, the first operation
# fails with a reason that names the key, and envelope check names it too. A key without a bad value
# here fails this test.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_token vault # no key's name
make_kek vault orders --id "$kek_id"
configure() { # lines as of write_cnf
    write_cnf 'token="pkcs11:token=vault"' "$@"
}
configure
echo words >plain
seal -in plain -out sealed 2>err
mapfile -t keys < <("$ENVELOPE_PROGRAMS/list_names" keys | cut -d' ' -f1)
((${#keys[@]} >= 19)) || fail "list_names does not list the keys any more"

# The error of each: the reason, then the value as written in the file. What a value needs besides
# is in `besides`.
printf '' >pin.empty
printf '%s\n\n' "$pin" >pin.lines
printf %s "$pin" >pin.open
chmod 604 pin.open
mkdir directory
openssl genrsa 3072 >private.pem 2>/dev/null
echo nonsense >nonsense.pem
openssl rsa -in private.pem -pubout >planted.pem 2>/dev/null
chmod 666 planted.pem
long=$(printf 'x%.0s' {1..4097})
bad_values() { # key
    case $1 in
    pkcs11-module-path)
        echo "NO_MODULE $work/absent.so"
        echo "NO_MODULE $work/plain"
        echo "NO_MODULE $work/absent.so $work/plain"
        echo "CONFIG_VALUE /a%zz.so"
        echo 'CONFIG_VALUE "  "'
        printf 'CONFIG_VALUE "\t "\n'
        ;;
    pkcs11-module-init-args)
        echo "NO_MODULE configdir=/nonexistent"
        ;;
    token)
        echo "CONFIG_BAD_URI kek"
        echo 'CONFIG_BAD_URI "pkcs11:token=%zz"'
        echo 'CONFIG_BAD_URI "pkcs11:token=vault pkcs11:token=%zz"'
        echo 'CONFIG_BAD_URI "pkcs11:token=vault other"'
        echo 'CONFIG_BAD_URI "pkcs11:frobnicate"'
        echo 'CONFIG_BAD_URI "pkcs11:token=vault?module-name=softhsm2"'
        echo "CONFIG_BAD_URI \"pkcs11:token=vault?module-path=$softhsm\""
        echo 'NO_TOKEN "pkcs11:token=absent"'
        ;;
    pin-source)
        echo "CONFIG_PIN_SOURCE $work/pin"
        echo "CONFIG_PIN_SOURCE file:"
        echo "CONFIG_PIN_SOURCE env:"
        echo "CONFIG_PIN_SOURCE http://example.org/pin"
        echo "CONFIG_PIN_SOURCE file:$work/absent"
        echo "CONFIG_PIN_SOURCE file:$work/pin.empty"
        echo "CONFIG_PIN_SOURCE file:$work/pin.lines"
        echo "CONFIG_PIN_SOURCE file://elsewhere$work/pin"
        echo "CONFIG_PIN_SOURCE file:$work/pin.open"
        echo "CONFIG_PIN_SOURCE file:$work/directory"
        echo "CONFIG_PIN_SOURCE file:absent"
        echo "CONFIG_PIN_SOURCE env:ENVELOPE_TEST_UNSET"
        ;;
    kek)
        echo "KEK_NOT_FOUND absent"
        echo "KEK_NOT_FOUND orders absent"
        echo "CONFIG_VALUE orders%zz"
        echo 'CONFIG_BAD_URI "pkcs11:object=%zz"'
        echo "KEK_FILE file:$work/absent.pem"
        echo "KEK_FILE file:$work/directory"
        echo "KEK_FILE file:$work/planted.pem"
        echo "KEK_FILE_CONTENT file:$work/nonsense.pem"
        echo "KEK_FILE_PRIVATE file:$work/private.pem"
        ;;
    kek-optional)
        echo "CONFIG_VALUE absent"
        echo 'CONFIG_VALUE "pkcs11:object=orders"'
        ;;
    wrap)
        echo "CONFIG_VALUE aes"
        echo "CONFIG_VALUE AES-KW"
        echo "CONFIG_VALUE aes-kw aes-gcm"
        ;;
    oaep-hash)
        echo "CONFIG_VALUE sha512"
        echo "CONFIG_VALUE SHA256"
        ;;
    key-ciphers)
        echo "CONFIG_VALUE AES-256-GCMM"
        echo "CONFIG_VALUE AES-256-GCM, AES-256-CBC"
        echo "CONFIG_VALUE AES-256-GCM PBKDF2"
        echo "CONFIG_VALUE mysql"
        ;;
    key-kdfs)
        echo "CONFIG_VALUE PBKDF1"
        echo "CONFIG_VALUE PBKDF2 HKDF"
        ;;
    context)
        echo "CONTEXT_TOO_LONG $long"
        ;;
    open-kek)
        echo "KEK_NOT_ALLOWED other"
        ;;
    open-only-kek)
        echo "KEK_OPENS_ONLY orders"
        echo "CONFIG_VALUE a%2"
        echo 'CONFIG_BAD_URI "pkcs11:frobnicate"'
        ;;
    disabled-kek)
        echo "KEK_DISABLED orders"
        echo "KEK_DISABLED other $kek_id"
        echo 'KEK_DISABLED "pkcs11:token=vault;object=orders"'
        echo "CONFIG_VALUE a%2"
        echo 'CONFIG_BAD_URI "pkcs11:frobnicate"'
        ;;
    propquery)
        echo 'CONFIG_VALUE "fips=yes,"'
        echo 'CONFIG_VALUE "=yes"'
        echo "NO_AES_GCM provider=nobody"
        ;;
    field-key)
        echo "CONFIG_VALUE us"
        echo "CONFIG_VALUE users@"
        echo "CONFIG_VALUE users@0"
        echo "CONFIG_VALUE users@1a"
        echo "CONFIG_VALUE _users"
        echo "CONFIG_VALUE users other"
        echo "CONFIG_VALUE key:mB3tQ9vLx0Zr7Wd2Hs6Yk1Np"
        ;;
    tenant-key-cache)
        echo "CONFIG_VALUE many"
        echo "CONFIG_VALUE -1"
        echo "CONFIG_VALUE 1000001"
        ;;
    session-wait)
        echo "CONFIG_VALUE soon"
        echo "CONFIG_VALUE -1"
        echo "CONFIG_VALUE 1.5"
        echo "CONFIG_VALUE 10000"
        ;;
    keys-directory | state-file | pin-failure-memory)
        echo "CONFIG_VALUE keys"
        echo "CONFIG_VALUE ./keys"
        echo 'CONFIG_VALUE "  "'
        ;;
    allow-keys)
        echo "CONFIG_VALUE or"
        echo "CONFIG_VALUE orders@"
        echo "CONFIG_VALUE orders@one"
        echo "CONFIG_VALUE *orders"
        echo "CONFIG_VALUE orders or/ders"
        ;;
    kek-expiry-warning)
        echo "CONFIG_VALUE soon"
        echo "CONFIG_VALUE -1"
        echo "CONFIG_VALUE 3651"
        ;;
    max-kek-age)
        echo "CONFIG_VALUE old"
        echo "CONFIG_VALUE 36501"
        ;;
    keys-refresh | state-refresh)
        echo "CONFIG_VALUE 0"
        echo "CONFIG_VALUE soon"
        echo "CONFIG_VALUE 86401"
        ;;
    audit-log)
        echo "CONFIG_VALUE audit.log"
        echo "CONFIG_VALUE file:audit.log"
        echo "CONFIG_VALUE file:$work/absent/log"
        echo "CONFIG_VALUE file:$work/directory"
        echo "CONFIG_VALUE syslog:$work/absent"
        echo "CONFIG_VALUE unix:$work/absent"
        echo "CONFIG_VALUE stdout"
        ;;
    application)
        echo "CONFIG_VALUE $(printf 'x%.0s' {1..129})"
        echo "CONFIG_VALUE $(printf 'a\xffb')"
        ;;
    audit-required)
        echo "CONFIG_VALUE yes" # without an audit-log
        echo "CONFIG_VALUE maybe"
        ;;
    allow-weak-kek | allow-short-kek | allow-imported-kek | allow-expired-kek | standard-names | pkcs11-scheme | strict-output | pin-final-try | \
        stock-providers-here | keys-open-at-start | keys-by-rsa | close-at-exit)
        echo "CONFIG_VALUE maybe"
        echo "CONFIG_VALUE YES"
        echo "CONFIG_VALUE 1"
        ;;
    *)
        fail "no bad value of $1 is listed here"
        ;;
    esac
}

fails_by_name() { # key, reason, value
    local key=$1 name=$2 value=$3 status=0
    configure "$key=$value"
    if [[ $name == KEK_NOT_ALLOWED ]]; then
        expect_failure "$name" "$key" open -in sealed
    else
        expect_failure "$name" "(^|[^a-z-])$key([^a-z-]|$)" seal -in plain
    fi
    tool check --json >json 2>err || status=$?
    ((status == 1)) || fail "check: status $status: $key=$value: $(<json) $(<err)"
    jq -es --arg key "$key" 'any(.[]; .state == "failed" and (.text | test("(^|[^a-z-])" + $key + "([^a-z-]|$)")))' \
        json >/dev/null || fail "check does not name $key=$value: $(<json)"
    ! grep -qF "$pin" json err || fail "the PIN is shown"
}

values=0
for key in "${keys[@]}"; do
    listed=$(bad_values "$key")
    [[ -n $listed ]] || fail "no bad value of $key is listed here"
    fails_by_name "$key" CONFIG_VALUE ""
    fails_by_name "$key" CONFIG_VALUE '""'
    while read -r name value; do
        fails_by_name "$key" "$name" "$value"
        values=$((values + 1))
    done <<<"$listed"
done
((values >= 60)) || fail "only $values values"

# ---- the correction in the error ----

make_kek vault "my orders" --id 0102
advises() { # reason, words, line
    configure "$3"
    expect_failure "$1" "$2" seal -in plain
}
advises KEK_NOT_FOUND 'kek: my; looked at token .*; a space in a label is %20$' "kek=my orders"
advises KEK_FILE 'kek: .*; a space in a path is %20$' "kek=file:$work/my key.pem"
configure "kek=my%20orders"
seal -in plain -out sealed 2>err
advises CONFIG_BAD_URI 'token: write pkcs11:token=vault$' "token=vault"
advises CONFIG_BAD_URI 'token: write pkcs11:token=safe%20deposit$' "token=safe deposit"
advises CONFIG_BAD_URI 'token: one of its words is not a pkcs11: URI \(a space in a URI is %20\)$' \
    'token="pkcs11:token=safe deposit"'
advises NO_MODULE 'pkcs11-module-path = .*; a space in a path is %20$' "pkcs11-module-path=$work/a b.so"
# What may be a PIN is not repeated.
advises CONFIG_BAD_URI 'token: one of its words is not a pkcs11: URI' "token=\"vault?pin-value=$pin\""
advises CONFIG_BAD_URI 'token: one of its words is not a pkcs11: URI' "token=\"pkcs11:token=vault?pin-value=x $pin\""
advises CONFIG_UNKNOWN_KEY 'pin_value \(pin-source\?\)$' "pin_value=$pin"
