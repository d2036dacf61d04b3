/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/make_kek.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/generate_key.h"
#include "keymgmt/keep_dates.h"
#include "keymgmt/kek/self_test.h"
#include "keymgmt/kek/single_kek.h"
#include "keymgmt/kek_request.h"
#include "keymgmt/rsa_key_pair.h"
#include "keymgmt/token/attempt.h"
#include "keymgmt/token/kept_dates.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/versions.h"

struct making {
    struct env_key_plan plan;
    struct env_kek_id id;
    struct env_kek_id given; /* the id for the last key that was made, if it differs; else empty */
    P11KitUri *uri;          /* narrows the tokens, or NULL */
    enum env_template_kind kind;
    bool refused;     /* the token does not accept this kind of template */
    bool works_not;   /* it was made, but does not wrap and unwrap */
    bool label_taken; /* by another KEK, with the caller's consent */
    struct env_kek **out;
    bool own_names; /* a random id, or a label that was free: any object with both is ours */
    bool asked; /* the token was asked to make the key, so it may exist whatever the answer was */
};

/* ---- on the token ---- */

static ENV_RESULT no_such_token(const struct env_token_set *token_set,
                                struct env_error_detail *detail)
{
    char there[ENV_SEEN_TEXT];

    env_tokens_there(token_set->tokens, there);
    return env_error_detail(detail, ENV_R_NO_TOKEN,
                            "the option 'token' matches none of the configured tokens; %s", there);
}

static ENV_RESULT choose_token(const struct env_token_set *token_set, const struct making *m,
                               struct env_token **out, struct env_error_detail *detail)
{
    *out = NULL;
    for (size_t i = 0; i < token_set->tokens->count; i++) {
        struct env_token *token = token_set->tokens->list[i];

        if (m->uri != NULL && !env_token_matches(token, m->uri))
            continue;
        if (*out != NULL)
            return env_error_detail(detail, ENV_R_TOKEN_AMBIGUOUS, "%s and %s", (*out)->where,
                                    token->where);
        *out = token;
    }
    if (*out == NULL)
        return no_such_token(token_set, detail);
    if (((*out)->info.flags & CKF_WRITE_PROTECTED) != 0)
        return env_error_detail(detail, ENV_R_TOKEN_READ_ONLY, "%s", (*out)->where);
    return ENV_OK;
}

struct taken {
    struct making *m;
    const struct env_token *token;
    struct env_error_detail *detail;
};

static bool is_labelled(const struct env_key_attributes *key, const char *label)
{
    return key->label_len == strlen(label) && memcmp(key->label, label, key->label_len) == 0;
}

/*
 * The caller may agree to two KEKs with one label. Two with one id would be the same to a message.
 */
static ENV_RESULT is_taken(void *arg, const struct env_key_attributes *key)
{
    const struct taken *taken = arg;
    bool same_id = env_kek_id_equal(&key->id, &taken->m->id);
    bool is_source = key->handle == taken->m->plan.source;
    char described[ENV_ERROR_DETAIL_TEXT / 2];

    if (is_source && !is_labelled(key, taken->m->plan.request->label))
        return ENV_OK;
    if (!same_id && taken->m->plan.request->same_label) {
        taken->m->label_taken = true;
        return ENV_OK;
    }
    env_key_described(described, sizeof(described), key, taken->token);
    return env_error_detail(taken->detail, ENV_R_KEK_EXISTS, "%s", described);
}

static ENV_RESULT check_free(struct making *m, struct env_token *token,
                             const struct env_session *session, struct env_error_detail *detail)
{
    const char *label = m->plan.request->label;
    struct taken taken = {m, token, detail};
    struct env_query query;
    ENV_RESULT r;

    ENV_TRY(env_query_to_show(&query, NULL, detail));
    query.by_label = true;
    query.label_len = strlen(label);
    memcpy(query.label, label, query.label_len);
    r = env_find_all_keys(token, session, &query, is_taken, &taken, detail);
    query.by_label = false;
    query.id = m->id;
    if (env_ok(r))
        r = env_find_all_keys(token, session, &query, is_taken, &taken, detail);
    env_query_clear(&query);
    return r;
}

/* ---- the key to copy ---- */

struct sources {
    struct making *m;
    size_t count;
};

static ENV_RESULT take_source(void *arg, const struct env_key_attributes *key)
{
    struct sources *sources = arg;

    sources->count++;
    sources->m->plan.source = key->handle;
    sources->m->plan.source_is_sensitive = key->sensitive;
    sources->m->plan.source_is_extractable = key->extractable;
    sources->m->id = key->id;
    return ENV_OK;
}

