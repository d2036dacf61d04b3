/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/may_open.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/kek/rsa_kek.h"
#include "keymgmt/token/attempt.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/openers.h"
#include "keymgmt/wrap/public_file.h"

/* The lists that can name a key that opens. */
enum { KEK, OPEN, OPEN_ONLY, TOO, LISTS };

struct lists {
    const struct env_kek_names *names[LISTS]; /* NULL: not set */
};

static ENV_RESULT get_lists(struct env_token_set *token_set, struct lists *out,
                            struct env_error_detail *detail)
{
    const struct env_openers *openers;

    ENV_TRY(env_kek_names_get(&token_set->kek_names, token_set->config, &out->names[KEK], detail));
    ENV_TRY(env_openers_get(&token_set->openers, token_set->config, &openers, detail));
    out->names[OPEN] = openers->open;
    out->names[OPEN_ONLY] = openers->open_only;
    out->names[TOO] = openers->too;
    return ENV_OK;
}

/* What one or more lists say about a key. */
struct found {
    bool named;      /* names this key and no other */
    bool unless_aes; /* named, unless an AES KEK has the same name */
    bool unread;     /* a file could not be read */
};

static struct env_span without_zeros(const uint8_t *number, size_t len)
{
    while (len > 0 && *number == 0) {
        number++;
        len--;
    }
    return (struct env_span){number, len};
}

static bool same_number(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    struct env_span x = without_zeros(a, a_len);
    struct env_span y = without_zeros(b, b_len);

    return x.len > 0 && x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

/* Whether the file holds the public half of this key. */
static void look_at_file(const struct env_token_kek *kek, const char *text, struct found *found)
{
    const struct env_key_attributes *key = &kek->attributes;
    struct env_public_file file;
    struct env_error_detail ignored;
    struct env_kek_id id;
    char *path = NULL;

    if (!env_ok(env_public_file_name(text, &path, &id, &ignored)) || path == NULL ||
        !env_ok(env_public_file_read(&kek->head.token_set->rsa, path, &file, &ignored)))
        found->unread = true;
    else if (same_number(file.numbers.modulus, file.numbers.modulus_len, key->modulus,
                         key->modulus_len) &&
             same_number(file.numbers.exponent, file.numbers.exponent_len, key->exponent,
                         key->exponent_len))
        found->named = true;
    OPENSSL_free(path);
}

static void look_through(const struct env_token_kek *kek, const struct env_named_key *named,
                         const struct env_kek_names *names, struct found *found)
{
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        const struct env_kek_name *name = &names->list[i];
        bool kind_too = false;

        if (name->file != NULL && named->key->rsa)
            look_at_file(kek, name->file, found);
        else if (!env_kek_name_fits(name, named, &kind_too))
            continue;
        else if (kind_too || !named->key->rsa)
            found->named = true;
        else
            found->unless_aes = true;
    }
}

static struct env_named_key describe(const struct env_token_kek *kek, const struct env_token *token)
{
    struct env_named_key named = {.key = &kek->attributes, .token = token};

    if (kek->attributes.rsa &&
        !env_rsa_reference_of(kek->head.token_set, named.key, &named.reference))
        named.reference.len = 0;
    return named;
}

/* Whether open-kek, or a list that adds to it, names the key. */
static bool is_allowed(const struct env_token_kek *kek, const struct env_named_key *named,
                       const struct lists *lists)
{
    struct found found = {0};

    if (lists->names[OPEN] == NULL)
        return true;
    for (unsigned i = OPEN; i < LISTS; i++)
        look_through(kek, named, lists->names[i], &found);
    return found.named || found.unless_aes;
}

ENV_RESULT env_may_open_judge(const struct env_token *token, struct env_token_kek *kek,
                              struct env_error_detail *detail)
{
    const struct env_named_key named = describe(kek, token);
    struct found open_only = {0};
    struct found by_kek = {0};
    struct found any = {0};
    struct lists lists;

    ENV_TRY(get_lists(kek->head.token_set, &lists, detail));
    look_through(kek, &named, lists.names[OPEN_ONLY], &open_only);
    look_through(kek, &named, lists.names[KEK], &by_kek);
    kek->opens_only = open_only.named || (open_only.unless_aes && !by_kek.named);
    if (!is_allowed(kek, &named, &lists)) {
        atomic_store(&kek->refusal, ENV_R_KEK_NOT_ALLOWED);
        return ENV_OK;
    }
    if (!kek->attributes.rsa)
        return ENV_OK;
    any = by_kek;
    for (unsigned i = OPEN; i < LISTS; i++)
        look_through(kek, &named, lists.names[i], &any);
    kek->file_unread = any.unread;
    if (!any.named && any.unless_aes)
        atomic_store(&kek->unless_aes, true); /* not known yet; env_may_open finds out */
    else if (!any.named)
        atomic_store(&kek->refusal, ENV_R_KEK_NOT_NAMED);
    return ENV_OK;
}

/* ---- does an AES KEK have the same name? ---- */

struct settling {
    struct env_token_kek *kek;
    const struct lists *lists;
    struct env_found *found;
    bool named; /* by a name that no AES KEK has */
};

