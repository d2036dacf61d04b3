/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/list_versions.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/kek/keys_there.h"
#include "keymgmt/token/attempt.h"
#include "keymgmt/token/find_key.h"
#include "keymgmt/token/login.h"

#define MILLISECONDS 1000

struct looking {
    const struct env_query *query;
    bool remedies; /* nothing is known yet: losses are repaired */
    /* set in each attempt */
    bool rsa;
    bool unsearched; /* a token did not answer */
    struct env_error_detail failure;
    size_t count;
    size_t room;
    struct env_version *list;
};

static ENV_RESULT keep(struct looking *l, const struct env_version *one)
{
    if (l->count == l->room) {
        size_t room = 2 * l->room + 16;
        struct env_version *list = realloc(l->list, room * sizeof(*list));

        if (list == NULL)
            return ENV_FAIL(ENV_R_NO_MEMORY);
        l->list = list;
        l->room = room;
    }
    l->list[l->count++] = *one;
    return ENV_OK;
}

static ENV_RESULT take(void *arg, const struct env_key_attributes *key)
{
    struct looking *l = arg;
    struct env_version one = {.rsa = l->rsa, .id = key->id};

    if (key->id.len > ENV_KEK_ID_MAX)
        one.id.len = 0; /* the policy decides whether it may seal */
    if (!env_version_read(key->label, key->label_len, l->query->label, l->query->label_len,
                          &one.number))
        return ENV_OK;
    return keep(l, &one);
}

static ENV_RESULT find(struct looking *l, struct env_token *token,
                       const struct env_session *session, enum env_key_kinds kind,
                       struct env_error_detail *detail)
{
    struct env_query query = *l->query; /* its URI stays the query's */
    ENV_RESULT r;

    if (query.kinds != ENV_KEYS_ANY && query.kinds != kind)
        return ENV_OK;
    query.kinds = kind;
    query.reading = ENV_READ_NAMES;
    l->rsa = kind == ENV_KEYS_RSA;
    r = env_find_all_keys(token, session, &query, take, l, detail);
    if (r.reason == ENV_R_NO_MEMORY)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", token->where);
    return r;
}

static ENV_RESULT look_at(struct env_token_set *token_set, struct looking *l,
                          struct env_token *token, struct env_error_detail *detail)
{
    struct env_session session;
    size_t before = l->count;
    ENV_RESULT r;

    ENV_TRY(env_token_set_session(token_set, token, &session, detail));
    r = env_login_check(token, &session, &token_set->pins, detail);
    if (env_ok(r))
        r = find(l, token, &session, ENV_KEYS_AES, detail);
    if (env_ok(r))
        r = find(l, token, &session, ENV_KEYS_RSA, detail);
    if (!env_ok(r))
        l->count = before;
    env_session_give(&token->sessions, &session, env_ok(r) || detail->loss <= ENV_LOSS_KEY);
    return r;
}

static ENV_RESULT none(struct env_token_set *token_set, const struct looking *l, size_t tokens,
                       struct env_error_detail *detail)
{
    char seen[ENV_SEEN_TEXT] = "";

    if (l->unsearched) {
        *detail = l->failure;
        return ENV_FAIL(detail->reason);
    }
    if (tokens == 0) {
        env_tokens_there(token_set->tokens, seen);
        return env_error_detail(detail, ENV_R_NO_TOKEN, "wanted: %s; %s", l->query->shown, seen);
    }
    for (size_t i = 0; i < token_set->tokens->count; i++) {
        struct env_token *token = token_set->tokens->list[i];

        if (l->query->uri == NULL || env_token_matches(token, l->query->uri))
            env_keys_there(token_set, token, seen, sizeof(seen));
    }
    return env_error_detail(detail, ENV_R_KEK_NOT_FOUND, "%s; looked at %s", l->query->shown, seen);
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    struct looking *l = arg;
    bool remedies = l->remedies && cured < ENV_LOSS_MODULE;
    size_t tokens = 0;

    l->count = 0;
    l->unsearched = token_set->tokens->unseen.reason != ENV_R_NONE;
    l->failure = token_set->tokens->unseen;
    for (size_t i = 0; i < token_set->tokens->count; i++) {
        struct env_token *token = token_set->tokens->list[i];
        ENV_RESULT r;

        if (l->query->uri != NULL && !env_token_matches(token, l->query->uri))
            continue;
        tokens++;
        r = look_at(token_set, l, token, detail);
        if (env_ok(r))
            continue;
        if (remedies && detail->loss != ENV_LOSS_NONE) {
            blame->token = token;
            blame->token_epoch = atomic_load(&token->sessions.epoch);
            return r;
        }
        if (r.reason == ENV_R_NO_MEMORY)
            return r;
        l->unsearched = true;
        l->failure = *detail;
    }
    return l->count > 0 ? ENV_OK : none(token_set, l, tokens, detail);
}

/* Keeps the versions known on tokens that could not be searched. */
static ENV_RESULT keep_known(struct looking *l, const struct env_versions *known,
                             struct env_error_detail *detail)
{
    for (size_t i = 0; l->unsearched && known != NULL && i < known->count; i++) {
        bool there = false;

        for (size_t j = 0; j < l->count && !there; j++)
            there = l->list[j].number == known->list[i].number;
        if (!there && !env_ok(keep(l, &known->list[i])))
            return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", l->query->shown);
    }
    return ENV_OK;
}

static ENV_RESULT look(struct env_token_set *token_set, const struct env_query *query,
                       const struct env_versions *known, struct env_versions **out,
                       struct env_error_detail *detail)
{
    struct looking *l = calloc(1, sizeof(*l));
    ENV_RESULT r;

    *out = NULL;
    if (l == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", query->shown);
    l->query = query;
    l->remedies = known == NULL;
    r = env_token_set_attempt(token_set, attempt, l, detail);
    if (env_ok(r))
        r = keep_known(l, known, detail);
    if (env_ok(r) && (*out = env_versions_new(l->list, l->count)) == NULL)
        r = env_error_detail(detail, ENV_R_NO_MEMORY, "%s", query->shown);
    free(l->list);
    free(l);
    return r;
}

/* The last version is gone, and every token was searched. */
static bool says_that_there_is_none(ENV_RESULT r)
{
    return r.reason == ENV_R_KEK_NOT_FOUND;
}

ENV_RESULT env_list_versions(struct env_token_set *token_set, const struct env_query *query,
                             bool again, struct env_versions **out, bool *fresh,
                             struct env_error_detail *detail)
{
    const char *text = query->uri_text != NULL ? query->uri_text : query->label;
    const struct env_cache_name name = {ENV_CACHE_VERSIONS, 0, text, strlen(text)};
    const int64_t every = (int64_t)token_set->config->state_refresh_seconds * MILLISECONDS;
    struct env_versions *known =
        env_version_names_get(&token_set->versions, &name, every, again, fresh);
    ENV_RESULT r = ENV_OK;

    *out = known;
    if (!*fresh)
        return ENV_OK;
    if (known == NULL && !env_back_off_names_may_ask(&token_set->away, &name, detail))
        return ENV_FAIL(detail->reason);
    r = look(token_set, query, known, out, detail);
    env_back_off_names_settle(&token_set->away, &name, r, detail);
    env_version_names_put(&token_set->versions, &name, *out);
    if (env_ok(r) || known == NULL || says_that_there_is_none(r)) {
        env_versions_free(known);
        return r;
    }
    *out = known;
    return ENV_OK;
}
