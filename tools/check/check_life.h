/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_LIFE_H
#define ENVELOPE_TOOL_CHECK_LIFE_H

#include "tools/check/check_here.h"

/* Checks the dates and the age of what seals today, and newer versions that do not seal. */
void tool_check_life(struct tool_check *check, const struct tool_check_here *here,
                     const struct tool_check_sealing *sealing);

/* For the given folders: what older versions still protect. */
void tool_check_old_versions(struct tool_check *check, const struct tool_check_here *here,
                             const struct tool_check_sealing *sealing);

#endif
