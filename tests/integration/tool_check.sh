#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope check: each step, each problem with its fix, and the exit status.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual

states() { # of a step: words with blanks between
    jq -rs "[.[] | select(.step == \"$1\") | .state] | join(\" \")" json
}
check() { # status, further options; writes json and out
    local wanted=$1 status=0
    shift
    tool check --json "$@" >json 2>err || status=$?
    [[ ! -s err ]] || fail "output on stderr: $(<err)"
    ((status == wanted)) || fail "status $status, not $wanted: $(<json)"
    tool check "$@" >out 2>err || :
    ! grep -qF "$pin" json out err || fail "the PIN is shown"
}
says() { # state, step, part of the text
    jq -es --arg state "$1" --arg step "$2" --arg text "$3" \
        'any(.[]; .state == $state and .step == $step and (.text | contains($text)))' json \
        >/dev/null || fail "not reported: $1, $2: $3: $(<json)"
}

says_once() { # number of steps that failed
    [[ $(jq -rs '.[-1].failed' json) == "$1" ]] || fail "$1 failures expected: $(<json)"
}

# ---- all is well, but for a spare ----

cat >wanted <<END
ok      configuration: $work/openssl.cnf, section [envelope_sect]
ok      PIN file: $work/pin (mode 0600)
ok      provider: envelope loads
ok      provider: beside it, default offers AES-256-GCM
ok      PKCS#11 module: $softhsm: Implementation of PKCS11 2.6
ok      token: token 'kek': SoftHSM v2, serial number SERIAL
ok      login: token 'kek'
ok      KEK: 'orders' (AES-256, reference $kek_id) of token 'kek' wrapped and unwrapped: AES-256 key wrap (RFC 3394)
ok      sealing: a key was sealed with the configured kek, and opened again
ok      opens: 'orders' (AES-256, reference $kek_id) of token 'kek'
warning spare: the KEK $kek_id is in one token only
warning spare: one KEK alone can open what is sealed today
        -> add a second KEK to kek, or copy this one to a second token
warning spare: of the configured tokens, 'kek' alone can open what is sealed today
10 ok, 3 warnings, 0 failed
END
tool_gives 0 - check
sed -E 's/serial number [0-9a-f]+$/serial number SERIAL/' out | diff -u wanted - || fail "check"
tool_gives 1 - check --strict
: >nothing
tool_gives 0 nothing check --quiet
check 0
jq -es '.[-1] == {"type":"summary","ok":10,"warnings":3,"failed":0}' json >/dev/null || fail "$(<json)"

# A second KEK in a second token: no warning that one alone opens it.
make_token other
make_kek other second --id 0102
write_cnf -token 'kek=orders second'
check 0
[[ $(states KEK) == "ok ok" ]] || fail "KEKs: $(states KEK)"
[[ $(states spare) == "warning warning" ]] || fail "spare: $(<json)"
says warning spare "the KEK 0102 is in one token only"
# The same one in two tokens is a replica.
secret=$(printf '5%.0s' {1..64})
make_kek kek shared --id 0a0b --import "$secret"
make_kek other shared --id 0a0b --import "$secret"
write_cnf -token 'kek="pkcs11:token=kek;object=shared"' allow-imported-kek=yes
check 0
[[ $(states spare) == warning ]] || fail "spare: $(<json)"
says warning spare "one KEK alone can open what is sealed today"
says ok replica "'shared' (AES-256, reference 0a0b) of token 'kek' opens what the copy in 'other' wrapped"
says ok replica "'shared' (AES-256, reference 0a0b) of token 'other' opens what the copy in 'kek' wrapped"

# What cannot open is no spare: a twin that the policy refuses, another key of the same id, none that
# may open.
make_kek kek twin --id 77 --import "$secret"
make_kek other twin --id 77 --import "$secret" --extractable
write_cnf -token kek=twin allow-imported-kek=yes
check 1
says failed replica "'twin' (AES-256, reference 77) of token 'other' does not open: $(reason KEK_EXTRACTABLE)"
says ok replica "'twin' (AES-256, reference 77) of token 'kek' opens"
says warning spare "the KEK 77 is in one token only"
says warning spare "of the configured tokens, 'kek' alone can open what is sealed today"
says_once 1
make_kek other twin --destroy
make_kek other twin --id 77 --import "$(printf '6%.0s' {1..64})"
check 1
says failed replica "'twin' (AES-256, reference 77) of token 'kek' does not open: $(reason KEK_DIFFERS)"
says failed replica "'twin' (AES-256, reference 77) of token 'other' does not open: $(reason KEK_DIFFERS)"
make_kek other twin --destroy
make_kek other twin --id 77 --import "$secret" --usage none
check 0
[[ $(states replica) == "ok ok" ]] || fail "what may nothing is a replica: $(<json)" # of "shared"
says warning spare "the KEK 77 is in one token only"
make_kek other twin --destroy
make_kek kek twin --destroy
make_kek kek shared --destroy
make_kek other shared --destroy

