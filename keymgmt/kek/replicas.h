/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One KEK that may be on several tokens (the same class, type, length and CKA_ID): when one of them
 * is gone, the next stands in for it at once, and when it is back it is used again. Before anything
 * is sealed with one of several it is shown to be the same key.
 */
#ifndef ENVELOPE_REPLICAS_H
#define ENVELOPE_REPLICAS_H

#include "keymgmt/kek/search_tokens.h"

/* The KEK that these keys are: one that is known already, with these added, or a new one.
 * NO_MEMORY.
 */
ENV_RESULT env_replicas_join(struct env_token_set *token_set, const struct env_kek_matches *matches,
                             struct env_kek **out, struct env_error_detail *detail);

/*
 * Makes a KEK ready for sealing, whether it is one of these or a key on one token: looks for all
 * replicas, and shows that each opens what another wraps. Fails as env_token_kek_prepare does, as
 * env_kek_may_seal_now, and with KEK_DIFFERS.
 */
ENV_RESULT env_replicas_prepare(struct env_kek *kek, struct env_error_detail *detail);

/*
 * Whether one of its keys may seal now, and the start date that they share has come, whatever
 * allow-expired-kek says (seals_today.h). The reason is the first one's.
 */
ENV_RESULT env_replicas_are_newest(struct env_kek *kek, struct env_error_detail *detail);

/* Whether group is a KEK of this kind, and key one on a token that is, or could be, part of it. */
bool env_replicas_cover(struct env_kek *group, struct env_kek *key);

/* Why the configuration lets none of its keys open (may_open.h), from memory; NONE: one may. */
enum env_reason env_replicas_refusal(const struct env_kek *kek);

/* The same when all tokens were looked at, whether they have it too. */
enum env_reason env_replicas_refusal_of_all(struct env_kek *kek);

/* Finds out what env_may_open_settle does of each, as far as that can be had. */
void env_replicas_settle(struct env_kek *kek);

/* Its key on the first of its tokens: for what they have in common. */
const struct env_token_kek *env_replicas_first(const struct env_kek *kek);

#endif
