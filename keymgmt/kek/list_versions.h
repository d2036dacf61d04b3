/* SPDX-License-Identifier: Apache-2.0 */
/* Finding which versions of a KEK the tokens have. */
#ifndef ENVELOPE_LIST_VERSIONS_H
#define ENVELOPE_LIST_VERSIONS_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/*
 * The versions that a query asks for; *out has a reference for the caller. The tokens are searched
 * if nothing is known yet, every state-refresh seconds, and always with `again`; *fresh: they were
 * searched. Versions on a token that does not answer stay in the list. Fails with KEK_NOT_FOUND or
 * NO_TOKEN, or as the search did if no token could be searched.
 */
ENV_RESULT env_list_versions(struct env_token_set *token_set, const struct env_query *query,
                             bool again, struct env_versions **out, bool *fresh,
                             struct env_error_detail *detail);

#endif
