/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a path into the folder, opened, and the name in it. */
#ifndef ENVELOPE_TOOL_PLACE_H
#define ENVELOPE_TOOL_PLACE_H

#include <limits.h>

#include "envelope/base/error.h"

/*
 * On success the caller closes dir. A path that ends with a slash names a folder: the name is ".".
 */
ENV_RESULT tool_place_find(const struct env_errors *errors, const char *path, int *dir,
                           char name[NAME_MAX + 1]);

#endif
