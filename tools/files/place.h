/* SPDX-License-Identifier: Apache-2.0 */
/* Where a path leads: the folder, open, and the name in it. */
#ifndef ENVELOPE_TOOL_PLACE_H
#define ENVELOPE_TOOL_PLACE_H

#include <limits.h>

#include "envelope/base/error.h"

/* *dir is to be closed where this succeeded. A path that ends with a slash names a folder: ".". */
ENV_RESULT tool_place_find(const struct env_errors *errors, const char *path, int *dir,
                           char name[NAME_MAX + 1]);

#endif
