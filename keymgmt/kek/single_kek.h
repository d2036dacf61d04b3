/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK on one token, behind the interface of kek.h. */
#ifndef ENVELOPE_SINGLE_KEK_H
#define ENVELOPE_SINGLE_KEK_H

#include "keymgmt/kek/token_kek.h"

/* Two keys are the same KEK if all of this is equal. */
struct env_kek_identity {
    const struct env_token *token;
    const struct env_key_attributes *key;
};

bool env_token_kek_is(const struct env_kek *kek, const void *identity);

/*
 * key must be one that the policy accepts, found by a session of this epoch. Called within an
 * attempt. Fails with NO_MEMORY or TOKEN_FAILED.
 */
ENV_RESULT env_token_kek_new(struct env_token_set *token_set, struct env_token *token,
                             const struct env_key_attributes *key, uint64_t epoch,
                             struct env_token_kek **out, struct env_error_detail *detail);

/* NULL if it is another kind of KEK. */
struct env_token_kek *env_token_kek_from(struct env_kek *kek);

#endif
