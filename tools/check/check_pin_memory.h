/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_PIN_MEMORY_H
#define ENVELOPE_TOOL_CHECK_PIN_MEMORY_H

#include "tools/check/check_say.h"

/* Checks that this user can use pin-failure-memory. Silent if it is not set. */
void tool_check_pin_memory(struct tool_check *check);

#endif
