#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test and check. Ends in one line,
# "N passed, N failed", with the exit status that goes with it.
#
#     tests/run.sh                 what every change must pass
#     tests/run.sh --quick         the release build and all its tests, but for other projects' programs
#     tests/run.sh --libcrypto     those for which another libcrypto can make a difference
#     tests/run.sh --programs      the release build, and other projects' programs with it
#     tests/run.sh --install       only installs what is missing
#     tests/run.sh --everything    that, the whole suite as a release and with ThreadSanitizer, and --coverage
#     tests/run.sh --coverage      the suite in a build that counts, and the lines that it runs, by
#                                  file and folder
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=$(nproc)
logs=build/logs
wanted=usual
passed=0
failed=0

case "${1-}" in
"") ;;
--quick | --libcrypto | --programs | --install | --everything | --coverage) wanted=${1#--} ;;
*)
    echo "usage: tests/run.sh [--quick | --libcrypto | --programs | --install | --everything | --coverage]" >&2
    exit 2
    ;;
esac

# cmake 3.25, OpenSSL 3.0 and p11-kit 0.24 are what Debian 12 has. clang and what belongs to it,
# cppcheck and shellcheck are for the checks; opensc has a module that records calls to a token;
# systemd verifies units, and need not run.
packages=(cmake ninja-build pkg-config gcc libc6-dev libssl-dev openssl libp11-kit-dev p11-kit
    softhsm2 opensc libnss3 libnss3-tools check time valgrind groff-base mandoc jq systemd postgresql
    libpq-dev xxd zsh)
check_packages=(clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck)
coverage_packages=(gcovr)
# Those of tests/programs. Packages that start a server when they are installed are not: theirs are
# unpacked, into build/packages.
program_packages=(python3-cryptography php-cli php-pgsql php-illuminate-encryption
    php-illuminate-container php-illuminate-config php-illuminate-database ruby ruby-activesupport
    ruby-activerecord ruby-encryptor ruby-pg libfcgi-bin sqlcipher postgresql-contrib
    mariadb-server-core mariadb-client-core)
# what Debian's node needs, which is unpacked: another one may be installed
program_packages+=(node-acorn node-cjs-module-lexer node-undici libbrotli1 libc-ares2 libnghttp2-14 libuv1)
unpacked_packages=(nginx mariadb-server mariadb-client mariadb-backup prometheus)

install_packages() {
    local missing=() package sudo=()
    [[ $wanted != usual && $wanted != everything ]] || packages+=("${check_packages[@]}")
    [[ ! $wanted =~ ^(usual|everything|programs)$ ]] || packages+=("${program_packages[@]}")
    [[ $wanted != coverage && $wanted != everything ]] || packages+=("${coverage_packages[@]}")
    for package in "${packages[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    echo "== installing ${missing[*]}"
    ((EUID == 0)) || sudo=(sudo)
    exec 9>"$logs/apt.lock" # run-in-chroot.sh may be about to do the same
    flock 9
    # The test of PostgreSQL starts a server of its own: none is to run here because of it.
    if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
        "${sudo[@]}" mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" |
            "${sudo[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    if ! { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$logs/apt.log" 2>&1; then
        tail -n 20 "$logs/apt.log"
        echo "the packages could not be installed"
        exit 1
    fi
    exec 9>&-
}

# Takes servers out of their packages, for the tests that start one of their own.
unpack_packages() {
    local package missing=() sudo=()
    unpacked_packages+=("$(php -r 'echo "php", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, "-fpm";')")
    for package in "${unpacked_packages[@]}" nodejs; do
        [[ -d build/packages/$package ]] || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    echo "== unpacking ${missing[*]}"
    ((EUID == 0)) || sudo=(sudo)
    rm -rf build/packages.new
    mkdir -p build/packages build/packages.new
    exec 9>"$logs/apt.lock"
    flock 9
    "${sudo[@]}" apt-get update -q >"$logs/unpack.log" 2>&1 || :
    exec 9>&-
    if [[ " ${missing[*]} " == *" nodejs "* ]]; then
        mapfile -t -O "$((${#missing[@]} - 1))" missing < <(debian_node)
    fi
    for package in "${missing[@]}"; do
        if ! (cd build/packages.new && apt-get download -q "$package" &&
            dpkg-deb -x "${package%=*}"_*.deb "${package%=*}") >>"$logs/unpack.log" 2>&1; then
            tail -n 20 "$logs/unpack.log"
            echo "the package $package could not be unpacked"
            exit 1
        fi
        rm -rf "build/packages/${package%=*}"
        mv "build/packages.new/${package%=*}" build/packages/
    done
    rm -rf build/packages.new
}

