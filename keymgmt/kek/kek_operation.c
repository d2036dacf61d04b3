/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/kek_operation.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/login.h"
#include "keymgmt/token/mechanism_info.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/kek/rsa_kek.h"
#include "keymgmt/wrap/wrap_rsa.h"

struct operation {
    struct env_token_kek *kek;
    enum env_patience patience;
    env_operation_fn *run;
    void *arg;
};

ENV_RESULT env_kek_uses(struct env_token *token, const struct env_key_facts *key, unsigned *uses,
                        struct env_fault *fault)
{
    return key->rsa ? env_rsa_uses(token, key, uses, fault) : env_aes_uses(token, key, uses, fault);
}

struct env_place env_kek_place(struct env_token_kek *kek)
{
    struct env_place place;

    (void)pthread_mutex_lock(&kek->place_lock);
    place = kek->place;
    (void)pthread_mutex_unlock(&kek->place_lock);
    return place;
}

static void set_place(struct env_token_kek *kek, const struct env_place *place)
{
    (void)pthread_mutex_lock(&kek->place_lock);
    kek->place = *place;
    (void)atomic_fetch_add(&kek->found, 1);
    (void)pthread_mutex_unlock(&kek->place_lock);
}

bool env_kek_is_outdated(ENV_RESULT r, const struct env_fault *fault)
{
    switch (r.reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_KEK_USAGE:
    case ENV_R_KEK_KIND:
    case ENV_R_KEK_SELF_TEST:
        return true;
    case ENV_R_WRAP_FAILED:
    case ENV_R_UNWRAP_FAILED:
        return env_ckr_mechanism_unusable(fault->rv);
    default:
        return false;
    }
}

void env_kek_forget_place(struct env_token_kek *kek)
{
    (void)pthread_mutex_lock(&kek->place_lock);
    kek->place.epoch = 0; /* of no token */
    (void)pthread_mutex_unlock(&kek->place_lock);
}

/* Now and then, and then to everybody who sees the same loss: they wait for one fresh start. */
static bool may_restart(struct env_ring *ring)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    bool may;

    (void)pthread_mutex_lock(&lock);
    if (env_ring_is_due(&ring->last_restart))
        ring->restart_of = ring->tokens->epoch;
    may = ring->restart_of == ring->tokens->epoch;
    (void)pthread_mutex_unlock(&lock);
    return may;
}

static ENV_RESULT gone(const struct operation *operation, enum env_loss cured, enum env_loss most,
                       struct env_fault *fault)
{
    struct env_token_kek *kek = operation->kek;
    ENV_RESULT r = env_fault(fault, ENV_R_KEK_NOT_FOUND, "%s is gone", kek->where);

    /* A token whose ground was taken away looks empty until its module is started afresh. */
    fault->held_back = most < ENV_LOSS_MODULE;
    if (cured < ENV_LOSS_MODULE && !fault->held_back &&
        (operation->patience == ENV_PATIENCE_LAST || may_restart(kek->ring)))
        fault->loss = ENV_LOSS_MODULE;
    return r;
}

/*
 * The key that has the same names may be another by now, so it is judged again; but for its length,
 * which is part of what was looked for.
 */
static ENV_RESULT accept_key(struct env_token_kek *kek, struct env_token *token,
                             const struct env_session *session, const struct env_key_facts *key,
                             struct env_place *place, struct env_fault *fault)
{
    ENV_TRY(env_policy_judge_raw(kek->ring->config, key, token, fault));
    if (key->rsa && !env_rsa_same_public(key, &kek->facts)) /* we would seal for the old one */
        return env_fault(fault, ENV_R_KEK_NOT_FOUND, "%s: another key has its names now",
                         kek->where);
    ENV_TRY(env_kek_uses(token, key, &place->uses, fault));
    place->handle = key->handle;
    place->epoch = session->epoch;
    set_place(kek, place);
    return ENV_OK;
}

static ENV_RESULT find_again(const struct operation *operation, const struct env_blame *blame,
                             const struct env_session *session, enum env_loss cured,
                             struct env_place *place, struct env_fault *fault)
{
    struct env_token_kek *kek = operation->kek;
    struct env_token *token = blame->token;
    struct env_found *found = malloc(sizeof(*found));
    struct env_query query;
    ENV_RESULT r;

    if (found == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", kek->where);
    env_query_from_id(&query, &kek->id, kek->facts.bits);
    query.kinds = kek->facts.rsa ? ENV_KEYS_RSA : ENV_KEYS_AES;
    query.by_label = kek->facts.label_len > 0;
    query.label_len = kek->facts.label_len;
    memcpy(query.label, kek->facts.label, sizeof(query.label));
    r = env_login_check(token, session, &kek->ring->pins, fault);
    if (env_ok(r))
        r = env_find_keys(token, session, &query, found, fault);
    if (env_ok(r) && found->count == 0)
        r = gone(operation, cured, blame->most, fault);
    else if (env_ok(r) && found->count > 1)
        r = env_fault(fault, ENV_R_KEK_AMBIGUOUS, "%s is there more than once", kek->where);
    else if (env_ok(r))
        r = accept_key(kek, token, session, &found->keys[0], place, fault);
    env_query_clear(&query);
    free(found);
    return r;
}

/* The first thing that the token does not answer, and its code; NULL when it answers everything. */
static const char *first_unanswered(const struct env_key_use *use, CK_RV *rv)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_KEY_TYPE type;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    CK_SESSION_INFO session_info;
    CK_TOKEN_INFO token_info = {0};
    CK_BYTE byte = 0;

