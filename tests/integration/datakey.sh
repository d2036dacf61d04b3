#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope datakey: keys with their sealed form, for shells. What it makes a program opens by EVP, and
# the other way round; so does openssl pkeyutl, where that can.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
# The command has the sanitizers' libraries by itself, and script does not bear them.
tool_env=()
for variable in "${sanitizer_env[@]}"; do
    [[ $variable == LD_PRELOAD=* ]] || tool_env+=("$variable")
done
make_kek kek invoices --id 0102
expect_quiet ossl pkey -in envelope:object=orders -out orders.pem
expect_quiet ossl pkey -in envelope:object=invoices -out invoices.pem

hex() { # of stdin
    od -An -v -tx1 | tr -d ' \n'
}
kem() { # encapsulate or decapsulate, key, file, perhaps a context
    with_envelope "$ENVELOPE_PROGRAMS/kek_kem" "$@"
}
datakey() { # arguments; the key is in out
    tool datakey "$@" >out 2>err || fail "envelope datakey $*: $(cat out err)"
    [[ ! -s err ]] || fail "words on stderr: envelope datakey $*: $(<err)"
}
fails() { # reason or "", pattern, arguments
    local text="" pattern=$2 status=0
    [[ -z $1 ]] || text=$(reason "$1")
    shift 2
    tool datakey "$@" >out 2>err || status=$?
    ((status == 1)) || fail "status $status, not 1: $*: $(<err)"
    [[ ! -s out ]] || fail "something on stdout: $*"
    grep -qF -- "$text" err || fail "'$text' expected: $*: $(<err)"
    grep -qE -- "$pattern" err || fail "'$pattern' expected: $*: $(<err)"
}

# ---- there and back, in each form ----

datakey new sealed
grep -qxE '[0-9a-f]{64}' out || fail "no key: $(<out)"
cp out key.hex
datakey open sealed
same key.hex out
datakey open --raw sealed
[[ $(stat -c %s out) == 32 && $(hex <out) == "$(<key.hex)" ]] || fail "other bytes"
datakey open --base64 sealed
[[ $(base64 -d <out | hex) == "$(<key.hex)" ]] || fail "other base64"
datakey open - <sealed
same key.hex out
base64 sealed >sealed.base64
datakey open sealed.base64
same key.hex out
datakey new another
if cmp -s key.hex out; then
    fail "the same key twice"
fi
datakey new json.sealed --json
mv out json
json_is 0 '[.type, .path] | join(" ")' "datakey json.sealed"
json_is 1 '[.type, .failed] | join(" ")' "summary 0"
jq -r 'select(.sealed).sealed' json | base64 -d | cmp - json.sealed || fail "another sealed key in JSON"
jq -r 'select(.key).key' json | base64 -d | hex >key.json
datakey open json.sealed
[[ $(<out) == "$(<key.json)" ]] || fail "another key"
datakey new --json --hex
jq -r 'select(.sealed).sealed' out >sealed.alone
jq -r 'select(.key).key' out >key.alone
datakey open sealed.alone
same key.alone out

# ---- the same as EVP_PKEY_encapsulate, and as pkeyutl where it can ----

expect_quiet kem decapsulate orders.pem sealed >again
same key.hex again
expect_quiet kem encapsulate orders.pem by.evp >secret
datakey open by.evp
same secret out
[[ $(stat -c %s sealed) == "$(stat -c %s by.evp)" ]] || fail "a sealed key of another length"
datakey new --context "column 7" bound
expect_quiet kem decapsulate orders.pem bound "column 7" >again
same out again
datakey open bound
if cmp -s out again; then
    fail "the context does not matter"
fi
datakey new --kek invoices for.invoices
expect_quiet kem decapsulate invoices.pem for.invoices >again
same out again
if stock pkeyutl -help 2>&1 | found -- '-encap '; then
    expect_quiet ossl pkeyutl -encap -inkey orders.pem -secret secret.raw -out by.pkeyutl
    datakey open --raw by.pkeyutl
    same secret.raw out
    expect_quiet ossl pkeyutl -decap -inkey orders.pem -in sealed -secret secret.raw
    [[ $(hex <secret.raw) == "$(<key.hex)" ]] || fail "pkeyutl has another key"
