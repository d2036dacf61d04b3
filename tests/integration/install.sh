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

exported=$(nm -D --defined-only "$installed" | awk '{print $NF}')
[[ $exported == OSSL_provider_init ]] || fail "exported: $exported"

# The installed module works from where it is.
ENVELOPE_MODULE_DIR=$work/root$modules_dir
echo words >plain
expect_quiet seal -in plain -out sealed
expect_quiet open -in sealed -out opened
same plain opened