    *rv = ENV_P11(fn->C_GetSessionInfo(use->session->handle, &session_info));
    if (*rv != CKR_OK)
        return "C_GetSessionInfo";
    *rv = ENV_P11(fn->C_GetTokenInfo(use->token->slot, &token_info));
    if (*rv != CKR_OK)
        return "C_GetTokenInfo";
    *rv = ENV_P11(fn->C_GetAttributeValue(use->session->handle, use->key, &attribute, 1));
    if (*rv != CKR_OK)
        return "C_GetAttributeValue";
    if ((token_info.flags & CKF_RNG) != 0) /* what only the device can answer */
        *rv = ENV_P11(fn->C_GenerateRandom(use->session->handle, &byte, 1));
    return *rv == CKR_OK ? NULL : "C_GenerateRandom";
}

/*
 * A code that may mean bad data as well as a lost token: as long as the token answers everything
 * else, and knows the key, it was the data. Data that does not verify is treated like that,
 * whatever the code and even when there was none: what is asked, and told, must not depend on how
 * it is bad.
 */
static void probe(const struct env_key_use *use)
{
    struct env_fault *fault = use->fault;
    bool data = fault->reason == ENV_R_NOT_AUTHENTIC;
    const char *function;
    CK_RV rv;

    if (!data && !env_ckr_ambiguous(fault->rv))
        return;
    function = first_unanswered(use, &rv);
    fault->loss = env_ckr_ambiguous(rv) ? ENV_LOSS_MODULE : env_ckr_loss(rv);
    if (data && fault->loss != ENV_LOSS_NONE)
        (void)env_fault_ckr(fault, ENV_R_UNWRAP_FAILED, function, rv, use->where);
}

static ENV_RESULT use_key(struct operation *operation, struct env_token *token,
                          struct env_session *session, const struct env_place *place,
                          struct env_fault *fault)
{
    struct env_token_kek *kek = operation->kek;
    struct env_key_use use = {
        .token = token,
        .session = session,
        .key = place->handle,
        .bits = kek->facts.bits,
        .uses = place->uses,
        .where = kek->where,
        .fault = fault,
    };
    bool done = env_ok(operation->run(&use, operation->arg));

    if (use.session_spoiled)
        session->epoch = 0; /* no epoch of a pool: it is closed when it is given back */
    if (done)
        return ENV_OK;
    if (fault->reason == ENV_R_KEK_USAGE || env_ckr_mechanism_unusable(fault->rv))
        env_mechanisms_forget(token);
    probe(&use);
    return ENV_FAIL(fault->reason);
}

static enum env_loss most_remedy(const struct env_ring *ring, const struct operation *operation)
{
    switch (operation->patience) {
    case ENV_PATIENCE_QUICK:
        return ENV_LOSS_SESSION;
    case ENV_PATIENCE_IF_ALONE:
        return env_tokens_only(ring->tokens, &operation->kek->token) ? ENV_LOSS_MODULE
                                                                     : ENV_LOSS_SESSION;
    case ENV_PATIENCE_ALL:
    case ENV_PATIENCE_LAST:
        break;
    }
    return ENV_LOSS_MODULE;
}

static ENV_RESULT gone_token(const struct env_ring *ring, const struct env_token_kek *kek,
                             struct env_fault *fault)
{
    const struct env_fault *unseen = &ring->tokens->unseen;
    bool all_seen = unseen->reason == ENV_R_NONE;

    return env_fault(fault, ENV_R_TOKEN_FAILED, "%s: the token is gone%s%.*s", kek->where,
                     all_seen ? "" : "; ", ENV_FAULT_TEXT / 2 - 32, all_seen ? "" : unseen->text);
}

static ENV_RESULT attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_fault *fault)
{
    struct operation *operation = arg;
    struct env_token_kek *kek = operation->kek;
    struct env_place place = env_kek_place(kek);
    struct env_token *token = env_tokens_of_epoch(ring->tokens, place.epoch);
    bool known = token != NULL && cured != ENV_LOSS_KEY;
    struct env_session session;
    ENV_RESULT r = ENV_OK;

    blame->most = most_remedy(ring, operation);
    if (token == NULL)
        token = env_tokens_named(ring->tokens, &kek->token);
    if (token == NULL) {
        r = gone_token(ring, kek, fault);
        fault->loss = cured < ENV_LOSS_SLOT ? ENV_LOSS_SLOT : ENV_LOSS_MODULE;
        if (kek->module < ring->tokens->modules.count)
            blame->module = &ring->tokens->modules.list[kek->module];
        return r;
    }
    blame->token = token;
    blame->token_epoch = atomic_load(&token->sessions.epoch);
    ENV_TRY(env_ring_session(ring, token, &session, fault));
    if (!known)
        r = find_again(operation, blame, &session, cured, &place, fault);
    if (env_ok(r))
        r = use_key(operation, token, &session, &place, fault);
    env_session_give(&token->sessions, &session, env_ok(r) || fault->loss <= ENV_LOSS_KEY);
    return r;
}

ENV_RESULT env_kek_perform(struct env_token_kek *kek, enum env_patience patience,
                           env_operation_fn *run, void *arg, struct env_fault *fault)
{
    struct operation operation = {kek, patience, run, arg};

    return env_ring_attempt(kek->ring, attempt, &operation, fault);
}
