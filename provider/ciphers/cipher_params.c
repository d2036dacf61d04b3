/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/cipher_params.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

/* Callers request flags as int and lengths as size_t; OSSL_PARAM converts. */
static bool answer(OSSL_PARAM *p, size_t value)
{
    return OSSL_PARAM_set_size_t(p, value) || OSSL_PARAM_set_int(p, (int)value);
}

/* libcrypto requests a single number with each key, so the loop goes over the request. */
bool env_cipher_answer(OSSL_PARAM params[], unsigned mode, const struct env_cipher_number *numbers,
                       size_t count)
{
    for (OSSL_PARAM *p = params; p != NULL && p->key != NULL; p++) {
        size_t i = 0;

        while (i < count && strcmp(p->key, numbers[i].key) != 0)
            i++;
        if (i < count
                ? !answer(p, numbers[i].value)
                : strcmp(p->key, OSSL_CIPHER_PARAM_MODE) == 0 && !OSSL_PARAM_set_uint(p, mode))
            return false;
    }
    return true;
}

const OSSL_PARAM *env_cipher_gettable_params(void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_MODE, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_BLOCK_SIZE, NULL),
        OSSL_PARAM_END,
    };

    (void)vprovctx;
    return params;
}

const OSSL_PARAM *env_cipher_gettable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

ENV_RESULT env_cipher_check_key_len(const struct env_provctx *provctx, const OSSL_PARAM params[],
                                    size_t key_len, enum env_reason refusal)
{
    const OSSL_PARAM *p =
        params != NULL ? OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_KEYLEN) : NULL;
    size_t len = 0;

    if (p == NULL)
        return ENV_OK;
    if (!OSSL_PARAM_get_size_t(p, &len))
        return ENV_RAISE(&provctx->errors, ENV_R_BAD_PARAMETER, "%s", p->key);
    return len == key_len ? ENV_OK : ENV_FAIL(refusal);
}
