# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The tests of languages, whose programs tests/programs/served.* seal and open files with a key from
# a file. PHP made the existing data without the provider, so data of one language must open in
# another. Sourced after programs.sh; the test defines how to run its program.
: "${work:?}" "${source_dir:?}"
: "${program[*]:?is how the program is run}" "${ciphers[*]:?are the names of ciphers}"
php=(php -d memory_limit=64M "$source_dir/tests/programs/served.php")

make_two_places
stream 50000 >plain
take_over cbc AES-256-CBC 32
take_over gcm AES-256-GCM 32
printf 'correct horse battery' >password
take_over password PBKDF2 password
# shellcheck disable=SC2034 # programs.sh uses it
for_program=("key-ciphers=AES-256-CBC AES-256-GCM" key-kdfs=PBKDF2
    "allow-keys=cbc gcm password" "audit-log=\"file:$work/audit.log\"")
update_fails=  # what an update that fails says, where that is not the reason
failure=1      # the status of a program that fails
configured=key # what each program's configuration has: the key's file, or the stand-in's

key_of() { # cipher: the file that the program has
    echo "${1: -3}.$configured"
}

existing() {
    local cipher
    for cipher in aes-256-cbc aes-256-gcm; do
        "$@" "${php[@]}" seal $cipher "$(key_of $cipher)" plain "old.${cipher: -3}"
    done
    derived=$("$@" "${program[@]}" derive "password.$configured")
    written=0
}

use_stand_in() {
    configured=stand-in
    rm -f ./*.key ./*.hex
}

opens() {
    local cipher file
    for cipher in "${ciphers[@]}"; do
        for file in "old.${cipher: -3}" new.*."${cipher: -3}"; do
            [[ -f $file ]] || continue # none is written yet
            "$@" "${program[@]}" open "$cipher" "$(key_of "$cipher")" "$file" opened 2>err ||
                fail "$file: $(<err)"
            same plain opened
            rm opened
        done
    done
    [[ $("$@" "${program[@]}" derive "password.$configured") == "$derived" ]] || fail "PBKDF2"
}

writes() {
    local cipher
    written=$((written + 1))
    for cipher in "${ciphers[@]}"; do
        "$@" "${program[@]}" seal "$cipher" "$(key_of "$cipher")" plain "new.$written.${cipher: -3}" 2>err ||
            fail "$(<err)"
    done
}

# The program fails, by an error of its language, and writes nothing. $pattern must be in it.
fails() { # pattern, a way to run it, arguments
    local pattern=$1 way=$2 status=0
    shift 2
    rm -f refused.out
    "$way" "${program[@]}" "$@" >out 2>err || status=$?
    ((status == failure)) || fail "status $status, not $failure: $* $(<err)"
    [[ ! -e refused.out && ! -s out ]] || fail "something was written: $*"
    grep -qE -- "$pattern" err || fail "'$pattern' expected: $* $(<err)"
}

each_fails() { # a way to run it, pattern
    local cipher
    for cipher in "${ciphers[@]}"; do
        fails "$2" "$1" open "$cipher" "$(key_of "$cipher")" "old.${cipher: -3}" refused.out
        fails "$2" "$1" seal "$cipher" "$(key_of "$cipher")" plain refused.out
    done
    fails "$2" "$1" derive "password.$configured"
}

# Every opening fails with this pattern, or (CBC, one time in 256) gives something else.
none_open() { # a way to run it, pattern
    local cipher
    for cipher in "${ciphers[@]}"; do
        rm -f refused.out
        if "$1" "${program[@]}" open "$cipher" "$(key_of "$cipher")" "old.${cipher: -3}" refused.out 2>err; then
            [[ $cipher == *cbc ]] || fail "$cipher: it opens"
            ! cmp -s plain refused.out || fail "$cipher: it opens"
        else
            grep -qE -- "$2" err || fail "'$2' expected: $(<err)"
        fi
    done
    [[ $("$1" "${program[@]}" derive "password.$configured") != "$derived" ]] || fail "PBKDF2"
}

# What the program writes without us is under bytes that only its configuration has: it opens by these
# without us, and not by what they stand for.
lost_without() { # a way to run it
    local cipher
    for cipher in "${ciphers[@]}"; do
        "$1" "${program[@]}" seal "$cipher" "$(key_of "$cipher")" plain lost 2>err || fail "$(<err)"
        as_before "${program[@]}" open "$cipher" "$(key_of "$cipher")" lost opened 2>err || fail "$(<err)"
        same plain opened
        rm -f opened
        ours "${program[@]}" open "$cipher" "$(key_of "$cipher")" lost opened 2>err || : # CBC may give something
        [[ ! -f opened ]] || ! cmp -s plain opened || fail "$cipher: data that was written without the module opens"
        rm -f lost opened
    done
}

# As long as no token is there, every use fails, and the reason is in the error of the language.
refused() {
    each_fails "$1" "$(pattern_of NO_TOKEN)"
}

# ENVELOPE by its name, which needs no key: NULs stand for the KEK of openssl.cnf.
by_name() {
    head -c 32 /dev/zero >nuls
    ours "${program[@]}" seal envelope nuls plain sealed 2>err || fail "$(<err)"
    ours "${program[@]}" open envelope nuls sealed opened 2>err || fail "$(<err)"
    same plain opened
    expect_quiet open -in sealed -out opened # as openssl enc has it
    same plain opened
    expect_quiet seal -in plain -out sealed
    ours "${program[@]}" open ENVELOPE nuls sealed opened 2>err || fail "$(<err)"
    same plain opened
    flip sealed 40000
    fails "${update_fails:-$(pattern_of BAD_SEGMENT)}" ours open envelope nuls sealed refused.out
    token_away
    fails "${update_fails:-$(pattern_of NO_TOKEN)}" ours seal envelope nuls plain refused.out
    token_back
}
