/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/named.h"

#include "envelope/named/store.h"

ENV_RESULT env_provctx_named_keys(struct env_provctx *provctx, struct env_named_keys **keys)
{
    struct env_named_keys *there = NULL;
    struct env_named_keys *made;

    ENV_TRY(env_provctx_ready(provctx));
    *keys = atomic_load(&provctx->named);
    if (*keys != NULL)
        return ENV_OK;
    made = env_store_new(&provctx->config, &provctx->dek, provctx->states);
    if (made == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (atomic_compare_exchange_strong(&provctx->named, &there, made)) {
        *keys = made;
        return ENV_OK;
    }
    made->vtable->free(made); /* another thread was faster */
    *keys = there;
    return ENV_OK;
}

void env_provctx_named_clear(struct env_provctx *provctx)
{
    struct env_named_keys *keys = atomic_exchange(&provctx->named, NULL);

    if (keys != NULL)
        keys->vtable->free(keys);
}
