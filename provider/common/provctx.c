/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/provctx.h"

#include <openssl/crypto.h>

#include "envelope/base/fork_gate.h"

ENV_RESULT env_provctx_ready(struct env_provctx *provctx)
{
    ENV_RESULT r = ENV_OK;

    if (atomic_load_explicit(&provctx->config_checked, memory_order_acquire))
        return ENV_OK;
    env_gate_enter();
    if (!CRYPTO_THREAD_write_lock(provctx->config_lock)) {
        env_gate_leave();
        return ENV_FAIL(ENV_R_INTERNAL);
    }
    if (!atomic_load(&provctx->config_checked)) {
        r = env_config_check(&provctx->config, &provctx->errors);
        if (env_ok(r))
            r = env_audit_check(&provctx->audit);
        if (env_ok(r))
            atomic_store_explicit(&provctx->config_checked, true, memory_order_release);
    }
    CRYPTO_THREAD_unlock(provctx->config_lock);
    env_gate_leave();
    return r;
}

void *env_provctx_alloc(const struct env_provctx *provctx, size_t size)
{
    void *p = OPENSSL_zalloc(size);

    if (p == NULL)
        (void)ENV_RAISE(&provctx->errors, ENV_R_NO_MEMORY, "%s", "");
    return p;
}

int env_provctx_fail(const struct env_provctx *provctx, ENV_RESULT failure, const char *file,
                     int line, const char *func)
{
    if (!failure.raised)
        (void)env_raise_at(&provctx->errors, file, line, func, failure.reason, "%s", "");
    return 0;
}
