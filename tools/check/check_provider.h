/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_PROVIDER_H
#define ENVELOPE_TOOL_CHECK_PROVIDER_H

#include "tools/check/check_say.h"

/*
 * Checks that the provider's module loads as in a program, and which other provider offers AES-GCM.
 */
void tool_check_provider(struct tool_check *check);

#endif
