/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_NAMED_H
#define ENVELOPE_TOOL_CHECK_NAMED_H

#include "tools/check/check_say.h"

/*
 * Checks that the named keys that allow-keys permits open through each KEK that is here; for a
 * pattern, three of the keys are tried. Without tokens (--no-token) only the files are read.
 */
void tool_check_named(struct tool_check *check);

#endif
