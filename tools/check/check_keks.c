/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/query.h"
#include "keymgmt/token/uri.h"
#include "envelope/base/config_list.h"
#include "envelope/base/secret.h"
#include "tools/check/check.h"
#include "tools/common/mechanism.h"
#include "tools/common/report.h"

#define STEP "KEK"
#define DEKS_LEN (2 * ENV_DEK_LEN)

/* Every key on the tokens that could be a KEK. */
struct here {
    size_t count;
    struct here_kek {
        struct env_kek_id id;
        char label[ENV_KEK_TEXT];
        char token[ENV_KEK_TEXT];
    } * list;
};

struct sealing {
    size_t count;
    struct env_kek_id ids[ENV_KEK_RECIPIENTS_MAX];
};

static void say_failure(struct tool_check *check, const char *step, const char *what, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    tool_check_say(check, TOOL_CHECK_FAILED, step, NULL, "%s%s%s", what, *what != '\0' ? ": " : "",
                   failure.text);
}

static void say_left_out(struct tool_check *check, const char *kek, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                   "%s: sealing goes on without it (kek-optional): %s", kek, failure.text);
}

static bool same_id(const struct env_kek_id *a, const struct env_kek_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- what the tokens have ---- */

static ENV_RESULT take_here(void *arg, struct env_kek *kek)
{
    struct here *here = arg;
    struct env_kek_facts facts;
    struct here_kek *list = reallocarray(here->list, here->count + 1, sizeof(*list));

    if (list == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    here->list = list;
    kek->vtable->describe(kek, &facts);
    list[here->count].id = facts.id;
    memcpy(list[here->count].label, facts.label, sizeof(facts.label));
    memcpy(list[here->count].token, facts.token, sizeof(facts.token));
    here->count++;
    return ENV_OK;
}

static size_t copies_of(const struct here *here, const struct env_kek_id *id)
{
    size_t copies = 0;

    for (size_t i = 0; i < here->count; i++)
        copies += same_id(&here->list[i].id, id);
    return copies;
}

/* ---- one KEK ---- */

/* Wraps with it and unwraps with the key that opening would find. */
static ENV_RESULT wrap_and_unwrap(const struct tool_keys *keys, struct env_kek *kek, uint8_t *deks,
                                  struct env_wrapped *wrapped)
{
    struct env_keyring *ring = keys->dek.keyring;
    struct env_kek *opener = NULL;
    ENV_RESULT r;

    ENV_TRY(env_random_private(keys->dek.crypto, deks, ENV_DEK_LEN));
    ENV_TRY(kek->vtable->wrap(kek, deks, wrapped));
    ENV_TRY(ring->vtable->lookup(ring, kek->vtable->id(kek), wrapped->alg, &opener));
    r = opener->vtable->unwrap(opener, wrapped, NULL, deks + ENV_DEK_LEN);
    if (env_ok(r) && CRYPTO_memcmp(deks, deks + ENV_DEK_LEN, ENV_DEK_LEN) != 0)
        r = ENV_FAIL(ENV_R_KEK_SELF_TEST);
    env_kek_free(opener);
    return r;
}

static void try_kek(struct tool_check *check, struct env_kek *kek)
{
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    struct env_wrapped wrapped = {0};
    struct env_kek_facts facts;
    char what[ENV_KEK_TEXT * 2 + TOOL_REPORT_ID + 64];
    char id[TOOL_REPORT_ID];
    ENV_RESULT r = deks != NULL ? wrap_and_unwrap(check->run->keys, kek, deks, &wrapped)
                                : ENV_FAIL(ENV_R_NO_MEMORY);

    env_secret_free(deks, DEKS_LEN);
    if (r.reason == ENV_R_KEK_NOT_HERE || r.reason == ENV_R_KEK_NOT_ALLOWED)
        ERR_clear_error(); /* told below in other words */
    kek->vtable->describe(kek, &facts);
    (void)snprintf(what, sizeof(what), "'%s' (%s-%zu, reference %s) of token '%s'", facts.label,
                   tool_kek_type(facts.type), facts.bits, tool_report_id(kek->vtable->id(kek), id),
                   facts.token);
    if (env_ok(r))
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s wrapped and unwrapped: %s", what,
                       tool_mechanism(wrapped.alg)->words);
    else if (r.reason == ENV_R_KEK_NOT_HERE)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                       "%s wrapped; what opens it is on no configured token", what);
    else if (r.reason == ENV_R_KEK_NOT_ALLOWED)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                       "%s wrapped; open-kek does not let it open what it seals", what);
    else
        say_failure(check, STEP, what, r);
}

static void check_name(struct tool_check *check, const char *name, bool optional,
                       struct sealing *sealing)
{
    struct env_keyring *ring = check->run->keys->dek.keyring;
    const struct env_selector selector = {.name = name};
    struct env_kek_list keks = {0};
    char shown[ENV_URI_TEXT];
    ENV_RESULT r = ring->vtable->select(ring, &selector, &keks);

    env_uri_shown(shown, sizeof(shown), name);
    if (!env_ok(r)) {
        if (optional && env_kek_out_of_reach(r.reason))
            say_left_out(check, shown, r);
        else
            say_failure(check, STEP, shown, r);
        return;
    }
    for (size_t i = 0; i < keks.count; i++) {
        if (sealing->count < ENV_KEK_RECIPIENTS_MAX)
            sealing->ids[sealing->count++] = *keks.keks[i]->vtable->id(keks.keks[i]);
        try_kek(check, keks.keks[i]);
    }
    env_kek_list_clear(&keks);
}

