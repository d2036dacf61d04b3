/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes: private ones for keys, public ones for IVs (see RAND_bytes(3)). */
#ifndef ENVELOPE_RANDOM_H
#define ENVELOPE_RANDOM_H

#include "envelope/format/crypto.h"

ENV_RESULT env_random_private(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * Private ones for a message's own key. Where many messages are sealed one after the other they are
 * drawn ahead as well, a moment at most.
 */
ENV_RESULT env_random_dek(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * One draw costs about as much as ten, so the bytes of short requests are drawn ahead for each
 * thread (drawn_ahead.h), where a forked child does not find them.
 */
ENV_RESULT env_random_public(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * libcrypto is about to be cleaned up: what asks for random bytes from then on fails. libcrypto
 * itself would crash, in the threads that go on while a process ends.
 */
void env_random_ends(void);

#endif
