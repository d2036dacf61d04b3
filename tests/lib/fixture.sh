# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every integration test stands on; sourced as its first line. Each test gets a directory of
# its own ($work, removed at exit) with a SoftHSM token of its own, so that tests run in any order
# and at the same time. Nothing outside that directory is read or written, but for the module under
# test, its programs and the system's openssl.
set -euo pipefail
umask 077 # a PIN file that others can read is refused

# In a mount namespace of its own, where that is to be had: own_p11_kit_modules below needs one.
if [[ -z ${ENVELOPE_OWN_MOUNTS-} ]]; then
    ENVELOPE_OWN_MOUNTS=no
    if ((EUID == 0)) && unshare --mount true 2>/dev/null; then
        ENVELOPE_OWN_MOUNTS=yes
    fi
    export ENVELOPE_OWN_MOUNTS
    [[ $ENVELOPE_OWN_MOUNTS == no ]] || exec unshare --mount bash "$0" "$@"
fi

: "${ENVELOPE_MODULE_DIR:?is set by ctest}" "${ENVELOPE_PROGRAMS:?is set by ctest}"
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export source_dir
pin=p1n7Hq3x # nothing that could stand in an error by chance
cnf=openssl.cnf

# Inside the build directory, so that even a test that was killed leaves nothing elsewhere.
work=$(mktemp -d "$ENVELOPE_PROGRAMS/run.XXXXXX")
# A test that fails where the disk is nearly full says so.
leave() {
    local status=$? room
    room=$(df --output=avail -k "$work" | tail -n 1)
    if ((status != 0 && room < 256 * 1024)); then
        echo "$room KiB are free for the files of tests: is that why?" >&2
    fi
    rm -rf "$work"
}
trap leave EXIT
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Whether standard input has a line that matches, as `grep -q` says; but all of it is read. What
# writes into a pipe that grep -q has left fails, now and then, and takes the pipeline with it.
found() { # grep's options, a pattern
    (($(grep -c "$@") > 0))
}

# The first of these files that is there.
first_file() {
    local file
    for file; do
        if [[ -f $file ]]; then
            echo "$file"
            return
        fi
    done
    fail "none of these is there: $*"
}

softhsm=$(first_file /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so)
export SOFTHSM2_CONF=$work/softhsm2.conf
mkdir "$work/tokens"
cat >"$SOFTHSM2_CONF" <<END
directories.tokendir=$work/tokens
objectstore.backend=file
log.level=ERROR
END
printf %s "$pin" >"$work/pin"

# The modules that p11-kit knows are the test's own, one file each in $p11_modules: SoftHSM, and those
# that tests/run.sh's packages bring. What else is installed stays outside (a TPM's module has words
# for stderr when there is no TPM). p11-kit takes a user's configuration for the system's, but not
# root's: there ours is mounted over the system's.
p11_modules=$work/p11-kit/modules
own_p11_kit_modules() {
    local name place
    mkdir -p "$p11_modules"
    : >"$work/p11-kit/pkcs11.conf"
    printf 'module: %s\n' "$softhsm" >"$p11_modules/softhsm2.module"
    for name in opensc-pkcs11 p11-kit-trust; do
        cp "/usr/share/p11-kit/modules/$name.module" "$p11_modules/" 2>/dev/null || :
    done
    if [[ $ENVELOPE_OWN_MOUNTS == yes ]]; then
        for place in /usr/share/p11-kit/modules /etc/pkcs11/modules; do
            [[ ! -d $place ]] || mount --bind "$p11_modules" "$place"
        done
        place=/etc/pkcs11/pkcs11.conf
        [[ ! -f $place ]] || mount --bind "$work/p11-kit/pkcs11.conf" "$place"
    else
        echo "user-config: only" >"$work/p11-kit/pkcs11.conf"
        mkdir "$work/config"
        ln -s "$work/p11-kit" "$work/config/pkcs11"
        export XDG_CONFIG_HOME=$work/config
    fi
}
own_p11_kit_modules