# Debian's node is a library and a program of the same version. Others call their program nodejs too.
debian_node() {
    local library version
    library=$(apt-cache search --names-only '^libnode[0-9]+$' | cut -d ' ' -f 1 | sort -V | tail -n 1)
    version=$(apt-cache show "$library" | sed -n 's/^Version: //p' | sort -V | tail -n 1)
    printf '%s=%s\n' "$library" "$version" nodejs "$version"
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
    cmake --preset "$1" -DENVELOPE_UNIT_TESTS="${unit_tests-.}" && cmake --build --preset "$1"
}

# CTest's output for failed tests, without the list of those that passed.
failures_of() { # log
    sed -E '/^ *(Start +[0-9]+:|[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed )/d' "$1" | tail -n 400
}

run_tests() { # preset, ctest's further arguments
    local preset=$1 log=$logs/test-$1.log start=$SECONDS total bad
    shift
    # CTest's own status says no more than the numbers in its last lines
    # many tests wait, for disks and for time to pass
    ctest --preset "$preset" -j "$((2 * jobs))" --no-tests=error "$@" >"$log" 2>&1 || failures_of "$log"
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

# About files, descriptors, odd tokens, dates, configurations and pages; and valgrind's longest.
without_libcrypto='^integration\.(quickstart|large_file|kek_valgrind|valgrind_unit|rewrap_.*|tool_.*|completion'
without_libcrypto+='|files_(cat|faults|open|secrets)|token_(block|faults|pin|restart|unload)|reencrypt|backup.*'
without_libcrypto+='|hsm.*|pin_memory|close_at_exit|kek_(never_seals|rotate|versions)|key_(inventory|kill)'
without_libcrypto+='|several_(keks|modules)|bad_configuration|conf_samples|configuration_file|p11_kit_modules'
without_libcrypto+='|architecture|drawings|man.*|runbook.*|two_servers|(rotation|fields)_postgres)$|^walls|^programs\.'
without_libcrypto+='|^unit\.tools\.test_tool_terminal$' # of which a chroot has none

threads_units='/(token|kek|keyring)/|/test_[a-z_]*(thread|fork|life_cycle)'
threads='^unit\.(token|kek|keyring)\.|^unit\..*(thread|fork|life_cycle)'
threads+='|^integration\.(fork|many_keks|token_(reenter|restart|threads))$'

# What the product is made of.
sources=(envelope keymgmt provider tools)

c_files() { # directory ...
    find "$@" -name '*.[ch]' | sort
}

format() {
    c_files "${sources[@]}" tests bench | xargs clang-format --dry-run -Werror
}

# cppcheck gets no system headers, so OpenSSL's macros are given here; what *_asn1.c consist of is
# nothing else.
run_cppcheck() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -j "$jobs" \
        --enable=warning,portability,performance --inline-suppr \
        --suppress=missingIncludeSystem --suppress=arrayIndexThenCheck --library=openssl \
        -D_GNU_SOURCE '-DENVELOPE_VERSION=""' '-DDEFINE_STACK_OF(type)=' \
        '-DDECLARE_ASN1_ITEM(type)=' '-DSTACK_OF(type)=struct stack_st_##type' \
        -i envelope/format/header_asn1.c -i envelope/format/named_key_asn1.c -I . "${sources[@]}"
}