fi
# A key of the configuration opens by each of its KEKs.
write_cnf kek="orders invoices"
datakey new for.both
for kek in orders invoices; do
    expect_quiet kem decapsulate $kek.pem for.both >again
    same out again
done
write_cnf

# It is re-wrapped as a message is, and stays the same key.
write_cnf kek=invoices
cp sealed rewrapped
tool rewrap rewrapped >out 2>err || fail "$(cat out err)"
expect_quiet kem decapsulate invoices.pem rewrapped >again
same key.hex again
datakey open rewrapped
same key.hex out
write_cnf

# ---- what does not open, and what is not written ----

fails "" "sealed: File exists" new sealed
datakey open sealed
same key.hex out
fails "" "no/where: No such file" new no/where
fails "" "none: No such file" open none
fails KEK_NOT_FOUND "nobody" new --kek nobody not.made
[[ ! -e not.made ]] || fail "a file without a key"
cp sealed altered
flip altered $(($(stat -c %s altered) - 1))
fails NOT_AUTHENTIC "^envelope datakey: altered: " open altered
head -c 100 sealed >altered
fails TRUNCATED "" open altered
cat sealed key.hex >altered
fails TRAILING_DATA "" open altered
echo words >plain
fails NOT_A_MESSAGE "" open plain
: >empty
fails NOT_A_MESSAGE "" open empty
expect_quiet seal -in plain -out message
fails WRONG_CONTENT "" open message
write_cnf open-kek=invoices
fails KEK_NOT_ALLOWED "" open sealed
tool datakey open sealed --json >json && fail "it opens"
json_is 0 '[.type, .path, .reason] | join(" ")' "datakey sealed $(reason_number KEK_NOT_ALLOWED)"
json_is 1 .failed 1
write_cnf

tool_complains "the first operand must be new or open" datakey make sealed
tool_complains "name one file for the sealed key" datakey new
tool_complains "name one file for the sealed key" datakey open --json
tool_complains "name one file for the sealed key" datakey new one two
tool_complains "new writes the sealed key to a file" datakey new -
[[ ! -e ./- ]] || fail "a file of the name -"
tool_complains "new\|open SEALED is missing" datakey
tool_complains "--kek is for new" datakey open sealed --kek orders
tool_complains "exclude each other" datakey open sealed --hex --raw
tool_complains "--json has the key as --hex or --base64" datakey open sealed --json --raw
tool_complains "--quiet would throw away" datakey open sealed --quiet
tool_complains "--context takes up to 4096 bytes" datakey open sealed --context "$(printf 'x%.0s' {1..4097})"

# Nothing is shown on a terminal that nobody wants there.
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    for yes in "" --yes; do
        printf '%s\n' '#!/bin/bash' "exec '$ENVELOPE_MODULE_DIR/envelope' datakey open sealed $yes" >on.terminal
        chmod +x on.terminal
        status=0
        env OPENSSL_CONF="$work/$cnf" OPENSSL_MODULES="$ENVELOPE_MODULE_DIR" "${tool_env[@]}" \
            script -qec ./on.terminal /dev/null </dev/null >shown 2>&1 || status=$?
        if [[ -n $yes ]]; then
            ((status == 0)) || fail "status $status: $(<shown)"
            grep -qF "$(<key.hex)" shown || fail "not shown: $(<shown)"
        else
            ((status == 2)) || fail "status $status: $(<shown)"
            grep -q "would be shown on this terminal" shown || fail "$(<shown)"
            ! grep -qF "$(<key.hex)" shown || fail "shown"
        fi
    done
else
    echo "there are no terminals here: that a key is not shown on one is not tested"
fi
