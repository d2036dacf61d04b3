/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a message of the fake KEKs in one piece, independently of opening.c, for comparison with
 * the streaming reader. It also makes an altered message verify again, so that mutations reach the
 * code behind the MAC and the tags.
 */
#ifndef ENVELOPE_TESTS_REFERENCE_OPENING_H
#define ENVELOPE_TESTS_REFERENCE_OPENING_H

#include <stdbool.h>

#include "envelope/format/header.h"
#include "fake_keyring.h"
#include "fuzz.h"

struct reference {
    const struct fake_kek *only; /* opened as the key of this KEK alone, or NULL: by all of them */
    bool whole;                  /* everything verified, and the last segment ends the input */
    size_t len;                  /* bytes of plaintext that verified, in order */
    uint8_t *data;               /* room for the message's length */
};

/* Once, before all others. */
void reference_prepare(void);

/* Opens what opens of message; segments of at most segment_max bytes are accepted. */
void reference_open(const uint8_t *message, size_t size, uint32_t segment_max,
                    struct reference *out);

/* Whether the header opens, and its DEK. */
bool reference_dek(const uint8_t *message, size_t size, uint8_t dek[ENV_DEK_LEN]);

/* Whether all of it is a sealed key that opens, by one KEK alone or (NULL) by any, and its DEK. */
bool reference_sealed_key(const uint8_t *message, size_t size, const struct fake_kek *only,
                          uint8_t dek[ENV_DEK_LEN]);

/* Whether der is a header for the first so many KEKs and no others, sound under each of them. */
bool reference_is_current(struct env_span der, size_t keks);

/*
 * Makes the header's MAC, FLOE's header tag and the segments' tags right for what stands there,
 * where the header decodes and one of the fake KEKs unwraps its DEK. The ciphertext stays.
 */
void reference_reseal(uint8_t *message, size_t size);

/* The number of bytes before the first segment; 0 if it is unknown or there are fewer. */
size_t reference_headers_len(const uint8_t *message, size_t size);

#endif
