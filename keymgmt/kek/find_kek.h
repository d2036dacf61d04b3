/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a KEK by name: among those found so far, or on the tokens. */
#ifndef ENVELOPE_FIND_KEK_H
#define ENVELOPE_FIND_KEK_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/*
 * Looks for the name among the KEKs found so far, and then on the tokens; first_will_do as in
 * search_tokens.h. The result is a KEK with its replicas (replicas.h), or the key on one token if
 * the query shows a key or names a token. Fails as env_search_kek does.
 */
ENV_RESULT env_find_kek(struct env_token_set *token_set, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_error_detail *detail);

#endif
