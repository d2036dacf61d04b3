/* SPDX-License-Identifier: Apache-2.0 */
/* What --from names: a KEK that opens in this run, whatever the configuration says. */
#ifndef ENVELOPE_TOOL_FROM_KEK_H
#define ENVELOPE_TOOL_FROM_KEK_H

#include "tools/common/run.h"

/*
 * Whether there is such a key or file: a slip would only show in each message that does not open.
 * Complains otherwise. Where the tokens cannot be asked the messages tell.
 */
bool tool_from_kek_is_there(struct tool_run *run);

#endif
