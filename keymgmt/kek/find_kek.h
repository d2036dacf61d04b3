/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK by what names it: one of those found so far, or from the tokens. */
#ifndef ENVELOPE_FIND_KEK_H
#define ENVELOPE_FIND_KEK_H

#include "keymgmt/token/ring.h"
#include "keymgmt/token/query.h"

/*
 * Looks under name among the KEKs found so far, and then on the tokens; first_will_do as in
 * search.h. What comes is a KEK with all that stand in for it (standins.h), but for a query that
 * shows a key or names one token: that is the key on the token. Failures as of env_search_kek.
 */
ENV_RESULT env_find_kek(struct env_ring *ring, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_fault *fault);

#endif
