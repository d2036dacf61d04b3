#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is installed, where, and what it exports.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual

build=$ENVELOPE_MODULE_DIR
DESTDIR=$work/root cmake --install "$build" >install.log
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

for page in "$source_dir"/docs/*.[1-9]; do
    [[ -n $(find "$work/root" -path "*/share/man/man${page##*.}/${page##*/}") ]] || fail "not installed: $page"
done

# The header and its pkg-config file are enough for a program in C. Reasons are those of the table.
mapfile -t found < <(find "$work/root" -name envelope.pc)
((${#found[@]} == 1)) || fail "${#found[@]} files envelope.pc installed: $(<install.log)"
cat >program.c <<'END'
#include <envelope_provider.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
int main(void)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ENVELOPE_CIPHER, ENVELOPE_PROPERTY);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char in[5000] = {0x30, 0x01};
    unsigned char out[20000];
    int len;

    if (EVP_DecryptInit_ex2(ctx, cipher, NULL, NULL, NULL) != 1 ||
        EVP_DecryptUpdate(ctx, out, &len, in, sizeof(in)) == 1)
        return 1;
    printf("%d\n", ERR_GET_REASON(ERR_peek_last_error()) == ENVELOPE_R_NOT_A_MESSAGE);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return 0;
}
END
read -ra flags < <(PKG_CONFIG_PATH=${found[0]%/*} PKG_CONFIG_SYSROOT_DIR=$work/root \
    pkg-config --cflags envelope)
read -ra libs < <(pkg-config --libs libcrypto)
"${CC:-cc}" -Wall -Wextra -Werror -o program program.c "${flags[@]}" "${libs[@]}" ||
    fail "it does not compile: ${flags[*]}"
[[ $(with_envelope ./program) == 1 ]] || fail "another reason"
[[ $(PKG_CONFIG_PATH=${found[0]%/*} pkg-config --variable=modulesdir envelope) == "$modules_dir" ]] ||
    fail "another folder of modules"

# The command is a program of the prefix that everybody can run.
mapfile -t programs < <(find "$work/root" -path '*/bin/envelope' -type f)
((${#programs[@]} == 1)) || fail "${#programs[@]} programs envelope installed: $(<install.log)"
[[ $(stat -c %A "${programs[0]}") == *r-x ]] || fail "not everybody can run envelope"

# Completion is where the shells look for it, and is what the command prints.
if [[ ${#sanitizer_env[@]} == 0 ]]; then
    for place in bash-completion/completions/envelope zsh/site-functions/_envelope; do
        shell=${place%%[-/]*}
        mapfile -t found < <(find "$work/root" -path "*/share/$place")
        ((${#found[@]} == 1)) || fail "${#found[@]} of $place installed: $(<install.log)"
        "${programs[0]}" completion "$shell" | cmp - "${found[0]}" || fail "$place is another"
    done
fi

# A distribution's folders. Relative ones are below the prefix, not below where cmake was started.
cmake -S "$source_dir" -B "$work/other" -G Ninja -D CMAKE_INSTALL_PREFIX=/opt/other -D CMAKE_INSTALL_LIBDIR=lib64 \
    -D ENVELOPE_MODULES_DIR=lib64/modules -D ENVELOPE_ZSH_DIR=share/zsh/vendor-completions >other.log 2>&1 ||
    fail "$(<other.log)"
for folder in lib64/modules lib64/pkgconfig share/zsh/vendor-completions; do
    grep -qF "\"\${CMAKE_INSTALL_PREFIX}/$folder" other/cmake_install.cmake || fail "$folder is not below the prefix"
done
other() { PKG_CONFIG_PATH=$work/other pkg-config "$@" envelope; }
[[ $(other --variable=modulesdir) == /opt/other/lib64/modules ]] || fail "modules: $(other --variable=modulesdir)"
[[ $(other --cflags-only-I) == -I/opt/other/include* ]] || fail "header: $(other --cflags-only-I)"
[[ $(other --define-variable=prefix=/moved --variable=includedir) == /moved/include ]] ||
    fail "the header does not move"

exported=$(nm -D --defined-only "$installed" | awk '{print $NF}' | LC_ALL=C sort | tr '\n' ' ')
[[ $exported == "OPENSSL_finish OPENSSL_init OSSL_provider_init " ]] || fail "exported: $exported"
# Only the module: in a program two of them would take the place of libcrypto's.
if nm -D --defined-only "${programs[0]}" | grep -E 'OPENSSL_(init|finish)$'; then
    fail "the command exports them too"
fi

# The installed module works from where it is.
ENVELOPE_MODULE_DIR=$work/root$modules_dir
echo words >plain
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
expect_quiet with_envelope "${programs[0]}" verify sealed >verified
[[ $(<verified) == "1 opened (6 bytes of plaintext), 0 failed, 0 skipped" ]] || fail "$(<verified)"

# All of it is removed again, and nothing else.
uninstall() { # what the target does; ninja would look whether all is up to date
    DESTDIR=$work/root cmake -D "MANIFEST=$build/install_manifest.txt" -P "$source_dir/conf/uninstall.cmake" \
        >uninstall.log 2>&1
}
: >"$work/root/of-somebody-else"
uninstall || fail "$(<uninstall.log)"
[[ $(find "$work/root" -type f -printf '%P\n') == of-somebody-else ]] ||
    fail "left: $(find "$work/root" -type f)"
if uninstall; then fail "uninstalled twice"; fi
grep -q "nothing was installed from here" uninstall.log || fail "$(<uninstall.log)"
