/* SPDX-License-Identifier: Apache-2.0 */
/* A command of envelope(1) as main.c runs it, of which the nth allocation fails. */
#ifndef ENVELOPE_TESTS_TOOL_CALL_H
#define ENVELOPE_TESTS_TOOL_CALL_H

#include <stdio.h>

#include "tools/common/run.h"

/* The path of openssl.cnf, in the directory of softhsm_fixture.h; `lines` end our section of it. */
extern char tool_call_conf[600];
void tool_call_configure(const char *lines);

/*
 * Reads the words behind "--config" and the operand, if there is one, and opens the keys; what is
 * said goes to out. One run at a time.
 */
void tool_call_begin(struct tool_run *run, const struct tool_command *command, const char *operand,
                     char *const words[], FILE *out);

/* The same of a command that needs neither openssl.cnf nor keys. */
void tool_call_begin_without_keys(struct tool_run *run, const struct tool_command *command,
                                  char *const words[], FILE *out);

/* *count: of allocations; what was done before is not counted. */
enum tool_status tool_call_run(struct tool_run *run, unsigned nth, bool and_on, unsigned *count);

/* Closes out as well. */
void tool_call_end(struct tool_run *run);

#endif
