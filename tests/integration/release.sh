#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/release.sh finds each thing that would make a release bad.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"

version=$(sed -nE 's/^project\(envelope VERSION ([0-9.]+) .*/\1/p' "$source_dir/CMakeLists.txt")
[[ -n $version ]] || fail "no version"

make_ready() {
    rm -rf tree
    mkdir -p tree/debian tree/docs
    cp "$source_dir/CMakeLists.txt" "$source_dir/CHANGELOG.md" "$source_dir/MAINTAINERS.md" tree/
    cp "$source_dir/debian/changelog" "$source_dir/debian/control" tree/debian/
    cp "$source_dir"/docs/*.[1-9] tree/docs/
    # what is filled in once
    sed -i 's/@example\.org>/@envelope.test>/' tree/debian/changelog tree/debian/control
    sed -i -e '/^Homepage:/d' -e '/^Standards-Version:/a Homepage: https://envelope.test/' tree/debian/control
    sed -i -E 's/^(- [^:]+:) *$/\1 somebody/' tree/MAINTAINERS.md
    sed -i "0,/^## .*/s//## $version (2026-12-24)/" tree/CHANGELOG.md
}
not_ready() { # words
    if bash "$source_dir/tests/release.sh" tree >out 2>&1; then fail "ready: $(<out)"; fi
    [[ $(wc -l <out) == 1 && $(<out) == *"$1"* ]] || fail "'$1' expected: $(<out)"
}

make_ready
bash "$source_dir/tests/release.sh" tree >out 2>&1 || fail "$(<out)"
[[ $(<out) == "envelope $version is ready to be tagged" ]] || fail "$(<out)"
sed -i '1s/(.*)/(0.0.9-1)/' tree/debian/changelog
not_ready "debian/changelog has another version"
make_ready
sed -i "/^\.TH/s/envelope $version/envelope 0.0.9/" tree/docs/envelope-key.1
not_ready "docs/envelope-key.1 has another version"
make_ready
sed -i 's/@envelope\.test>/@example.org>/' tree/debian/control
not_ready "the maintainer's address in debian/control or debian/changelog is an example"
make_ready
sed -i '/^Homepage:/d' tree/debian/control
not_ready "debian/control has no Homepage"
make_ready
sed -i "0,/^## .*/s//## Unreleased/" tree/CHANGELOG.md
not_ready "begins with 'Unreleased'"
make_ready
sed -i '0,/ somebody$/s///' tree/MAINTAINERS.md
not_ready "MAINTAINERS.md: nothing behind '- Name:'"