# A replica that nobody sees: its token is away, but for the configuration.
write_cnf 'token="pkcs11:token=kek pkcs11:token=lost"'
check 1
says failed token "$(reason NO_TOKEN): token: pkcs11:token=lost"
says_once 1
says ok sealing "a key was sealed" # what follows is not left out
tool_gives 1 nothing check --quiet
write_cnf -token "kek=\"orders pkcs11:token=lost;object=x?pin-value=$pin\"" \
    "kek-optional=\"pkcs11:token=lost;object=x?pin-value=$pin\""
check 0
says warning token "$(reason NO_TOKEN): kek: pkcs11:token=lost;object=x..."
tool check --quiet >out 2>err || fail "status $?"
[[ ! -s out && $(<err) == "envelope check: warning: token: $(reason NO_TOKEN): kek: pkcs11:token=lost;object=x..." ]] ||
    fail "quiet: $(<err)"
write_cnf -token "kek=\"orders pkcs11:token=lost;object=x\""
check 1
says failed token "$(reason NO_TOKEN): kek: pkcs11:token=lost;object=x"

# Keys that may open: all of them, of both kinds.
make_kek kek retired --id 0e0e
make_kek other elsewhere --id 0e0f
write_cnf
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt type:RSA -pkeyopt label:rsa -out rsa.pem 2>err || fail "$(<err)"
rsa=$(jq -rn --arg text "$(ossl pkey -in rsa.pem -noout -text)" '$text | capture("Reference: (?<id>[0-9a-f]+)").id')
write_cnf -token 'kek="orders rsa"'
check 0
says ok opens "'orders' (AES-256, reference $kek_id) of token 'kek'"
says ok opens "'retired' (AES-256, reference 0e0e) of token 'kek'"
says ok opens "'elsewhere' (AES-256, reference 0e0f) of token 'other'"
says ok opens "'rsa' (RSA-3072, reference $rsa) of token 'kek'"
write_cnf -token open-kek=orders
check 0
[[ $(states opens) == ok ]] || fail "openers: $(<json)"

# One that may do everything has other keys wrapped by it, and decrypts them.
[[ -z $(states uses) ]] || fail "uses: $(<json)"
make_kek kek all --id 0f00 --usage both
write_cnf kek=all
check 0
says warning uses "'all' (AES-256, reference 0f00) of token 'kek' may encrypt, decrypt, wrap and unwrap at once"
grep -qF -- '-> openssl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:NEW' out || fail "no way out: $(<out)"
for label in all retired; do make_kek kek "$label" --destroy; done
make_kek other elsewhere --destroy

# Whoever may write to the token controls a label: a terminal must not interpret it, nor reverse it.
make_kek kek $'csi\xc2\x9b31m rlo\xe2\x80\xae' --id 0f01
write_cnf
tool check >out 2>err || fail "status $?"
grep -qF "opens: 'csi?31m rlo?' (AES-256, reference 0f01)" out || fail "label: $(<out)"
check 0
! LC_ALL=C grep -qP '\xc2\x9b|\xe2\x80\xae' json out || fail "control characters: $(<json)"
make_kek kek $'csi\xc2\x9b31m rlo\xe2\x80\xae' --destroy
write_cnf kek=$'%C2%9B%E2%80%AE'
check 1
! LC_ALL=C grep -qP '\xc2\x9b|\xe2\x80\xae' json out err || fail "control characters: $(<json)"
tool_complains '^envelope verify: .*\\xc2\\x9b' verify --config $'/\xc2\x9b' plain

# ---- names that others have too ----

third() { # a provider that a program or the file adds: libcrypto sorts them all then
    sed -i -e 's/^\[default_sect\]$/[base_sect]\nactivate = 1\n&/' -e 's/^\[provider_sect\]$/&\nbase = base_sect/' openssl.cnf
}
ours_first() {
    sed -i -e '/^default = default_sect$/d' -e 's/^envelope = envelope_sect$/&\ndefault = default_sect/' openssl.cnf
}
paste_way_out() { # appends the suggested lines to the file
    jq -r 'select(.step == "stock names").way_out' json | sed 1d >>openssl.cnf
}
write_cnf
check 0
[[ -z $(states "stock names") ]] || fail "names that are not ours: $(<json)"
for arrange in : ours_first third; do
    write_cnf standard-names=yes
    $arrange
    check 1
    says failed "stock names" "programs get AES-128-WRAP and 5 more from the provider default"
    says_once 1
    jq -es 'any(.[]; .step == "stock names" and .way_out ==
        "at the end of the file:\n[openssl_init]\nalg_section = algorithm_sect\n[algorithm_sect]\ndefault_properties = ?provider=envelope")' \
        json >/dev/null || fail "way out: $(<json)"
    paste_way_out
    check 0
    says ok "stock names" "6 that other providers have too, such as AES-128-WRAP: programs get envelope's"
    [[ $(states configuration) == ok ]] || fail "the pasted lines: $(<json)"