# -W options of gcc that clang does not know are no findings.
tidy() {
    c_files "${sources[@]}" | grep '\.c$' |
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

# gcc's analyzer without the optimizer, which makes it see results of functions as uninitialised;
# and with the summaries of functions that it would otherwise not follow to their end.
analyze() {
    local flags=(-std=c11 -I. -D_GNU_SOURCE -DOPENSSL_NO_DEPRECATED '-DENVELOPE_VERSION=""'
        '-DENVELOPE_P11_MODULES=""' -O0 -Werror
        -fanalyzer -fanalyzer-call-summaries --param analyzer-min-snodes-for-call-summary=1000)
    # shellcheck disable=SC2207 # words are meant
    flags+=($(pkg-config --cflags libcrypto p11-kit-1))
    c_files "${sources[@]}" | grep '\.c$' |
        xargs -P "$jobs" -I '{}' gcc "${flags[@]}" -c '{}' -o /dev/null
}

scripts() {
    # The writer fails when grep -q leaves first, and with pipefail the test does: tests/lib/fixture.sh
    # has `found`.
    if grep -rnE '(^|[^|])\| *grep -[a-zA-Z]*q' tests conf .ci --include='*.sh' --include=run; then
        echo "a pipe into grep -q"
        return 1
    fi
    find tests conf .ci \( -name '*.sh' -o -path .ci/run \) -print0 |
        xargs -0 -P "$jobs" -n 8 shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2094,SC2001
}

# Every source file says its licence.
licences() {
    local without
    without=$(find "${sources[@]}" tests bench conf .ci CMakeLists.txt \
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
    check gcc-analyzer analyze || :
    check shellcheck scripts || :
    check licences licences || :
}

# The lines that the tests of the coverage build ran. A process that ends by _exit or a crash counts
# nothing, and what valgrind and the power cuts show is not about lines.
count_lines() {
    gcovr --root . "${sources[@]/#/--filter=}" build/coverage \
        --gcov-ignore-parse-errors --txt "$logs/coverage.txt" >"$logs/gcovr.log" 2>&1 ||
        { cat "$logs/gcovr.log" && return 1; }
    cat "$logs/coverage.txt"
    # by folder: gcovr's columns are file, lines, lines that ran
    # shellcheck disable=SC2016 # the dollars are awk's
    awk '/^(envelope|provider|keymgmt|tools)\// {
            folder = $1
            sub(/\/[^\/]*$/, "", folder)
            lines[folder] += $2
            ran[folder] += $3
        }
        END {
            for (f in lines)
                printf "%-18s %5d of %5d lines, %.1f %%\n", f, ran[f], lines[f], 100 * ran[f] / lines[f]
        }' "$logs/coverage.txt" | sort
}

measure_coverage() {
    find build/coverage -name '*.gcda' -delete 2>/dev/null || :
    build_and_test coverage
    if check count-lines count_lines; then
        cat "$logs/count-lines.log"
    fi
}

# Ends every process below this one: what was stopped does not go on in the background.
end_the_rest() {
    local -A parents=()
    local -a below=($$)
    local stat line pid i
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        pid=${stat//[!0-9]/}
        line=${line##*) ? } # "pid (name) state parent ..."
        parents[$pid]=${line%% *}
    done
    for ((i = 0; i < ${#below[@]}; i++)); do
        for pid in "${!parents[@]}"; do
            [[ ${parents[$pid]} != "${below[i]}" ]] || below+=("$pid")
        done
    done
    if ((${#below[@]} > 1)); then
        kill "${below[@]:1}" 2>/dev/null || :
        sleep 1 # they tidy up themselves
    fi
}

leave() {
    end_the_rest
    rm -rf "$TMPDIR" build/*/tests/{run,in_place,audit,fake_libctx,core_dump}.??????*
}

mkdir -p "$logs"
# Even a test that was killed leaves nothing behind; where all is killed at once, the next run
# takes away what is left, and nothing of it is outside of build.
rm -rf build/tmp.*
TMPDIR=$(mktemp -d "$PWD/build/tmp.XXXXXX")
export TMPDIR
trap leave EXIT
install_packages
[[ ! $wanted =~ ^(usual|everything|programs)$ ]] || unpack_packages
case $wanted in
install) exit 0 ;;
coverage) ;;
libcrypto) build_and_test suite -E "$without_libcrypto" ;;
quick) build_and_test suite -LE programs ;;
programs) build_and_test suite -L programs ;;
everything) build_and_test suite ;;
# Only what needs a release: asan's build runs all others. As a release, the unit tests run in clang's
# build, and in run-in-chroot.sh's all that another libcrypto can change.
*) unit_tests='^none$' build_and_test suite -L '^(release|programs)$' -E '\.valgrind_unit$' ;;
esac
if [[ $wanted == usual || $wanted == everything ]]; then
    build_and_test asan
    build_and_test clang -R '^(unit\..*|integration\.valgrind_unit)$'
    if [[ $wanted == everything ]]; then
        build_and_test tsan
    else
        # the tests with threads: of the others ThreadSanitizer would say nothing
        unit_tests=$threads_units build_and_test tsan -R "$threads"
    fi
    # every target's corpus, and 5 s of new inputs
    build_and_test fuzz
    static_analysis
fi
if [[ $wanted == coverage || $wanted == everything ]]; then
    measure_coverage
fi
echo "$passed passed, $failed failed"
((failed == 0))
