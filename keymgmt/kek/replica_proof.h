/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that the members of a KEK on several tokens are the same key. */
#ifndef ENVELOPE_REPLICA_PROOF_H
#define ENVELOPE_REPLICA_PROOF_H

#include "keymgmt/kek/replica_group.h"

/*
 * How often to retry when the key changes meanwhile. After a token comes back, every thread that
 * uses it may look the key up again, and on a busy machine they do so one after the other.
 */
#define ENV_REPLICA_TRIES 32

/*
 * Proves that the member is the same key as the others, unless that was proven since the key was
 * last found. Works for the operation's purpose, with its patience. Fails with KEK_DIFFERS,
 * KEK_UNPROVEN or KEK_TOKEN_NONCE (not for key wrap), or with what prevented the proof.
 */
ENV_RESULT env_replica_prove(struct env_replica_group *group, struct env_replica *member,
                             struct env_kek_operation *operation);

/* True as long as the key was not found again since the proof. */
bool env_replica_is_proven(const struct env_replica *member);

#endif
