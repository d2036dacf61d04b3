/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_PROVIDER_H
#define ENVELOPE_TOOL_CHECK_PROVIDER_H

#include "tools/check/check_say.h"

/* The provider's module, loaded as programs do, and who offers AES-GCM beside it. */
void tool_check_provider(struct tool_check *check);

#endif
