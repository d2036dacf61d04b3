#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope check: each step said, what is wrong with the way out, and the exit status.
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
    [[ ! -s err ]] || fail "words on stderr: $(<err)"
    ((status == wanted)) || fail "status $status, not $wanted: $(<json)"
    tool check "$@" >out 2>err || :
    ! grep -qF "$pin" json out err || fail "the PIN is shown"
}
says() { # state, step, part of the text
    jq -es --arg state "$1" --arg step "$2" --arg text "$3" \
        'any(.[]; .state == $state and .step == $step and (.text | contains($text)))' json \
        >/dev/null || fail "not said: $1, $2: $3: $(<json)"
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
ok      sealing: a key was sealed with kek as it is configured, and opened
warning spare: the KEK $kek_id is in one token only
warning spare: one KEK alone can open what is sealed today
        -> keep a second KEK in kek, or the same one in a second token
warning spare: the token 'kek' alone can open what is sealed today
9 ok, 3 warnings, 0 failed
END
tool_gives 0 - check
sed -E 's/serial number [0-9a-f]+$/serial number SERIAL/' out | diff -u wanted - || fail "check"
tool_gives 1 - check --strict
: >nothing
tool_gives 0 nothing check --quiet
check 0
jq -es '.[-1] == {"type":"summary","ok":9,"warnings":3,"failed":0}' json >/dev/null || fail "$(<json)"

# A second KEK in a second token: no warning that one alone opens it.
make_token other
make_kek other second --id 0102
write_cnf -token 'kek=orders second'
check 0
[[ $(states KEK) == "ok ok" ]] || fail "KEKs: $(states KEK)"
[[ $(states spare) == "warning warning" ]] || fail "spare: $(<json)"
says warning spare "the KEK 0102 is in one token only"
# The same one in two tokens is a stand-in.
secret=$(printf '5%.0s' {1..64})
make_kek kek shared --id 0a0b --import "$secret"
make_kek other shared --id 0a0b --import "$secret"
write_cnf -token 'kek="pkcs11:token=kek;object=shared"' allow-imported-kek=yes
check 0
[[ $(states spare) == warning ]] || fail "spare: $(<json)"
says warning spare "one KEK alone can open what is sealed today"

# ---- the file ----

says_once() { # number of steps that failed
    [[ $(jq -rs '.[-1].failed' json) == "$1" ]] || fail "$1 failures expected: $(<json)"
}
write_cnf 'kek = orders  # the usual one' 'context="a#b"' 'propquery="provider=default"'
check 0
[[ $(states configuration) == ok ]] || fail "a comment is a trap: $(<json)"
write_cnf 'context=a#b'
check 0
says warning configuration "context: the value ends at its #: put the whole of it in quotes"
jq -es 'any(.[]; .text // "" | test("^line [0-9]+: context"))' json >/dev/null || fail "no line: $(<json)"
# shellcheck disable=SC2016 # that is the trap
write_cnf 'token=pkcs11:token=k$k'
check 1
says failed configuration "programs ignore the whole file"
says warning configuration "token: a variable is put in for its $"
says_once 1
write_cnf 'opn-kek=orders' 'kekk=x' 'frobnicate=1'
check 0
says warning configuration "opn-kek: no such key: nobody reads it (open-kek?)"
says warning configuration "kekk: no such key: nobody reads it (kek?)"
says warning configuration "frobnicate: no such key: nobody reads it"
write_cnf 'pin=1234'
check 1
says failed configuration "$(reason CONFIG_UNKNOWN_KEY): pin"
write_cnf wrap=rot13
check 1
says failed configuration "$(reason CONFIG_VALUE): wrap is"
write_cnf kek=default_sect # the name of a section
check 1
says failed configuration "kek: its value is the name of a section"
says warning KEK "no kek is configured"
write_cnf -activate
check 0
says warning configuration "the provider is not activated"
says warning provider "there is no cipher ENVELOPE"
write_cnf
sed -i 's/^openssl_conf/#&/' openssl.cnf
check 1
says failed configuration "no line 'openssl_conf = ...'"
write_cnf
sed -i 's/^envelope = .*//' openssl.cnf
check 1
says failed configuration "has no provider envelope"
check 0 --provider-section envelope_sect
cp openssl.cnf elsewhere.cnf
rm openssl.cnf
check 1
says failed configuration "$work/openssl.cnf"
write_cnf
cp openssl.cnf elsewhere.cnf
rm openssl.cnf
check 0 --config elsewhere.cnf
write_cnf

# ---- the provider's module and who stands beside it ----

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
says failed "PIN file" "others can read or write it (mode 0604)"
says failed login "$(reason CONFIG_PIN_SOURCE)"
chmod 620 pin
check 0
says warning "PIN file" "its group can write it (mode 0620)"
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
says warning configuration "a pin-value stands in"
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
write_cnf -kek
check 0
says warning KEK "no kek is configured"
write_cnf
tool_complains "there are no operands: orders" check orders
