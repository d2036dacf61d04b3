/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One KEK that may be on several tokens (same class, type, length and CKA_ID). When one token is
 * gone, the next stands in at once; when it is back, it is used again. If there are several, each
 * must be proven to be the same key before anything is sealed with it.
 */
#ifndef ENVELOPE_REPLICAS_H
#define ENVELOPE_REPLICAS_H

#include "keymgmt/kek/search_tokens.h"

/*
 * The KEK that these keys are: a known one, with these keys added, or a new one. Fails with
 * NO_MEMORY.
 */
ENV_RESULT env_replicas_join(struct env_token_set *token_set, const struct env_kek_matches *matches,
                             struct env_kek **out, struct env_error_detail *detail);

/*
 * Makes a KEK ready to seal, on one token or several: looks for all replicas, and proves that each
 * opens what another wraps. Fails as env_token_kek_prepare and env_kek_may_seal_now do, and with
 * KEK_DIFFERS.
 */
ENV_RESULT env_replicas_prepare(struct env_kek *kek, struct env_error_detail *detail);

/*
 * Whether one of its keys may seal now. Their common start date must have come, whatever
 * allow-expired-kek says (seals_today.h). Otherwise fails with the first one's reason.
 */
ENV_RESULT env_replicas_are_newest(struct env_kek *kek, struct env_error_detail *detail);

/*
 * Whether group is a KEK of this kind, and key is on a token and is, or could be, one of its
 * members.
 */
bool env_replicas_cover(struct env_kek *group, struct env_kek *key);

/*
 * Why the configuration lets none of its keys open (may_open.h), from memory. ENV_R_NONE: one may.
 */
enum env_reason env_replicas_refusal(const struct env_kek *kek);

/* The same, after all tokens were searched for further members. */
enum env_reason env_replicas_refusal_of_all(struct env_kek *kek);

/* Calls env_may_open_settle for each member, ignoring failures. */
void env_replicas_settle(struct env_kek *kek);

/* The key on the first of its tokens, for what all members have in common. */
const struct env_token_kek *env_replicas_first(const struct env_kek *kek);

#endif
