/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11: URIs as text, for code that does not handle PKCS#11's structures. */
#ifndef ENVELOPE_URI_TEXT_H
#define ENVELOPE_URI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define ENV_URI_TEXT 256u

/* True if text begins with "pkcs11:". */
bool env_uri_is(const char *text);

/* The URI up to anything that may be its PIN, even if it cannot be parsed. */
void env_uri_shown(char *out, size_t size, const char *text);

#endif