done
write_cnf standard-names=yes
sed -i 's/^\[openssl_init\]$/&\nalg_section = algorithms/' openssl.cnf
printf '[algorithms]\ndefault_properties = ?fips=yes\n' >>openssl.cnf
check 1
paste_way_out
[[ $(tail -n 1 openssl.cnf) == 'default_properties = ?fips=yes,?provider=envelope' ]] || fail "$(<openssl.cnf)"
check 0
says ok "stock names" "programs get envelope's"
write_cnf standard-names=yes pkcs11-scheme=yes
printf '[openssl_init]\nalg_section = algorithms\n[algorithms]\ndefault_properties = fips=yes\n' >>openssl.cnf
check 1
says failed "stock names" "from nobody"
write_cnf

# ---- the file ----

write_cnf 'kek = orders  # the usual one' 'context="a#b"' 'propquery="provider=default"'
check 0
[[ $(states configuration) == ok ]] || fail "a comment is a trap: $(<json)"
write_cnf 'context=a#b'
check 0
says warning configuration "context: the value ends at its #: put the whole value in quotes"
jq -es 'any(.[]; .text // "" | test("^line [0-9]+: context"))' json >/dev/null || fail "no line: $(<json)"
# shellcheck disable=SC2016 # that is the trap
write_cnf 'token=pkcs11:token=k$k'
check 1
says failed configuration "programs ignore the whole file"
says warning configuration "token: its $ is replaced by a variable"
says_once 1
write_cnf 'opn-kek=orders' 'kekk=x' 'frobnicate=1'
check 0
says warning configuration "opn-kek: there is no such key (open-kek?)"
says warning configuration "kekk: there is no such key (kek?)"
says warning configuration "frobnicate: there is no such key"
write_cnf 'pin=1234'
check 1
says failed configuration "$(reason CONFIG_UNKNOWN_KEY): pin"
write_cnf wrap=rot13
check 1
says failed configuration "$(reason CONFIG_VALUE): wrap is"
write_cnf kek=default_sect # the name of a section
check 1
says failed configuration "kek: its value is the name of a section"
[[ -z $(states KEK) ]] || fail "on with a value that nobody sees: $(<json)"
write_cnf -activate
check 1
says failed configuration "the provider is not activated: programs do not find it"
says_once 1
says ok sealing "a key was sealed" # what follows is not left out
write_cnf
sed -i 's/^openssl_conf/#&/' openssl.cnf
check 1
says failed configuration "no line 'openssl_conf = ...'"
write_cnf
sed -i 's/^envelope = .*//' openssl.cnf
check 1
says failed configuration "has no provider envelope"
check 1 --provider-section envelope_sect
says failed configuration "the provider is in no list of providers: programs do not find it"
cp openssl.cnf elsewhere.cnf
rm openssl.cnf
check 1
says failed configuration "$work/openssl.cnf"
check 1 --config "$work/pin/openssl.cnf" # as one that may not be read: a call of the system fails
says failed configuration "$work/pin/openssl.cnf: Not a directory"
write_cnf
cp openssl.cnf elsewhere.cnf
rm openssl.cnf
check 0 --config elsewhere.cnf
write_cnf

# ---- the provider's module, and the other providers ----

write_cnf module=/nonexistent/envelope.so
check 1
says failed provider "/nonexistent/envelope.so"
says failed provider "No such file or directory"
echo "no library" >broken.so
write_cnf "module=$work/broken.so"
check 1
says failed provider "$work/broken.so"
write_cnf
sed -i 's/^default = .*//' openssl.cnf
check 1
says failed provider "no active provider offers AES-256-GCM"
write_cnf propquery=provider=nobody
check 1
says failed provider "no active provider offers AES-256-GCM"
write_cnf

# ---- PIN, modules, tokens ----

chmod 604 pin
check 1
says failed "PIN file" "everyone may read it (mode 0604)"
says failed login "$(reason CONFIG_PIN_SOURCE)"
chmod 620 pin
check 1
says failed "PIN file" "its group may write to it (mode 0620)"
says failed login "$(reason CONFIG_PIN_SOURCE)"
chmod 600 pin
printf wrong >pin
check 1
says failed login "$(reason PIN_WRONG): C_Login: CKR_PIN_INCORRECT (0xa0), token 'kek'"
says_once 1 # one try, and nothing after it
printf %s "$pin" >pin
mv pin pin.away
check 1
says failed "PIN file" "No such file or directory"
mv pin.away pin
write_cnf pkcs11-module-path=/nonexistent.so
check 1
says failed "PKCS#11 module" "$(reason NO_MODULE)"
[[ -z $(states token) ]] || fail "a token without a module"
write_cnf 'token="pkcs11:token=nowhere"'
check 1
says failed token "$(reason NO_TOKEN)"
says ok "PKCS#11 module" "$softhsm"
write_cnf "token=\"pkcs11:token=kek?pin-value=$pin\"" -pin-source
chmod 644 openssl.cnf
check 0
says warning configuration "there is a pin-value in"
write_cnf

