/* SPDX-License-Identifier: Apache-2.0 */
/* Results for people: one line per finding, safe on any terminal. */
#ifndef ENVELOPE_TOOL_REPORT_H
#define ENVELOPE_TOOL_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "envelope/message/kek.h"

/*
 * Text from outside, such as a path or a label. Characters that are not printable
 * (env_char_is_shown), bytes that are not UTF-8 and the backslash are written as \xNN.
 */
void tool_report_text(FILE *out, const char *text);

/* "key 'orders' of token 'kek'"; without a label "a key of token 'kek'". */
void tool_report_key(FILE *out, const char *label, const char *token);

/* "1.4 GiB"; below 1024 bytes "17 bytes". */
#define TOOL_REPORT_SIZE 32u
const char *tool_report_size(uint64_t bytes, char text[TOOL_REPORT_SIZE]);

/* Hex of a KEK reference. */
#define TOOL_REPORT_ID (2 * ENV_KEK_ID_MAX + 1)
const char *tool_report_id(const struct env_kek_id *id, char text[TOOL_REPORT_ID]);

/* The plural ending: "" for 1, otherwise "s". */
const char *tool_report_s(uint64_t count);

#endif
