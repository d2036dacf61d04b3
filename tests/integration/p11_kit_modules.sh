#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without pkcs11-module-path: the modules that p11-kit's configuration names.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
write_cnf -pkcs11-module-path
echo words >plain
rm "$p11_modules"/*

module() { # name, path
    printf 'module: %s\n' "$2" >"$p11_modules/$1.module"
}
check() { # status; writes json
    local wanted=$1 status=0
    tool check --json >json 2>err || status=$?
    [[ ! -s err ]] || fail "output on stderr: $(<err)"
    ((status == wanted)) || fail "status $status, not $wanted: $(<json)"
}
says() { # state, step, part of the text
    jq -es --arg state "$1" --arg step "$2" --arg text "$3" \
        'any(.[]; .state == $state and .step == $step and (.text | contains($text)))' json \
        >/dev/null || fail "not reported: $1, $2: $3: $(<json)"
}
works() {
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
}

# None.
expect_failure NO_MODULE "pkcs11-module-path is not set, and p11-kit knows no module" seal -in plain
check 1
says failed "PKCS#11 module" "pkcs11-module-path is not set, and p11-kit knows no module"

# One.
module ours "$softhsm"
works
check 0
says ok "PKCS#11 module" "ours: Implementation of PKCS11"
says ok token "token 'kek'"
says ok sealing "a key was sealed"
tool_gives 0 - verify sealed

# p11-kit skips one that cannot be loaded, and if it is the only one there is no module.
module broken "$work/absent.so"
works
check 0
says ok "PKCS#11 module" ours
rm "$p11_modules/ours.module"
expect_failure NO_MODULE "p11-kit" seal -in plain
check 1
says failed "PKCS#11 module" "$(reason NO_MODULE)"

# One that does not start is worth a warning beside another, and alone it is the failure.
rm "$p11_modules/broken.module"
printf 'module: %s\nx-init-reserved: nonsense\n' "$softhsm" >"$p11_modules/refuses.module"
cp "$softhsm" copy.so # p11-kit has each library once
module ours "$work/copy.so"
works
check 0
says warning "PKCS#11 module" "refuses: C_Initialize"
rm "$p11_modules/ours.module"
expect_failure NO_MODULE refuses seal -in plain
check 1
says failed "PKCS#11 module" "refuses: C_Initialize"
rm "$p11_modules/refuses.module"

# A disabled one is missing.
printf 'module: %s\nenable-in: another-program\n' "$softhsm" >"$p11_modules/ours.module"
expect_failure NO_MODULE "p11-kit knows no module" seal -in plain
check 1

# Arguments are p11-kit's to give then.
module ours "$softhsm"
write_cnf -pkcs11-module-path pkcs11-module-init-args=x
expect_failure CONFIG_VALUE pkcs11-module-init-args seal -in plain
check 1
says failed token "pkcs11-module-init-args needs pkcs11-module-path"