/* The copy keeps the id, so to a message it is the same KEK. */
static ENV_RESULT find_source(struct making *m, struct env_token *token,
                              const struct env_session *session, struct env_error_detail *detail)
{
    const char *wanted = m->plan.request->copy_of;
    struct sources sources = {.m = m};
    struct env_query query;
    ENV_RESULT r = ENV_OK;

    m->plan.source = CK_INVALID_HANDLE;
    if (wanted == NULL)
        return ENV_OK;
    ENV_TRY(env_query_to_show(&query, wanted, detail));
    query.kinds = ENV_KEYS_AES;
    if (query.uri == NULL || env_token_matches(token, query.uri))
        r = env_find_all_keys(token, session, &query, take_source, &sources, detail);
    if (env_ok(r) && sources.count != 1)
        r = env_error_detail(detail, sources.count == 0 ? ENV_R_KEK_NOT_FOUND : ENV_R_KEK_AMBIGUOUS,
                             "copy-of: %s, in %s", query.shown, token->where);
    if (env_ok(r) && (m->id.len < 1 || m->id.len > ENV_KEK_ID_MAX))
        r = env_error_detail(detail, ENV_R_KEK_WITHOUT_ID, "copy-of: %s", query.shown);
    env_query_clear(&query);
    return r;
}

/* The key is judged by what the token reports, not by what was requested. */
static ENV_RESULT take_key(struct env_token_set *token_set, struct making *m,
                           struct env_token *token, const struct env_session *session,
                           CK_OBJECT_HANDLE handle, struct env_error_detail *detail)
{
    struct env_key_attributes *key = malloc(sizeof(*key));
    struct env_token_kek *kek;
    ENV_RESULT r = ENV_OK;
    CK_RV rv;

    if (key == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", token->where);
    rv = env_read_key(token, session, handle, key);
    if (rv != CKR_OK)
        r = env_error_detail_ckr(detail, ENV_R_KEK_NOT_MADE, "C_GetAttributeValue", rv,
                                 token->where);
    if (env_ok(r))
        r = env_keep_dates(token, session, &m->plan.request->dates, key, detail);
    if (env_ok(r))
        r = env_policy_judge(token_set->config, key, token, detail);
    if (env_ok(r))
        r = env_token_kek_new(token_set, token, key, session->epoch, &kek, detail);
    if (env_ok(r))
        *m->out = env_token_kek_base(kek);
    if (rv == CKR_OK && m->kind >= ENV_TEMPLATE_NO_ID)
        m->given = key->id;
    free(key);
    return r;
}

static void destroy(const struct making *m, const struct env_token *token,
                    CK_SESSION_HANDLE writing, const struct env_generated *made)
{
    if (m->plan.request->copy_of == NULL)
        env_kept_dates_destroy(token, writing, m->given.len > 0 ? &m->given : &m->id);
    (void)ENV_P11(token->fn->C_DestroyObject(writing, made->key));
    if (made->public_key != CK_INVALID_HANDLE)
        (void)ENV_P11(token->fn->C_DestroyObject(writing, made->public_key));
}

/* Destroys by name what a failed call or a lost session left behind. */
static ENV_RESULT destroy_made(const struct making *m, const struct env_token *token,
                               const struct env_session *session, struct env_error_detail *detail)
{
    struct env_key_plan named = m->plan;

    if (m->plan.request->copy_of == NULL)
        env_kept_dates_destroy(token, session->handle, m->given.len > 0 ? &m->given : &m->id);
    ENV_TRY(env_destroy_made(token, session, &m->plan, detail));
    named.id = &m->given;
    return m->given.len > 0 ? env_destroy_made(token, session, &named, detail) : ENV_OK;
}

static void forget_indexes(struct env_token *token)
{
    env_rsa_index_forget(&token->rsa_index);
    env_aes_index_forget(&token->aes_index);
}

static ENV_RESULT generate(struct env_token_set *token_set, struct making *m,
                           struct env_token *token, const struct env_session *session,
                           struct env_error_detail *detail)
{
    struct env_generated made = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    bool rsa = m->plan.request->type == ENV_KEK_RSA;
    ENV_RESULT r;

    m->asked = true;
    forget_indexes(token); /* whatever the result */
    ENV_TRY(
        env_generate_key(token, session->handle, &m->plan, m->kind, &made, &m->refused, detail));
    if (rsa && m->own_names && m->kind < ENV_TEMPLATE_NO_ID && env_module_renames(token->module))
        env_rsa_pair_name(&token_set->rsa, token, session->handle,
                          &(struct env_rsa_key_pair){made.key, made.public_key}, &m->id, &m->given);
    forget_indexes(token); /* those that another thread added meanwhile */
    r = take_key(token_set, m, token, session, made.key, detail);
    if (!env_ok(r))
        destroy(m, token, session->handle, &made);
    return r;
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    struct making *m = arg;
    struct env_session session;
    struct env_token *token = NULL;
    ENV_RESULT r;

    (void)cured;
    ENV_TRY(choose_token(token_set, m, &token, detail));
    blame->token = token;
    blame->token_epoch = atomic_load(&token->sessions.epoch);
    ENV_TRY(env_plan_key(token, token_set->config->wrap_choice, &m->plan, detail));
    ENV_TRY(env_token_set_session_to_write(token_set, token, &session, detail));
    r = env_login_check(token, &session, &token_set->pins, detail);
    if (env_ok(r) && m->asked && m->own_names)
        r = destroy_made(m, token, &session, detail);
    if (env_ok(r))
        r = find_source(m, token, &session, detail);
    if (env_ok(r))
        r = check_free(m, token, &session, detail);
    if (env_ok(r))
        r = generate(token_set, m, token, &session, detail);
    env_session_give(&token->sessions, &session, false);
    return r;
}

/* ---- one template kind after another ---- */

/* Removes the object of a KEK that does not work. */
static ENV_RESULT destroy_attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                                  struct env_blame *blame, struct env_error_detail *detail)
{
    const struct making *m = arg;
    struct env_token *token = NULL;
    struct env_session session;
    ENV_RESULT r;

    (void)cured;
    (void)blame;
    ENV_TRY(choose_token(token_set, m, &token, detail));
    ENV_TRY(env_token_set_session_to_write(token_set, token, &session, detail));
    r = destroy_made(m, token, &session, detail);
    env_session_give(&token->sessions, &session, false);
    return r;
}

