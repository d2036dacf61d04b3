#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is installed, where, and what it exports.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

DESTDIR=$work/root cmake --install "$ENVELOPE_MODULE_DIR" >install.log
modules_dir=$(stock version -m | sed -n 's/^MODULESDIR: "\(.*\)"$/\1/p')
[[ -n $modules_dir ]] || fail "openssl does not say where its modules are"
installed=$work/root$modules_dir/envelope.so
[[ -f $installed ]] || fail "envelope.so is not in OpenSSL's modules directory: $(<install.log)"

# man finds a page in a directory share/man of the prefix.
for section in 1 7; do
    mapfile -t pages < <(find "$work/root" -path "*/share/man/man$section/envelope.$section")
    ((${#pages[@]} == 1)) || fail "${#pages[@]} pages envelope($section) installed: $(<install.log)"
    same "$source_dir/docs/envelope.$section" "${pages[0]}"
    if command -v man >/dev/null; then
        found=$(man -M "${pages[0]%/man*/*}" -w "$section" envelope) ||
            fail "man does not find envelope($section)"
        [[ $found == "${pages[0]}" ]] || fail "man finds another page: $found"
    fi
    [[ $(stat -c %A "${pages[0]}") == *r-- ]] || fail "not everybody can read envelope($section)"
done

# The command is a program of the prefix that everybody can run.
mapfile -t programs < <(find "$work/root" -path '*/bin/envelope' -type f)
((${#programs[@]} == 1)) || fail "${#programs[@]} programs envelope installed: $(<install.log)"
[[ $(stat -c %A "${programs[0]}") == *r-x ]] || fail "not everybody can run envelope"

exported=$(nm -D --defined-only "$installed" | awk '{print $NF}')
[[ $exported == OSSL_provider_init ]] || fail "exported: $exported"

# The installed module works from where it is.
ENVELOPE_MODULE_DIR=$work/root$modules_dir
echo words >plain
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
expect_quiet with_envelope "${programs[0]}" verify sealed >verified
[[ $(<verified) == "1 opened (6 bytes of plaintext), 0 failed, 0 skipped" ]] || fail "$(<verified)"
