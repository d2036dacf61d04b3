/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK on a token, behind the interface of kek.h. */
#ifndef ENVELOPE_TOKEN_KEK_H
#define ENVELOPE_TOKEN_KEK_H

#include "keymgmt/kek/kek_operation.h"

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

/* NULL when it is another kind of KEK. */
struct env_token_kek *env_token_kek_from(struct env_kek *kek);

/*
 * Chooses how it wraps and shows that it can unwrap that again, at its first use in the process.
 * KEK_USAGE, KEK_SELF_TEST, or what the token said.
 */
ENV_RESULT env_token_kek_prepare(struct env_token_kek *kek, enum env_patience patience,
                                 struct env_fault *fault);

/* Makes the sample, unless preparing did: by whatever way to wrap there is. */
ENV_RESULT env_token_kek_sample(struct env_token_kek *kek, enum env_patience patience,
                                struct env_fault *fault);

/* Whether it opens now what it wraps now so, where it may do both: what the token said if not. */
ENV_RESULT env_token_kek_test(struct env_token_kek *kek, enum env_wrap_choice choice,
                              enum env_patience patience, struct env_fault *fault);

/* What the vtable has, with the failure not raised but in *fault. */
ENV_RESULT env_token_kek_wrap(struct env_token_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                              struct env_wrapped *out, enum env_patience patience,
                              struct env_fault *fault);
ENV_RESULT env_token_kek_unwrap(struct env_token_kek *kek, struct env_unwrapping *unwrapping,
                                enum env_patience patience, struct env_fault *fault);

#endif
