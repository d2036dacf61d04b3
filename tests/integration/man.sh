#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/envelope.7: its examples, word for word and in their order, and that it has everything that the
# sources have: keys of the configuration, algorithms, parameters, reasons. An example is marked by
#
#     .\" test: NAME
#     .EX
#
# NAME.cnf becomes openssl.cnf, with the paths of module and PIN put to the test's own; NAME.c is
# written to that file; everything else is a shell script.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
# The examples run the likes of tar, which leave memory to the end of the process.
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}")
page=$source_dir/docs/envelope.7

# Examples that must be there, so that none goes untested because it was lost.
required=(openssl.cnf check seal who make-kek more-keks pkeyutl skey message.c run-message kem.c run-kem
    wrap.c run-wrap more.cnf short-keks cms rsa.cnf rsa)

# ---- roff ----

# Text as its readers see it, a line for a line. Fails where there is an escape that it does not know.
unescape() {
    sed -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\(dq/"/g' -e 's/\\(ga/`/g' -e 's/\\(ha/^/g' \
        -e 's/\\(ti/~/g' -e 's/\\(bu//g' -e 's/\\[&%]//g' -e 's/\\f[BIRP]//g' |
        awk '
            { rest = $0; gsub(/\\e/, "", rest) }
            rest ~ /\\/ { print "unknown escape: " $0 > "/dev/stderr"; failed = 1; exit 1 }
            { gsub(/\\e/, "\\"); print }
            END { exit failed }'
}

# Prints the names of all examples; fails where an .EX has no mark, or a mark no .EX.
example_names() {
    awk '
        function bad(why) { print FILENAME ":" FNR ": " why > "/dev/stderr"; failed = 1; exit 1 }
        marked && !/^\.EX$/ { bad("a mark that no .EX follows") }
        /^\.\\" test: [a-z0-9.-]+$/ {
            marked = 1
            if ($3 in seen)
                bad("the name stands twice")
            seen[$3] = 1
            print $3
            next
        }
        /^\.EX/ {
            if (!marked || inside)
                bad("an example without a mark, or in another")
            marked = 0
            inside = 1
        }
        /^\.EE/ { inside = 0 }
        END {
            if (!failed && (marked || inside))
                bad("an example does not end")
            exit failed
        }' "$page"
}

example() { # name
    awk -v mark=".\\\\\" test: $1" '
        $0 == mark { wanted = 1; next }
        wanted && /^\.EX$/ { next }
        wanted && /^\.EE$/ { exit }
        wanted { print }' "$page" | unescape
}

# The text without requests, macros' names and line breaks: what is looked for may be wrapped.
flat_text() {
    sed -e '/^\.\\"/d' -e 's/^\.[A-Z][A-Z]* *//' "$page" | unescape | tr -s ' \n' '  '
}

# ---- form ----

LC_ALL=C grep -n '[^ -~]' "$page" && fail "more than ASCII"
checked=false
for tool in "groff -man -Tutf8 -ww -z" "mandoc -Tlint -W warning" "man --warnings -l"; do
    command -v "${tool%% *}" >/dev/null || continue
    # shellcheck disable=SC2086 # a command and its options
    MANPAGER='cat' $tool "$page" 2>lint.err >lint.out || fail "$tool: $(<lint.err)$(<lint.out)"
    [[ $tool != mandoc* ]] || cat lint.out >>lint.err
    [[ ! -s lint.err ]] || fail "$tool: $(<lint.err)"
    [[ $tool != groff* ]] || checked=true
done
$checked || fail "groff is not installed"
for section in NAME SYNOPSIS DESCRIPTION CONFIGURATION ALGORITHMS "KEYS AND STORES" "SEALED KEYS" \
    "KEY WRAP" "RSA KEKS" ENVIRONMENT ERRORS EXAMPLES LIMITS SOURCES "SEE ALSO"; do
    grep -qx ".SH $section" "$page" || fail "no section $section"
done

# ---- completeness ----

flat_text >text