static ENV_RESULT find_aes(struct env_token_set *token_set, const struct settling *s,
                           struct env_token *token, const struct env_kek_name *name,
                           struct env_error_detail *detail)
{
    struct env_query query = name->query; /* its URI stays the name's */
    struct env_session session;
    ENV_RESULT r;

    query.kinds = ENV_KEYS_AES;
    if (query.versions) { /* the AES KEK of the same version */
        query.versions = false;
        query.label_len = s->kek->attributes.label_len;
        memcpy(query.label, s->kek->attributes.label, sizeof(query.label));
    }
    ENV_TRY(env_token_set_session(token_set, token, &session, detail));
    r = env_login_check(token, &session, &token_set->pins, detail);
    if (env_ok(r))
        r = env_find_keys(token, &session, &query, s->found, detail);
    if (env_ok(r) && s->found->count == 0 && name->id.len > 0) {
        query.by_label = false;
        query.id = name->id;
        r = env_find_keys(token, &session, &query, s->found, detail);
    }
    env_session_give(&token->sessions, &session, env_ok(r) || detail->loss <= ENV_LOSS_KEY);
    return r;
}

/*
 * Fails only for what a remedy may repair. If a token cannot be searched, the answer is no: an RSA
 * KEK must not stop opening because another token is away.
 */
static ENV_RESULT aes_has(struct env_token_set *token_set, const struct settling *s,
                          const struct env_kek_name *name, enum env_loss cured,
                          struct env_blame *blame, bool *has, struct env_error_detail *detail)
{
    *has = false;
    for (size_t i = 0; i < token_set->tokens->count && !*has; i++) {
        struct env_token *token = token_set->tokens->list[i];
        ENV_RESULT r;

        if (name->query.uri != NULL && !env_token_matches(token, name->query.uri))
            continue;
        r = find_aes(token_set, s, token, name, detail);
        *has = env_ok(r) && s->found->count > 0;
        if (!env_ok(r) && detail->loss != ENV_LOSS_NONE && cured < ENV_LOSS_MODULE) {
            blame->token = token;
            blame->token_epoch = atomic_load(&token->sessions.epoch);
            return r;
        }
    }
    return ENV_OK;
}

static ENV_RESULT settle_names(struct env_token_set *token_set, struct settling *s,
                               const struct env_named_key *named, const struct env_kek_names *names,
                               enum env_loss cured, struct env_blame *blame,
                               struct env_error_detail *detail)
{
    for (size_t i = 0; names != NULL && i < names->count && !s->named; i++) {
        bool kind_too;
        bool has;

        if (!env_kek_name_fits(&names->list[i], named, &kind_too))
            continue;
        ENV_TRY(aes_has(token_set, s, &names->list[i], cured, blame, &has, detail));
        s->named = !has;
    }
    return ENV_OK;
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    struct settling *s = arg;
    const struct env_named_key named =
        describe(s->kek, env_tokens_named(token_set->tokens, &s->kek->token));

    s->named = false;
    for (unsigned i = KEK; i < LISTS && !s->named; i++)
        ENV_TRY(settle_names(token_set, s, &named, s->lists->names[i], cured, blame, detail));
    return ENV_OK;
}

ENV_RESULT env_may_open_settle(struct env_token_kek *kek, struct env_error_detail *detail)
{
    struct settling s = {.kek = kek};
    struct lists lists;
    ENV_RESULT r;

    if (!atomic_load(&kek->unless_aes))
        return ENV_OK;
    ENV_TRY(get_lists(kek->head.token_set, &lists, detail));
    s.lists = &lists;
    s.found = malloc(sizeof(*s.found));
    if (s.found == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", kek->where);
    r = env_token_set_attempt(kek->head.token_set, attempt, &s, detail);
    free(s.found);
    if (!env_ok(r))
        return r;
    atomic_store(&kek->refusal, s.named ? ENV_R_NONE : ENV_R_KEK_NOT_NAMED);
    atomic_store(&kek->unless_aes, !s.named); /* asked again later: the AES KEK may go */
    return ENV_OK;
}

/* ---- the answers ---- */

bool env_may_open_is_named(const struct env_token_kek *kek, const struct env_kek_names *names)
{
    struct env_named_key named = describe(kek, NULL);
    struct found found = {0};

    named.token_name = &kek->token;
    look_through(kek, &named, names, &found);
    return found.named || found.unless_aes || found.unread;
}

ENV_RESULT env_may_open(struct env_token_kek *kek, struct env_error_detail *detail)
{
    enum env_reason refusal;

    ENV_TRY(env_may_open_settle(kek, detail));
    refusal = env_may_open_refusal(kek);
    if (refusal == ENV_R_NONE)
        return ENV_OK;
    return env_error_detail(detail, refusal, "%s%s", kek->where,
                            kek->file_unread ? "; a file: KEK that may name it cannot be read"
                                             : "");
}

enum env_reason env_may_open_refusal(const struct env_token_kek *kek)
{
    return (enum env_reason)atomic_load(&kek->refusal);
}

ENV_RESULT env_may_seal(const struct env_token_kek *kek, struct env_error_detail *detail)
{
    return kek->opens_only ? env_error_detail(detail, ENV_R_KEK_OPENS_ONLY, "%s", kek->where)
                           : ENV_OK;
}
