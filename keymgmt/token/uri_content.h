/* SPDX-License-Identifier: Apache-2.0 */
/* What a pkcs11: URI names, for code that does not handle PKCS#11's structures. */
#ifndef ENVELOPE_URI_CONTENT_H
#define ENVELOPE_URI_CONTENT_H

#include <stdbool.h>

#include "keymgmt/token/error_detail.h"

struct env_uri_content {
    bool key; /* a label or an id of one key */
    bool pin; /* a PIN, or where to get one */
};

/* key says where the text came from. Fails with CONFIG_BAD_URI or NO_MEMORY. */
ENV_RESULT env_uri_content(const char *text, const char *key, struct env_uri_content *out,
                           struct env_error_detail *detail);

#endif
