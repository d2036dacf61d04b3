/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK's label in the key bytes that a program passes to EVP_CipherInit. */
#ifndef ENVELOPE_SELECTOR_KEY_H
#define ENVELOPE_SELECTOR_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/base/result.h"

#define ENV_SELECTOR_KEY_LEN 32u

/* Whether these bytes are a label in UTF-8 without control characters, followed only by NULs. */
bool env_selector_is_label(const uint8_t *bytes, size_t size, size_t *len);

/*
 * All zeros give "" (the configured KEK). A label, in UTF-8 without control characters and padded
 * with NULs, gives the label. Anything else, such as a key derived from a password, fails with
 * KEY_IS_NO_SELECTOR. The bytes may be secret, and never appear in an error.
 */
ENV_RESULT env_selector_from_key(const uint8_t *key, size_t key_len,
                                 char label[ENV_SELECTOR_KEY_LEN + 1]);

/* The same for a cipher with another key length, up to ENV_SELECTOR_KEY_LEN bytes. */
ENV_RESULT env_selector_from_bytes(const uint8_t *bytes, size_t size,
                                   char label[ENV_SELECTOR_KEY_LEN + 1]);

#endif
