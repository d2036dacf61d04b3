#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test and check. Ends in one line,
# "N passed, N failed", with the exit status that goes with it.
#
#     tests/run.sh            everything
#     tests/run.sh --quick    the release build and its tests alone
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=$(nproc)
logs=build/logs
quick=false
passed=0
failed=0

case "${1-}" in
"") ;;
--quick) quick=true ;;
*)
    echo "usage: tests/run.sh [--quick]" >&2
    exit 2
    ;;
esac

# cmake 3.25, OpenSSL 3.0 and p11-kit 0.24 are what Debian 12 has. clang and what belongs to it,
# cppcheck and shellcheck are for the checks; opensc has a module that records calls to a token.
packages=(cmake ninja-build pkg-config gcc libc6-dev libssl-dev openssl libp11-kit-dev p11-kit
    softhsm2 opensc libnss3 libnss3-tools check time valgrind groff-base mandoc jq)
check_packages=(clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck)

install_packages() {
    local missing=() package sudo=()
    $quick || packages+=("${check_packages[@]}")
    for package in "${packages[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    echo "== installing ${missing[*]}"
    ((EUID == 0)) || sudo=(sudo)
    if ! { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$logs/apt.log" 2>&1; then
        tail -n 20 "$logs/apt.log"
        echo "the packages could not be installed"
        exit 1
    fi
}

# One check: a command that succeeds, and shows its output only when it does not.
check() { # name, command ...
    local name=$1 start=$SECONDS
    shift
    if "$@" >"$logs/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "== $name: passed ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1))
        tail -n 200 "$logs/$name.log"
        echo "== $name: FAILED ($((SECONDS - start)) s), see $logs/$name.log"
        return 1
    fi
}

build() { # preset
    cmake --preset "$1" && cmake --build --preset "$1"
}

# What CTest says of tests that failed, without the list of those that passed.
failures_of() { # log
    sed -E '/^ *(Start +[0-9]+:|[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed )/d' "$1" | tail -n 400
}

run_tests() { # preset, ctest's further arguments
    local preset=$1 log=$logs/test-$1.log start=$SECONDS total bad
    shift
    # CTest's own status says no more than the numbers in its last lines
    ctest --preset "$preset" -j "$jobs" --no-tests=error "$@" >"$log" 2>&1 || failures_of "$log"
    read -r bad total < <(sed -nE \
        's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$log") || {
        failed=$((failed + 1))
        echo "== tests of $preset: FAILED, none were run"
        return 0
    }
    passed=$((passed + total - bad))
    failed=$((failed + bad))
    echo "== tests of $preset: $((total - bad)) passed, $bad failed ($((SECONDS - start)) s)"
}

build_and_test() { # preset, ctest's further arguments
    if check "build-$1" build "$1"; then
        run_tests "$@"
    fi
}

c_files() { # directory ...
    find "$@" -name '*.[ch]' | sort
}

format() {
    c_files provider keymgmt tools tests bench | xargs clang-format --dry-run -Werror
}

# cppcheck gets no system headers, so it is told what OpenSSL's macros are; header_asn1.c consists of
# nothing else.
run_cppcheck() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -j "$jobs" \
        --enable=warning,portability,performance --inline-suppr \
        --suppress=missingIncludeSystem --suppress=arrayIndexThenCheck --library=openssl \
        -D_GNU_SOURCE '-DENVELOPE_VERSION=""' '-DDEFINE_STACK_OF(type)=' \
        '-DDECLARE_ASN1_ITEM(type)=' '-DSTACK_OF(type)=struct stack_st_##type' \
        -i provider/header_asn1.c provider keymgmt tools
}

# -W options of gcc that clang does not know are no findings.
tidy() {
    c_files provider keymgmt tools | grep '\.c$' |
        xargs -P "$jobs" -n 4 clang-tidy --quiet -p build/clang --warnings-as-errors='*' \
            --extra-arg=-Wno-unknown-warning-option --checks="$tidy_checks" 2>&1 |
        sed '/warnings generated\.$/d'
}
tidy_checks='-*,bugprone-*,cert-*,clang-analyzer-*,misc-*,performance-*,portability-*'
# A few of them are about taste or another language:
tidy_checks+=',-bugprone-easily-swappable-parameters,-bugprone-assignment-in-if-condition'
tidy_checks+=',-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling'
tidy_checks+=',-misc-no-recursion,-misc-unused-parameters,-performance-no-int-to-ptr'
# a variable that is given a value at once, and arrays of pointers
tidy_checks+=',-clang-analyzer-deadcode.DeadStores,-bugprone-sizeof-expression'
# gcc's -Wconversion says the same, but for constants
tidy_checks+=',-bugprone-implicit-widening-of-multiplication-result,-*-narrowing-conversions'

scripts() {
    find tests conf .ci \( -name '*.sh' -o -path .ci/run \) -print0 |
        xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2094,SC2001
}

# Every source file says its licence.
licences() {
    local without
    without=$(find provider keymgmt tools tests bench conf .ci CMakeLists.txt \
        \( -name '*.[ch]' -o -name '*.sh' -o -name CMakeLists.txt -o -path .ci/run \) \
        -exec grep -L 'SPDX-License-Identifier: Apache-2.0' {} +)
    [[ -z $without ]] || {
        echo "without a licence: $without"
        return 1
    }
}

static_analysis() {
    check format format || :
    check cppcheck run_cppcheck || :
    check clang-tidy tidy || :
    check shellcheck scripts || :
    check licences licences || :
}

mkdir -p "$logs"
# Even a test that was killed leaves nothing behind.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR" build/*/tests/run.*' EXIT
install_packages
build_and_test release
if ! $quick; then
    build_and_test asan
    build_and_test clang -R '^unit\.'
    # the tests with threads: of the others ThreadSanitizer would say nothing
    build_and_test tsan -R '^unit\..*(keymgmt|thread|fork|life_cycle)'
    # every target's corpus, and 5 s of new inputs
    build_and_test fuzz
    static_analysis
fi
echo "$passed passed, $failed failed"
((failed == 0))
