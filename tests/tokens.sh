#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real tokens, one after the other, if this machine has or can get them: KEKs are made, messages
# sealed, opened and moved from and to SoftHSM, sealed keys and key wrap used, by several processes
# and threads, and by 20 processes one after the other.
#
#     tests/tokens.sh [KIND ...]     softhsm nss p11-kit remote swtpm abrmd opencryptoki; none: all
#
# It needs the suite build. What SoftHSM's and NSS's packages do not bring is unpacked from Debian's
# packages into build/packages; nothing is installed. A line for each kind, then "N passed, N failed,
# N not there"; the status is 1 if one failed. Run it as root: openCryptoki's daemon needs its folders.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ENVELOPE_MODULE_DIR=${ENVELOPE_MODULE_DIR:-$root/build/suite}
export ENVELOPE_PROGRAMS=${ENVELOPE_PROGRAMS:-$ENVELOPE_MODULE_DIR/tests}
packages=$root/build/packages

kinds=(softhsm nss p11-kit remote swtpm abrmd opencryptoki)

# ---- all kinds, each in a process of its own ----

run_all() {
    local kind passed=0 failed=0 absent=0 status logs=$root/build/logs
    mkdir -p "$logs"
    for kind; do
        status=0
        ENVELOPE_TOKEN_KIND=$kind bash "$root/tests/tokens.sh" >"$logs/token-$kind.log" 2>&1 || status=$?
        case $status in
        0) passed=$((passed + 1)) && echo "$kind: $(tail -n 1 "$logs/token-$kind.log")" ;;
        77) absent=$((absent + 1)) && echo "$kind: NOT THERE: $(tail -n 1 "$logs/token-$kind.log")" ;;
        *)
            failed=$((failed + 1))
            tail -n 20 "$logs/token-$kind.log"
            echo "$kind: FAILED, see $logs/token-$kind.log"
            ;;
        esac
    done
    echo "$passed passed, $failed failed, $absent not there"
    ((failed == 0))
}