# A process that loads an instrumented module must have the sanitizers' libraries from its start.
# intercept_tls_get_addr: the leak checker would guess where a loaded module's thread-local variables
# end from what stands before them, and crash; ours point to nothing.
sanitizer_env=()
instrumented=
if [[ ${ENVELOPE_SANITIZE:-} == *address* ]]; then
    sanitizer_env=(
        "LD_PRELOAD=$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
        "ASAN_OPTIONS=detect_leaks=1:intercept_tls_get_addr=0"
        "LSAN_OPTIONS=suppressions=$source_dir/tests/lib/lsan.supp:print_suppressions=0"
        "UBSAN_OPTIONS=print_stacktrace=1"
    )
elif [[ ${ENVELOPE_SANITIZE:-} == thread ]]; then
    # In openssl alone: bash, which some examples are run by, does not bear it (it crashes at its
    # start), and what is built here has it.
    mkdir "$work/instrumented"
    cat >"$work/instrumented/openssl" <<END
#!/bin/bash
LD_PRELOAD=$(gcc -print-file-name=libtsan.so) exec $(command -v openssl) "\$@"
END
    cat >"$work/instrumented/gcc" <<END
#!/bin/bash
exec $(command -v gcc) -fsanitize=thread "\$@"
END
    chmod +x "$work"/instrumented/*
    instrumented=$work/instrumented:
    # a child has its parent's threads to be missed, and may start its own
    sanitizer_env=("TSAN_OPTIONS=die_after_fork=0:report_thread_leaks=0:suppressions=$source_dir/tests/lib/tsan.supp:print_suppressions=0")
fi

# What LD_PRELOAD has to be for a library of a test's: a sanitizer's comes first.
behind_sanitizer() { # library
    local variable
    for variable in "${sanitizer_env[@]}"; do
        [[ $variable != LD_PRELOAD=* ]] || printf '%s ' "${variable#LD_PRELOAD=}"
    done
    echo "$1"
}

# Runs a command with our module and configuration.
with_envelope() {
    env PATH="$instrumented$PATH" OPENSSL_CONF="$work/$cnf" OPENSSL_MODULES="$ENVELOPE_MODULE_DIR" \
        "${sanitizer_env[@]}" "$@"
}

ossl() {
    with_envelope openssl "$@"
}

# openssl without our module, as anybody has it.
stock() {
    OPENSSL_CONF=/dev/null openssl "$@"
}

make_token() { # label
    softhsm2-util --init-token --free --label "$1" --so-pin 12345678 --pin "$pin" >/dev/null
}

make_kek() { # token, label, then make_kek's options
    local token=$1 label=$2
    shift 2
    "$ENVELOPE_PROGRAMS/make_kek" --module "$softhsm" --token "$token" --pin "$pin" \
        --label "$label" "$@"
}

# A token of NSS's: $softokn is its module, $init_args how it starts, $nss_lines what openssl.cnf has
# for it.
make_nss() {
    softokn=$(first_file /usr/lib/*/libsoftokn3.so /usr/lib/*/nss/libsoftokn3.so)
    init_args="configdir='sql:$work/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
    export NSS_MAX_MP_PBE_ITERATION_COUNT=1 # quick: nothing is kept in this token
    mkdir nss
    certutil -N -d "sql:$work/nss" -f pin
    # shellcheck disable=SC2034 # the scripts use it
    nss_lines=("pkcs11-module-path=\"$softokn\"" "pkcs11-module-init-args=\"$init_args\""
        'token="pkcs11:token=NSS%20Certificate%20DB"')
}

make_nss_kek() { # label, then make_kek's options
    local label=$1
    shift
    "$ENVELOPE_PROGRAMS/make_kek" --module "$softokn" --init-args "$init_args" \
        --token "NSS Certificate DB" --pin "$pin" --label "$label" "$@"
}

# Writes openssl.cnf: our section has this module, token and PIN; the arguments are further lines,
# which replace a line of the same key, or (as "-key") take one away.
write_cnf() {
    local -A lines=(
        [activate]=1
        [pkcs11-module-path]="\"$softhsm\""
        [token]='"pkcs11:token=kek"'
        [pin-source]="\"file:$work/pin\""
        [kek]=orders
    )
    local line key
    for line; do
        if [[ $line == -* ]]; then
            unset "lines[${line#-}]"
        else
            key=${line%%=*}
            lines[${key% }]=${line#*=}
        fi
    done
    {
        echo "openssl_conf = openssl_init"
        printf '[%s]\n' openssl_init
        echo "providers = provider_sect"
        echo "[provider_sect]"
        echo "default = default_sect"
        echo "envelope = envelope_sect"
        echo "[default_sect]"
        echo "activate = 1"
        echo "[envelope_sect]"
        for key in "${!lines[@]}"; do
            echo "$key = ${lines[$key]}"
        done
    } >"$work/$cnf"
}

# The usual case: one token, one KEK, a configuration that names them.
kek_id=00112233445566778899aabbccddeeff
make_usual() {
    make_token kek
    make_kek kek orders --id "$kek_id"
    write_cnf
}

seal() { # further arguments of openssl enc
    ossl enc -e -envelope -K 0 "$@"
}

open() {
    ossl enc -d -envelope -K 0 "$@"
}

# A reason of ours by its name: the text that users see, and the number.
reasons=$("$ENVELOPE_PROGRAMS/list_names" reasons)
newline=$'\n'
reason() { # name
    [[ $newline$reasons$newline =~ ${newline}[0-9]+\ "$1"\ ([^$newline]+)$newline ]] ||
        fail "there is no reason $1"
    echo "${BASH_REMATCH[1]}"
}
reason_number() { # name
    [[ $newline$reasons$newline =~ ${newline}([0-9]+)\ "$1"\  ]] || fail "there is no reason $1"
    echo "${BASH_REMATCH[1]}"
}

# Runs a command that must fail with just this reason of ours on stderr, and with nothing on stdout
# (the commands under test write what they make there). A further pattern must be on stderr too.
expect_failure() { # reason, pattern or "", command ...
    local name=$1 pattern=$2 text status=0
    shift 2
    text=$(reason "$name")
    "$@" >"$work/failed.out" 2>"$work/failed.err" || status=$?
    if ((status == 0)); then
        fail "$name expected, but it succeeded: $*"
    fi
    if ((status != 1)) || ! grep -qF ":$text:" "$work/failed.err"; then
        cat "$work/failed.err" >&2
        fail "$name expected (status 1, got $status): $*"
    fi
    if [[ -n $pattern ]] && ! grep -qE -- "$pattern" "$work/failed.err"; then
        cat "$work/failed.err" >&2
        fail "$name: $pattern expected on stderr: $*"
    fi
    if grep -qF "$pin" "$work/failed.err"; then
        cat "$work/failed.err" >&2
        fail "the PIN is on stderr"
    fi
    if [[ -s $work/failed.out ]]; then
        fail "$name: something was written: $(head -c 200 "$work/failed.out" | od -c | head -4)"
    fi
}

# The command succeeds and says nothing on stderr but openssl's remark about a short -K.
expect_quiet() {
    if ! "$@" 2>"$work/quiet.err"; then
        cat "$work/quiet.err" >&2
        fail "$*"
    fi
    if grep -v 'hex string is too short, padding with zero bytes to length' "$work/quiet.err" >&2; then
        fail "words on stderr: $*"
    fi
}

same() { # two files
    cmp -- "$1" "$2" || fail "$1 and $2 differ"
}

# Bytes that repeat at no distance that matters to the format: from a fixed key, so always the same.
stream() { # bytes
    head -c "$1" /dev/zero |
        stock enc -aes-256-ctr -K "$(printf '0%.0s' {1..64})" -iv "$(printf '1%.0s' {1..32})"
}

byte_at() { # file, offset
    echo $(($(od -An -tu1 -j "$2" -N 1 "$1")))
}

part() { # file, offset, bytes
    dd if="$1" skip="$2" count="$3" iflag=skip_bytes,count_bytes status=none
}

# How long the header of a message is: one DER value.
header_length() { # file
    local first
    first=$(byte_at "$1" 1)
    case $first in
    129) echo $((3 + $(byte_at "$1" 2))) ;;
    130) echo $((4 + 256 * $(byte_at "$1" 2) + $(byte_at "$1" 3))) ;;
    *) echo $((2 + first)) ;;
    esac
}

# Puts other bits into one byte.
flip() { # file, offset
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %03o $(($(byte_at "$1" "$2") ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
