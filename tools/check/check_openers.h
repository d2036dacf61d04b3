/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the KEKs that may open can do so, including those that nothing is sealed to here. */
#ifndef ENVELOPE_TOOL_CHECK_OPENERS_H
#define ENVELOPE_TOOL_CHECK_OPENERS_H

#include "tools/check/check_here.h"

/* Tests each KEK that may open and is not in kek. */
void tool_check_list_openers(struct tool_check *check, const struct tool_check_here *here,
                             const struct tool_check_sealing *sealing);

/* A host without kek may be one that only opens. A host without a KEK that opens is useless. */
void tool_check_openers_alone(struct tool_check *check, const struct tool_check_here *here);

#endif
