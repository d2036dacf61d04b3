/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/use_key.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/attempt.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/mechanism_info.h"
#include "keymgmt/token/policy.h"

/* One use of the key, from start to finish. */
struct job {
    struct env_token_kek *kek;
    enum env_patience patience;
    env_key_use_fn *run;
    void *arg;
};

/* ---- finding the key again ---- */

static ENV_RESULT gone(const struct job *job, enum env_loss cured, enum env_loss most,
                       struct env_error_detail *detail)
{
    struct env_token_kek *kek = job->kek;
    ENV_RESULT r = env_error_detail(detail, ENV_R_KEK_NOT_FOUND, "%s is gone", kek->where);

    /* A token whose files were removed looks empty until its module is restarted. */
    detail->held_back = most < ENV_LOSS_MODULE;
    if (cured < ENV_LOSS_MODULE && !detail->held_back &&
        (job->patience == ENV_PATIENCE_LAST || env_token_set_may_restart(kek->head.token_set)))
        detail->loss = ENV_LOSS_MODULE;
    return r;
}

/*
 * A key with the same names may be a different one by now, so it is judged again, except for its
 * length, which was part of the search.
 */
static ENV_RESULT accept_key(struct env_token_kek *kek, struct env_token *token,
                             const struct env_session *session,
                             const struct env_key_attributes *key, struct env_place *place,
                             struct env_error_detail *detail)
{
    ENV_TRY(env_policy_judge_for_key_wrap(kek->head.token_set->config, key, token, detail));
    /* for an RSA key we would seal to the old one; and a token may have lied about the length */
    if (key->bits != kek->attributes.bits ||
        (key->rsa && !env_key_same_public(key, &kek->attributes)))
        return env_error_detail(detail, ENV_R_KEK_NOT_FOUND, "%s: another key has its names now",
                                kek->where);
    ENV_TRY(env_kek_uses(token, key, &place->uses, detail));
    place->handle = key->handle;
    place->epoch = session->epoch;
    place->always = key->always_authenticate;
    env_kek_set_place(kek, place);
    return ENV_OK;
}

static ENV_RESULT find_again(const struct job *job, const struct env_blame *blame,
                             const struct env_session *session, enum env_loss cured,
                             struct env_place *place, struct env_error_detail *detail)
{
    struct env_token_kek *kek = job->kek;
    struct env_token *token = blame->token;
    struct env_found *found = malloc(sizeof(*found));
    struct env_query query;
    ENV_RESULT r;

    if (found == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", kek->where);
    env_query_from_id(&query, &kek->id, kek->attributes.bits);
    query.kinds = kek->attributes.rsa ? ENV_KEYS_RSA : ENV_KEYS_AES;
    if (kek->attributes.id_is_made) {
        query.reference = kek->id;
        query.id.len = 0;
    }
    query.by_label = kek->attributes.label_len > 0;
    query.label_len = kek->attributes.label_len;
    memcpy(query.label, kek->attributes.label, sizeof(query.label));
    r = env_login_check(token, session, &kek->head.token_set->pins, detail);
    if (env_ok(r))
        r = env_find_keys(token, session, &query, found, detail);
    if (env_ok(r) && found->count == 0)
        r = gone(job, cured, blame->most, detail);
    else if (env_ok(r) && found->count > 1)
        r = env_error_detail(detail, ENV_R_KEK_AMBIGUOUS, "%s exists more than once", kek->where);
    else if (env_ok(r))
        r = accept_key(kek, token, session, &found->keys[0], place, detail);
    env_query_clear(&query);
    free(found);
    return r;
}

/* ---- after a failure ---- */

/* The first call that the token does not answer, and its code; NULL if it answers everything. */
static const char *first_unanswered(const struct env_key_use *use, CK_RV *rv)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_KEY_TYPE type;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    CK_SESSION_INFO session_info;
    CK_TOKEN_INFO token_info = {0};
    CK_BYTE bytes[16] = {0}; /* Google's module gives no fewer than 8 */

    *rv = ENV_P11(fn->C_GetSessionInfo(use->session->handle, &session_info));
    if (*rv != CKR_OK)
        return "C_GetSessionInfo";
    *rv = ENV_P11(fn->C_GetTokenInfo(use->token->slot, &token_info));
    if (*rv != CKR_OK)
        return "C_GetTokenInfo";
    *rv = ENV_P11(fn->C_GetAttributeValue(use->session->handle, use->key, &attribute, 1));
    if (*rv != CKR_OK)
        return "C_GetAttributeValue";
    if ((token_info.flags & CKF_RNG) != 0) /* only the device can answer this */
        *rv = ENV_P11(fn->C_GenerateRandom(use->session->handle, bytes, sizeof(bytes)));
    return *rv == CKR_OK ? NULL : "C_GenerateRandom";
}

