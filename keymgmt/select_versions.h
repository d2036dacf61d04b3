/* SPDX-License-Identifier: Apache-2.0 */
/* Selecting the version of a KEK that seals today. */
#ifndef ENVELOPE_SELECT_VERSIONS_H
#define ENVELOPE_SELECT_VERSIONS_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/* Adds one key to the list if it works and may seal. */
typedef ENV_RESULT env_select_key_fn(struct env_token_set *token_set, const struct env_query *query,
                                     const struct env_cache_name *name, struct env_kek_list *list,
                                     struct env_error_detail *detail);

/*
 * Adds the highest version that may seal now, of those that the query asks for. Versions that their
 * dates, the policy or the configuration keep from sealing are skipped, and so are two keys with
 * one label. A failing token is an error. again: as in struct env_selector. Fails with
 * KEK_NO_VERSION and the newest one's reason, or as env_list_versions and `select` do.
 */
ENV_RESULT env_select_by_version(struct env_token_set *token_set, const struct env_query *query,
                                 bool again, env_select_key_fn *select, struct env_kek_list *list,
                                 struct env_error_detail *detail);

#endif
