/* SPDX-License-Identifier: Apache-2.0 */
/* One loaded instance of the provider. Every context of ours points to it. */
#ifndef ENVELOPE_PROVCTX_H
#define ENVELOPE_PROVCTX_H

#include <openssl/core_dispatch.h>
#include <stdatomic.h>

#include "envelope/base/config.h"
#include "envelope/message/audit.h"
#include "envelope/message/dek.h"
#include "envelope/named/field_memo.h"
#include "envelope/named/named_keys.h"
#include "envelope/named/state_watch.h"
#include "envelope/named/tenant_cache.h"

#define ENV_WRAP_KINDS 6u

struct env_stock;

struct env_provctx {
    const OSSL_CORE_HANDLE *handle;
    OSSL_FUNC_core_get_params_fn *core_get_params;
    OSSL_FUNC_core_get_libctx_fn *core_get_libctx;
    OSSL_FUNC_core_new_error_fn *core_new_error;
    OSSL_FUNC_core_set_error_debug_fn *core_set_error_debug;
    OSSL_FUNC_core_vset_error_fn *core_vset_error;
    OSSL_FUNC_core_set_error_mark_fn *core_set_error_mark;
    OSSL_FUNC_core_clear_last_error_mark_fn *core_clear_last_error_mark;
    OSSL_FUNC_core_pop_error_to_mark_fn *core_pop_error_to_mark;
    OSSL_FUNC_provider_up_ref_fn *core_provider_up_ref;
    OSSL_FUNC_provider_free_fn *core_provider_free;
    OSSL_LIB_CTX *libctx;   /* child of the program's; we fetch from it */
    bool foreign_libcrypto; /* libctx has no parent: every operation fails */
    struct env_errors errors;
    struct env_config config;
    CRYPTO_RWLOCK *config_lock;
    atomic_bool config_checked;
    struct env_dek_context dek; /* crypto, keyring, errors */
    struct env_audit audit;
    struct env_state_watch *states;       /* what state-file takes away */
    struct env_named_keys *_Atomic named; /* see named.h; NULL until the first request */
    struct env_stock *stock;          /* stock OpenSSL's names that we serve: see stock/stock.h */
    const char *not_activated;        /* what stock-providers-here could not activate, or NULL */
    struct env_tenant_cache *tenants; /* both are set once the configuration is checked */
    struct env_field_memo *field_memo;
    _Atomic(int64_t) not_fips_until; /* see fips.h */
    /* Key wrap under stock names: see wrap_stock_names.h */
    bool (*inside_token)(void); /* whether this thread is inside a PKCS#11 call of ours */
    _Atomic(struct env_spliced_wrap *) wraps[2][ENV_WRAP_KINDS]; /* see stock/wraps.h */
    struct env_provctx *next_instance;                           /* see instances.h */
};

/* Checks the configuration once; every operation begins with it. May raise FOREIGN_LIBCRYPTO. */
ENV_RESULT env_provctx_ready(struct env_provctx *provctx);

/*
 * Zeroed memory for the state of an operation, freed with OPENSSL_free. Fails with NO_MEMORY;
 * raises FOREIGN_LIBCRYPTO, so that no operation gets a context then.
 */
ENV_RESULT env_provctx_object(const struct env_provctx *provctx, size_t size, void **object);

#endif
