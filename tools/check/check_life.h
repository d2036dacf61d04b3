/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_LIFE_H
#define ENVELOPE_TOOL_CHECK_LIFE_H

#include "tools/check/check_here.h"

/* The days of what seals today, its age, and newer versions that do not seal. */
void tool_check_life(struct tool_check *check, const struct tool_check_here *here,
                     const struct tool_check_sealing *sealing);

/* Of the folders that are given: what older versions still protect. */
void tool_check_old_versions(struct tool_check *check, const struct tool_check_here *here,
                             const struct tool_check_sealing *sealing);

#endif
