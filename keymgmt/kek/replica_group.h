/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a KEK on several tokens. */
#ifndef ENVELOPE_REPLICA_GROUP_H
#define ENVELOPE_REPLICA_GROUP_H

#include "keymgmt/kek/search_tokens.h"

struct env_replica {
    struct env_token_kek *kek;
    /* When to try it again, in milliseconds; 0: it works. */
    _Atomic int64_t lost_until;
    _Atomic int64_t refused_until; /* the same, for sealing alone */
    pthread_mutex_t proving;
    _Atomic unsigned proven; /* its `found` when it was last proven; 0: never */
};

struct env_replica_group {
    struct env_kek_head head;
    pthread_mutex_t lock; /* for adding members */
    _Atomic size_t count; /* members are never removed */
    struct env_replica members[ENV_REPLICAS_MAX];
    _Atomic size_t
        reference; /* index + 1 of the member whose sample the others must open; 0: none yet */
    _Atomic size_t used;       /* the member that performed the last operation */
    _Atomic uint64_t complete; /* the epoch in which all tokens were searched; 0: never */
    _Atomic bool prepared;
};

/* Adds keys on tokens where the group has none yet. */
void env_replicas_add(struct env_replica_group *group, const struct env_kek_matches *matches);

/* False if another member may be on a token that could not be searched or that was added since. */
bool env_replicas_complete(struct env_replica_group *group);

/*
 * Looks for members on the tokens that have none yet. If one may have been missed: false, and
 * detail says why.
 */
bool env_replicas_search(struct env_replica_group *group, struct env_error_detail *detail);

#endif
