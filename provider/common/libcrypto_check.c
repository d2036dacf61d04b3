/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/libcrypto_check.h"

#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

typedef void *crypto_malloc_fn(size_t size, const char *file, int line);

/* Whether both addresses are in the same shared object, or in the program. */
static bool same_object(const void *a, const void *b)
{
    Dl_info of_a;
    Dl_info of_b;

    return dladdr(a, &of_a) != 0 && dladdr(b, &of_b) != 0 && of_a.dli_fbase == of_b.dli_fbase;
}

/*
 * Checks that the core's function is the one that we would call. A different address may still mean
 * the same function: a program that is not position-independent has an address of its own for a
 * function whose address it takes. A string of our libcrypto shows which object that address is in.
 */
bool env_libcrypto_is_foreign(const OSSL_DISPATCH *core)
{
    crypto_malloc_fn *function = NULL;

    for (; core->function_id != 0; core++) {
        if (core->function_id == OSSL_FUNC_CRYPTO_MALLOC)
            function = (crypto_malloc_fn *)core->function;
    }
    return function != NULL && function != CRYPTO_malloc &&
           !same_object((const void *)(uintptr_t)function, OpenSSL_version(OPENSSL_VERSION));
}

bool env_libcrypto_has(const void *code)
{
    return same_object(code, OpenSSL_version(OPENSSL_VERSION));
}

ENV_RESULT env_libcrypto_refused(const struct env_errors *errors, const OSSL_CORE_HANDLE *handle,
                                 OSSL_FUNC_core_get_params_fn *core_get_params)
{
    char *version = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_CORE_VERSION, &version, 0),
                           OSSL_PARAM_END};

    if (!core_get_params(handle, params) || version == NULL)
        version = "of an unknown version";
    return ENV_RAISE(errors, ENV_R_FOREIGN_LIBCRYPTO,
                     "the program's OpenSSL is %s, the module's is another one, %s", version,
                     OpenSSL_version(OPENSSL_VERSION_STRING));
}
