/* SPDX-License-Identifier: Apache-2.0 */
/* From a header to its DEK: which recipients are tried, and which failure is reported. */
#include "envelope/message/dek.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "envelope/message/audit.h"

/* A judge, wrapped as the check that the KEK calls. */
struct judging {
    struct env_dek_check check; /* the check that the KEK sees */
    env_dek_judge_fn *judge;
    void *arg;
    const uint8_t *instead; /* a random DEK, used if the real one cannot be unwrapped; NULL: none */
    ENV_RESULT verdict;     /* the last verdict */
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
        return judging->verdict; /* the judge may not have been called, for another reason */
    return r;
}

/*
 * A bad RSA ciphertext takes the same path as a good one: a random DEK, drawn before anyone knows
 * which it is, fails at the MAC. Failures with other causes are reported.
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
    struct env_prk *prk; /* holds the DEK that was judged last */
};

static ENV_RESULT judge_by_mac(void *arg, const uint8_t dek[ENV_DEK_LEN])
{
    const struct header_of *header = arg;

    ENV_TRY(env_prk_set(header->prk, header->context->crypto, (struct env_span){dek, ENV_DEK_LEN}));
    return env_header_verify_under(header->prk, header->der);
}

static ENV_RESULT open_recipient(const struct env_dek_context *context,
                                 const struct env_recipient *recipient, struct env_span der,
                                 uint8_t dek[ENV_DEK_LEN], struct env_prk *prk)
{
    struct env_keyring *keyring = context->keyring;
    struct env_refused_kek refused = {.known = false};
    struct env_audit_use use = {
        .operation = ENV_AUDIT_UNWRAP, .refused = &refused, .id = &recipient->id, .dek = dek};
    struct header_of header = {context, der, prk};
    struct env_kek *kek = NULL;
    ENV_RESULT r =
        keyring->vtable->lookup(keyring, &recipient->id, recipient->wrapped.alg, &kek, &refused);

    if (r.reason == ENV_R_KEK_NOT_HERE)
        return r;
    env_audit_use_subject(&use, context->subject);
    if (!env_ok(r))
        return env_audit_record(keyring->audit, &use, r);
    use.kek = kek;
    r = env_dek_unwrap(context, kek, &recipient->wrapped, judge_by_mac, &header, dek);
    r = env_audit_record(keyring->audit, &use, r);
    if (!env_ok(r))
        OPENSSL_cleanse(dek, ENV_DEK_LEN);
    if (env_ok(r) && context->opened_by != NULL) {
        env_kek_free(*context->opened_by);
        *context->opened_by = kek;
    } else {
        env_kek_free(kek);
    }
    return r;
}

/* The order in which recipients are tried: the cheapest for the token first. */
enum turn {
    TURN_KNOWN, /* nothing has to be searched for */
    TURN_AES,
    TURN_RSA, /* all RSA keys of a token may have to be read */
    TURNS,
};

static enum turn turn_of(const struct env_dek_context *context,
                         const struct env_recipient *recipient)
{
    struct env_keyring *keyring = context->keyring;

    if (keyring->vtable->knows != NULL &&
        keyring->vtable->knows(keyring, &recipient->id, recipient->wrapped.alg))
        return TURN_KNOWN;
    return env_wrap_is_rsa(recipient->wrapped.alg) ? TURN_RSA : TURN_AES;
}

/* Fills order with the recipients' numbers. Within a turn they stay in the header's order. */
static void put_in_order(const struct env_dek_context *context, const struct env_header *header,
                         size_t order[ENV_KEK_RECIPIENTS_MAX])
{
    enum turn turns[ENV_KEK_RECIPIENTS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < header->count; i++)
        turns[i] = header->count > 1 ? turn_of(context, &header->recipients[i]) : TURN_KNOWN;
    for (unsigned turn = TURN_KNOWN; turn < TURNS; turn++) {
        for (size_t i = 0; i < header->count; i++) {
            if (turns[i] == turn)
                order[n++] = i;
        }
    }
}

/* Names the KEKs of these recipients, as many as fit: in hex, in the header's order. */
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
    return ENV_RAISE(context->errors, ENV_R_KEK_NOT_HERE, "the message is for%s%s", list,
                     context->left_out != NULL ? context->left_out : "");
}