static void check_names(struct tool_check *check, struct sealing *sealing)
{
    const struct env_config *config = &check->settings.config;
    const char *at = config->kek;
    struct env_word word;

    while (at != NULL && env_word_next(&at, &word)) {
        bool optional = env_word_in(config->kek_optional, &word);
        char *name = env_secret_alloc(word.len + 1); /* a URI may have a PIN */

        if (name == NULL) {
            say_failure(check, STEP, "kek", ENV_FAIL(ENV_R_NO_MEMORY));
            return;
        }
        memcpy(name, word.text, word.len);
        if (env_uri_is(name) || env_word_decode(&word, name))
            check_name(check, name, optional, sealing);
        else
            tool_check_say(check, TOOL_CHECK_FAILED, STEP, NULL,
                           "kek: a %% in a label is followed by two hex digits");
        env_secret_free(name, word.len + 1);
    }
}

/* ---- all together ---- */

/* As a program would: a sealed key for all of them, opened again. */
static void check_sealing(struct tool_check *check)
{
    const struct env_dek_context *dek = &check->run->keys->dek;
    const struct env_selector configured = {0};
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    uint8_t *der = NULL;
    size_t der_len = 0;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (deks != NULL)
        r = env_dek_seal(dek, &configured, ENV_CONTENT_SEALED_KEY, deks, &der, &der_len);
    if (env_ok(r))
        r = env_dek_open(dek, (struct env_span){der, der_len}, ENV_CONTENT_SEALED_KEY,
                         deks + ENV_DEK_LEN);
    if (env_ok(r))
        tool_check_say(check, TOOL_CHECK_OK, "sealing", NULL,
                       "a key was sealed with kek as it is configured, and opened");
    else
        say_failure(check, "sealing", "", r);
    OPENSSL_free(der);
    env_secret_free(deks, DEKS_LEN);
}

/* An entry of open-kek that allows no key is a slip, or the key is gone. */
static void check_open_kek(struct tool_check *check, const struct here *here)
{
    const char *at = check->settings.config.open_kek;
    struct env_word word;

    while (at != NULL && env_word_next(&at, &word)) {
        char *one = strndup(word.text, word.len);
        bool found = false;

        if (one == NULL) {
            say_failure(check, "open-kek", "", ENV_FAIL(ENV_R_NO_MEMORY));
            return;
        }
        for (size_t i = 0; i < here->count && !found; i++)
            found = env_open_kek_allows(one, here->list[i].label, &here->list[i].id);
        if (!found)
            tool_check_say(check, TOOL_CHECK_WARNING, "open-kek", NULL,
                           "%s: no key of that label or id is on the tokens", one);
        free(one);
    }
}

/* Losing what is in one place only loses what it protects. */
static void check_spare(struct tool_check *check, const struct sealing *sealing,
                        const struct here *here)
{
    static const char *const way_out =
        "keep a second KEK in kek, or the same one in a second token";
    char id[TOOL_REPORT_ID];
    size_t kinds = 0;

    for (size_t i = 0; i < sealing->count; i++) {
        bool again = false;

        for (size_t j = 0; j < i; j++)
            again = again || same_id(&sealing->ids[i], &sealing->ids[j]);
        if (again)
            continue;
        kinds++;
        if (copies_of(here, &sealing->ids[i]) == 1)
            tool_check_say(check, TOOL_CHECK_WARNING, "spare", NULL,
                           "the KEK %s is in one token only", tool_report_id(&sealing->ids[i], id));
    }
    if (kinds == 1)
        tool_check_say(check, TOOL_CHECK_WARNING, "spare", way_out,
                       "one KEK alone can open what is sealed today");
}

/* The only token that has any of them, or NULL when there are several. */
static const char *only_token(const struct sealing *sealing, const struct here *here)
{
    const char *token = NULL;

    for (size_t i = 0; i < here->count; i++) {
        for (size_t j = 0; j < sealing->count; j++) {
            if (!same_id(&here->list[i].id, &sealing->ids[j]))
                continue;
            if (token != NULL && strcmp(token, here->list[i].token) != 0)
                return NULL;
            token = here->list[i].token;
        }
    }
    return token;
}

void tool_check_keks(struct tool_check *check)
{
    struct sealing sealing = {0};
    struct here here = {0};
    struct env_keyring *ring;
    struct tool_failure failure;
    const char *token;
    ENV_RESULT r;

    if (!tool_run_open_keys(check->run, &failure)) {
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, NULL, "%s", failure.text);
        return;
    }
    ring = check->run->keys->dek.keyring;
    r = ring->vtable->list(ring, NULL, take_here, &here);
    if (!env_ok(r))
        say_failure(check, STEP, "looking for keys", r);
    check_names(check, &sealing);
    if (check->settings.config.kek == NULL)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, "kek = LABEL",
                       "no kek is configured: every program has to name one to seal");
    else
        check_sealing(check);
    check_open_kek(check, &here);
    check_spare(check, &sealing, &here);
    token = only_token(&sealing, &here);
    if (token != NULL)
        tool_check_say(check, TOOL_CHECK_WARNING, "spare", NULL,
                       "the token '%s' alone can open what is sealed today", token);
    free(here.list);
}
