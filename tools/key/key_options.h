/* SPDX-License-Identifier: Apache-2.0 */
/* Options that several actions of envelope key share, and the meaning of their values. */
#ifndef ENVELOPE_TOOL_KEY_OPTIONS_H
#define ENVELOPE_TOOL_KEY_OPTIONS_H

#include "envelope/format/named_key.h"
#include "tools/common/run.h"

/* --directory and the options for the configuration. */
extern const struct tool_option tool_key_options_where[];
/* --for and the other options for a new key. */
extern const struct tool_option tool_key_options_make[];

/* The last of the three tables, for an action without options of its own. */
#define TOOL_KEY_FORM_OPTIONS                                                                      \
    TOOL_FLAG("hex", hex, "as hexadecimal digits"), TOOL_FLAG("base64", base64, "as base64"),      \
        TOOL_FLAG("raw", raw, "as the bytes themselves, without a newline")

/* Values of options: false if they are invalid, which was reported. */
bool tool_key_option_bytes(const struct tool_run *run, size_t *bytes); /* 0 if it was not given */
bool tool_key_option_when(const struct tool_run *run, const char *option, const char *text,
                          int64_t now, int64_t *out);

/*
 * An operand NAME or NAME@N; the number is 0 if it has none. False: it is not a name, which was
 * reported.
 */
bool tool_key_operand(const struct tool_run *run, const char *operand,
                      char name[ENV_NAMED_NAME_MAX + 1], uint32_t *number);

/* Exactly one operand. False: not so, which was reported. */
bool tool_key_one_operand(const struct tool_run *run);

#endif
