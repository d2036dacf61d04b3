/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/named_header.h"

#include <openssl/crypto.h>

#include "envelope/base/secret.h"
#include "tools/common/subject.h"
#include "tools/common/two_places.h"

/* Tries the recipients of one kind; *count is their number. */
static ENV_RESULT open_part(const struct env_dek_context *context, struct env_span der, bool rsa,
                            uint8_t dek[ENV_DEK_LEN], size_t *count)
{
    struct env_header *header = NULL;
    ENV_RESULT r = ENV_FAIL(ENV_R_KEK_NOT_HERE);

    *count = 0;
    ENV_TRY(env_dek_read_any_header(der, &header));
    for (size_t i = 0; i < header->count; i++) {
        if (env_wrap_is_rsa(header->recipients[i].wrapped.alg) == rsa)
            header->recipients[(*count)++] = header->recipients[i];
    }
    header->count = *count;
    if (*count > 0)
        r = env_dek_open_header(context, header, der, dek);
    OPENSSL_free(header);
    return r;
}

/* Reports why the AES KEKs do not open it, unless an RSA KEK does. */
static ENV_RESULT open_it(const struct env_dek_context *context, bool trust_rsa,
                          struct env_span der, uint8_t dek[ENV_DEK_LEN])
{
    const struct env_errors *errors = context->errors;
    size_t aes = 0;
    size_t rsa = 0;
    ENV_RESULT by_aes;
    ENV_RESULT by_rsa;

    env_errors_mark(errors);
    by_aes = open_part(context, der, false, dek, &aes);
    if (env_ok(by_aes)) {
        env_errors_unmark(errors, false);
        return by_aes;
    }
    env_errors_mark(errors);
    by_rsa = open_part(context, der, true, dek, &rsa);
    env_errors_unmark(errors, !env_ok(by_rsa) && aes > 0);
    env_errors_unmark(errors, env_ok(by_rsa));
    if (!env_ok(by_rsa))
        return aes > 0 ? by_aes : by_rsa;
    if (trust_rsa)
        return by_rsa;
    OPENSSL_cleanse(dek, ENV_DEK_LEN);
    return ENV_FAIL(ENV_R_KEY_RSA_OPENED);
}

ENV_RESULT tool_named_header(const struct env_dek_context *context,
                             const struct env_selector *selector, bool trust_rsa, bool single,
                             struct env_span der, uint8_t **new_der, size_t *new_len)
{
    struct env_selector every = *selector; /* no KEK is left out because its token is away */
    struct env_dek_context writing = *context;
    struct env_header *header = NULL;
    struct tool_subject subject;
    uint8_t *dek;
    ENV_RESULT r;

    every.all = true;
    ENV_TRY(env_dek_read_any_header(der, &header));
    /* a key that is in two places must stay so */
    r = single || header->count == 1 ? ENV_OK : tool_two_places(context, &every);
    if (!env_ok(r)) {
        OPENSSL_free(header);
        return r;
    }
    dek = env_secret_alloc(ENV_DEK_LEN);
    r = dek != NULL ? open_it(context, trust_rsa, der, dek) : ENV_FAIL(ENV_R_NO_MEMORY);
    writing.subject = tool_subject_of(header, ENV_AUDIT_WRAP, &subject);
    if (env_ok(r))
        r = env_dek_write_header(&writing, &every, header, dek, new_der, new_len);
    env_secret_free(dek, ENV_DEK_LEN);
    OPENSSL_free(header);
    return r;
}
