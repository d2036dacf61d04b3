#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ruby's OpenSSL::Cipher and PKCS5.pbkdf2_hmac with a stand-in for the key, and ENVELOPE by its name.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
program=(ruby "$source_dir/tests/programs/served.rb")
ciphers=(aes-256-cbc aes-256-gcm)
# shellcheck source=../lib/served.sh
source "$source_dir/tests/lib/served.sh"

useless() {
    none_open "$1" 'CipherError'
    lost_without "$1"
}
silent() {
    each_fails "$1" 'could not parse pkey' # Ruby's library itself does not load
}

story
by_name
