#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Errors in the file besides values: duplicate keys, keys in another section, sections with the name
# of a value, included files, a provider that is not activated or not found, --provider-section.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
echo words >plain

check() { # status, further options; writes json
    local wanted=$1 status=0
    shift
    tool check --json "$@" >json 2>err || status=$?
    [[ ! -s err ]] || fail "output on stderr: $(<err)"
    ((status == wanted)) || fail "status $status, not $wanted: $(<json)"
    ! grep -qF "$pin" json || fail "the PIN is shown"
}
says() { # state, step, part of the text
    jq -es --arg state "$1" --arg step "$2" --arg text "$3" \
        'any(.[]; .state == $state and .step == $step and (.text | contains($text)))' json \
        >/dev/null || fail "not reported: $1, $2: $3: $(<json)"
}
says_nothing_of() { # a step, but that it is well
    jq -es --arg step "$1" 'all(.[]; .step != $step or .state == "ok")' json >/dev/null ||
        fail "reported for $1: $(<json)"
}
line_of() { # pattern
    grep -n "$1" openssl.cnf | tail -1 | cut -d: -f1
}
works() {
    expect_quiet seal -in plain -out sealed
    expect_quiet open -in sealed -out opened
    same plain opened
}

works
check 0
says_nothing_of configuration

# ---- a key twice: libcrypto takes the last, and says nothing ----

write_cnf
sed -i 's/^kek = .*/kek = absent\nkek = orders/' openssl.cnf
works
check 0
says warning configuration "line $(line_of '^kek = '): kek: it is there twice"
sed -i 's/^kek = absent$/kek = or/; s/^kek = orders$/kek = absent/; s/^kek = or$/kek = orders/' openssl.cnf
expect_failure KEK_NOT_FOUND absent seal -in plain
check 1
says warning configuration "kek: it is there twice"

# ---- in another section: nobody reads it ----

write_cnf -pin-source
sed -i "s|^\[default_sect\]\$|&\npin-source = file:$work/pin|" openssl.cnf
expect_failure PIN_MISSING pin-source seal -in plain
check 1
says warning configuration "pin-source: it is in [default_sect], where it has no effect: it belongs in [envelope_sect]"
says failed login "$(reason PIN_MISSING)"
write_cnf -kek
sed -i '1i kek = orders' openssl.cnf
expect_failure NO_KEK_CONFIGURED "" seal -in plain
check 0 # a program may name one
says warning configuration "kek: it is in [default], where it has no effect"
says warning KEK "kek is not set: nothing can be sealed unless the program names a KEK"
! grep -q '"sealing"' json || fail "check seals with keys that no program reads: $(<json)"
write_cnf -activate
sed -i '1i activate = 1' openssl.cnf
if seal -in plain >/dev/null 2>err; then fail "activated by a line above the first section"; fi
check 1
says failed configuration "the provider is not activated: programs do not find it"
# Among the modules of libcrypto or in its list of providers it is one of these, and unknown.
for section in openssl_init provider_sect; do
    write_cnf -kek
    sed -i "s/^\[$section\]\$/&\nkek = orders/" openssl.cnf
    if seal -in plain >/dev/null 2>err; then fail "a key in [$section]"; fi
    check 1
    says failed provider "no active provider offers AES-256-GCM"
    says warning configuration "kek: it is in [$section]"
done
# A program's section and another provider's own are theirs.
write_cnf
printf '[program]\nkek = x\ntoken = y\n' >>openssl.cnf
check 0
says_nothing_of configuration

# ---- a value that is the name of a section: OpenSSL never hands it out ----

replaced="its value is the name of a section of the file, so OpenSSL gives the provider that section in its place"
only_that() { # the only error: later checks would be about another configuration
    jq -es '.[-1].failed == 1 and .[-1].warnings == 0' json >/dev/null || fail "unexpected findings: $(<json)"
}
write_cnf open-kek=orders_sect
printf '[orders_sect]\na = b\n' >>openssl.cnf
check 1
says failed configuration "open-kek: $replaced: rename the section"
only_that
write_cnf kek=ca
printf '[ca]\ndefault_ca = x\n' >>openssl.cnf
expect_failure NO_KEK_CONFIGURED "" seal -in plain
check 1
says failed configuration "kek: $replaced: write pkcs11:object=ca"
only_that
make_kek kek ca --id 0c0a
sed -i 's/^kek = ca$/kek = pkcs11:object=ca/' openssl.cnf
works
check 0
says_nothing_of configuration
write_cnf token=req
printf '[req]\nprompt = no\n' >>openssl.cnf
check 1
says failed configuration "token: $replaced: write pkcs11:token=req"
only_that
write_cnf kek=default # every file has that section, and this leads round in a circle
if seal -in plain >/dev/null 2>err; then fail "the provider is loaded"; fi
check 1
says failed configuration "kek: $replaced: write pkcs11:object=default"
only_that
write_cnf context=default
check 1
says failed configuration "context: $replaced: use another name (every file has a section [default])"
only_that

