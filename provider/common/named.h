/* SPDX-License-Identifier: Apache-2.0 */
/* The named keys of an instance. */
#ifndef ENVELOPE_NAMED_H
#define ENVELOPE_NAMED_H

#include "provider/common/provctx.h"

/*
 * The store, which is made when the first key is asked for; the instance has it and frees it.
 * Configuration errors are raised.
 */
ENV_RESULT env_provctx_named_keys(struct env_provctx *provctx, struct env_named_keys **keys);

/* At the end of the instance, before its keyring goes. */
void env_provctx_named_clear(struct env_provctx *provctx);

#endif
