/* SPDX-License-Identifier: Apache-2.0 */
/* Which version of a KEK seals today. */
#ifndef ENVELOPE_SELECT_VERSIONS_H
#define ENVELOPE_SELECT_VERSIONS_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/* Adds one key to the list, when it works and may seal. */
typedef ENV_RESULT env_select_key_fn(struct env_token_set *token_set, const struct env_query *query,
                                     const struct env_cache_name *name, struct env_kek_list *list,
                                     struct env_error_detail *detail);

/*
 * Adds the version of the highest number that may seal now, of those that the query asks for. What
 * its dates, the policy or the configuration keep from sealing is passed over, and so are two keys
 * of one label; a token that fails is not. again: as in struct env_selector. KEK_NO_VERSION, with
 * the newest one's reason, and what env_list_versions and `select` fail with.
 */
ENV_RESULT env_select_by_version(struct env_token_set *token_set, const struct env_query *query,
                                 bool again, env_select_key_fn *select, struct env_kek_list *list,
                                 struct env_error_detail *detail);

#endif