static void take_back(struct env_token_set *token_set, struct making *m)
{
    struct env_error_detail ignored;

    env_kek_free(*m->out);
    *m->out = NULL;
    (void)env_token_set_attempt(token_set, destroy_attempt, m, &ignored);
}

static ENV_RESULT make(struct env_token_set *token_set, struct making *m,
                       struct env_error_detail *detail)
{
    struct env_kek_operation testing = {.patience = ENV_PATIENCE_ALL, .detail = detail};
    ENV_RESULT r = env_token_set_attempt(token_set, attempt, m, detail);

    if (!env_ok(r)) {
        if (m->asked && m->own_names && !m->refused)
            take_back(token_set, m);
        return r;
    }
    if (m->plan.request->unwraps_alone) /* another key has to wrap what this one opens */
        return r;
    r = env_token_kek_prepare(env_token_kek_from(*m->out), &testing);
    m->works_not =
        r.reason == ENV_R_KEK_USAGE || r.reason == ENV_R_KEK_SELF_TEST || env_gcm_iv_bad(r.reason);
    if (!env_ok(r)) {
        m->refused = m->kind < ENV_TEMPLATE_PLAIN; /* the allowed mechanisms may be the cause */
        take_back(token_set, m);
    }
    return r;
}

/* Moves to a plainer template, or to the other pair of uses. False: nothing is left to try. */
static bool try_next(struct making *m)
{
    if (m->refused) {
        m->refused = false;
        m->kind = env_template_after(&m->plan, m->kind);
        if (m->kind < ENV_TEMPLATES)
            return true;
    } else if (!m->works_not) {
        return false;
    }
    m->plan.tried |= 1u << m->plan.pair;
    m->kind = ENV_TEMPLATE_FULL;
    return m->plan.other_pair && m->plan.request->copy_of == NULL;
}

ENV_RESULT env_make_kek(struct env_token_set *token_set, const struct env_kek_request *request,
                        struct env_kek **out, struct env_error_detail *detail)
{
    struct making m = {.out = out, .id = request->id};
    ENV_RESULT r;

    *out = NULL;
    ENV_TRY(env_kek_request_check(token_set->config, request, detail));
    m.plan.request = request;
    m.plan.id = &m.id;
    m.own_names = m.id.len == 0;
    m.plan.any_id = m.own_names && request->copy_of == NULL;
    if (m.own_names && request->copy_of == NULL) {
        m.id.len = ENV_KEK_NEW_ID_LEN;
        if (RAND_bytes(m.id.bytes, ENV_KEK_NEW_ID_LEN) != 1)
            return env_error_detail(detail, ENV_R_RANDOM_FAILED, "id");
    }
    if (request->token != NULL && env_uri_is(request->token))
        ENV_TRY(env_pin_remember_uri(&token_set->pins, request->token, detail));
    if (request->copy_of != NULL && env_uri_is(request->copy_of))
        ENV_TRY(env_pin_remember_uri(&token_set->pins, request->copy_of, detail));
    r = env_kek_request_token(request->token, &m.uri, detail);
    while (env_ok(r)) {
        m.works_not = false;
        r = make(token_set, &m, detail);
        if (env_ok(r) || !try_next(&m))
            break;
        r = ENV_OK;
    }
    env_uri_free(m.uri);
    if (r.reason == ENV_R_KEK_USAGE) /* the token's earlier answers may be wrong or out of date */
        env_token_set_forget_mechanisms(token_set);
    if (env_ok(r) && m.label_taken)
        env_kek_cache_empty(&token_set->cache); /* the label is ambiguous from now on */
    return r;
}
