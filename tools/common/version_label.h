/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of versions, NAME/N, and which of two is newer. */
#ifndef ENVELOPE_TOOL_VERSION_LABEL_H
#define ENVELOPE_TOOL_VERSION_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name_len excludes the slash. False: it is not a version's label. */
bool tool_version_label(const char *label, size_t *name_len, uint32_t *number);

/* Whether both are versions of one KEK, and the first is older. */
bool tool_version_is_older(const char *label, const char *than);

#endif
