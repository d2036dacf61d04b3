/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_TENANT_LINE_H
#define ENVELOPE_TOOL_TENANT_LINE_H

#include "tools/rotate/rotate_line.h"

/*
 * A row with a tenant and his key: that is sealed anew under the newest version of the named key
 * above it, unless it is already. rotation has the tenants' keys. TENANT_INCOMPLETE, NOT_A_FIELD,
 * FIELD_KEY_UNKNOWN, KEY_SEALS_NOT, TENANT_KEY_CLOSED.
 */
tool_rotate_line_fn tool_tenant_key_line;

#endif
