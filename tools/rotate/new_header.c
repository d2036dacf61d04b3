/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/new_header.h"

#include <openssl/crypto.h>

#include "envelope/base/secret.h"
#include "envelope/message/dek_rewrap.h"
#include "tools/common/subject.h"
#include "tools/rotate/named_header.h"

ENV_RESULT tool_header_opens(void *arg, struct env_span der)
{
    struct env_dek_context context = *(const struct env_dek_context *)arg;
    struct env_header *header = NULL;
    struct tool_subject subject;
    uint8_t *dek;
    ENV_RESULT r;

    ENV_TRY(env_dek_read_any_header(der, &header));
    context.subject = tool_subject_of(header, ENV_AUDIT_UNWRAP, &subject);
    dek = env_secret_alloc(ENV_DEK_LEN);
    r = dek == NULL ? ENV_FAIL(ENV_R_NO_MEMORY) : env_dek_open_header(&context, header, der, dek);
    env_secret_free(dek, ENV_DEK_LEN);
    OPENSSL_free(header);
    return r;
}

ENV_RESULT tool_new_header(const struct tool_rotation *rotation, struct env_span der,
                           uint8_t **new_der, size_t *new_len)
{
    struct env_dek_context context = *rotation->dek;
    struct env_header *header = NULL;
    struct tool_subject subject;
    enum env_content content;
    bool current = false;
    bool named;
    ENV_RESULT r;

    *new_der = NULL;
    ENV_TRY(env_dek_read_any_header(der, &header));
    context.subject = tool_subject_of(header, ENV_AUDIT_UNWRAP, &subject);
    r = env_dek_is_current(&context, &rotation->selector, header, der, &current);
    named = header->content == ENV_CONTENT_NAMED_KEY;
    OPENSSL_free(header);
    if (env_ok(r) && !current)
        r = named ? tool_named_header(&context, &rotation->selector, rotation->trust_rsa,
                                      rotation->single, der, new_der, new_len)
                  : env_dek_rewrap(rotation->dek, &rotation->selector, der, &content, new_der,
                                   new_len);
    return r;
}
