#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# conf/quickstart.sh works, twice, and touches nothing outside its build directory.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

# It runs in a copy whose path needs quotes. The copy's files have new times: if the clock was set
# back, those of the clone may be in the future, and ninja would loop.
tree="$work/the copy"
mkdir "$tree" home
(cd "$source_dir" && cp -R CMakeLists.txt CMakePresets.json README.md envelope provider keymgmt conf bench tests tools docs \
    "$tree")

listing() { # of all files and what is in them, but for the build directory
    (cd "$1" && find . -path ./build -prune -o -type f -exec sha256sum {} + | sort -k 2)
}

# If possible the system's tokens are a directory of the test: other programs may be
# at work on the real ones.
if [[ $ENVELOPE_OWN_MOUNTS == yes && -d /var/lib/softhsm/tokens ]]; then
    mkdir system
    mount --bind system /var/lib/softhsm/tokens
fi
tokens_of_the_system() {
    if [[ -d /var/lib/softhsm/tokens ]]; then
        find /var/lib/softhsm/tokens -printf '%p %T@\n' | sort
    fi
}

listing "$tree" >tree.before
tokens_of_the_system >tokens.before
env -u SOFTHSM2_CONF HOME="$work/home" bash "$tree/conf/quickstart.sh" >first.out 2>&1 ||
    fail "$(<first.out)"
cp "$tree/build/quickstart/readme.sealed" first.sealed
env -u SOFTHSM2_CONF HOME="$work/home" bash "$tree/conf/quickstart.sh" >second.out 2>&1 ||
    fail "the second time: $(<second.out)"

listing "$tree" | cmp - tree.before || fail "the clone has changed"
tokens_of_the_system | cmp - tokens.before || fail "the system's tokens have changed"
[[ -z $(find home -mindepth 1) ]] || fail "the home directory has changed"

# The lines to type next are the last ones; typed, they work, and what the first run sealed opens.
grep -q '^What came out is what went in' second.out || fail "$(<second.out)"
sed -n '/^== Now try it yourself/,/^$/p' second.out | sed '1d;$d' >next
(($(wc -l <next) == 6)) || fail "the lines to type next: $(<next)"
[[ $(sed -n '6p' next) =~ ^(man\ -l\ |envelope\ --help$) ]] || fail "the lines to type next: $(<next)"
sed 's/FILE.sealed/first.sealed/; s/FILE.opened/first.opened/; s/FILE/plain/' next >typed
echo words >plain
# shellcheck source=/dev/null
(source ./typed) >typed.out 2>typed.err || fail "$(<typed.err)"
same first.opened plain
cp "$tree/build/quickstart/readme.sealed" sealed
# shellcheck source=/dev/null
(source <(head -1 next) && openssl enc -d -envelope -K 0 -in sealed -out opened 2>err) ||
    fail "$(<err)"
same opened "$tree/README.md"

# It needs no tool of PKCS#11's besides the one that makes a SoftHSM token.
if grep -n 'pkcs11-tool\|opensc' "$tree/conf/quickstart.sh"; then fail "another tool"; fi

# The KEK does nothing but wrap and unwrap, and nobody else can read its PIN.
# shellcheck source=/dev/null
(source <(head -1 next) && openssl pkey -in "$tree/build/quickstart/kek.pem" -noout -text) >kek.txt \
    2>err || fail "$(<err)"
grep -qx '    Allowed: wrap unwrap' kek.txt || fail "$(<kek.txt)"
grep -qx '    Extractable: no (never: yes)' kek.txt || fail "$(<kek.txt)"
grep -q 'Allowed: wrap unwrap$' first.out || fail "$(<first.out)"
(($(stat -c %a "$tree/build/quickstart/pin") == 600)) || fail "others can read the PIN"

# And it can be removed as the last line says.
eval "$(tail -n 1 second.out)"
[[ ! -e $tree/build/quickstart ]] || fail "it is there still"
