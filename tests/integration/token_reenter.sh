#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A module that uses libcrypto's default context at every call, with our provider first, last or
# alone, and with stock names too: no deadlock, no wrong output, and no key of the module itself is
# searched on a token.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_token kek
make_kek kek orders --id "$kek_id" --usage both
make_kek kek invoices --id 01 --usage both

export FAULTY_P11_MODULE=$softhsm FAULTY_PIN=$pin
faulty=$ENVELOPE_PROGRAMS/faulty_p11.so

prefer_ours() {
    sed -i -e 's/^providers = .*/&\nalg_section = algorithms/' "$cnf"
    printf '[algorithms]\ndefault_properties = "?provider=envelope"\n' >>"$cnf"
}
ours_first() {
    sed -i -e '/^default = default_sect$/d' -e 's/^envelope = envelope_sect$/&\ndefault = default_sect/' "$cnf"
}
ours_alone() {
    sed -i -e '/^default = default_sect$/d' "$cnf"
}
run() { # further arguments of token_reenter
    with_envelope timeout 120 "$ENVELOPE_PROGRAMS/token_reenter" "$faulty" "$@" >out 2>&1 ||
        fail "status $?: $(tail -n 40 out)"
    cat out
}

for wrap in auto aes-gcm; do
    for place in first last; do
        for preferred in no yes; do
            echo "wrap=$wrap, $place, preferred: $preferred"
            write_cnf "pkcs11-module-path=\"$faulty\"" standard-names=yes "wrap=$wrap"
            [[ $place == last ]] || ours_first
            [[ $preferred == no ]] || prefer_ours
            run
        done
    done
done
for preferred in no yes; do
    write_cnf "pkcs11-module-path=\"$faulty\"" standard-names=yes
    ours_alone
    [[ $preferred == no ]] || prefer_ours
    run alone
done
