#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/envelope.7, envelope.cnf.5 and envelope-errors.7: the examples, word for word and in their order,
# and that the pages have everything that the provider has: algorithms and parameters, keys of the
# configuration, reasons. docs/CONFIGURATION.md has the keys as well. An example is marked by
#
#     .\" test: NAME
#     .EX
#
# NAME.cnf becomes openssl.cnf, with the paths of module and PIN put to the test's own; NAME.c is
# written to that file; everything else is a shell script.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
# shellcheck source=../lib/man.sh
source "$source_dir/tests/lib/man.sh"
make_usual
export PATH=$ENVELOPE_MODULE_DIR:$PATH # so that the command is found, as when it is installed
# The examples run programs such as tar, which do not free all memory at exit.
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}")
page=$source_dir/docs/envelope.7
cnf_page=$source_dir/docs/envelope.cnf.5
errors_page=$source_dir/docs/envelope-errors.7

# Examples that must exist, so that none is untested because it was lost.
required=(openssl.cnf check seal who make-kek more-keks pkeyutl skey message.c run-message libctx.c
    run-libctx kem.c run-kem
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
flat_text() { # pages
    sed -e '/^\.\\"/d' -e 's/^\.[A-Z][A-Z]* *//' "$@" | unescape | tr -s ' \n' '  '
}

# ---- form ----

man_form "$page" "NAME|SYNOPSIS|DESCRIPTION|CONFIGURATION|ALGORITHMS|KEYS AND STORES|SEVERAL TOKENS|SEALED KEYS|KEY \
WRAP|STOCK NAMES|RSA KEKS|THREADS AND FORKS|LIBRARY CONTEXTS|ERRORS|STANDARDS|FILES|EXAMPLES|BUGS|SEE ALSO"
man_form "$cnf_page" "NAME|DESCRIPTION|KEYS|ENVIRONMENT|FILES|EXAMPLES|BUGS|SEE ALSO"
man_form "$errors_page" "NAME|DESCRIPTION|FILES|EXAMPLES|BUGS|SEE ALSO"

# ---- completeness ----

flat_text "$page" "$cnf_page" "$errors_page" >text

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
    ((count >= $2)) || fail "$count times '$1': list_names does not list them any more"
    echo "$count times: $1"
}

# What the provider itself has names for; see tests/tools/list_names.c.
names_of() { # list
    "$ENVELOPE_PROGRAMS/list_names" "$1" || fail "list_names $1"
}

# Every key has its own entry with its choices and its default; every misspelling that follows no
# rule is listed.
sed -n '/^\.SH KEYS/,/^\.SH ENVIRONMENT/p' "$cnf_page" | unescape >configuration
entry_of() { # key: in one line, without macros
    awk -v key="$1" '
        /^\.TP$/ { inside = 0 }
        $0 ~ "^\\.BI? \"?" key " *\"? *=" { inside = 1 }
        inside { sub(/^\.[A-Z]+ */, ""); print }' configuration | tr -s ' \n' '  '
}
count=0
while read -r key kind usual words; do
    entry=$(entry_of "$key")
    [[ -n $entry ]] || fail "the key $key is not described"
    for word in $words; do
        [[ $entry =~ (^|[^a-z0-9-])$word([^a-z0-9-]|$) ]] || fail "$key: the choice $word is not described"
    done
    [[ $entry == *"Default: "* ]] || fail "$key: no default: $entry"
    [[ $usual == - || $entry == *"Default: $usual ."* || $entry == *"Default: $usual."* ]] ||
        fail "$key: the default is $usual"
    [[ $kind == text || -n $usual ]] || fail "$key: its default is unknown"
    grep -qE "^\|.*\`$key\`.*\|.*\|" "$source_dir/docs/CONFIGURATION.md" || fail "CONFIGURATION.md has no $key"
    count=$((count + 1))
done < <(names_of keys)
((count >= 19)) || fail "$count keys: list_names does not list them any more"
each "misspelling of a key" 20 < <(names_of slips | cut -d' ' -f1)

names_of algorithms | sort -u >algorithms.own
each "algorithm" 35 <algorithms.own
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

each "parameter" 9 < <(names_of parameters | sort -u)

# Every reason: its number and name in one line, and its text.
grep -E '^\.B [0-9]+ [A-Z0-9_]+$' "$errors_page" | cut -d' ' -f2- >entries
count=0
while read -r number name words; do
    grep -qx "$number $name" entries || fail "the reason $number $name has no entry"
    grep -qF -- "$number $name $words" text || fail "the text of $name differs"
    count=$((count + 1))
done < <(names_of reasons)
((count >= 60)) || fail "$count reasons: list_names does not list them any more"
(($(wc -l <entries) == count)) || fail "$(wc -l <entries) reasons in the page, the provider has $count"
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
    *.c)
        cp example.text "$name"
        compiles_anywhere "$name" 2>example.err || fail "example $name: $(<example.err)"
        ;;
    *)
        cp example.text "$name.sh"
        with_envelope bash -euo pipefail "$name.sh" >"$name.out" 2>&1 </dev/null ||
            fail "example $name: $(<"$name.out")"
        ;;
    esac
done <names
