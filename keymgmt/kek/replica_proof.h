/* SPDX-License-Identifier: Apache-2.0 */
/* Showing that the members of a KEK on several tokens are one key. */
#ifndef ENVELOPE_REPLICA_PROOF_H
#define ENVELOPE_REPLICA_PROOF_H

#include "keymgmt/kek/replica_group.h"

/*
 * How often a key that changes under our hands is tried again. Each thread that uses the token may
 * find the key anew once when the token is back, and on a busy machine one after the other does.
 */
#define ENV_REPLICA_TRIES 32

/*
 * Shows that the member is the same key as the others, unless that is known of the key as it was
 * found last; for the operation's purpose, with its patience. KEK_DIFFERS, KEK_UNPROVEN,
 * KEK_TOKEN_NONCE (not for key wrap), and whatever keeps it from being shown.
 */
ENV_RESULT env_replica_prove(struct env_replica_group *group, struct env_replica *member,
                             struct env_kek_operation *operation);

/* True while the member is as it was proven. */
bool env_replica_is_proven(const struct env_replica *member);

#endif
