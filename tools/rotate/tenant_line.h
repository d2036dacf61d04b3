/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_TENANT_LINE_H
#define ENVELOPE_TOOL_TENANT_LINE_H

#include "tools/rotate/rotate_line.h"

/*
 * Seals the tenant key in a row again, under the newest version of the named key above it, unless
 * that is done. rotation must have the named keys. Fails with TENANT_INCOMPLETE, NOT_A_FIELD,
 * FIELD_KEY_UNKNOWN, KEY_SEALS_NOT or TENANT_KEY_CLOSED.
 */
tool_rotate_line_fn tool_tenant_key_line;

#endif
