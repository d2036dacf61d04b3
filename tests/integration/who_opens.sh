#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A web server's RSA key lies on the KEK's token. Whoever has its certificate seals a message to it, with
# the reference that its public half gives: nothing here takes that for a message of ours.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/rotation.sh
source "$source_dir/tests/lib/rotation.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual
stream 10000 >plain

# As people make one: it signs and decrypts. Its certificate, and so its public half, is everybody's.
web_id=77
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --keypairgen --key-type rsa:3072 \
    --label web --id $web_id --usage-sign --usage-decrypt >pkcs11-tool.out 2>&1 || fail "$(<pkcs11-tool.out)"
pkcs11-tool --module "$softhsm" --token-label kek --login --pin "$pin" --read-object --type pubkey --id $web_id \
    --output-file web.der >pkcs11-tool.out 2>&1 || fail "$(<pkcs11-tool.out)"
stock pkey -pubin -inform DER -in web.der -pubout -out web.pub
reference=$(stock rsa -pubin -in web.pub -RSAPublicKey_out -outform DER 2>/dev/null | stock sha1 -r | cut -d' ' -f1)

# ---- the attacker's machine: no token, no PIN ----

forge() { # message, what file: has besides
    write_cnf "pkcs11-module-path=/nonexistent/module.so" -token -pin-source "kek=\"file:$work/web.pub$2\""
    expect_quiet seal -in plain -out "$1"
}
mkdir tree
forge tree/by-reference ""
forge tree/by-id "?id=$web_id"
stock cms -cmsout -print -noout -inform DER -in tree/by-reference >shown
tr -d ' \n-' <shown | found "${reference:0:24}" || fail "another reference: $(<shown)"

# ---- ours ----

refused="key 'web' \(id $web_id\) of token 'kek'"
write_cnf
for name in by-reference by-id; do
    id=$reference
    [[ $name == by-reference ]] || id=$web_id
    expect_failure KEK_NOT_NAMED "id $id: $refused" open -in tree/$name
    expect_failure KEK_NOT_NAMED "id $id: $refused" ossl enc -e -envelope-rewrap -K 0 -in tree/$name
    cp tree/$name before
    expect_failed KEK_NOT_NAMED "$refused" envelope verify tree/$name
    expect_failed KEK_NOT_NAMED "$refused" envelope census --verify tree/$name
    expect_failed KEK_NOT_NAMED "$refused" envelope rewrap tree/$name
    expect_failed KEK_NOT_NAMED "$refused" envelope rewrap --kek web tree/$name
    expect_failed KEK_NOT_NAMED "$refused" envelope reencrypt tree/$name
    expect_failed KEK_NOT_NAMED "$refused" envelope inspect --here tree/$name
    same before tree/$name
done
# A key of OpenSSL's, whoever chose it, opens nothing more.
expect_quiet ossl pkey -in envelope:object=web -out web.pem
ossl pkey -in web.pem -noout -text >text
grep -qx '    Opens: no (the configuration does not name this RSA key)' text || fail "$(<text)"
expect_quiet ossl pkeyutl -encrypt -inkey web.pem -in <(echo words) -out short
expect_failure KEK_NOT_NAMED web ossl pkeyutl -decrypt -inkey web.pem -in short
expect_quiet with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate web.pem sealed.key >secret
expect_failure KEK_NOT_NAMED web with_envelope "$ENVELOPE_PROGRAMS/kek_kem" decapsulate web.pem sealed.key
# A KEK of the same label is the one that its label names.
make_kek kek web --id 0102
write_cnf kek=web
expect_quiet seal -in plain -out ours
expect_quiet open -in ours -out opened
same plain opened
expect_failure KEK_NOT_NAMED "$refused" open -in tree/by-reference

# ---- whoever says that it is a KEK ----

write_cnf 'open-only-kek="pkcs11:object=web\;type=private"'
for name in by-reference by-id; do
    expect_quiet open -in tree/$name -out opened
    same plain opened
done
expect_quiet envelope verify tree >/dev/null
write_cnf
expect_output "tree/by-id: re-wrapped, opened through key 'web' of token 'kek'
tree/by-reference: re-wrapped, opened through key 'web' of token 'kek'
2 re-wrapped, 0 current, 0 skipped, 0 failed" 0 envelope rewrap --workers 1 --verbose --from "pkcs11:object=web;type=private" tree
for name in by-reference by-id; do
    expect_quiet open -in tree/$name -out opened
    same plain opened
done

# --from takes an id as well, in each of its ways, and is looked at before any message is.
forge_again() {
    forge tree/by-reference ""
    forge tree/by-id "?id=$web_id"
    write_cnf
}
for from in $web_id id:$web_id $reference "file:$work/web.pub"; do
    forge_again
    expect_quiet envelope rewrap --from "$from" tree >out
    grep -q '^2 re-wrapped' out || fail "$from: $(<out)"
done
forge_again
mkdir empty
make_kek kek $web_id --id 0103 # a label that is the other's id
for tree in tree empty; do
    tool_complains "no key on the configured tokens has this label or id: nosuch" rewrap --from nosuch $tree
    tool_complains "no key .* has this label or id: id:ff" reencrypt --from id:ff $tree
    tool_complains "no key .* matches the URI" rewrap --from "pkcs11:object=no?pin-value=$pin" $tree
    tool_complains "cannot be read: $work/none.pub" rewrap --from "file:$work/none.pub" $tree
    tool_complains "'$web_id' is the label of the KEK 0103 .* and both would open: use pkcs11:object=77 or id:77" \
        rewrap --from $web_id $tree
done
tool_complains "--kek: no such KEK on the configured tokens: nosuch" rewrap --kek nosuch empty
tool_complains "--kek: .*$work/none.pub" reencrypt --kek "file:$work/none.pub" empty
expect_quiet envelope rewrap --from id:$web_id tree >/dev/null
forge_again
write_cnf open-only-kek=id:$web_id
expect_quiet envelope verify tree >/dev/null

# ---- one KEK twice in a header ----

write_cnf "kek=\"orders orders pkcs11:object=orders pkcs11:id=%00%11%22%33%44%55%66%77%88%99%aa%bb%cc%dd%ee%ff\""
expect_quiet seal -in plain -out once
stock cms -cmsout -print -noout -inform DER -in once >shown
(($(grep -c 'd.kekri' shown) == 1)) || fail "$(<shown)"
