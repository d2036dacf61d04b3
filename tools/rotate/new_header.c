/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/new_header.h"

#include <openssl/crypto.h>

#include "envelope/format/floe.h"
#include "envelope/message/dek_rewrap.h"
#include "envelope/base/secret.h"

ENV_RESULT tool_header_opens(void *arg, struct env_span der)
{
    const struct env_dek_context *context = arg;
    struct env_header *header = NULL;
    uint8_t *dek;
    ENV_RESULT r;

    ENV_TRY(env_dek_read_any_header(der, &header));
    dek = env_secret_alloc(ENV_DEK_LEN);
    r = dek == NULL ? ENV_FAIL(ENV_R_NO_MEMORY) : env_dek_open_header(context, header, der, dek);
    env_secret_free(dek, ENV_DEK_LEN);
    OPENSSL_free(header);
    return r;
}

/* What no header shows: that the whole goes on, or ends, where it should. */
static ENV_RESULT check_size(enum env_content content, size_t header_len, uint64_t size)
{
    if (size < header_len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    if (content == ENV_CONTENT_SEALED_KEY && size > header_len)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    if (content == ENV_CONTENT_MESSAGE &&
        size - header_len < ENV_FLOE_HEADER_LEN + ENV_FLOE_OVERHEAD)
        return ENV_FAIL(ENV_R_TRUNCATED);
    return ENV_OK;
}

ENV_RESULT tool_new_header(const struct tool_rotation *rotation, struct env_span der, uint64_t size,
                           uint8_t **new_der, size_t *new_len)
{
    struct env_header *header = NULL;
    enum env_content content;
    bool current = false;
    ENV_RESULT r;

    *new_der = NULL;
    ENV_TRY(env_dek_read_any_header(der, &header));
    r = check_size(header->content, der.len, size);
    if (env_ok(r))
        r = env_dek_is_current(rotation->dek, &rotation->selector, header, der, &current);
    OPENSSL_free(header);
    if (env_ok(r) && !current)
        r = env_dek_rewrap(rotation->dek, &rotation->selector, der, &content, new_der, new_len);
    return r;
}
