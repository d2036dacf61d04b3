/* SPDX-License-Identifier: Apache-2.0 */
/* Doing something with a KEK that may be on several tokens: on the first of them that can. */
#ifndef ENVELOPE_REPLICA_FAILOVER_H
#define ENVELOPE_REPLICA_FAILOVER_H

#include "keymgmt/kek/replica_group.h"

/*
 * head is that of an env_replica_group. Tries its members in their order. A lost one is passed
 * over; now and then it is tried again, with every remedy. Only when no other member is left are
 * all remedies tried at once. When all fail, the gravest failure is the one that is reported: a key
 * that is refused, then a missing or wrong PIN, then a token that fails, then a key that is not
 * found. But NOT_AUTHENTIC from any of them is NOT_AUTHENTIC.
 */
ENV_RESULT env_replicas_try(struct env_kek_head *head, struct env_kek_operation *operation);

#endif
