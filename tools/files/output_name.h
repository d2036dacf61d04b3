/* SPDX-License-Identifier: Apache-2.0 */
/* The name of the output when a file is sealed or opened. */
#ifndef ENVELOPE_TOOL_OUTPUT_NAME_H
#define ENVELOPE_TOOL_OUTPUT_NAME_H

#include <limits.h>
#include <stdbool.h>

#include "envelope/base/error.h"

/*
 * Sealing adds the suffix, opening removes it. Fails with OUTPUT_UNNAMED if the suffix is missing,
 * if nothing would be left, if the name would be too long, or if the path is not a regular file.
 */
ENV_RESULT tool_output_name(const struct env_errors *errors, const char *path, const char *suffix,
                            bool sealing, char name[PATH_MAX]);

#endif
