/* SPDX-License-Identifier: Apache-2.0 */
/* Searching all tokens for a KEK. */
#ifndef ENVELOPE_SEARCH_TOKENS_H
#define ENVELOPE_SEARCH_TOKENS_H

#include "keymgmt/kek/single_kek.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

#define ENV_REPLICAS_MAX 8u /* the most tokens with the same KEK */

/* One KEK, on each token that has it. */
struct env_kek_matches {
    size_t count;
    struct env_token_kek *keks[ENV_REPLICAS_MAX];
    bool failed; /* another token could not be searched, or refused the key: `why` says which */
    struct env_error_detail failure;
    bool unsearched; /* a token could not be searched, or a slot could not be read */
    uint64_t epoch;  /* of the token list that was searched */
};

void env_kek_matches_clear(struct env_kek_matches *matches);

/*
 * first_will_do is for opening: a second key with the same id on another token is a replica, so
 * later tokens need no login. Otherwise all tokens are searched. Fails with KEK_NOT_FOUND,
 * KEK_AMBIGUOUS, the policy's reasons, or, if the key is on no other token, with what kept a token
 * from being searched.
 */
ENV_RESULT env_search_kek(struct env_token_set *token_set, const struct env_query *query,
                          bool first_will_do, struct env_kek_matches *out,
                          struct env_error_detail *detail);

/*
 * Looks for the same KEK on the tokens that are not among `known`. A failing token is not repaired.
 * Fails with NO_MEMORY, or if not all tokens could be searched.
 */
ENV_RESULT env_search_replicas(struct env_token_set *token_set, struct env_token_kek *const *known,
                               size_t known_count, struct env_kek_matches *out,
                               struct env_error_detail *detail);

#endif
