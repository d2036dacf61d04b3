/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a KEK on several tokens: its members, and that they are one key. */
#ifndef ENVELOPE_STANDIN_GROUP_H
#define ENVELOPE_STANDIN_GROUP_H

#include "keymgmt/kek/search_tokens.h"

struct env_standin {
    struct env_token_kek *kek;
    /* Not to be tried before, in milliseconds; 0: it works. */
    _Atomic int64_t lost_until;
    _Atomic int64_t refused_until; /* the same, for sealing alone */
    pthread_mutex_t proving;
    _Atomic unsigned proven; /* its `found` when it was shown to be the same key; 0: never was */
};

struct env_standins {
    struct env_kek base;
    _Atomic unsigned refs;
    pthread_mutex_t lock; /* of growing */
    _Atomic size_t count; /* members never go */
    struct env_standin members[ENV_STANDINS_MAX];
    _Atomic size_t
        reference;       /* the member whose sample the others have to open, + 1; 0: none yet */
    _Atomic size_t used; /* the member that did what was done last */
    _Atomic uint64_t complete; /* the ring's epoch when all tokens were searched; 0: never */
    _Atomic bool prepared;
};

/* Adds the keys on tokens that it has none on. */
void env_standins_add(struct env_standins *group, const struct env_kek_matches *matches);

/*
 * Shows that the member is the same key as the others, unless that is known of the key as it was
 * found last. KEK_DIFFERS, KEK_UNPROVEN, KEK_TOKEN_NONCE (not for raw wrapping), and whatever keeps
 * it from being shown.
 */
ENV_RESULT env_standin_prove(struct env_standins *group, struct env_standin *member, bool raw,
                             enum env_patience patience, struct env_fault *fault);

/* True while the member is as it was proven. */
bool env_standin_is_proven(const struct env_standin *member);

#endif
