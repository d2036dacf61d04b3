#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Columns of fields in a PostgreSQL of its own, by a program in C: tests/lib/field_column.sh.
# FIELD_ROWS=100000 runs more rows.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
column_program=("$ENVELOPE_PROGRAMS/field_column")
[[ -x ${column_program[0]} ]] || fail "libpq is missing: run tests/run.sh --install"
rows=${FIELD_ROWS:-20000}
# shellcheck source=../lib/field_column.sh
source "$source_dir/tests/lib/field_column.sh"
