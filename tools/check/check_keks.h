/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_KEKS_H
#define ENVELOPE_TOOL_CHECK_KEKS_H

#include "tools/check/check_say.h"

/* Checks each KEK that seals, each that may open, and how many losses would lose everything. */
void tool_check_keks(struct tool_check *check);

#endif