# ---- KEKs ----

write_cnf kek=nowhere
check 1
says failed KEK "nowhere: $(reason KEK_NOT_FOUND)"
says failed sealing "$(reason KEK_NOT_FOUND)"
write_cnf 'kek=orders nowhere' kek-optional=nowhere
check 0
says warning KEK "nowhere: sealing goes on without it (kek-optional): $(reason KEK_NOT_FOUND)"
says ok sealing "a key was sealed"
make_kek kek weak --id 0c0d --bits 128
write_cnf 'kek=orders weak'
check 1
says failed KEK "weak: $(reason KEK_TOO_WEAK)"
write_cnf 'kek=orders weak' allow-weak-kek=yes
check 0
says ok KEK "'weak' (AES-128, reference 0c0d)"
says ok KEK "AES-128 key wrap (RFC 3394)"
write_cnf open-kek=other
check 1
says warning KEK "open-kek does not let it open what it seals"
says warning open-kek "other: no key of that label or id is on the tokens"
says failed sealing "$(reason KEK_NOT_ALLOWED)"
write_cnf "open-kek=orders $kek_id"
check 0
[[ -z $(states open-kek) ]] || fail "open-kek: $(<json)"
# The label of one key may be the id of another: both may open then, which nobody may have meant.
make_kek kek abba --id 0badcafe
make_kek kek planted --id abba
write_cnf kek=abba open-kek=abba
both="the label of 'abba' (AES-256, reference 0badcafe) of token 'kek' and the id of 'planted' (AES-256, reference abba) of token 'kek'"
check 1
says failed open-kek "abba: $both, and both would open"
write_cnf open-only-kek=abba
check 1
says failed open-only-kek "abba: $both, and both would open"
# So the command opens nothing until it is clear; a URI is.
write_cnf
seal -in "$cnf" -out sealed.ambiguous 2>err
both="'abba' is the label of the KEK 0badcafe of token 'kek' and the id of 'planted' of token 'kek' \(abba\), and both would open"
for key in open-kek open-only-kek; do
    write_cnf "$key=abba"
    tool_complains "$key: $both" verify sealed.ambiguous
done
write_cnf
tool_complains "--from: $both" rewrap --from abba sealed.ambiguous
tool_gives 0 - rewrap --from pkcs11:object=abba sealed.ambiguous
tool_gives 0 - rewrap --from 0badcafe sealed.ambiguous
write_cnf kek=abba open-kek=0badcafe
tool check --json >json
[[ -z $(states open-kek) ]] || fail "open-kek: $(<json)"
write_cnf 'open-kek=my orders'
check 0
says warning open-kek "my: no key of that label or id is on the tokens; a space in a label is %20"

# ---- without kek: a host that only opens ----

write_cnf -kek
make_kek kek weak --destroy
check 0
says ok KEK "'orders' (AES-256, reference $kek_id) of token 'kek' wrapped and unwrapped"
says warning KEK "kek is not set: nothing can be sealed unless the program names a KEK"
check 1 --strict
write_cnf -kek open-kek=other
check 1
says failed KEK "kek is not set, and no KEK on the tokens may open: nothing can be sealed or opened"
make_kek kek unwraps --id 0f0f --usage unwrap
write_cnf -kek open-kek=unwraps
check 0
says ok KEK "'unwraps' (AES-256, reference 0f0f) of token 'kek' may open (it does not seal here: it was tested with a random ciphertext)"
says warning KEK "kek is not set"
# Each that may open is tried, whatever kek names: one that wraps as well, and one that seals no more.
write_cnf open-only-kek=0badcafe
check 0
says ok opens "'abba' (AES-256, reference 0badcafe) of token 'kek' may open (it does not seal here"
says ok opens "'orders' (AES-256, reference $kek_id) of token 'kek'"
says ok opens "'unwraps' (AES-256, reference 0f0f) of token 'kek' may open (it does not seal here"
says ok opens "'planted' (AES-256, reference abba) of token 'kek' wrapped and unwrapped: AES-256 key wrap (RFC 3394)"
write_cnf
tool check absent >out 2>err && fail "a path that is not there passed: $(<out)"
grep -q 'versions: not all files could be looked at' out || fail "$(<out)"
