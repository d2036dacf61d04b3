#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Columns of fields in a PostgreSQL of its own, by a program in PHP, which has its ciphers by name and
# says everything in the key bytes: tests/lib/field_column.sh.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
php -m | found -x pdo_pgsql || fail "PHP has no pdo_pgsql: tests/run.sh --programs installs it"
column_program=(php "$source_dir/tests/programs/field_column.php")
rows=${FIELD_ROWS:-2000}
by_name=yes
# shellcheck source=../lib/field_column.sh
source "$source_dir/tests/lib/field_column.sh"
