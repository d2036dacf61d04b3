/* SPDX-License-Identifier: Apache-2.0 */
/* What one loaded instance of the provider holds: every context of ours points to it. */
#ifndef ENVELOPE_PROVCTX_H
#define ENVELOPE_PROVCTX_H

#include <openssl/core_dispatch.h>
#include <stdatomic.h>

#include "envelope/message/audit.h"
#include "envelope/base/config.h"
#include "envelope/message/dek.h"

#define ENV_WRAP_KINDS 6u

struct env_provctx {
    const OSSL_CORE_HANDLE *handle;
    OSSL_FUNC_core_get_params_fn *core_get_params;
    OSSL_FUNC_core_new_error_fn *core_new_error;
    OSSL_FUNC_core_set_error_debug_fn *core_set_error_debug;
    OSSL_FUNC_core_vset_error_fn *core_vset_error;
    OSSL_FUNC_core_set_error_mark_fn *core_set_error_mark;
    OSSL_FUNC_core_clear_last_error_mark_fn *core_clear_last_error_mark;
    OSSL_FUNC_core_pop_error_to_mark_fn *core_pop_error_to_mark;
    OSSL_FUNC_provider_up_ref_fn *core_provider_up_ref;
    OSSL_LIB_CTX *libctx; /* child of the program's; all that we fetch comes from here */
    struct env_errors errors;
    struct env_config config;
    CRYPTO_RWLOCK *config_lock;
    atomic_bool config_checked;
    struct env_dek_context dek; /* crypto, keyring, errors */
    struct env_audit audit;
    /* Key wrap under stock names: see wrap_standard.h */
    bool (*inside_token)(void); /* whether this thread is inside a PKCS#11 call of ours */
    _Atomic(EVP_CIPHER *) stock_wrap[ENV_WRAP_KINDS];
    struct env_provctx *next_living; /* see init.c */
};

/* Makes the keyring of a new instance; unit tests put a fake one in its place. */
typedef ENV_RESULT env_keyring_factory(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                       const struct env_errors *errors, struct env_keyring **out);

/* All of OSSL_provider_init, with the keyring to be chosen. 1 or 0, as libcrypto expects. */
int env_provider_init_with(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                           const OSSL_DISPATCH **out, void **provctx, env_keyring_factory *factory);

/* Judges the configuration once; every operation begins with it. */
ENV_RESULT env_provctx_ready(struct env_provctx *provctx);

/* A new context of so many zero bytes, freed with OPENSSL_free; NULL and an error: no memory. */
void *env_provctx_alloc(const struct env_provctx *provctx, size_t size);

/* Puts a failure on the error stack unless that has been done, and returns 0 for libcrypto. */
int env_provctx_fail(const struct env_provctx *provctx, ENV_RESULT failure, const char *file,
                     int line, const char *func);
#define ENV_EDGE_FAIL(provctx, failure)                                                            \
    env_provctx_fail((provctx), (failure), __FILE__, __LINE__, __func__)

#endif