has_word() { # what it is, word
    local word=${2//./\\.}
    grep -qE "(^|[^A-Za-z0-9_.-])$word([^A-Za-z0-9_-]|$)" text || fail "$1 $2 is not in the page"
}

each() { # what they are, at least how many; words on stdin
    local count=0 word
    while read -r word; do
        has_word "$1" "$word"
        count=$((count + 1))
    done
    ((count >= $2)) || fail "$count times '$1' in the sources: this test does not find them any more"
    echo "$count times: $1"
}

literals() { # of C
    grep -oE '"[^"]*"' | tr -d '"'
}

mapfile -t sources < <(find "$source_dir"/{envelope,keymgmt,provider} -name "*.[ch]")

# Every key that is read stands as an entry of its own, every slip that is looked for somewhere.
sed -n '/^\.SH CONFIGURATION/,/^\.SH ALGORITHMS/p' "$page" | unescape >configuration
count=0
while read -r key; do
    grep -qE "^\.BI? $key \"? ?=" configuration || fail "the key $key is not described"
    count=$((count + 1))
done < <(grep -oE '\{"[^"]+", offsetof\(struct env_config,' "$source_dir/envelope/base/config.c" | literals)
((count >= 11)) || fail "$count keys in the sources: this test does not find them any more"
each "slip of a key" 20 < <(
    awk '/slips\[\] = \{/ { inside = 1 } inside { print } /\}/ { inside = 0 }' \
        "$source_dir/envelope/base/config.c" | literals
)

# The tables are {NAME or its macro, properties, ...}; a name may be several, with colons between.
tables() {
    grep -hoE '^ *\{("[^"]+"|ENV_[A-Z_]+), *ENV_PROPERTIES' "$@" | sed -E 's/^ *\{//; s/,.*//'
}

algorithm_names() {
    local name
    while read -r name; do
        [[ $name == \"* ]] || name=$(sed -nE "s/^#define $name +(\"[^\"]+\").*/\1/p" "${sources[@]}")
        [[ -n $name ]] || fail "the sources do not say what a name is"
        tr -d '"' <<<"$name" | tr : '\n'
    done
}

tables "$source_dir/provider/algorithms.c" | algorithm_names >algorithms.own
tables "$source_dir"/provider/keys/*.c | algorithm_names >algorithms.keys
each "algorithm of provider/" 34 <algorithms.own
each "algorithm of provider/keys/" 12 <algorithms.keys
# The other way round: what OpenSSL lists for us, so that no table is missed above.
write_cnf standard-names=yes pkcs11-scheme=yes
for list in cipher key-managers kem asymcipher encoders decoders store-loaders; do
    case $list in
    cipher | kem | asymcipher) ossl list -$list-algorithms 2>/dev/null || ossl list "-$list-algorithms" ;;
    *) ossl list "-$list" ;;
    esac | grep '@ *envelope' || true
done >listed
each "algorithm that openssl list shows" 12 < <(
    sed -E 's/@ *envelope.*//; s/^.*IDs?://; s/Name: //; s/[{},]/ /g' listed | tr -s ' ' '\n' | grep .
)

each "parameter" 8 < <(grep -hoE '^#define ENV_[A-Z]+_PARAM_[A-Z_]+ +"[^"]+"' "${sources[@]}" | literals)

# Every reason: its number and name in one line, and its text.
grep -E '^\.B [0-9]+ [A-Z0-9_]+$' "$page" | cut -d' ' -f2- >entries
count=0
while read -r name number; do
    grep -qx "$number $name" entries || fail "the reason $number $name has no entry"
    grep -qF -- "$number $name $(reason "$name")" text || fail "the text of $name is another"
    count=$((count + 1))
done < <(sed -nE 's/^ +X\(([A-Z0-9_]+), *([0-9]+), ".*/\1 \2/p' "$source_dir/envelope/base/reasons.h")
(($(grep -cE '^ +X\(' "$source_dir/envelope/base/reasons.h") == count && count >= 60)) ||
    fail "$count reasons in the sources: this test does not find them any more"
(($(wc -l <entries) == count)) || fail "$(wc -l <entries) reasons in the page, $count in the sources"
write_cnf

# ---- examples ----

example_names >names || fail "marks of examples"
for name in "${required[@]}"; do
    grep -qFx -- "$name" names || fail "there is no example '$name'"
done
stream 5000 >report.pdf # what the examples seal
while read -r name; do
    echo "example $name"
    example "$name" >example.text || fail "example $name"
    [[ -s example.text ]] || fail "example $name is empty"
    case $name in
    *.cnf)
        sed -e "s|/usr/lib/softhsm/libsofthsm2.so|$softhsm|" \
            -e "s|/etc/envelope/pin|$work/pin|" example.text >openssl.cnf
        ;;
    *.c) cp example.text "$name" ;;
    *)
        cp example.text "$name.sh"
        with_envelope bash -euo pipefail "$name.sh" >"$name.out" 2>&1 </dev/null ||
            fail "example $name: $(<"$name.out")"
        ;;
    esac
done <names
