#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Like token_faults.sh, on the devices of tests/hsm/: calls fail and lie and tokens vanish while the
# way to wrap is chosen, and while a later choice is used. A sample; FAULTS_EVERY=1 runs all.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
hsm=$ENVELOPE_PROGRAMS/hsm_p11.so
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so
export HSM_MODULE=$softhsm HSM_PIN=$pin FAULTY_P11_MODULE=$hsm FAULTY_PIN=$pin
make_token kek
make_kek kek orders --id "$kek_id" --usage both
make_kek kek invoices --id 01 --usage both
long_id=$(printf 'projects/p/locations/l/keyRings/r/cryptoKeys/%s/cryptoKeyVersions/1' long long long |
    od -An -v -tx1 | tr -d ' \n')
make_kek kek long --id "$long_id" --usage both

run() { # profile, operations, further lines of openssl.cnf
    local operations=$2 sort every
    export HSM_PROFILE=$1
    shift 2
    write_cnf "pkcs11-module-path=\"$faulty\"" session-wait=0 "$@"
    for sort in fail lie vanish; do
        case $sort in
        fail) every=1499 ;;
        lie) every=797 ;;
        vanish) every=397 ;;
        esac
        # shellcheck disable=SC2086 # a list
        FAULTS_EVERY=${FAULTS_EVERY:-$every} with_envelope "$ENVELOPE_PROGRAMS/token_faults" "$sort" \
            "$faulty" "$work/$cnf" ${FAULTS_OPERATIONS:-$operations} >out 2>&1 ||
            fail "$HSM_PROFILE, $sort: $(tail -n 3000 out)"
        echo "$HSM_PROFILE $sort: $(tail -n 1 out)"
    done
}

run aws "seal open wrap unwrap generate"
run luna "seal open"
run luna-fips "seal open rewrap generate"
run luna-fips-793 "seal open"
run nshield "seal open wrap-pad"
run vault "seal open generate"
export FAULTS_KEK=long
run google "seal open decapsulate" kek=long
