#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Laravel's Encrypter as Debian has it, AES-256-CBC with a MAC by hash_hmac() over APP_KEY. Such a key is
# not imported: APP_KEY becomes the stand-in of a new one, the old one is in APP_PREVIOUS_KEYS until all
# is encrypted again.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
make_two_places
for_program=(key-ciphers=laravel "allow-keys=laravel-*")
text='customer 17 of Gent'

laravel() { # a way to run it, arguments of laravel.php
    local way=$1
    shift
    APP_KEY=$app_key APP_PREVIOUS_KEYS=$previous_keys "$way" php "$source_dir/tests/programs/laravel.php" \
        "$@" 2>err
}

existing() {
    app_key=base64:$(stock rand -base64 32)
    previous_keys=
    laravel "$1" encrypt "$text" >payloads || fail "$(<err)"
    laravel "$1" encrypt "$text" >>payloads || fail "$(<err)"
}
use_stand_in() {
    local raw=$app_key
    key new laravel-app --for laravel
    key stand-in laravel-app --for-app web --base64
    app_key=base64:$(<out)
    program_cnf
    # the MAC of what is there was made with the old key
    if laravel ours decrypt <payloads >out; then
        fail "it opens by the new key: $(<out)"
    fi
    grep -qF 'DecryptException: The MAC is invalid.' err || fail "$(<err)"
    previous_keys=$raw
    opens ours
    writes ours
    # the new one is under the new key, and the old ones after this
    laravel ours reencrypt <payloads >payloads.new || fail "$(<err)"
    mv payloads.new payloads
    previous_keys=
    local stand_in=$app_key
    app_key=$raw
    if laravel as_before decrypt <payloads >out; then
        fail "it opens by the old key: $(<out)"
    fi
    # The MAC's key is the stand-in itself: with another one of the same key nothing opens.
    key stand-in laravel-app --for-app worker --base64
    app_key=base64:$(<out)
    if laravel ours decrypt <payloads >out; then
        fail "it opens by another stand-in: $(<out)"
    fi
    grep -qF 'DecryptException: The MAC is invalid.' err || fail "$(<err)"
    app_key=$stand_in
}
opens() {
    laravel "$1" decrypt <payloads >out || fail "$(<err)"
    [[ $(sort -u out) == "$text" && $(wc -l <out) == $(wc -l <payloads) ]] || fail "$(<out)"
}
writes() {
    laravel "$1" encrypt "$text" >>payloads || fail "$(<err)"
}
# Both fail by Laravel's exceptions; openssl_error_string() says why.
fails() { # pattern, a way to run it
    if laravel "$2" decrypt <payloads >out || [[ -s out ]]; then
        fail "it opens: $(<out)"
    fi
    grep -qE -- "$1" err || fail "'$1' expected: $(<err)"
    if laravel "$2" encrypt "$text" >out || [[ -s out ]]; then
        fail "something was written: $(<out)"
    fi
    grep -qE -- "$1" err || fail "'$1' expected: $(<err)"
}
refused() {
    fails "$(reason NO_TOKEN)" "$1"
    grep -qF 'EncryptException: Could not encrypt the data.' err || fail "$(<err)"
}
silent() {
    fails 'Error|Exception' "$1"
}
# The MAC is the stand-in's, so it is right. What comes out by the stand-in as a key has wrong padding,
# or (one time in 256) is something else, which does not unserialize.
useless() {
    if laravel "$1" decrypt <payloads >out; then
        ! grep -qF "$text" out || fail "it opens without the module"
    else
        grep -qF 'Could not decrypt the data.' err || fail "$(<err)"
    fi
    # what is written now is under bytes that only the configuration has
    laravel "$1" encrypt "$text" >lost || fail "$(<err)"
    laravel ours decrypt <lost >out || :
    ! grep -qF "$text" out || fail "data that was written without the module opens"
}

story