/*
 * The code may mean bad data or a lost token. If the token answers everything else and knows the
 * key, the data was bad. Data that does not verify is probed in the same way, whatever the code was
 * and even without one: neither our calls nor the error may depend on how it is bad.
 */
static void probe(const struct env_key_use *use)
{
    struct env_error_detail *detail = use->detail;
    bool data = detail->reason == ENV_R_NOT_AUTHENTIC;
    const char *function;
    CK_RV rv;

    if (!data && !env_ckr_ambiguous(detail->rv))
        return;
    function = first_unanswered(use, &rv);
    detail->loss = env_ckr_ambiguous(rv) ? ENV_LOSS_MODULE : env_ckr_loss(rv);
    if (data && detail->loss != ENV_LOSS_NONE)
        (void)env_error_detail_ckr(detail, ENV_R_UNWRAP_FAILED, function, rv, use->where);
}

/* Discards what the failure disproved, and decides whether the data or the token was at fault. */
static ENV_RESULT settle(const struct env_key_use *use, struct env_session *session, ENV_RESULT r)
{
    if (use->session_spoiled)
        session->epoch = 0; /* no pool has this epoch: it is closed when given back */
    if (env_ok(r))
        return r;
    if (use->detail->reason == ENV_R_KEK_USAGE || env_ckr_mechanism_unusable(use->detail->rv))
        env_mechanisms_forget(use->token);
    probe(use);
    return ENV_FAIL(use->detail->reason);
}

/* ---- one attempt ---- */

static enum env_loss most_remedy(const struct env_token_set *token_set, const struct job *job)
{
    switch (job->patience) {
    case ENV_PATIENCE_QUICK:
        return ENV_LOSS_SESSION;
    case ENV_PATIENCE_IF_ALONE:
        return env_tokens_only(token_set->tokens, &job->kek->token) ? ENV_LOSS_MODULE
                                                                    : ENV_LOSS_SESSION;
    case ENV_PATIENCE_ALL:
    case ENV_PATIENCE_LAST:
        break;
    }
    return ENV_LOSS_MODULE;
}

static ENV_RESULT gone_token(const struct env_token_set *token_set, const struct env_token_kek *kek,
                             struct env_error_detail *detail)
{
    const struct env_error_detail *unseen = &token_set->tokens->unseen;
    bool all_seen = unseen->reason == ENV_R_NONE;

    return env_error_detail(detail, ENV_R_TOKEN_FAILED, "%s: the token is gone%s%.*s", kek->where,
                            all_seen ? "" : "; ", ENV_ERROR_DETAIL_TEXT / 2 - 32,
                            all_seen ? "" : unseen->text);
}

/* If the token is not there: NULL, and detail says what may help. */
static struct env_token *find_token(const struct env_token_set *token_set,
                                    const struct env_token_kek *kek, enum env_loss cured,
                                    struct env_blame *blame, struct env_error_detail *detail)
{
    struct env_token *token = env_tokens_named(token_set->tokens, &kek->token);

    if (token != NULL)
        return token;
    (void)gone_token(token_set, kek, detail);
    detail->loss = cured < ENV_LOSS_SLOT ? ENV_LOSS_SLOT : ENV_LOSS_MODULE;
    if (kek->module < token_set->tokens->modules.count)
        blame->module = &token_set->tokens->modules.list[kek->module];
    return NULL;
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    const struct job *job = arg;
    struct env_token_kek *kek = job->kek;
    struct env_place place = env_kek_place(kek);
    struct env_token *token = env_tokens_of_epoch(token_set->tokens, place.epoch);
    bool known = token != NULL && cured != ENV_LOSS_KEY;
    struct env_session session;
    ENV_RESULT r = ENV_OK;

    blame->most = most_remedy(token_set, job);
    if (token == NULL)
        token = find_token(token_set, kek, cured, blame, detail);
    if (token == NULL)
        return ENV_FAIL(detail->reason);
    blame->token = token;
    blame->token_epoch = atomic_load(&token->sessions.epoch);
    ENV_TRY(env_token_set_session(token_set, token, &session, detail));
    if (!known)
        r = find_again(job, blame, &session, cured, &place, detail);
    if (env_ok(r)) {
        struct env_key_use use = {
            .token = token,
            .session = &session,
            .key = place.handle,
            .bits = kek->attributes.bits,
            .uses = place.uses,
            .always = place.always ? &token_set->pins : NULL,
            .where = kek->where,
            .detail = detail,
        };

        r = job->run(&use, job->arg);
        r = settle(&use, &session, r);
    }
    env_session_give(&token->sessions, &session, env_ok(r) || detail->loss <= ENV_LOSS_KEY);
    return r;
}

ENV_RESULT env_kek_use_key(struct env_token_kek *kek, enum env_patience patience,
                           env_key_use_fn *run, void *arg, struct env_error_detail *detail)
{
    struct job job = {kek, patience, run, arg};

    return env_token_set_attempt(kek->head.token_set, attempt, &job, detail);
}
