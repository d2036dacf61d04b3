/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/list_keks.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "keymgmt/token/login.h"
#include "keymgmt/kek/token_kek.h"

struct listing {
    const struct env_query *query;
    struct env_ring *ring;
    struct env_token *token; /* that is looked at */
    uint64_t epoch;
    struct env_fault *fault;
    size_t count;
    size_t room;
    struct env_kek **keks;
};

static void clear(struct listing *l)
{
    while (l->count > 0)
        env_kek_free(l->keks[--l->count]);
}

static bool is_kek(const struct env_key_facts *key)
{
    return key->id_len >= 1 && key->id_len <= ENV_KEK_ID_MAX &&
           (key->wrap || key->unwrap || key->encrypt || key->decrypt);
}

static ENV_RESULT keep(void *arg, const struct env_key_facts *key)
{
    struct listing *l = arg;
    struct env_token_kek *kek;

    if (!is_kek(key))
        return ENV_OK;
    if (l->count == l->room) {
        size_t room = 2 * l->room + 16;
        struct env_kek **keks = realloc(l->keks, room * sizeof(struct env_kek *));

        if (keks == NULL)
            return env_fault(l->fault, ENV_R_NO_MEMORY, "the list of KEKs");
        l->keks = keks;
        l->room = room;
    }
    ENV_TRY(env_token_kek_new(l->ring, l->token, key, l->epoch, &kek, l->fault));
    l->keks[l->count++] = env_token_kek_base(kek);
    return ENV_OK;
}

static ENV_RESULT look_at(struct listing *l, struct env_fault *fault)
{
    struct env_session session;
    ENV_RESULT r;

    ENV_TRY(env_ring_session(l->ring, l->token, &session, fault));
    l->epoch = session.epoch;
    r = env_login_check(l->token, &session, &l->ring->pins, fault);
    if (env_ok(r))
        r = env_find_all_keys(l->token, &session, l->query, keep, l, fault);
    env_session_give(&l->token->sessions, &session, env_ok(r) || fault->rv == CKR_OK);
    return r;
}

static ENV_RESULT attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_fault *fault)
{
    struct listing *l = arg;
    size_t tokens = 0;

    (void)cured;
    clear(l);
    for (size_t i = 0; i < ring->tokens->count; i++) {
        l->token = ring->tokens->list[i];
        if (l->query->uri != NULL && !env_token_matches(l->token, l->query->uri))
            continue;
        tokens++;
        blame->token = l->token;
        blame->token_epoch = atomic_load(&l->token->sessions.epoch);
        ENV_TRY(look_at(l, fault));
    }
    if (tokens == 0)
        return env_fault(fault, ENV_R_NO_TOKEN, "wanted: %s", l->query->shown);
    return ENV_OK;
}

ENV_RESULT env_list_keks(struct env_ring *ring, const struct env_query *query,
                         env_take_kek_fn *take, void *arg, struct env_fault *fault)
{
    struct listing l = {.query = query, .ring = ring, .fault = fault};
    ENV_RESULT r = env_ring_attempt(ring, attempt, &l, fault);

    for (size_t i = 0; i < l.count && env_ok(r); i++) {
        r = take(arg, l.keks[i]);
        if (!env_ok(r))
            r = env_fault(fault, r.reason, "the list of KEKs");
    }
    clear(&l);
    free(l.keks);
    return r;
}