if [[ -z ${ENVELOPE_TOKEN_KIND-} ]]; then
    (($# > 0)) || set -- "${kinds[@]}"
    for kind; do
        [[ " ${kinds[*]} " == *" $kind "* ]] || {
            echo "usage: tests/tokens.sh [${kinds[*]}]" >&2
            exit 2
        }
    done
    run_all "$@"
    exit
fi

# shellcheck source=lib/fixture.sh
source "$root/tests/lib/fixture.sh"

absent() {
    echo "$*"
    exit 77
}

# Debian's packages, unpacked; those that are there are left.
unpack() { # package ...
    local package
    mkdir -p "$packages"
    for package; do
        [[ ! -d $packages/$package ]] || continue
        (cd "$work" && apt-get download -q "$package" >/dev/null 2>&1 &&
            dpkg-deb -x "$package"_*.deb "unpacked.$package") || absent "the package $package is not to be had"
        mv "$work/unpacked.$package" "$packages/$package"
    done
}

stop_all() {
    local status=$? pid
    for pid in "${daemons[@]}"; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    (exit $status) || :
    leave
}
daemons=()
trap stop_all EXIT

wait_for() { # what, command ...
    local what=$1
    shift
    for _ in {1..150}; do
        ! "$@" 2>/dev/null || return 0
        sleep 0.1
    done
    fail "no $what"
}

# A port on which nobody listens, and the next one.
free_ports() {
    local port
    for _ in {1..50}; do
        port=$((20000 + 2 * (RANDOM % 10000)))
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null &&
            ! (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null && echo "$port" && return
    done
    fail "no free port"
}

# ---- the walk ----

envelope() {
    with_envelope "$ENVELOPE_MODULE_DIR/envelope" "$@"
}

spare_lines=('token="pkcs11:token=spare-token"' kek=spare)
spare_type=AES
did=()
done_with() {
    did+=("$1")
}

# Lines of openssl.cnf are in token_lines: the token under test alone; both_lines: and SoftHSM's.
genkey() { # type, label, genpkey's options
    local type=$1 label=$2
    shift 2
    ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt "type:$type" -pkeyopt "label:$label" "$@"
}

make_own() { # type, label
    genkey "$1" "$2" -out "$2.pem" 2>err || fail "genpkey: $(<err)"
}

seal_and_open() {
    rm -f sealed opened
    seal -in plain -out sealed 2>err || fail "seal: $(<err)"
    open -in sealed -out opened 2>err || fail "open: $(<err)"
    same plain opened
}

processes_at_once() {
    local i
    for i in 1 2 3 4; do
        (for _ in 1 2 3; do open -in sealed -out "opened.$i" 2>"err.$i" && same plain "opened.$i"; done) || echo "$i" >>failures &
        pids[i]=$!
    done
    wait "${pids[@]}"
    [[ ! -s failures ]] || fail "processes at once: $(cat err.*)"
}

walk_type() { # AES or RSA
    local type=$1 label i
    label=orders-${type,,}
    write_cnf "${token_lines[@]}" "kek=$label"
    make_own "$type" "$label"
    ossl pkey -in "$label.pem" -noout -text 2>err | tee text | sed -n 's/^    Wraps with: //p'
    seal_and_open
    done_with "$type: $(sed -n 's/^    Wraps with: \([^(;,]*[^(;, ]\).*/\1/p' text)"

    # sealed keys and short messages
    ossl pkeyutl -encrypt -inkey "$label.pem" -in plain -out short 2>err || fail "pkeyutl: $(<err)"
    ossl pkeyutl -decrypt -inkey "$label.pem" -in short -out opened 2>err || fail "pkeyutl: $(<err)"
    same plain opened
    with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate "$label.pem" key.sealed >secret 2>err || fail "kek_kem: $(<err)"
    with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate "$label.pem" key.sealed >again 2>err || fail "kek_kem: $(<err)"
    same secret again

    # altered, it does not open
    cp sealed bent
    flip bent $(($(header_length bent) - 1))
    expect_failure NOT_AUTHENTIC "" open -in bent

    # four threads of one process, and four processes (which a TPM has no room for without a manager)
    rm -rf many && mkdir many
    for i in {1..40}; do cp sealed "many/$i"; done
    envelope verify --workers 4 many >out 2>err || fail "verify: $(<out) $(<err)"
    [[ $ENVELOPE_TOKEN_KIND == swtpm ]] || processes_at_once

    # to SoftHSM and back
    write_cnf "${spare_lines[@]}"
    mv "$cnf" spare.cnf
    write_cnf "${token_lines[@]}" "kek=$label"
    cp "$cnf" token.cnf
    both "kek=spare open-only-kek=$label"
    cp sealed moved
    envelope rewrap moved >out 2>err || fail "to SoftHSM: $(<out) $(<err)"
    cnf=spare.cnf open -in moved -out opened 2>err || fail "moved: $(<err)"
    same plain opened
    both "kek=$label open-only-kek=spare"
    envelope rewrap moved >out 2>err || fail "from SoftHSM: $(<out) $(<err)"
    cnf=token.cnf open -in moved -out opened 2>err || fail "moved back: $(<err)"
    same plain opened
    cnf=openssl.cnf
    write_cnf "${token_lines[@]}" "kek=$label"

    # one process after the other
    for i in {1..20}; do
        open -in sealed -out opened 2>err || fail "process $i of 20: $(<err)"
    done
}

# The token under test and SoftHSM's, in one configuration.
both() { # words: key=value
    local word more=()
    for word in $1; do more+=("$word"); done
    write_cnf "${both_lines[@]}" "${more[@]}"
}

walk() { # types
    local type
    make_token spare-token
    write_cnf "${spare_lines[@]}"
    genkey "$spare_type" spare >genpkey.out 2>err || fail "spare: $(<err)"
    head -c 5000 /dev/zero | tr '\0' x >plain
    for type; do walk_type "$type"; done
}

# ---- a TPM in software, and the PKCS#11 module over it ----

tpm_libraries=(libtpms0 swtpm-libs libtpm2-pkcs11-1 libtss2-esys-3.0.2-0 libtss2-mu0 libtss2-tctildr0 libtss2-rc0
    libtss2-sys1 libtss2-tcti-swtpm0 libtss2-tcti-mssim0 libtss2-tcti-device0 libtss2-tcti-tabrmd0 libtss2-fapi1
    libyaml-0-2 libjson-glib-1.0-0)

start_tpm() {
    local port package places=
    unpack swtpm tpm2-abrmd "${tpm_libraries[@]}"
    for package in "${tpm_libraries[@]}"; do
        places+=$(printf '%s:' "$packages/$package"/usr/lib/*-linux-gnu "$packages/$package"/usr/lib/*-linux-gnu/swtpm)
    done
    tpm_module=$(first_file "$packages"/libtpm2-pkcs11-1/usr/lib/*/libtpm2_pkcs11.so.1)
    export LD_LIBRARY_PATH=$places
    mkdir tpm store
    port=$(free_ports)
    "$packages/swtpm/usr/bin/swtpm" socket --tpm2 --tpmstate "dir=$work/tpm" --server "type=tcp,port=$port" \
        --ctrl "type=tcp,port=$((port + 1))" --flags not-need-init,startup-clear >swtpm.out 2>&1 &
    daemons+=($!)
    # shellcheck disable=SC2016 # the inner shell expands it
    wait_for "swtpm: $(cat swtpm.out)" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' _ "$((port + 1))"
    export TPM2_PKCS11_TCTI=swtpm:host=127.0.0.1,port=$port
    [[ $ENVELOPE_TOKEN_KIND == swtpm ]] || start_abrmd
    export TPM2_PKCS11_STORE=$work/store TPM2_PKCS11_BACKEND=esysdb TPM2_PKCS11_LOG_LEVEL=0
    pkcs11-tool --module "$tpm_module" --slot-index 0 --init-token --label kek --so-pin 12345678 >init.out 2>&1 ||
        fail "init-token: $(<init.out)"
    pkcs11-tool --module "$tpm_module" --token-label kek --init-pin --so-pin 12345678 --pin "$pin" >init.out 2>&1 ||
        fail "init-pin: $(<init.out)"
}

# The resource manager of user space, over a message bus of its own.
start_abrmd() {
    [[ -x $(command -v dbus-daemon) ]] || absent "there is no dbus-daemon"
    cat >bus.conf <<END
<busconfig><type>session</type><listen>unix:path=$work/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="false"/><allow own="*"/>
<allow receive_type="method_call"/><allow send_type="method_call"/></policy></busconfig>
END
    dbus-daemon --config-file=bus.conf --nofork >bus.out 2>&1 &
    daemons+=($!)
    wait_for "message bus" test -S bus
    export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus DBUS_SESSION_BUS_ADDRESS=unix:path=$work/bus
    "$packages/tpm2-abrmd/usr/sbin/tpm2-abrmd" --allow-root --session --tcti="$TPM2_PKCS11_TCTI" >abrmd.out 2>&1 &
    daemons+=($!)
    export TPM2_PKCS11_TCTI=tabrmd:bus_type=session
    sleep 2
    kill -0 "${daemons[-1]}" 2>/dev/null || fail "tpm2-abrmd: $(<abrmd.out)"
}

# What close-at-exit is for: without a resource manager a process that leaves its session behind keeps
# the next ones out.
tpm_without_it() {
    local i failed=0
    write_cnf "${token_lines[@]}" close-at-exit=no kek=orders-rsa
    for i in {1..20}; do
        open -in sealed -out opened 2>err || failed=$((failed + 1))
    done
    done_with "20 of 20 processes with close-at-exit, $((20 - failed)) of 20 without"
    [[ $ENVELOPE_TOKEN_KIND == swtpm ]] || ((failed == 0)) || fail "with a resource manager: $(<err)"
}

# ---- openCryptoki's token in software; its daemon's folders are this mount namespace's own ----

opencryptoki_version() {
    dpkg-parsechangelog -l "$packages/opencryptoki/usr/share/doc/opencryptoki/changelog.Debian.gz" -S Version 2>/dev/null ||
        zcat "$packages/opencryptoki/usr/share/doc/opencryptoki/changelog.Debian.gz" | sed -nE '1s/.*\(([^)]*)\).*/\1/p'
}

start_opencryptoki() {
    local lib
    [[ $ENVELOPE_OWN_MOUNTS == yes ]] || absent "it needs root and mounts of its own"
    unpack opencryptoki libopencryptoki0
    lib=$(dirname "$(first_file "$packages"/libopencryptoki0/usr/lib/*/opencryptoki/libopencryptoki.so*)")
    mkdir -p ock/{etc,var,lock,run}
    cp /etc/group group
    grep -q ^pkcs11: group || echo 'pkcs11:x:64999:root' >>group
    mount --bind group /etc/group
    cat >ock/etc/opencryptoki.conf <<END
version opencryptoki-3.8
slot 0
{
stdll = libpkcs11_sw.so
}
END
    cp -a /usr/sbin sbin # a key of its shared memory is made of the daemon's place
    cp "$packages/opencryptoki/usr/sbin/pkcsslotd" sbin/
    mount --bind sbin /usr/sbin
    mkdir -p /etc/opencryptoki /var/lib/opencryptoki /var/lock/opencryptoki 2>/dev/null || absent "its folders cannot be made"
    mount --bind ock/etc /etc/opencryptoki
    mount --bind ock/var /var/lib/opencryptoki
    mount --bind ock/lock /var/lock/opencryptoki
    mkdir -p ock/var/swtok/TOK_OBJ ock/lock/swtok
    chgrp -R 64999 ock
    chmod -R 770 ock
    export LD_LIBRARY_PATH=$lib:$lib/stdll:${lib%/*}
    "$packages/opencryptoki/usr/sbin/pkcsslotd" >slotd.out 2>&1 || fail "pkcsslotd: $(<slotd.out)"
    sleep 1
    opencryptoki=$(first_file "$lib/libopencryptoki.so" "$lib/PKCS11_API.so" "$lib"/libopencryptoki.so.0)
    pkcs11-tool --module "$opencryptoki" --slot-index 0 --init-token --label kek --so-pin 87654321 >init.out 2>&1 ||
        fail "init-token: $(<init.out)"
    pkcs11-tool --module "$opencryptoki" --slot-index 0 --login --login-type so --so-pin 87654321 --change-pin --new-pin 12345678 >init.out 2>&1 ||
        fail "change-pin: $(<init.out)"
    pkcs11-tool --module "$opencryptoki" --slot-index 0 --init-pin --so-pin 12345678 --pin 87651234 >init.out 2>&1 ||
        fail "init-pin: $(<init.out)"
    pkcs11-tool --module "$opencryptoki" --slot-index 0 --login --pin 87651234 --change-pin --new-pin "$pin" >init.out 2>&1 ||
        fail "change-pin: $(<init.out)"
}

# ---- the kinds ----

case $ENVELOPE_TOKEN_KIND in
softhsm)
    make_token kek
    token_lines=('token="pkcs11:token=kek"')
    both_lines=('token="pkcs11:token=kek pkcs11:token=spare-token"')
    walk AES RSA
    ;;
nss)
    make_nss
    token_lines=("${nss_lines[@]}")
    both_lines=(-pkcs11-module-path 'token="pkcs11:token=NSS%20Certificate%20DB pkcs11:token=spare-token"')
    printf 'module: %s\nx-init-reserved: %s\n' "$softokn" "$init_args" >"$p11_modules/nss.module"
    walk AES RSA
    ;;
p11-kit | remote)
    make_token kek
    if [[ $ENVELOPE_TOKEN_KIND == p11-kit ]]; then
        client=$(first_file /usr/lib/*/pkcs11/p11-kit-client.so)
        export P11_KIT_SERVER_ADDRESS=unix:path=/proc/self/cwd/socket
        p11-kit server -f -n socket --provider "$softhsm" 'pkcs11:token=kek' >server.out 2>&1 &
        daemons+=($!)
        wait_for "socket of p11-kit's server" test -S socket
        token_lines=("pkcs11-module-path=\"$client\"")
        rm "$p11_modules/softhsm2.module"
        printf 'module: %s\n' "$client" >"$p11_modules/client.module"
    else
        rm "$p11_modules/softhsm2.module"
        remote=$(first_file /usr/lib/*/p11-kit/p11-kit-remote /usr/libexec/p11-kit/p11-kit-remote /usr/lib/p11-kit/p11-kit-remote)
        printf 'remote: |%s %s\n' "$remote" "$softhsm" >"$p11_modules/remote.module"
        token_lines=(-pkcs11-module-path)
        spare_lines+=(-pkcs11-module-path)
        spare_type=RSA
    fi
    # the spare token is in the same SoftHSM, and so behind the same door
    both_lines=(-pkcs11-module-path 'token="pkcs11:token=kek pkcs11:token=spare-token"')
    if [[ $ENVELOPE_TOKEN_KIND == p11-kit ]]; then # the server shows the one token alone
        both_lines=("pkcs11-module-path=\"$client $softhsm\"" 'token="pkcs11:token=kek pkcs11:token=spare-token"')
    fi
    # before 0.25 nothing that an AES key could wrap with goes through
    if [[ $(pkg-config --modversion p11-kit-1) == 0.24.* ]]; then
        walk RSA
    else
        walk AES RSA
    fi
    ;;
swtpm | abrmd)
    start_tpm
    token_lines=("pkcs11-module-path=\"$tpm_module\"" close-at-exit=yes)
    both_lines=("pkcs11-module-path=\"$tpm_module $softhsm\"" close-at-exit=yes
        'token="pkcs11:token=kek pkcs11:token=spare-token"')
    make_own() { # each template that the module refuses would leave an object in the TPM
        pkcs11-tool --module "$tpm_module" --token-label kek --login --pin "$pin" --keypairgen --key-type rsa:3072 \
            --usage-decrypt --id 0a0b --label "$2" >keygen.out 2>&1 || fail "keypairgen: $(<keygen.out)"
        ossl pkey -in "envelope:object=$2" -out "$2.pem" 2>err || fail "pkey: $(<err)"
    }
    walk RSA
    tpm_without_it
    ;;
opencryptoki)
    start_opencryptoki
    token_lines=("pkcs11-module-path=\"$opencryptoki\"")
    both_lines=("pkcs11-module-path=\"$opencryptoki $softhsm\"" 'token="pkcs11:token=kek pkcs11:token=spare-token"')
    case $(opencryptoki_version) in
    3.[0-9].* | 3.1[0-9].* | 3.2[0-2].*) walk RSA ;; # no AES-GCM yet
    *) walk AES RSA ;;
    esac
    ;;
*) absent "this kind is not written yet" ;;
esac
if ((${#did[@]} == 0)); then
    fail "nothing was done"
fi
(IFS=';' && echo "${did[*]}" | sed 's/;/; /g')
