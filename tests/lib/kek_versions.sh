# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Base of the tests of KEKs' versions and dates, in addition to fixture.sh, which is sourced before: a
# token, a date that the test sets, the command, and a file to seal.
: "${work:?}" "${source_dir:?}" "${softhsm:?}" "${pin:?}"
# shellcheck source=tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=moved_clock.sh
source "$source_dir/tests/lib/moved_clock.sh"
make_token kek
echo words >plain

make_version() { # label, further options of genpkey
    local label=$1
    shift
    expect_quiet ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt "label:$label" "$@" -out key.pem
}

# One with any dates, which genpkey might refuse. SoftHSM does not give the dates of a private key
# back: they are in an object beside it (keymgmt/token/kept_dates.h).
make_dated() { # token, label, id, "FIRST-LAST", further options of make_kek
    make_kek "$1" "$2" --id "$3" --start-date "${4%-*}" "${@:5}"
    printf %s "$4" >dates
    pkcs11-tool --module "$softhsm" --token-label "$1" --login --pin "$pin" --write-object dates --type data \
        --private --application-label 'envelope kek dates' --label "$3" >pkcs11-tool.out 2>&1 ||
        fail "$(<pkcs11-tool.out)"
}

# What the command has just put into the file out.
says() { # pattern
    grep -qE -- "$1" out || fail "'$1' expected: $(<out)"
}
is_silent_of() { # pattern
    ! grep -qE -- "$1" out || fail "'$1' not expected: $(<out)"
}
