#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Node's createCipheriv, createDecipheriv and pbkdf2 with a stand-in for the key, and ENVELOPE by its
# name. It is Debian's node, which uses the system's libcrypto.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
find_node
program=("${node[@]}" "$source_dir/tests/programs/served.js")
ciphers=(aes-256-cbc aes-256-gcm)
# shellcheck source=../lib/served.sh
source "$source_dir/tests/lib/served.sh"

not_opened='bad decrypt|BAD_DECRYPT|unable to authenticate data'
useless() {
    sed -i '/^envelope-names = /d' "$cnf" # which it would stop at
    none_open "$1" "$not_opened"
    lost_without "$1"
}
# It does not start: its section says that envelope-names is to be loaded; and without that it has no
# random numbers, and ends by SIGABRT.
silent() {
    failure=103
    each_fails "$1" 'OpenSSL configuration error'
    sed -i '/^envelope-names = /d' "$cnf"
    failure=134
    each_fails "$1" 'CSPRNG.* failed'
    program_cnf
    failure=1
}

story
update_fails='Trying to add data in unsupported state' # whatever the reason is
by_name

# It reads no openssl_conf, so that without a line of its own it is not served, and says nothing:
# existing data do not open. --openssl-shared-config is the other way.
sed -i '/^nodejs_conf = /d' "$cnf"
none_open ours "$not_opened"
program=("${program[@]:0:${#node[@]}}" --openssl-shared-config "${program[@]:${#node[@]}}")
opens ours
