/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK by what names it: one of those found so far, or from the tokens. */
#ifndef ENVELOPE_FIND_KEK_H
#define ENVELOPE_FIND_KEK_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/*
 * Looks under name among the KEKs found so far, and then on the tokens; first_will_do as in
 * search_tokens.h. The result is a KEK with its replicas (replicas.h); but for a query that shows a
 * key, or that names one token, it is the key on that token. Fails as env_search_kek does.
 */
ENV_RESULT env_find_kek(struct env_token_set *token_set, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_error_detail *detail);

#endif
