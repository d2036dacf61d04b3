/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for one KEK on all the tokens. */
#ifndef ENVELOPE_SEARCH_H
#define ENVELOPE_SEARCH_H

#include "ring.h"
#include "selector.h"

/*
 * Looks among the KEKs found so far, under name, and then on the tokens. first_will_do: for
 * opening, where a second key with the same id on another token is a stand-in and later tokens need
 * no login; else all tokens are looked at. KEK_NOT_FOUND, KEK_AMBIGUOUS, the reasons of the policy,
 * and whatever kept a token from being searched when the key is on no other.
 */
ENV_RESULT env_find_kek(struct env_ring *ring, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_fault *fault);

#endif
