/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes: private ones for keys, public ones for IVs (see RAND_bytes(3)). */
#ifndef ENVELOPE_RANDOM_H
#define ENVELOPE_RANDOM_H

#include "envelope/format/crypto.h"

ENV_RESULT env_random_private(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * Private bytes for a message's own key. If many messages are sealed in a row, they are drawn in
 * advance too, but only for a moment.
 */
ENV_RESULT env_random_dek(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * One draw costs about as much as ten, so the bytes for short requests are drawn in advance for
 * each thread (drawn_ahead.h), where a forked child does not find them.
 */
ENV_RESULT env_random_public(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * libcrypto is about to be cleaned up: later requests for random bytes fail. Otherwise libcrypto
 * would crash in threads that still run while the process ends.
 */
void env_random_ends(void);

#endif