# ---- a file of the system's, with much that is not ours ----

# Debian's file, shortened: its lines are correct, and nothing is reported.
cat >system.cnf <<'END'
HOME = .
openssl_conf = openssl_init
config_diagnostics = 1
oid_section = new_oids
[ new_oids ]
tsa_policy1 = 1.2.3.4.1
[openssl_init]
# providers = provider_sect
[ ca ]
default_ca = CA_default # The default ca section
[ CA_default ]
dir = ./demoCA
certs = $dir/certs
private_key = $dir/private/cakey.pem# The private key
default_md = default
policy = policy_match
[ policy_match ]
countryName = match
END
check 1 --config system.cnf
says failed configuration "system.cnf: no line 'providers = ...' in [openssl_init], so OpenSSL loads no provider from it"
only_that
jq -r 'select(.state == "failed").way_out' json >way_out
cat >wanted <<'END'
at the end of the file:
[openssl_init]
providers = provider_sect
[provider_sect]
default = default_sect
envelope = envelope_sect
[default_sect]
activate = 1
[envelope_sect]
activate = 1
kek = LABEL
END
diff -u wanted way_out || fail "the missing lines are not printed"
paste_way_out() { # file: what check says to add, as it shows it
    local status=0
    tool check --config "$1" >out 2>err || status=$?
    ((status == 1)) || fail "status $status: $(<out) $(<err)"
    sed -n '/^        -> at the end of the file:$/,/^[^ ]/p' out | sed '1d; /^[^ ]/d' >pasted
    [[ -s pasted ]] || fail "nothing to paste: $(<out)"
    cat pasted >>"$1"
}
paste_way_out system.cnf
sed -i "s|^ *kek = LABEL|kek = orders\npkcs11-module-path = $softhsm\ntoken = pkcs11:token=kek\npin-source = file:$work/pin|" system.cnf
check 0 --config system.cnf
says ok sealing "a key was sealed"
says_nothing_of configuration
cp system.cnf openssl.cnf
works
openssl_ca=$(OPENSSL_CONF=$work/system.cnf openssl ca 2>&1 </dev/null || :)
grep -q 'demoCA/private/cakey.pem' <<<"$openssl_ca" || fail "openssl ca: $openssl_ca"

# Nor of the system's own.
system=$(openssl version -d | sed -nE 's/^OPENSSLDIR: "(.*)"$/\1/p')/openssl.cnf
if [[ -f $system ]]; then
    grep -v '^providers' "$system" >system.cnf
    check 1 --config system.cnf
    only_that
fi

# Each line that leads to the provider, and what must be activated.
lacks() { # sed's script that takes it away, what check says then
    write_cnf
    sed -i "$1" openssl.cnf
    if seal -in plain >/dev/null 2>err; then fail "it works without: $1"; fi
    check 1
    says failed "$2" "$3"
    paste_way_out openssl.cnf
    works
    check 0
    says_nothing_of configuration
}
lacks '/^openssl_conf/d' configuration "no line 'openssl_conf = ...'"
lacks '/^providers/d' configuration "no line 'providers = ...' in [openssl_init]"
lacks '/^envelope = /d' configuration "[provider_sect] has no provider envelope"
lacks '/^\[envelope_sect\]/,$ { /^activate/d }' configuration "the provider is not activated: programs do not find it"
lacks '/^default = /d; /^\[default_sect\]/,/^activate/d' provider "no active provider offers AES-256-GCM"
write_cnf
sed -i '/^envelope = /d' openssl.cnf
check 1 --provider-section envelope_sect
says failed configuration "the provider is in no list of providers: programs do not find it"

