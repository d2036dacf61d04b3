/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/provctx.h"

#include <openssl/crypto.h>

#include "envelope/base/fork_gate.h"
#include "provider/common/libcrypto_check.h"

static ENV_RESULT one_libcrypto(const struct env_provctx *provctx)
{
    return provctx->foreign_libcrypto
               ? env_libcrypto_refused(&provctx->errors, provctx->handle, provctx->core_get_params)
               : ENV_OK;
}

static bool make_field_caches(struct env_provctx *provctx)
{
    if (provctx->tenants == NULL)
        provctx->tenants = env_tenant_cache_new(provctx->config.tenant_key_cache_entries);
    if (provctx->field_memo == NULL)
        provctx->field_memo = env_field_memo_new();
    return provctx->tenants != NULL && provctx->field_memo != NULL;
}

ENV_RESULT env_provctx_ready(struct env_provctx *provctx)
{
    ENV_RESULT r = ENV_OK;

    if (atomic_load_explicit(&provctx->config_checked, memory_order_acquire))
        return ENV_OK;
    ENV_TRY(one_libcrypto(provctx));
    env_fork_gate_enter();
    if (!CRYPTO_THREAD_write_lock(provctx->config_lock)) {
        env_fork_gate_leave();
        return ENV_FAIL(ENV_R_INTERNAL);
    }
    if (!atomic_load(&provctx->config_checked)) {
        r = env_config_check(&provctx->config, &provctx->errors);
        if (env_ok(r))
            r = env_audit_check(&provctx->audit);
        if (env_ok(r) && provctx->not_activated != NULL)
            r = ENV_RAISE(&provctx->errors, ENV_R_STOCK_NOT_ACTIVATED, "stock-providers-here: %s",
                          provctx->not_activated);
        if (env_ok(r) && !make_field_caches(provctx))
            r = ENV_FAIL(ENV_R_NO_MEMORY);
        if (env_ok(r))
            atomic_store_explicit(&provctx->config_checked, true, memory_order_release);
    }
    CRYPTO_THREAD_unlock(provctx->config_lock);
    env_fork_gate_leave();
    return r;
}

ENV_RESULT env_provctx_object(const struct env_provctx *provctx, size_t size, void **object)
{
    ENV_TRY(one_libcrypto(provctx));
    *object = OPENSSL_zalloc(size);
    return *object != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}
