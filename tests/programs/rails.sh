#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rails' ActiveSupport and the gem encryptor as Debian has them: credentials (AES-128-GCM by master.key),
# MessageEncryptor, secret_key_base through KeyGenerator (PBKDF2), and columns with and without a salt.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
make_two_places
text='customer 17 of Gent'
ways=(credentials message signed cookie column salted)
for_program=("key-ciphers=rails-credentials AES-256-GCM AES-256-CBC" key-kdfs=PBKDF2 "allow-keys=rails-*")

rails() { # a way to run it, arguments of rails.rb
    "$1" ruby "$source_dir/tests/programs/rails.rb" "$2" config "${@:3}" >out 2>err || fail "$(<err)"
}
all_say() { # what each line of out has behind its name
    local way
    for way in "${ways[@]}"; do
        grep -qxE "$way: $1" out || fail "$way: '$1' expected: $(<out)"
    done
}

existing() {
    mkdir config data.1
    take_over rails-credentials rails-credentials 16 --short
    take_over rails-messages AES-256-GCM 32
    take_over rails-signed AES-256-CBC 32
    stock rand -hex 64 | tr -d '\n' >base
    take_over rails-base PBKDF2 base
    cp rails-credentials.hex config/master.key
    cp rails-messages.key config/message_key
    cp rails-signed.key config/cbc_key
    cp rails-base.key config/secret_key_base
    stock rand -out config/sign_key 32 # of the MAC alone, which stays
    rails "$1" write data.1 "$text"
    all_say written
    written=1
}
use_stand_in() {
    hex_of rails-credentials.stand-in >config/master.key
    cp rails-messages.stand-in config/message_key
    cp rails-signed.stand-in config/cbc_key
    cp rails-base.stand-in config/secret_key_base
    rm -f ./*.key ./*.hex base
}
opens() {
    local data
    for data in data.*; do
        rails "$1" read "$data"
        all_say "$text"
    done
}
writes() {
    written=$((written + 1))
    mkdir "data.$written"
    rails "$1" write "data.$written" "$text"
    all_say written
    nowhere_in "$text" "data.$written"
}
# Each way fails, and nothing is written.
fails() { # pattern, a way to run it
    mkdir none
    rails "$2" read data.1
    all_say "$1"
    rails "$2" write none "$text"
    all_say "$1"
    [[ -z $(ls none) ]] || fail "something was written: $(ls none)"
    rmdir none
}
# Two ways have their key in common: the second says that it is asked for again soon.
refused() {
    fails ".*Error: .*($(pattern_of NO_TOKEN)|$(pattern_of KEY_AWAY)).*" "$1"
}
# Ruby's library itself does not load.
silent() {
    if "$1" ruby "$source_dir/tests/programs/rails.rb" read config data.1 >out 2>err; then
        fail "it starts: $(<out)"
    fi
    grep -qE 'could not parse pkey' err || fail "$(<err)"
}
useless() {
    rails "$1" read data.1
    ! grep -qF "$text" out || fail "it opens without the module: $(<out)"
    # what is written now is under bytes that only the configuration has
    mkdir lost
    rails "$1" write lost "$text"
    nowhere_in "$text" lost
    rails ours read lost
    ! grep -qF "$text" out || fail "data that was written without the module opens: $(<out)"
    rm -r lost
}

story

# MessageEncryptor without a secret of its own for the MAC makes it with the key, by Ruby's HMAC: what is
# there does not open by an imported key.
cp rails-signed.stand-in config/sign_key
rails ours read data.1
grep -qx 'signed: ActiveSupport::MessageVerifier::InvalidSignature: .*' out || fail "$(<out)"
