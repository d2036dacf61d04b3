/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_STOCK_NAMES_H
#define ENVELOPE_TOOL_CHECK_STOCK_NAMES_H

#include "tools/check/check_say.h"

/*
 * Checks who serves the names that our provider shares with others. If it is not ours, programs do
 * not use a KEK.
 */
void tool_check_stock_names(struct tool_check *check);

#endif
