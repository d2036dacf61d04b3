#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# PHP's openssl_encrypt, openssl_decrypt and openssl_pbkdf2 with a stand-in for the key, including a
# short key that PHP pads with NULs; and ENVELOPE by its name.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/programs.sh
source "$source_dir/tests/lib/programs.sh"
program=(php "$source_dir/tests/programs/served.php")
ciphers=(aes-256-cbc aes-256-gcm)
# shellcheck source=../lib/served.sh
source "$source_dir/tests/lib/served.sh"

useless() {
    none_open "$1" 'there is no result'
    lost_without "$1"
}
silent() {
    each_fails "$1" 'unsupported|Unknown'
}

story
by_name

# A key of 24 characters for AES-256, which PHP has always filled up with NULs: so is its stand-in.
configured=key
printf 'Tr0ub4dor&3-is-no-secret' >password
take_over padded AES-256-CBC password
as_before "${program[@]}" seal aes-256-cbc padded.key plain old
for_program[2]+=" padded"
program_cnf
rm padded.key padded.hex
[[ $(stat -c %s padded.stand-in) == 24 ]] || fail "$(<padded.stand-in)"
ours "${program[@]}" open aes-256-cbc padded.stand-in old opened || fail "padded"
same plain opened
ours "${program[@]}" seal aes-256-cbc padded.stand-in plain new
ours "${program[@]}" open aes-256-cbc padded.stand-in new opened
same plain opened
token_away
fails "$(pattern_of NO_TOKEN)" ours open aes-256-cbc padded.stand-in old refused.out
token_back
if as_before "${program[@]}" open aes-256-cbc padded.stand-in old refused.out 2>err; then
    ! cmp -s plain refused.out || fail "it opens without the module"
fi
# Cut short it is no stand-in of any key, and no key either.
head -c 20 padded.stand-in >shorter
fails "$(pattern_of KEY_REFUSED)" ours seal aes-256-cbc shorter plain refused.out
