/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_NAMED_H
#define ENVELOPE_TOOL_CHECK_NAMED_H

#include "tools/check/check_say.h"

/*
 * The named keys that allow-keys lets programs use: each opens, through each KEK that is here; of
 * those that a pattern allows, three. Without tokens (--no-token) the files alone are looked at.
 */
void tool_check_named(struct tool_check *check);

#endif
