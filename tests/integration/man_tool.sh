#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/envelope.1: its form, and that it and the program have the same subcommands and options.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/man.sh
source "$source_dir/tests/lib/man.sh"
page=$source_dir/docs/envelope.1
man_form "$page" "NAME|SYNOPSIS|DESCRIPTION|OPTIONS|SUBCOMMANDS|EXIT STATUS|ENVIRONMENT|FILES|EXAMPLES|BUGS|SEE ALSO"
man_same_actions "$page" SUBCOMMANDS "" 15 30

# They run programs such as tar, which do not free all memory at exit.
sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}")

make_usual
stream 5000 >report.pdf
cp report.pdf report.before
mkdir srv
stream 12000000 >srv/data
man_examples "$page" 2
same report.before report.pdf
[[ $(stat -c %s piece) == 1048576 ]] || fail "a piece of $(stat -c %s piece) bytes"
echo "$count options of $(wc -l <actions) subcommands"
