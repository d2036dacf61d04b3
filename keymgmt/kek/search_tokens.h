/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for a KEK on all the tokens. */
#ifndef ENVELOPE_SEARCH_TOKENS_H
#define ENVELOPE_SEARCH_TOKENS_H

#include "keymgmt/kek/single_kek.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

#define ENV_REPLICAS_MAX 8u /* tokens that have the same KEK */

/* One KEK, as it is on each token that has it. */
struct env_kek_matches {
    size_t count;
    struct env_token_kek *keks[ENV_REPLICAS_MAX];
    bool failed; /* another token could not be searched, or its key is refused: why */
    struct env_error_detail failure;
    bool unsearched; /* a token could not be searched, or a slot not be looked at */
    uint64_t epoch;  /* of the tokens that were searched */
};

void env_kek_matches_clear(struct env_kek_matches *matches);

/*
 * first_will_do: for opening, where a second key with the same id on another token is a replica
 * and later tokens need no login; else all tokens are looked at. KEK_NOT_FOUND, KEK_AMBIGUOUS, the
 * reasons of the policy, and whatever kept a token from being searched when the key is on no other.
 */
ENV_RESULT env_search_kek(struct env_token_set *token_set, const struct env_query *query,
                          bool first_will_do, struct env_kek_matches *out,
                          struct env_error_detail *detail);

/*
 * Looks for the same KEK on the tokens that are not among `known`. Nothing is done about a token
 * that fails. NO_MEMORY, and what keeps all tokens from being looked at.
 */
ENV_RESULT env_search_replicas(struct env_token_set *token_set, struct env_token_kek *const *known,
                               size_t known_count, struct env_kek_matches *out,
                               struct env_error_detail *detail);

#endif
