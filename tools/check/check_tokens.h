/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_TOKENS_H
#define ENVELOPE_TOOL_CHECK_TOKENS_H

#include "tools/check/check_say.h"

/* Checks modules, tokens and logins. False if one of them failed. */
bool tool_check_tokens(struct tool_check *check);

#endif
