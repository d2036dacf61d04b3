/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a KEK on several tokens: its members. */
#ifndef ENVELOPE_REPLICA_GROUP_H
#define ENVELOPE_REPLICA_GROUP_H

#include "keymgmt/kek/search_tokens.h"

struct env_replica {
    struct env_token_kek *kek;
    /* Not to be tried before, in milliseconds; 0: it works. */
    _Atomic int64_t lost_until;
    _Atomic int64_t refused_until; /* the same, for sealing alone */
    pthread_mutex_t proving;
    _Atomic unsigned proven; /* its `found` when it was shown to be the same key; 0: never was */
};

struct env_replica_group {
    struct env_kek_head head;
    pthread_mutex_t lock; /* of growing */
    _Atomic size_t count; /* members never go */
    struct env_replica members[ENV_REPLICAS_MAX];
    _Atomic size_t
        reference;       /* the member whose sample the others have to open, + 1; 0: none yet */
    _Atomic size_t used; /* the member that did what was done last */
    _Atomic uint64_t complete; /* the token_set's epoch when all tokens were searched; 0: never */
    _Atomic bool prepared;
};

/* Adds the keys on tokens that it has none on. */
void env_replicas_add(struct env_replica_group *group, const struct env_kek_matches *matches);

/* False where a token that could not be searched, or that came since, may have another member. */
bool env_replicas_complete(struct env_replica_group *group);

/* Looks for members on the tokens that have none yet. False when one may have been missed: why. */
bool env_replicas_search(struct env_replica_group *group, struct env_error_detail *detail);

#endif
