/* SPDX-License-Identifier: Apache-2.0 */
/* All live instances of the provider in this process. */
#ifndef ENVELOPE_INSTANCES_H
#define ENVELOPE_INSTANCES_H

#include "provider/common/provctx.h"

void env_instances_add(struct env_provctx *provctx);

/* Does nothing for one that was never added. */
void env_instances_remove(struct env_provctx *provctx);

/* Takes one more reference to each, for ever, so that libcrypto unloads none of them. */
void env_instances_keep(void);

/*
 * Raises the failure of a call that has no context and so no instance. Any instance will do: all
 * have the same reasons, and a thread has one error stack.
 */
void env_instances_raise(enum env_reason reason, const char *file, int line, const char *func);

#endif
