/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/dek_rewrap.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/message/audit.h"

ENV_RESULT env_dek_rewrap(const struct env_dek_context *context,
                          const struct env_selector *selector, struct env_span der,
                          enum env_content *content, uint8_t **new_der, size_t *new_len)
{
    struct env_selector every = *selector; /* even optional KEKs must not be lost */
    struct env_header *header = NULL;
    uint8_t *dek;
    ENV_RESULT r;

    every.all = true;
    ENV_TRY(env_dek_read_any_header(der, &header));
    dek = env_secret_alloc(ENV_DEK_LEN);
    r = dek != NULL ? env_dek_open_header(context, header, der, dek) : ENV_FAIL(ENV_R_NO_MEMORY);
    if (env_ok(r))
        r = env_dek_write_header(context, &every, header, dek, new_der, new_len);
    if (env_ok(r))
        *content = header->content;
    env_secret_free(dek, ENV_DEK_LEN);
    OPENSSL_free(header);
    return r;
}

/* ---- whether re-wrapping is needed ---- */

/* Compares a header with the KEKs that it should be for. Lives in secret memory. */
struct comparison {
    const struct env_dek_context *context;
    const struct env_header *header;
    struct env_span der;
    const struct env_recipient *recipients[ENV_KEK_RECIPIENTS_MAX]; /* for each of keks.keys */
    struct env_selector every;
    struct env_kek_list keks;
    struct env_kek_info info; /* of the KEK being compared */
    bool known;               /* dek is the one under which the MAC verifies */
    uint8_t dek[ENV_DEK_LEN];
    uint8_t other[ENV_DEK_LEN]; /* as unwrapped by one KEK */
};

static bool same_reference(const struct env_kek_id *a, const struct env_kek_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool is_taken(const struct comparison *c, size_t keks, const struct env_recipient *recipient)
{
    for (size_t i = 0; i < keks; i++) {
        if (c->recipients[i] == recipient)
            return true;
    }
    return false;
}

/* An AES and an RSA key may have the same reference. */
static bool is_for(struct comparison *c, const struct env_kek *kek,
                   const struct env_recipient *recipient)
{
    if (!same_reference(kek->vtable->id(kek), &recipient->id))
        return false;
    kek->vtable->describe(kek, &c->info);
    return env_wrap_is_rsa(recipient->wrapped.alg) == (c->info.type == ENV_KEK_RSA);
}

/* Finds a distinct recipient for every KEK. */
static bool same_references(struct comparison *c)
{
    if (c->header->count != c->keks.count)
        return false;
    for (size_t i = 0; i < c->keks.count; i++) {
        const struct env_kek *kek = c->keks.keks[i];

        for (size_t j = 0; j < c->header->count && c->recipients[i] == NULL; j++) {
            const struct env_recipient *recipient = &c->header->recipients[j];

            if (is_for(c, kek, recipient) && !is_taken(c, i, recipient))
                c->recipients[i] = recipient;
        }
        if (c->recipients[i] == NULL)
            return false;
    }
    return true;
}

static bool can_unwrap(const struct env_kek *kek)
{
    return kek->vtable->can_unwrap == NULL || kek->vtable->can_unwrap(kek);
}

/* The first DEK must verify the MAC; every other one must be equal to it. */
static ENV_RESULT judge_dek(void *arg, const uint8_t dek[ENV_DEK_LEN])
{
    struct comparison *c = arg;

    if (c->known)
        return CRYPTO_memcmp(c->dek, dek, ENV_DEK_LEN) == 0 ? ENV_OK
                                                            : ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    ENV_TRY(env_header_verify(c->context->crypto, c->der, dek));
    memcpy(c->dek, dek, ENV_DEK_LEN);
    c->known = true;
    return ENV_OK;
}

/* Fails with NOT_AUTHENTIC, without detail, if the header is not sound under one of the KEKs. */
static ENV_RESULT open_with_all(struct comparison *c)
{
    for (size_t i = 0; i < c->keks.count; i++) {
        struct env_kek *kek = c->keks.keks[i];
        struct env_audit_use use = {.operation = ENV_AUDIT_UNWRAP, .kek = kek, .dek = c->other};
        ENV_RESULT r;

        if (!can_unwrap(kek))
            continue;
        env_audit_use_subject(&use, c->context->subject);
        r = env_dek_unwrap(c->context, kek, &c->recipients[i]->wrapped, judge_dek, c, c->other);
        ENV_TRY(env_audit_record(c->context->keyring->audit, &use, r));
    }
    /* only public halves: any KEK that opens the header has to verify the MAC */
    return c->known ? ENV_OK : env_dek_open_header(c->context, c->header, c->der, c->dek);
}

static ENV_RESULT compare(struct comparison *c, const struct env_selector *selector, bool *current)
{
    struct env_keyring *keyring = c->context->keyring;
    ENV_RESULT r;

    *current = false;
    ENV_TRY(env_crypto_ready(c->context->crypto));
    c->every = *selector;
    c->every.all = true; /* like re-wrapping */
    ENV_TRY(keyring->vtable->select(keyring, &c->every, &c->keks));
    if (!same_references(c))
        return ENV_OK;
    r = open_with_all(c);
    *current = env_ok(r);
    return r.reason == ENV_R_NOT_AUTHENTIC && !r.raised ? ENV_OK : r;
}

ENV_RESULT env_dek_is_current(const struct env_dek_context *context,
                              const struct env_selector *selector, const struct env_header *header,
                              struct env_span der, bool *current)
{
    struct comparison *c = env_secret_alloc(sizeof(*c));
    ENV_RESULT r;

    if (c == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    c->context = context;
    c->header = header;
    c->der = der;
    r = compare(c, selector, current);
    env_kek_list_clear(&c->keks);
    env_secret_free(c, sizeof(*c));
    return r;
}
