/* SPDX-License-Identifier: Apache-2.0 */
/* Doing something with a KEK that may be on several tokens: on the first of them that can. */
#ifndef ENVELOPE_STANDIN_TRY_H
#define ENVELOPE_STANDIN_TRY_H

#include "keymgmt/kek/replica_group.h"

enum env_standin_use {
    ENV_STANDIN_OPENS,
    ENV_STANDIN_SEALS,     /* only with a key that is proven */
    ENV_STANDIN_SEALS_RAW, /* the same for key wrap, whatever the way to wrap data keys is */
};

struct env_standin_job {
    enum env_standin_use use;
    ENV_RESULT(*run)
    (struct env_token_kek *kek, void *arg, enum env_patience patience, struct env_fault *fault);
    void *arg;
};

/*
 * Tries the members in their order. One that is lost is passed over and tried again now and then,
 * with all that may bring it back; only when no other is left is that done at once. What fails is
 * told by the gravest of the failures: a key that is refused before a PIN that is not had, before a
 * token that fails, before a key that is not found; but NOT_AUTHENTIC when any of them says so.
 */
ENV_RESULT env_standins_try(struct env_standins *group, const struct env_standin_job *job,
                            struct env_fault *fault);

/* Looks for members on all tokens and shows of those that are there that they are one key.
 * KEK_DIFFERS: what else goes wrong shows when the KEK is used. */
ENV_RESULT env_standins_prove_all(struct env_standins *group, struct env_fault *fault);

#endif
