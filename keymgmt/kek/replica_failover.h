/* SPDX-License-Identifier: Apache-2.0 */
/* Performing an operation with a KEK that may be on several tokens, on the first that can. */
#ifndef ENVELOPE_REPLICA_FAILOVER_H
#define ENVELOPE_REPLICA_FAILOVER_H

#include "keymgmt/kek/replica_group.h"

/*
 * head must belong to an env_replica_group. Tries the members in order. A lost member is skipped,
 * and retried with every remedy from time to time. All remedies are tried at once only when no
 * other member is left. If all fail, the gravest failure is reported: a key that is refused, then a
 * missing or wrong PIN, then a failing token, then a key that is not found. NOT_AUTHENTIC from any
 * member is always the result.
 */
ENV_RESULT env_replicas_try(struct env_kek_head *head, struct env_kek_operation *operation);

#endif
