/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/cipher_params.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/ciphers/envelope_cipher.h"
#include "provider/ciphers/selector_key.h"

int env_cipher_get_params(const struct env_stream_kind *kind, OSSL_PARAM params[])
{
    const struct {
        const char *key;
        size_t value;
    } numbers[] = {
        {OSSL_CIPHER_PARAM_KEYLEN, ENV_SELECTOR_KEY_LEN},
        {OSSL_CIPHER_PARAM_IVLEN, 0},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, kind->block_size},
    };
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);

    if (p != NULL && !OSSL_PARAM_set_uint(p, 0))
        return 0;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        p = OSSL_PARAM_locate(params, numbers[i].key);
        if (p != NULL && !OSSL_PARAM_set_size_t(p, numbers[i].value))
            return 0;
    }
    return 1;
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

const OSSL_PARAM *env_cipher_settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_CIPHER_PARAM_KEK, NULL, 0),
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_CONTEXT, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

const OSSL_PARAM *env_cipher_settable_rewrap_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_CIPHER_PARAM_KEK, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}
