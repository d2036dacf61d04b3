#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Python's cryptography (Cipher, AESGCM, PBKDF2HMAC) with a stand-in for its key.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
program=(/usr/bin/python3 "$source_dir/tests/programs/served.py")
ciphers=(cbc gcm)
# shellcheck source=../lib/served.sh
source "$source_dir/tests/lib/served.sh"

useless() {
    none_open "$1" 'InvalidTag|Invalid padding'
    lost_without "$1"
}

# It loads the provider default itself, so it has algorithms without us too: nothing opens.
silent() {
    useless "$@"
}

story
