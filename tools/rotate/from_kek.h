/* SPDX-License-Identifier: Apache-2.0 */
/* The KEK named by --from, which may open in this run, whatever the configuration says. */
#ifndef ENVELOPE_TOOL_FROM_KEK_H
#define ENVELOPE_TOOL_FROM_KEK_H

#include "tools/common/run.h"

/*
 * Whether there is such a key or file; otherwise reports it. A typo would otherwise only show in
 * messages that do not open. If the tokens cannot be searched, the messages will show it.
 */
bool tool_from_kek_is_there(struct tool_run *run);

#endif
