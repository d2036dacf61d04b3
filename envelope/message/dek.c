/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/dek.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "envelope/message/audit.h"
#include "envelope/format/floe.h"
#include "envelope/base/secret.h"

/* The failures of optional KEKs are told only when no other is left. */
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
        const struct env_audit_use use = {ENV_AUDIT_WRAP, kek, NULL, dek};

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
    const struct env_audit_use use = {ENV_AUDIT_WRAP, NULL, NULL, NULL};
    ENV_RESULT r = context->keyring->vtable->select(context->keyring, selector, keks);

    return env_ok(r) ? r : env_audit_record(context->keyring->audit, &use, r);
}

/* The limit stands for sealed keys too: a header is never refused where it is opened. */
static ENV_RESULT check_length(const struct env_dek_context *context,
                               const struct env_header *header, size_t der_len)
{
    if (der_len + ENV_FLOE_HEADER_LEN <= ENV_HEADERS_SEALED_MAX)
        return ENV_OK;
    return ENV_RAISE(context->errors, ENV_R_KEKS_DO_NOT_FIT,
                     "%zu KEKs make a header of %zu bytes; at most %u can be sealed", header->count,
                     der_len, ENV_HEADERS_SEALED_MAX - ENV_FLOE_HEADER_LEN);
}

ENV_RESULT env_dek_write_header(const struct env_dek_context *context,
                                const struct env_selector *selector, enum env_content content,
                                const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len)
{
    struct env_kek_list keks = {0};
    struct env_header *header;
    uint8_t *out = NULL;
    size_t out_len = 0;
    ENV_RESULT r;

    ENV_TRY(env_crypto_ready(context->crypto));
    ENV_TRY(select_keks(context, selector, &keks));
    header = OPENSSL_zalloc(sizeof(*header));
    if (header == NULL) {
        env_kek_list_clear(&keks);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    header->content = content;
    r = wrap_to_all(context, &keks, dek, header);
    if (env_ok(r))
        r = env_header_encode(context->crypto, header, dek, &out, &out_len);
    if (env_ok(r))
        r = check_length(context, header, out_len);
    OPENSSL_free(header);
    env_kek_list_clear(&keks);
    if (!env_ok(r)) {
        OPENSSL_free(out);
        return r;
    }
    *der = out;
    *der_len = out_len;
    return r;
}

ENV_RESULT env_dek_seal(const struct env_dek_context *context, const struct env_selector *selector,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN], uint8_t **der,
                        size_t *der_len)
{
    ENV_RESULT r;

    ENV_TRY(env_crypto_ready(context->crypto));
    r = env_random_private(context->crypto, dek, ENV_DEK_LEN);
    if (env_ok(r))
        r = env_dek_write_header(context, selector, content, dek, der, der_len);
    if (!env_ok(r))
        OPENSSL_cleanse(dek, ENV_DEK_LEN);
    return r;
}

/* A judge on the way through a KEK. */
struct judging {
    struct env_dek_check check; /* this, as the KEK sees it */
    env_dek_judge_fn *judge;
    void *arg;
    const uint8_t *instead; /* of a DEK that could not be had: random; NULL: there is none */
    ENV_RESULT verdict;     /* the last one */
};

static bool holds(void *arg, const uint8_t *dek)
{
    struct judging *judging = arg;
    const uint8_t *judged = dek != NULL ? dek : judging->instead;

    judging->verdict =
        judged != NULL ? judging->judge(judging->arg, judged) : ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    return env_ok(judging->verdict);
}

static ENV_RESULT unwrap_judged(struct env_kek *kek, const struct env_wrapped *wrapped,
                                struct judging *judging, uint8_t dek[ENV_DEK_LEN])
{
    ENV_RESULT r;

    judging->check = (struct env_dek_check){holds, judging};
    judging->verdict = ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    r = kek->vtable->unwrap(kek, wrapped, &judging->check, dek);
    if (env_ok(r) || (r.reason == ENV_R_NOT_AUTHENTIC && !r.raised && !env_ok(judging->verdict)))
        return judging->verdict; /* which may not have been reached for another reason */
    return r;
}

/*
 * An RSA ciphertext that is bad goes the way of a good one: a random DEK, drawn before it is known
 * which it is, fails at the MAC. What fails for another reason than the ciphertext is told.
 */
