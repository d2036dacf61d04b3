/* SPDX-License-Identifier: Apache-2.0 */
/* The named keys of an instance. */
#ifndef ENVELOPE_NAMED_H
#define ENVELOPE_NAMED_H

#include "provider/common/provctx.h"

/*
 * The store, made at the first request for a key; the instance owns it. Configuration errors are
 * raised.
 */
ENV_RESULT env_provctx_named_keys(struct env_provctx *provctx, struct env_named_keys **keys);

/* To be called at the end of the instance, before its keyring is freed. */
void env_provctx_named_clear(struct env_provctx *provctx);

#endif
