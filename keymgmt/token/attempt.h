/* SPDX-License-Identifier: Apache-2.0 */
/* Trying something with the tokens of a set, and making good what they lost. */
#ifndef ENVELOPE_ATTEMPT_H
#define ENVELOPE_ATTEMPT_H

#include "keymgmt/token/token_set.h"

/* What an attempt blames when the detail says that something is lost. */
struct env_blame {
    struct env_token *token; /* NULL: no token of the list */
    uint64_t token_epoch;
    struct env_module *module; /* of a token that is not in the list any more; NULL: all modules */
    enum env_loss most;        /* the costliest remedy that it is worth */
};

/*
 * One try at something. Before it is tried again, the last try's loss has been made good: the key
 * is to be found again, the token's sessions are new, the slots were looked at, or the module was
 * initialised afresh.
 */
typedef ENV_RESULT env_attempt_fn(struct env_token_set *token_set, void *arg, enum env_loss cured,
                                  struct env_blame *blame, struct env_error_detail *detail);

/*
 * Tries, making good what is lost: every remedy once, the mildest that can help first. What may
 * pass by itself is tried again for half a second; not again for a while when that was in vain.
 */
ENV_RESULT env_token_set_attempt(struct env_token_set *token_set, env_attempt_fn *attempt,
                                 void *arg, struct env_error_detail *detail);

#endif
