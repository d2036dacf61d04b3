/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/dek.h"

#include <openssl/crypto.h>

#include "envelope/format/floe.h"
#include "envelope/format/random.h"
#include "envelope/message/audit.h"

/* Failures of optional KEKs are reported only if no KEK is left. */
static ENV_RESULT wrap_to_all(const struct env_dek_context *context,
                              const struct env_kek_list *keks, const uint8_t dek[ENV_DEK_LEN],
                              struct env_header *header)
{
    ENV_RESULT r = ENV_OK;

    env_errors_mark(context->errors);
    header->count = 0;
    for (size_t i = 0; i < keks->count && env_ok(r); i++) {
        struct env_recipient *recipient = &header->recipients[header->count];
        struct env_kek *kek = keks->keks[i];
        struct env_audit_use use = {
            .operation = ENV_AUDIT_WRAP, .kek = kek, .dek = dek, .wrapped = &recipient->wrapped};

        env_audit_use_subject(&use, context->subject);
        recipient->id = *kek->vtable->id(kek);
        r = env_audit_record(context->keyring->audit, &use,
                             kek->vtable->wrap(kek, dek, &recipient->wrapped));
        if (env_ok(r))
            header->count++;
        else if (keks->optional[i] && env_kek_out_of_reach(r.reason))
            r = ENV_OK;
    }
    env_errors_unmark(context->errors, env_ok(r) && header->count > 0);
    if (env_ok(r) && header->count == 0)
        return ENV_RAISE(context->errors, ENV_R_NO_KEK_LEFT, "%s", "");
    return r;
}

static ENV_RESULT select_keks(const struct env_dek_context *context,
                              const struct env_selector *selector, struct env_kek_list *keks)
{
    struct env_audit_use use = {
        .operation = ENV_AUDIT_WRAP, .refused = &keks->refused, .selector = selector};
    ENV_RESULT r = context->keyring->vtable->select(context->keyring, selector, keks);

    env_audit_use_subject(&use, context->subject);
    return env_ok(r) ? r : env_audit_record(context->keyring->audit, &use, r);
}

/* The limit applies to sealed keys too: a header that was written can always be opened. */
static ENV_RESULT check_length(const struct env_dek_context *context,
                               const struct env_header *header, size_t der_len)
{
    if (der_len + ENV_FLOE_HEADER_LEN <= ENV_HEADERS_SEALED_MAX)
        return ENV_OK;
    return ENV_RAISE(context->errors, ENV_R_KEKS_DO_NOT_FIT,
                     "%zu KEKs make a header of %zu bytes; at most %u can be sealed", header->count,
                     der_len, ENV_HEADERS_SEALED_MAX - ENV_FLOE_HEADER_LEN);
}

/* What the header is for. */
struct purpose {
    enum env_content content;
    struct env_span parameters;
};

/* Wraps the DEK that prk has. *replaced: another version of a KEK may work. */
static ENV_RESULT try_header(const struct env_dek_context *context,
                             const struct env_selector *selector, struct purpose purpose,
                             const uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                             size_t *der_len, bool *replaced)
{
    struct env_kek_list keks; /* large, and on the path of every message, so not zeroed */
    struct env_header *header;
    size_t recipients;
    uint8_t *out = NULL;
    size_t out_len = 0;
    ENV_RESULT r;

    env_kek_list_init(&keks);
    ENV_TRY(select_keks(context, selector, &keks));
    recipients = keks.count;
    header = env_header_take(recipients);
    if (header == NULL) {
        env_kek_list_clear(&keks);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    header->content = purpose.content;
    header->parameters = purpose.parameters;
    r = wrap_to_all(context, &keks, dek, header);
    *replaced = keks.by_version && env_kek_was_replaced(r.reason);
    if (env_ok(r))
        r = env_header_encode_under(prk, header, &out, &out_len);
    if (env_ok(r))
        r = check_length(context, header, out_len);
    env_header_give(header, recipients);
    env_kek_list_clear(&keks);
    if (!env_ok(r)) {
        OPENSSL_free(out);
        return r;
    }
    *der = out;
    *der_len = out_len;
    return r;
}

/* A KEK may expire, be disabled or disappear between its selection and its use. */
static ENV_RESULT write_header(const struct env_dek_context *context,
                               const struct env_selector *selector, struct purpose purpose,
                               const uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                               size_t *der_len)
{
    struct env_selector again = *selector;
    bool replaced = false;
    ENV_RESULT r;

    env_errors_mark(context->errors);
    r = try_header(context, selector, purpose, dek, prk, der, der_len, &replaced);
    env_errors_unmark(context->errors, replaced);
    if (!replaced)
        return r;
    again.again = true;
    return try_header(context, &again, purpose, dek, prk, der, der_len, &replaced);
}

static ENV_RESULT set_dek(const struct env_dek_context *context, struct env_prk *prk,
                          const uint8_t dek[ENV_DEK_LEN])
{
    return env_prk_set(prk, context->crypto, (struct env_span){dek, ENV_DEK_LEN});
}

ENV_RESULT env_dek_write_header(const struct env_dek_context *context,
                                const struct env_selector *selector, const struct env_header *old,
                                const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len)
{
    const struct purpose purpose = {old->content, old->parameters};
    struct env_prk prk = {0};
    ENV_RESULT r;

    ENV_TRY(env_crypto_ready(context->crypto));
    r = set_dek(context, &prk, dek);
    if (env_ok(r))
        r = write_header(context, selector, purpose, dek, &prk, der, der_len);
    env_prk_clear(&prk);
    return r;
}

static ENV_RESULT seal(const struct env_dek_context *context, const struct env_selector *selector,
                       struct purpose purpose, uint8_t dek[ENV_DEK_LEN], struct env_prk *prk,
                       uint8_t **der, size_t *der_len)
{
    ENV_RESULT r;

    ENV_TRY(env_crypto_ready(context->crypto));
    r = env_random_dek(context->crypto, dek, ENV_DEK_LEN);
    if (env_ok(r))
        r = set_dek(context, prk, dek);
    if (env_ok(r))
        r = write_header(context, selector, purpose, dek, prk, der, der_len);
    if (!env_ok(r))
        OPENSSL_cleanse(dek, ENV_DEK_LEN);
    return r;
}

ENV_RESULT env_dek_seal_with(const struct env_dek_context *context,
                             const struct env_selector *selector, enum env_content content,
                             uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                             size_t *der_len)
{
    const struct purpose purpose = {.content = content};

    return seal(context, selector, purpose, dek, prk, der, der_len);
}

ENV_RESULT env_dek_seal_named(const struct env_dek_context *context,
                              const struct env_selector *selector, struct env_span parameters,
                              uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                              size_t *der_len)
{
    const struct purpose purpose = {ENV_CONTENT_NAMED_KEY, parameters};

    return seal(context, selector, purpose, dek, prk, der, der_len);
}

ENV_RESULT env_dek_seal(const struct env_dek_context *context, const struct env_selector *selector,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN], uint8_t **der,
                        size_t *der_len)
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_dek_seal_with(context, selector, content, dek, &prk, der, der_len);

    env_prk_clear(&prk);
    return r;
}
