#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checks what docs/RELEASE.md requires before a tag, as far as a script can.
set -euo pipefail
cd "${1-$(dirname "${BASH_SOURCE[0]}")/..}"
bad=0

wrong() {
    echo "not ready: $*" >&2
    bad=1
}

version=$(sed -nE 's/^project\(envelope VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
[[ -n $version ]] || wrong "CMakeLists.txt has no version"
[[ $(sed -nE '1s/^openssl-provider-envelope \(([0-9.]+)-[0-9]+\) .*/\1/p' debian/changelog) == "$version" ]] ||
    wrong "debian/changelog has another version than CMakeLists.txt ($version)"
newest=$(sed -nE '/^## /{s/^## //p;q}' CHANGELOG.md)
[[ $newest =~ ^${version//./\\.}\ \(20[0-9]{2}-[0-9]{2}-[0-9]{2}\)$ ]] ||
    wrong "CHANGELOG.md begins with '$newest', not with '$version (YEAR-MONTH-DAY)'"
for page in docs/*.[1-9]; do
    [[ $(grep '^\.TH ' "$page") == *"\"envelope $version\""* ]] ||
        wrong "$page has another version than CMakeLists.txt ($version)"
done
if grep -qF '@example.org>' debian/control debian/changelog; then
    wrong "the maintainer's address in debian/control or debian/changelog is an example"
fi
grep -q '^Homepage: https://' debian/control || wrong "debian/control has no Homepage"
while IFS= read -r line; do
    wrong "MAINTAINERS.md: nothing behind '$line'"
done < <(grep -E '^- [^:]+: *$' MAINTAINERS.md)
[[ ! -e .git || -z $(git status --porcelain) ]] || wrong "there are changes that are not committed"

((bad == 0)) && echo "envelope $version is ready to be tagged"
