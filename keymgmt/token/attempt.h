/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts an operation on the tokens of a set, and repairs what was lost. */
#ifndef ENVELOPE_ATTEMPT_H
#define ENVELOPE_ATTEMPT_H

#include "keymgmt/token/token_set.h"

/* What was at fault when an attempt's detail reports a loss. */
struct env_blame {
    struct env_token *token; /* NULL: no token in the list */
    uint64_t token_epoch;
    struct env_module *module; /* of a token that has gone; NULL: all modules */
    enum env_loss most;        /* the strongest remedy to use */
};

/*
 * One attempt. Before the next one, the last attempt's loss is repaired: the key is to be found
 * again, the token's sessions are new, the slots were read again, or the module was restarted.
 */
typedef ENV_RESULT env_attempt_fn(struct env_token_set *token_set, void *arg, enum env_loss cured,
                                  struct env_blame *blame, struct env_error_detail *detail);

/*
 * Makes attempts and repairs what is lost, using each remedy once, mildest first. A failure that
 * may pass by itself is retried for half a second, unless that did not help a moment ago.
 */
ENV_RESULT env_token_set_attempt(struct env_token_set *token_set, env_attempt_fn *attempt,
                                 void *arg, struct env_error_detail *detail);

#endif
