/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is called when it is sealed, and when it is opened. */
#ifndef ENVELOPE_TOOL_OUTPUT_NAME_H
#define ENVELOPE_TOOL_OUTPUT_NAME_H

#include <limits.h>
#include <stdbool.h>

#include "envelope/base/error.h"

/*
 * Sealed it has the suffix more, opened it has it no more. OUTPUT_UNNAMED when it has none, when
 * nothing would be left, when the name would be too long, and for what is no regular file.
 */
ENV_RESULT tool_output_name(const struct env_errors *errors, const char *path, const char *suffix,
                            bool sealing, char name[PATH_MAX]);

#endif
