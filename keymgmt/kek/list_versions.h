/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions of a KEK the tokens have. */
#ifndef ENVELOPE_LIST_VERSIONS_H
#define ENVELOPE_LIST_VERSIONS_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/*
 * Those that a query for versions asks for; *out has a reference for the caller. They are looked
 * for where nothing is known yet, every state-refresh seconds, and with `again` whatever is known;
 * *fresh: that was done. What a token has that does not answer stays in the list. KEK_NOT_FOUND,
 * NO_TOKEN, and what kept all tokens from being searched.
 */
ENV_RESULT env_list_versions(struct env_token_set *token_set, const struct env_query *query,
                             bool again, struct env_versions **out, bool *fresh,
                             struct env_error_detail *detail);

#endif
