/* SPDX-License-Identifier: Apache-2.0 */
/* All live instances of the provider in this process. */
#ifndef ENVELOPE_INSTANCES_H
#define ENVELOPE_INSTANCES_H

#include "provider/common/provctx.h"

void env_instances_add(struct env_provctx *provctx);

/* Does nothing for an instance that was never added. */
void env_instances_remove(struct env_provctx *provctx);

/* Takes a reference to each for good, so that libcrypto never unloads them. */
void env_instances_keep(void);

/*
 * Raises the failure of a call that has no context and therefore no instance. Any instance will do:
 * all have the same reasons, and a thread has only one error stack.
 */
void env_instances_raise(enum env_reason reason, const char *file, int line, const char *func);

#endif
