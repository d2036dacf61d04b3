# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The setup of docs/RUNBOOK.md: two machines, one of which has copies of the other's key files, and
# two tokens that are removed by moving their folders. Sourced after fixture.sh.
: "${work:?}" "${source_dir:?}" "${softhsm:?}"
# shellcheck source=page.sh
source "$source_dir/tests/lib/page.sh"
page=$source_dir/docs/RUNBOOK.md

with_paths() {
    sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|g" -e "s|/etc/envelope|$work/etc|g" \
        -e "s|/srv/envelope|$work/srv|g" -e "s|/var/log/envelope|$work/log|g"
}

# Each token has a PIN of its own.
spare_pin=s9Vt4Lw2
make_house() {
    mkdir -p etc/keys srv/keys log archive inbox
    cnf=etc/openssl.cnf
    mv pin etc/pin
    printf %s "$spare_pin" >etc/pin-spare
    echo "# what was taken away" >etc/state
    make_token kek
    pin=$spare_pin make_token spare
    block "$page" house-shop ini | with_paths >$cnf
    printf 'state-refresh = 1\nkeys-refresh = 1\n' >>$cnf # a program that runs sees changes in a second
    ran="${ran}house-shop "
    perform house-office
    stream 50000 >report.pdf
    expect_quiet seal -in report.pdf -out archive/report.sealed
    as_card card-key -e -in report.pdf -out row
}

# Encrypts as a program does that knows nothing of ours; the key's file has a stand-in.
as_card() { # key file, arguments
    local file=$1
    shift
    ossl enc -aes-256-cbc -K "$(od -An -v -tx1 "$file" | tr -d ' \n')" -iv 0 "$@" 2>card.err
}

folder_of() { # token
    local files=()
    mapfile -t files < <(grep -lr --include=token.object -- "$1 " tokens)
    ((${#files[@]} == 1)) || fail "${#files[@]} tokens are called $1"
    dirname "${files[0]}"
}
take_away() { # token
    folder=$(folder_of "$1")
    mv "$folder" "away-$1"
}
bring_back() { # token
    mv "away-$1" "$folder"
}

# ---- a program that runs ----

start_program() { # the file of its stand-in
    coproc PROGRAM { with_envelope timeout 300 "$ENVELOPE_PROGRAMS/on_command" "$1" 2>program.err; }
    to_program=${PROGRAM[1]}
    from_program=${PROGRAM[0]}
    # shellcheck disable=SC2153 # bash sets it
    program_pid=$PROGRAM_PID
}
ask() { # command; the answer is in $answer
    echo "$1" >&"$to_program"
    IFS= read -r -t 100 -u "$from_program" answer || fail "$1: no answer; $(<program.err)"
}
does() { # command ...
    local command
    for command; do
        ask "$command"
        [[ $answer == good ]] || fail "the program that runs: $command: $answer"
    done
}
does_not() { # reason, command ...
    local text command
    text=$(reason "$1")
    shift
    for command; do
        ask "$command"
        [[ $answer == *": $text: "* ]] || fail "the program that runs: $command: $answer"
    done
}
# Within a minute and a half: what takes effect "in a second", and a token that is looked for now and
# then alone.
soon() { # pattern, command
    local deadline=$((SECONDS + 90))
    while ask "$2" && [[ ! $answer =~ $1 ]]; do
        ((SECONDS < deadline)) || fail "the program that runs: $2: $answer"
        sleep 0.2
    done
}
soon_not() { # reason, command
    soon ": $(reason "$1" | sed 's/[().]/\\&/g'): " "$2"
}
# SoftHSM in a program that runs does not notice at once that the folder is gone, and then may have an
# empty token until it is started afresh, which is not done all the time.
stalls() { # command ...
    local command
    for command; do
        soon ": ($(reason NO_TOKEN)|$(reason TOKEN_FAILED)|$(reason KEK_NOT_FOUND)|$(reason KEK_NOT_HERE)): " "$command"
    done
}
comes_back() { # command ...
    local command
    for command; do
        soon '^good$' "$command"
    done
}
end_program() {
    exec {to_program}>&-
    wait "$program_pid" || fail "the program ended with status $?; $(<program.err)"
    [[ ! -s program.err ]] || fail "$(<program.err)"
}
