# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Base of the tests of KEKs' versions and dates, in addition to fixture.sh, which is sourced before: a
# token, a date that the test sets, the command, and a file to seal.
: "${work:?}" "${source_dir:?}"
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

# What the command has just put into the file out.
says() { # pattern
    grep -qE -- "$1" out || fail "'$1' expected: $(<out)"
}
is_silent_of() { # pattern
    ! grep -qE -- "$1" out || fail "'$1' not expected: $(<out)"
}
