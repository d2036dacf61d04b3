/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One KEK that may be on several tokens (the same class, type, length and CKA_ID): when one of them
 * is gone, the next stands in for it at once, and when it is back it is used again. Before anything
 * is sealed with one of several it is shown to be the same key.
 */
#ifndef ENVELOPE_STANDINS_H
#define ENVELOPE_STANDINS_H

#include "keymgmt/kek/search_tokens.h"

/* The KEK of which these are keys: one that is there already, or a new one. NO_MEMORY. */
ENV_RESULT env_standins_join(struct env_ring *ring, const struct env_kek_matches *matches,
                             struct env_kek **out, struct env_fault *fault);

/*
 * Makes a KEK ready for sealing, whether it is one of these or a key on one token: looks for all
 * that stand in, and shows that what they wrap each of them can open. As env_token_kek_prepare, and
 * KEK_DIFFERS.
 */
ENV_RESULT env_standins_prepare(struct env_kek *kek, struct env_fault *fault);

/* Whether the one is a KEK of this kind and the other a key that is, or could be, part of it. */
bool env_standins_cover(struct env_kek *group, struct env_kek *key);

/* Whether open-kek lets it open. */
bool env_standins_may_open(const struct env_kek *kek);

/* Its key on the first of its tokens: for what they have in common. */
const struct env_token_kek *env_standins_first(const struct env_kek *kek);

#endif
