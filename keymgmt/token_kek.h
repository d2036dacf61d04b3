/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK on a token, behind the interface of kek.h. */
#ifndef ENVELOPE_TOKEN_KEK_H
#define ENVELOPE_TOKEN_KEK_H

#include "find_key.h"
#include "ring.h"
#include "wrap_aes.h"

struct env_token_kek;

/* Two keys are one KEK when all this is the same. */
struct env_kek_identity {
    const struct env_token *token;
    const struct env_key_facts *key;
};

bool env_token_kek_is(const struct env_kek *kek, const void *identity);

/*
 * Of a key that the policy accepts and that a session of this epoch found. Called within an
 * attempt. NO_MEMORY, TOKEN_FAILED.
 */
ENV_RESULT env_token_kek_new(struct env_ring *ring, struct env_token *token,
                             const struct env_key_facts *key, uint64_t epoch,
                             struct env_token_kek **out, struct env_fault *fault);

struct env_kek *env_token_kek_base(struct env_token_kek *kek);

/* Whether open-kek lets it open. */
bool env_token_kek_may_open(const struct env_kek *kek);

/*
 * Chooses how it wraps and shows that it can unwrap that again, at its first use in the process.
 * KEK_USAGE, KEK_SELF_TEST, or what the token said.
 */
ENV_RESULT env_token_kek_prepare(struct env_kek *kek, struct env_fault *fault);

#endif
