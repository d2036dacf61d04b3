/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the KEKs that may open do, those as well that nothing is sealed with here. */
#ifndef ENVELOPE_TOOL_CHECK_OPENERS_H
#define ENVELOPE_TOOL_CHECK_OPENERS_H

#include "tools/check/check_here.h"

/* Each that may open, tried where kek did not name it. */
void tool_check_list_openers(struct tool_check *check, const struct tool_check_here *here,
                             const struct tool_check_sealing *sealing);

/* A host without kek may be one that only opens. What has nothing to open with is of no use. */
void tool_check_openers_alone(struct tool_check *check, const struct tool_check_here *here);

#endif
