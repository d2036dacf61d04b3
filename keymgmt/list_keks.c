/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/list_keks.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "keymgmt/kek/replicas.h"
#include "keymgmt/kek/single_kek.h"
#include "keymgmt/token/attempt.h"
#include "keymgmt/token/login.h"

struct listing {
    const struct env_query *query;
    struct env_token_set *token_set;
    struct env_token *token; /* the token being searched */
    uint64_t epoch;
    struct env_error_detail *detail;
    size_t count;
    size_t room;
    struct env_kek **keks;
};

static void clear(struct listing *l)
{
    while (l->count > 0)
        env_kek_free(l->keks[--l->count]);
}

static bool is_kek(const struct env_key_attributes *key)
{
    return key->id.len >= 1 && key->id.len <= ENV_KEK_ID_MAX &&
           (key->wrap || key->unwrap || key->encrypt || key->decrypt);
}

static ENV_RESULT keep(void *arg, const struct env_key_attributes *key)
{
    struct listing *l = arg;
    struct env_token_kek *kek;

    if (!is_kek(key))
        return ENV_OK;
    if (l->count == l->room) {
        size_t room = 2 * l->room + 16;
        struct env_kek **keks = realloc(l->keks, room * sizeof(struct env_kek *));

        if (keks == NULL)
            return env_error_detail(l->detail, ENV_R_NO_MEMORY, "the list of KEKs");
        l->keks = keks;
        l->room = room;
    }
    ENV_TRY(env_token_kek_new(l->token_set, l->token, key, l->epoch, &kek, l->detail));
    l->keks[l->count++] = env_token_kek_base(kek);
    return ENV_OK;
}

static ENV_RESULT look_at(struct listing *l, struct env_error_detail *detail)
{
    struct env_session session;
    ENV_RESULT r;

    ENV_TRY(env_token_set_session(l->token_set, l->token, &session, detail));
    l->epoch = session.epoch;
    r = env_login_check(l->token, &session, &l->token_set->pins, detail);
    if (env_ok(r))
        r = env_find_all_keys(l->token, &session, l->query, keep, l, detail);
    env_session_give(&l->token->sessions, &session, env_ok(r) || detail->rv == CKR_OK);
    return r;
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    struct listing *l = arg;
    char there[ENV_SEEN_TEXT];
    size_t tokens = 0;

    (void)cured;
    clear(l);
    for (size_t i = 0; i < token_set->tokens->count; i++) {
        l->token = token_set->tokens->list[i];
        if (l->query->uri != NULL && !env_token_matches(l->token, l->query->uri))
            continue;
        tokens++;
        blame->token = l->token;
        blame->token_epoch = atomic_load(&l->token->sessions.epoch);
        ENV_TRY(look_at(l, detail));
    }
    if (tokens > 0)
        return ENV_OK;
    env_tokens_there(token_set->tokens, there);
    return env_error_detail(detail, ENV_R_NO_TOKEN, "wanted: %s; %s", l->query->shown, there);
}

ENV_RESULT env_list_keks(struct env_token_set *token_set, const struct env_query *query,
                         env_take_kek_fn *take, void *arg, struct env_error_detail *detail)
{
    struct listing l = {.query = query, .token_set = token_set, .detail = detail};
    ENV_RESULT r = env_token_set_attempt(token_set, attempt, &l, detail);

    for (size_t i = 0; i < l.count && env_ok(r); i++) {
        env_replicas_settle(l.keks[i]);
        r = take(arg, l.keks[i]);
        if (!env_ok(r))
            r = env_error_detail(detail, r.reason, "the list of KEKs");
    }
    clear(&l);
    free(l.keks);
    return r;
}
