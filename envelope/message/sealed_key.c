/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/sealed_key.h"

#include <openssl/crypto.h>

#include "envelope/base/secret.h"

static const char label[] = "envelope sealed key v1";

static ENV_RESULT derive(const struct env_dek_context *context, const uint8_t dek[ENV_DEK_LEN],
                         struct env_span bound, uint8_t secret[ENV_SEALED_KEY_SECRET_LEN])
{
    const struct env_span info[] = {{(const uint8_t *)label, sizeof(label) - 1}, bound};

    return env_hkdf_expand(context->crypto, (struct env_span){dek, ENV_DEK_LEN}, info, 2, secret,
                           ENV_SEALED_KEY_SECRET_LEN);
}

ENV_RESULT env_sealed_key_make(const struct env_dek_context *context,
                               const struct env_selector *selector, struct env_span bound,
                               uint8_t secret[ENV_SEALED_KEY_SECRET_LEN], uint8_t **der,
                               size_t *len)
{
    uint8_t *dek = env_secret_alloc(ENV_DEK_LEN);
    ENV_RESULT r;

    *der = NULL;
    if (dek == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = env_dek_seal(context, selector, ENV_CONTENT_SEALED_KEY, dek, der, len);
    if (env_ok(r))
        r = derive(context, dek, bound, secret);
    env_secret_free(dek, ENV_DEK_LEN);
    if (!env_ok(r)) {
        OPENSSL_free(*der);
        *der = NULL;
    }
    return r;
}

/* Data that is not a sealed key is reported as such, not as trailing data. */
static ENV_RESULT open_with(const struct env_dek_context *context, struct env_span in, size_t len,
                            struct env_span bound, uint8_t dek[ENV_DEK_LEN],
                            uint8_t secret[ENV_SEALED_KEY_SECRET_LEN])
{
    ENV_TRY(env_dek_open(context, (struct env_span){in.data, len}, ENV_CONTENT_SEALED_KEY, dek));
    return in.len == len ? derive(context, dek, bound, secret) : ENV_FAIL(ENV_R_TRAILING_DATA);
}

ENV_RESULT env_sealed_key_open(const struct env_dek_context *context, struct env_span in,
                               struct env_span bound, uint8_t secret[ENV_SEALED_KEY_SECRET_LEN])
{
    const struct env_span peek = {in.data, in.len < ENV_HEADER_PEEK ? in.len : ENV_HEADER_PEEK};
    size_t len = 0;
    uint8_t *dek;
    ENV_RESULT r;

    if (in.len == 0)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    ENV_TRY(env_header_length(peek, &len));
    if (in.len < len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    dek = env_secret_alloc(ENV_DEK_LEN);
    if (dek == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = open_with(context, in, len, bound, dek, secret);
    env_secret_free(dek, ENV_DEK_LEN);
    return r;
}