static ENV_RESULT unwrap_rsa(const struct env_dek_context *context, struct env_kek *kek,
                             const struct env_wrapped *wrapped, struct judging *judging,
                             uint8_t dek[ENV_DEK_LEN])
{
    uint8_t *instead = env_secret_alloc(ENV_DEK_LEN);
    ENV_RESULT r;

    if (instead == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    judging->instead = instead;
    r = env_random_private(context->crypto, instead, ENV_DEK_LEN);
    if (env_ok(r))
        r = unwrap_judged(kek, wrapped, judging, dek);
    env_secret_free(instead, ENV_DEK_LEN);
    return r;
}

ENV_RESULT env_dek_unwrap(const struct env_dek_context *context, struct env_kek *kek,
                          const struct env_wrapped *wrapped, env_dek_judge_fn *judge, void *arg,
                          uint8_t dek[ENV_DEK_LEN])
{
    struct judging judging = {.judge = judge, .arg = arg};

    if (env_wrap_is_rsa(wrapped->alg))
        return unwrap_rsa(context, kek, wrapped, &judging, dek);
    return unwrap_judged(kek, wrapped, &judging, dek);
}

struct header_of {
    const struct env_dek_context *context;
    struct env_span der;
};

static ENV_RESULT judge_by_mac(void *arg, const uint8_t dek[ENV_DEK_LEN])
{
    const struct header_of *header = arg;

    return env_header_verify(header->context->crypto, header->der, dek);
}

static ENV_RESULT open_recipient(const struct env_dek_context *context,
                                 const struct env_recipient *recipient, struct env_span der,
                                 uint8_t dek[ENV_DEK_LEN])
{
    struct env_keyring *ring = context->keyring;
    struct env_audit_use use = {ENV_AUDIT_UNWRAP, NULL, &recipient->id, dek};
    struct header_of header = {context, der};
    struct env_kek *kek = NULL;
    ENV_RESULT r = ring->vtable->lookup(ring, &recipient->id, recipient->wrapped.alg, &kek);

    if (r.reason == ENV_R_KEK_NOT_HERE)
        return r;
    if (!env_ok(r))
        return env_audit_record(ring->audit, &use, r);
    use.kek = kek;
    r = env_dek_unwrap(context, kek, &recipient->wrapped, judge_by_mac, &header, dek);
    r = env_audit_record(ring->audit, &use, r);
    if (!env_ok(r))
        OPENSSL_cleanse(dek, ENV_DEK_LEN);
    env_kek_free(kek);
    return r;
}

/* Names the KEKs of these recipients: as many as fit, in hex, as they stand in the header. */
static ENV_RESULT raise_not_here(const struct env_dek_context *context,
                                 const struct env_recipient *recipients, size_t count)
{
    char list[512] = "";
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        const struct env_kek_id *id = &recipients[i].id;

        if (used + 2 * id->len + 8 > sizeof(list)) {
            (void)snprintf(list + used, sizeof(list) - used, " ...");
            break;
        }
        list[used++] = ' ';
        for (size_t j = 0; j < id->len; j++)
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%02x", id->bytes[j]);
    }
    return ENV_RAISE(context->errors, ENV_R_KEK_NOT_HERE, "the message is for%s", list);
}

/* Which of two failures to tell: one that has details before NOT_AUTHENTIC before NOT_HERE. */
static ENV_RESULT graver(ENV_RESULT a, ENV_RESULT b)
{
    if (a.raised || b.reason == ENV_R_KEK_NOT_HERE)
        return a;
    return b;
}

ENV_RESULT env_dek_open_header(const struct env_dek_context *context,
                               const struct env_header *header, struct env_span der,
                               uint8_t dek[ENV_DEK_LEN])
{
    ENV_RESULT worst = ENV_FAIL(ENV_R_KEK_NOT_HERE);

    ENV_TRY(env_crypto_ready(context->crypto));
    env_errors_mark(context->errors);
    for (size_t i = 0; i < header->count; i++) {
        ENV_RESULT r = open_recipient(context, &header->recipients[i], der, dek);

        if (env_ok(r)) {
            env_errors_unmark(context->errors, true);
            return r;
        }
        worst = graver(worst, r);
    }
    env_errors_unmark(context->errors, false);
    if (worst.reason == ENV_R_KEK_NOT_HERE && !worst.raised)
        return raise_not_here(context, header->recipients, header->count);
    return worst;
}

ENV_RESULT env_dek_open_recipient(const struct env_dek_context *context,
                                  const struct env_header *header, size_t number,
                                  struct env_span der, uint8_t dek[ENV_DEK_LEN])
{
    ENV_RESULT r;

    if (number >= header->count)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_crypto_ready(context->crypto));
    r = open_recipient(context, &header->recipients[number], der, dek);
    if (r.reason == ENV_R_KEK_NOT_HERE && !r.raised)
        return raise_not_here(context, &header->recipients[number], 1);
    return r;
}

ENV_RESULT env_dek_read_any_header(struct env_span der, struct env_header **out)
{
    struct env_header *header = OPENSSL_malloc(sizeof(*header));
    ENV_RESULT r;

    if (header == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = env_header_decode(der, header);
    if (!env_ok(r)) {
        OPENSSL_free(header);
        return r;
    }
    *out = header;
    return ENV_OK;
}

ENV_RESULT env_dek_read_header(struct env_span der, enum env_content content,
                               struct env_header **out)
{
    struct env_header *header = NULL;

    ENV_TRY(env_dek_read_any_header(der, &header));
    if (header->content != content) {
        OPENSSL_free(header);
        return ENV_FAIL(ENV_R_WRONG_CONTENT);
    }
    *out = header;
    return ENV_OK;
}

ENV_RESULT env_dek_open(const struct env_dek_context *context, struct env_span der,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN])
{
    struct env_header *header = NULL;
    ENV_RESULT r;

    ENV_TRY(env_dek_read_header(der, content, &header));
    r = env_dek_open_header(context, header, der, dek);
    OPENSSL_free(header);
    return r;
}