# ---- variables ----

# shellcheck disable=SC2016 # they are OpenSSL's
{
    write_cnf 'pin-source="file:"$ENV::PIN_DIRECTORY/pin' 'kek=${ENV::KEK_NAME}'
    export PIN_DIRECTORY=$work KEK_NAME=orders
    works
    check 0
    says_nothing_of configuration
    unset KEK_NAME
    check 1
    says failed configuration "programs ignore the whole file"
    says warning configuration "line $(line_of '^kek = '): kek: ENV::KEK_NAME is not set: OpenSSL ignores the whole file without it"
    unset PIN_DIRECTORY
}

# ---- included files ----

write_cnf -pin-source -kek
printf 'pin-source = file:%s/pin\nkek = orders\ncontext = a#b\n' "$work" >more.inc
echo ".include $work/more.inc" >>openssl.cnf
works
check 0
says warning configuration "$work/more.inc, line 3: context: the value ends at its #"
echo "context = other" >>openssl.cnf # overrides what was included
check 0
jq -es 'all(.[]; .text // "" | contains("twice") | not)' json >/dev/null || fail "an override is no mistake: $(<json)"
# shellcheck disable=SC2016 # that is the trap
printf 'token = pkcs11:token=k$k\n' >>more.inc
check 1
says failed configuration "programs ignore the whole file"
says warning configuration "$work/more.inc, line 4: token: its $ is replaced by a variable"
mkdir parts
printf 'pin-source = file:%s/pin\nkek = orders\nkek = orders\n' "$work" >parts/one.cnf
echo "kek = x#y" >parts/other.text # is not read
write_cnf -pin-source -kek
echo ".include = parts" >>openssl.cnf
works
check 0
says warning configuration "parts/one.cnf, line 3: kek: it is there twice"
! grep -q other.text json || fail "a file that OpenSSL ignores"
echo ".include $work/absent.inc" >>openssl.cnf
check 0 # as OpenSSL does
printf '[envelope_sect]\n.include %s\n' "$work/openssl.cnf" >loop.inc
write_cnf
echo ".include $work/loop.inc" >loops.cnf
rm loop.inc loops.cnf

# ---- not activated, not found ----

write_cnf activate=0
case $(openssl version) in
"OpenSSL 3.0."*) check 0 ;;
*)
    check 1
    says failed provider "with this file alone there is no cipher ENVELOPE"
    ;;
esac
says warning configuration "activate = 0: some versions of OpenSSL"
for word in perhaps True; do
    write_cnf activate=$word
    # 3.0 takes it for a yes; to newer ones it is an error, after which nothing is active
    case $(openssl version) in
    "OpenSSL 3.0."*) check 0 ;;
    *) check 1 ;;
    esac
    says warning configuration "activate = $word: some versions of OpenSSL"
done
for word in yes ON TRUE; do
    write_cnf activate=$word
    check 0
    says_nothing_of configuration
done
write_cnf "module=$work/absent.so"
if seal -in plain >/dev/null 2>err; then fail "a missing module was accepted"; fi
check 1
says failed provider "$work/absent.so"

# ---- a named section: the command uses none of our providers that the file activates ----

write_cnf standard-names=yes
sed -i "s|^envelope = envelope_sect\$|&\nsecond = second_sect|" openssl.cnf
sed -n '/^\[envelope_sect\]/,$p' openssl.cnf | sed "s/^\[envelope_sect\]/[second_sect]\nmodule = ${ENVELOPE_MODULE_DIR//\//\\/}\/envelope.so/; s/^kek = .*/kek = absent/" >>openssl.cnf
printf '%s\n' '[openssl_init]' 'alg_section = algorithm_sect' '[algorithm_sect]' \
    'default_properties = ?provider=envelope' >>openssl.cnf
check 1
says failed configuration "has the provider twice (envelope_sect, second_sect): choose one (--provider-section)"
check 0 --provider-section envelope_sect
says ok sealing "a key was sealed"
check 1 --provider-section second_sect
says failed KEK "absent: $(reason KEK_NOT_FOUND)"
write_cnf
seal -in plain -out named.sealed 2>err
tool_gives 0 - verify --provider-section envelope_sect named.sealed
tool_gives 0 - rewrap --provider-section envelope_sect named.sealed