/* Which of two failures to report: one with details before NOT_AUTHENTIC before NOT_HERE. */
static ENV_RESULT graver(ENV_RESULT a, ENV_RESULT b)
{
    if (a.raised || b.reason == ENV_R_KEK_NOT_HERE)
        return a;
    return b;
}

/* prk holds the DEK afterwards. */
static ENV_RESULT open_header(const struct env_dek_context *context,
                              const struct env_header *header, struct env_span der,
                              uint8_t dek[ENV_DEK_LEN], struct env_prk *prk)
{
    ENV_RESULT worst = ENV_FAIL(ENV_R_KEK_NOT_HERE);
    size_t order[ENV_KEK_RECIPIENTS_MAX];

    ENV_TRY(env_crypto_ready(context->crypto));
    put_in_order(context, header, order);
    env_errors_mark(context->errors);
    for (size_t i = 0; i < header->count; i++) {
        ENV_RESULT r = open_recipient(context, &header->recipients[order[i]], der, dek, prk);

        if (env_ok(r)) {
            env_errors_unmark(context->errors, true);
            return context->message_id == NULL
                       ? r
                       : env_audit_message_id(context->crypto, dek, context->message_id);
        }
        worst = graver(worst, r);
    }
    env_errors_unmark(context->errors, false);
    if (worst.reason == ENV_R_KEK_NOT_HERE && !worst.raised)
        return raise_not_here(context, header->recipients, header->count);
    return worst;
}

ENV_RESULT env_dek_open_header(const struct env_dek_context *context,
                               const struct env_header *header, struct env_span der,
                               uint8_t dek[ENV_DEK_LEN])
{
    struct env_prk prk = {0};
    ENV_RESULT r = open_header(context, header, der, dek, &prk);

    env_prk_clear(&prk);
    return r;
}

ENV_RESULT env_dek_open_recipient(const struct env_dek_context *context,
                                  const struct env_header *header, size_t number,
                                  struct env_span der, uint8_t dek[ENV_DEK_LEN])
{
    struct env_prk prk = {0};
    ENV_RESULT r;

    if (number >= header->count)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_crypto_ready(context->crypto));
    r = open_recipient(context, &header->recipients[number], der, dek, &prk);
    env_prk_clear(&prk);
    if (r.reason == ENV_R_KEK_NOT_HERE && !r.raised)
        return raise_not_here(context, &header->recipients[number], 1);
    return r;
}

ENV_RESULT env_dek_read_any_header(struct env_span der, struct env_header **out)
{
    struct env_header *header = env_header_new(env_header_most_recipients(der.len));
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

static ENV_RESULT check_content(const struct env_header *header, enum env_content wanted)
{
    if (header->content == wanted)
        return ENV_OK;
    return ENV_FAIL(header->content == ENV_CONTENT_NAMED_KEY ? ENV_R_IS_NAMED_KEY
                                                             : ENV_R_WRONG_CONTENT);
}

ENV_RESULT env_dek_read_header(struct env_span der, enum env_content content,
                               struct env_header **out)
{
    struct env_header *header = NULL;
    ENV_RESULT r;

    ENV_TRY(env_dek_read_any_header(der, &header));
    r = check_content(header, content);
    if (!env_ok(r)) {
        OPENSSL_free(header);
        return r;
    }
    *out = header;
    return ENV_OK;
}

ENV_RESULT env_dek_open_with(const struct env_dek_context *context, struct env_span der,
                             enum env_content content, env_dek_may_open_fn *may_open, void *arg,
                             uint8_t dek[ENV_DEK_LEN], struct env_prk *prk)
{
    size_t recipients = env_header_most_recipients(der.len);
    struct env_header *header = env_header_take(recipients);
    ENV_RESULT r;

    if (header == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = env_header_decode(der, header);
    if (env_ok(r))
        r = check_content(header, content);
    if (env_ok(r) && may_open != NULL)
        r = may_open(arg);
    if (env_ok(r))
        r = open_header(context, header, der, dek, prk);
    env_header_give(header, recipients);
    return r;
}

ENV_RESULT env_dek_open(const struct env_dek_context *context, struct env_span der,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN])
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_dek_open_with(context, der, content, NULL, NULL, dek, &prk);

    env_prk_clear(&prk);
    return r;
}
