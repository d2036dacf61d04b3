/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/self_test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "envelope/message/audit.h"
#include "keymgmt/kek/rsa_kek.h"
#include "keymgmt/kek/trial.h"

/* A wrapping method, and how it was chosen. */
struct choice {
    struct env_aes_method method;
    enum env_iv_place iv_place;
    char words[ENV_KEK_CHOSEN];
};

/* Whether the token answered, but wrongly. */
static bool is_a_finding(enum env_reason reason)
{
    return reason == ENV_R_KEK_SELF_TEST || env_gcm_iv_bad(reason);
}

/* The methods that were tried and do not work. */
struct tried {
    char text[ENV_KEK_CHOSEN / 2];      /* for the log */
    struct env_error_detail first_said; /* the gravest: a failure rather than a missing method */
};

/* "AES-GCM by C_Encrypt" */
static void name_method(struct env_aes_method method, char *out, size_t size)
{
    (void)snprintf(out, size, "%s by %s", env_aes_family_name(method.family),
                   env_way_name(method.way));
}

/* Notes the call and its code from the detail, without repeating the key. */
static void note(struct tried *tried, struct env_aes_method method,
                 const struct env_error_detail *detail)
{
    size_t len = strlen(tried->text);
    const char *said = detail->rv != CKR_OK ? detail->text : env_reason_text(detail->reason);
    int said_len = (int)strcspn(said, detail->rv != CKR_OK ? "," : ":");
    char name[64];

    name_method(method, name, sizeof(name));
    (void)snprintf(tried->text + len, sizeof(tried->text) - len, "; not %s: %.*s", name, said_len,
                   said);
    if (tried->first_said.reason == ENV_R_NONE ||
        (!is_a_finding(tried->first_said.reason) && is_a_finding(detail->reason)))
        tried->first_said = *detail;
}

/*
 * No method works. A wrong answer from the token has its own reason; a missing method is KEK_USAGE.
 */
static ENV_RESULT none_works(const struct tried *tried, struct env_error_detail *detail)
{
    const struct env_error_detail *first = &tried->first_said;

    (void)env_error_detail(detail, is_a_finding(first->reason) ? first->reason : ENV_R_KEK_USAGE,
                           "%.*s%s", (int)(sizeof(first->text) - sizeof(tried->text)), first->text,
                           tried->text);
    detail->rv = first->rv;
    return ENV_FAIL(detail->reason);
}

static void keep_sample(struct env_token_kek *kek, const struct env_sample *sample, unsigned found)
{
    if (atomic_load(&kek->has_sample))
        return;
    kek->sample = *sample;
    kek->sample.found = found;
    atomic_store(&kek->has_sample, true);
}

/*
 * Called with prepare_lock. Finds the first method that works, and keeps what it wrapped as the
 * sample.
 */
static ENV_RESULT choose(struct env_token_kek *kek, enum env_wrap_choice choice,
                         enum env_patience patience, struct choice *chosen,
                         struct env_error_detail *detail)
{
    struct env_aes_method methods[ENV_AES_METHODS_MAX];
    const unsigned uses = env_kek_place(kek).uses;
    size_t count = env_aes_sealing_methods(uses, choice, methods);
    unsigned found = atomic_load(&kek->found);
    struct env_sample sample;
    struct tried tried = {.first_said.reason = ENV_R_NONE};

    if (count == 0)
        return env_aes_usage_refused(uses, choice, &kek->attributes, kek->where, detail);
    for (size_t i = 0; i < count; i++) {
        bool cannot;
        ENV_RESULT r =
            env_trial(kek, methods[i], patience, &sample, &chosen->iv_place, &cannot, detail);

        if (env_ok(r)) {
            char name[64];

            keep_sample(kek, &sample, found);
            name_method(methods[i], name, sizeof(name));
            chosen->method = methods[i];
            (void)snprintf(chosen->words, sizeof(chosen->words), "%s%s%s", name,
                           atomic_load(&kek->ivs.made) && methods[i].family == ENV_AES_GCM
                               ? ", IV made by the token"
                               : "",
                           tried.text);
            return r;
        }
        if (!cannot)
            return r;
        note(&tried, methods[i], detail);
    }
    return none_works(&tried, detail);
}

static ENV_RESULT record_self_test(struct env_token_kek *kek, ENV_RESULT r, const char *way,
                                   struct env_error_detail *detail)
{
    const struct env_audit_use use = {
        .operation = ENV_AUDIT_SELF_TEST, .kek = &kek->head.base, .way = env_ok(r) ? way : NULL};
    char why[ENV_ERROR_DETAIL_TEXT];

    if (!env_ok(r))
        r.ckr = detail->rv;
    if (env_audit_write(kek->head.token_set->base.audit, &use, r, why, sizeof(why)))
        return r;
    return env_error_detail(detail, ENV_R_AUDIT_FAILED, "%s", why);
}

/* Called with prepare_lock. */
static ENV_RESULT prepare(struct env_token_kek *kek, enum env_patience patience,
                          struct env_error_detail *detail)
{
    struct choice chosen = {.words = ""};
    ENV_RESULT r;

    if (kek->attributes.rsa) {
        r = env_rsa_kek_choose(kek, patience, detail);
        (void)snprintf(chosen.words, sizeof(chosen.words), "%s",
                       env_wrap_algorithm(kek->rsa_alg) != NULL
                           ? env_wrap_algorithm(kek->rsa_alg)->words
                           : "");
    } else {
        r = choose(kek, kek->head.token_set->config->wrap_choice, patience, &chosen, detail);
    }
    r = record_self_test(kek, r, chosen.words, detail);
    if (!env_ok(r))
        return r;
    kek->sealing = chosen.method;
    kek->iv_place = chosen.iv_place;
    memcpy(kek->chosen, chosen.words, sizeof(kek->chosen));
    atomic_store(&kek->prepared, true);
    return r;
}

ENV_RESULT env_token_kek_prepare(struct env_token_kek *kek, struct env_kek_operation *operation)
{
    ENV_RESULT r = ENV_OK;

    if (atomic_load(&kek->prepared))
        return r;
    (void)pthread_mutex_lock(&kek->prepare_lock);
    if (!atomic_load(&kek->prepared))
        r = prepare(kek, operation->patience, operation->detail);
    (void)pthread_mutex_unlock(&kek->prepare_lock);
    return r;
}

ENV_RESULT env_token_kek_test(struct env_token_kek *kek, enum env_wrap_choice choice,
                              enum env_patience patience, struct env_error_detail *detail)
{
    struct choice any;
    ENV_RESULT r;

    (void)pthread_mutex_lock(&kek->prepare_lock);
    r = choose(kek, choice, patience, &any, detail);
    (void)pthread_mutex_unlock(&kek->prepare_lock);
    return r;
}

ENV_RESULT env_token_kek_sample(struct env_token_kek *kek, enum env_patience patience,
                                struct env_error_detail *detail)
{
    /* another thread was faster: its sample stays */
    if (atomic_load(&kek->has_sample))
        return ENV_OK;
    return env_token_kek_test(kek, ENV_WRAP_CHOICE_AUTO, patience, detail);
}
