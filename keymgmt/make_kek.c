/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/make_kek.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/generate_key.h"
#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/rsa_key_pair.h"
#include "keymgmt/token/query.h"
#include "keymgmt/kek/token_kek.h"

#define ID_LEN 16u

struct making {
    struct env_key_plan plan;
    struct env_kek_id id;
    struct env_kek_id given; /* to the last pair that was made, instead of that; or empty */
    P11KitUri *uri;          /* narrows the tokens, or NULL */
    enum env_template_kind kind;
    bool refused;     /* the token does not take this kind of template */
    bool label_taken; /* by another KEK, which was agreed to */
    struct env_kek **out;
    bool own_id; /* random: what has it came of this */
    bool asked;  /* the token, to make the key; so it may be there whatever was answered */
};

/* ---- the request ---- */

static ENV_RESULT check_request(const struct env_ring *ring, const struct env_kek_request *request,
                                struct env_fault *fault)
{
    const struct env_key_facts wanted = {
        .bits = request->bits,
        .rsa = request->type == ENV_KEK_RSA,
        .id_len = ID_LEN,
        .sensitive = true,
        .always_sensitive = true,
        .never_extractable = true,
        .private_object = true,
    };
    size_t bits = request->bits;
    size_t label_len = request->label != NULL ? strlen(request->label) : 0;
    enum env_reason refusal = env_policy_refusal(ring->config, &wanted);

    if (label_len < 1 || label_len > ENV_LABEL_MAX)
        return env_fault(fault, ENV_R_LABEL_MISSING, "label: 1 to %u bytes", ENV_LABEL_MAX);
    if (wanted.rsa ? bits < ENV_RSA_BITS_MIN || bits > ENV_RSA_BITS_MAX || bits % 8 != 0
                   : bits != 128 && bits != 192 && bits != 256)
        return env_fault(fault, ENV_R_KEK_KIND, "%zu bits", bits);
    if (refusal != ENV_R_NONE)
        return env_fault(fault, refusal, "%zu bits", bits);
    return ENV_OK;
}

/* A label stands for the URI that has nothing else. */
static ENV_RESULT parse_token(const char *text, P11KitUri **out, struct env_fault *fault)
{
    size_t len = text != NULL ? strlen(text) : 0;
    CK_TOKEN_INFO *info;

    *out = NULL;
    if (text == NULL)
        return ENV_OK;
    if (env_uri_is(text))
        return env_uri_parse(text, "token", out, fault);
    *out = p11_kit_uri_new();
    if (*out == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "token");
    info = p11_kit_uri_get_token_info(*out);
    if (len < 1 || len > sizeof(info->label))
        return env_fault(fault, ENV_R_NO_TOKEN, "a token's label has 1 to %zu bytes",
                         sizeof(info->label));
    memset(info->label, ' ', sizeof(info->label));
    memcpy(info->label, text, len);
    return ENV_OK;
}

/* ---- in the token ---- */

static ENV_RESULT choose_token(const struct env_ring *ring, const struct making *m,
                               struct env_token **out, struct env_fault *fault)
{
    *out = NULL;
    for (size_t i = 0; i < ring->tokens->count; i++) {
        struct env_token *token = ring->tokens->list[i];

        if (m->uri != NULL && !env_token_matches(token, m->uri))
            continue;
        if (*out != NULL)
            return env_fault(fault, ENV_R_TOKEN_AMBIGUOUS, "%s and %s", (*out)->where,
                             token->where);
        *out = token;
    }
    if (*out == NULL)
        return env_fault(fault, ENV_R_NO_TOKEN, "the option token matches none of the configured");
    if (((*out)->info.flags & CKF_WRITE_PROTECTED) != 0)
        return env_fault(fault, ENV_R_TOKEN_READ_ONLY, "%s", (*out)->where);
    return ENV_OK;
}

struct taken {
    struct making *m;
    const struct env_token *token;
    struct env_fault *fault;
};

/* Two KEKs of one label may be agreed to; two of one id would be one and the same to a message. */
static ENV_RESULT is_taken(void *arg, const struct env_key_facts *key)
{
    const struct taken *taken = arg;
    bool same_id =
        key->id_len == taken->m->id.len && memcmp(key->id, taken->m->id.bytes, key->id_len) == 0;
    char described[ENV_FAULT_TEXT / 2];

    if (!same_id && taken->m->plan.request->same_label) {
        taken->m->label_taken = true;
        return ENV_OK;
    }
    env_key_described(described, sizeof(described), key, taken->token);
    return env_fault(taken->fault, ENV_R_KEK_EXISTS, "%s", described);
}

static ENV_RESULT check_free(struct making *m, struct env_token *token,
                             const struct env_session *session, struct env_fault *fault)
{
    const char *label = m->plan.request->label;
    struct taken taken = {m, token, fault};
    struct env_query query;
    ENV_RESULT r;

    ENV_TRY(env_query_to_show(&query, NULL, fault));
    query.by_label = true;
    query.label_len = strlen(label);
    memcpy(query.label, label, query.label_len);
    r = env_find_all_keys(token, session, &query, is_taken, &taken, fault);
    query.by_label = false;
    query.id = m->id;
    if (env_ok(r))
        r = env_find_all_keys(token, session, &query, is_taken, &taken, fault);
    env_query_clear(&query);
    return r;
}

/* The key is judged by what the token says of it, not by what it was asked for. */
static ENV_RESULT take_key(struct env_ring *ring, struct making *m, struct env_token *token,
                           const struct env_session *session, CK_OBJECT_HANDLE handle,
                           struct env_fault *fault)
{
    struct env_key_facts *key = malloc(sizeof(*key));
    struct env_token_kek *kek;
    ENV_RESULT r = ENV_OK;
    CK_RV rv;

    if (key == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", token->where);
    rv = env_read_key(token, session, handle, key);
    if (rv != CKR_OK)
        r = env_fault_ckr(fault, ENV_R_KEK_NOT_MADE, "C_GetAttributeValue", rv, token->where);
    if (env_ok(r))
        r = env_policy_judge(ring->config, key, token, fault);
    if (env_ok(r))
        r = env_token_kek_new(ring, token, key, session->epoch, &kek, fault);
    if (env_ok(r))
        *m->out = env_token_kek_base(kek);
    free(key);
    return r;
}

static void destroy(const struct env_token *token, CK_SESSION_HANDLE writing,
                    const struct env_generated *made)
{
    (void)ENV_P11(token->fn->C_DestroyObject(writing, made->key));
    if (made->public_key != CK_INVALID_HANDLE)
        (void)ENV_P11(token->fn->C_DestroyObject(writing, made->public_key));
}

/* By names: what came of a call that failed, or in a session that is lost. */
static ENV_RESULT destroy_made(const struct making *m, const struct env_token *token,
                               const struct env_session *session, struct env_fault *fault)
{
    struct env_key_plan named = m->plan;

    ENV_TRY(env_destroy_made(token, session, &m->plan, fault));
    named.id = &m->given;
    return m->given.len > 0 ? env_destroy_made(token, session, &named, fault) : ENV_OK;
}

static ENV_RESULT generate(struct env_ring *ring, struct making *m, struct env_token *token,
                           const struct env_session *session, struct env_fault *fault)
{
    struct env_generated made = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    bool rsa = m->plan.request->type == ENV_KEK_RSA;
    ENV_RESULT r;

    m->asked = true;
    ENV_TRY(env_generate_key(token, session->handle, &m->plan, m->kind, &made, &m->refused, fault));
    if (rsa && m->own_id)
        env_rsa_pair_name(&ring->rsa, token, session->handle,
                          &(struct env_rsa_key_pair){made.key, made.public_key}, &m->id, &m->given);
    r = take_key(ring, m, token, session, made.key, fault);
    if (!env_ok(r))
        destroy(token, session->handle, &made);
    return r;
}

static ENV_RESULT attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_fault *fault)
{
    struct making *m = arg;
    struct env_session session;
    struct env_token *token;
    ENV_RESULT r;

    (void)cured;
    ENV_TRY(choose_token(ring, m, &token, fault));
    blame->token = token;
    blame->token_epoch = atomic_load(&token->sessions.epoch);
    ENV_TRY(env_plan_key(token, ring->config->wrap_choice, &m->plan, fault));
    ENV_TRY(env_ring_session_to_write(ring, token, &session, fault));
    r = env_login_check(token, &session, &ring->pins, fault);
    if (env_ok(r) && m->asked && m->own_id)
        r = destroy_made(m, token, &session, fault);
    if (env_ok(r))
        r = check_free(m, token, &session, fault);
    if (env_ok(r))
        r = generate(ring, m, token, &session, fault);
    env_session_give(&token->sessions, &session, false);
    return r;
}

/* ---- from one kind of template to the next ---- */

/* A KEK that does not work is no use to anyone: its object goes again. */
static ENV_RESULT destroy_attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                                  struct env_blame *blame, struct env_fault *fault)
{
    const struct making *m = arg;
    struct env_token *token = NULL;
    struct env_session session;
    ENV_RESULT r;

    (void)cured;
    (void)blame;
    ENV_TRY(choose_token(ring, m, &token, fault));
    ENV_TRY(env_ring_session_to_write(ring, token, &session, fault));
    r = destroy_made(m, token, &session, fault);
    env_session_give(&token->sessions, &session, false);
    return r;
}

static void take_back(struct env_ring *ring, struct making *m)
{
    struct env_fault ignored;

    env_kek_free(*m->out);
    *m->out = NULL;
    (void)env_ring_attempt(ring, destroy_attempt, m, &ignored);
}

static ENV_RESULT make(struct env_ring *ring, struct making *m, struct env_fault *fault)
{
    ENV_RESULT r = env_ring_attempt(ring, attempt, m, fault);

    if (!env_ok(r)) {
        if (m->asked && m->own_id && !m->refused)
            take_back(ring, m);
        return r;
    }
    r = env_token_kek_prepare(env_token_kek_from(*m->out), ENV_PATIENCE_ALL, fault);
    if (!env_ok(r)) {
        m->refused = m->kind < ENV_TEMPLATE_PLAIN; /* it may be the mechanisms allowed */
        take_back(ring, m);
    }
    return r;
}

ENV_RESULT env_make_kek(struct env_ring *ring, const struct env_kek_request *request,
                        struct env_kek **out, struct env_fault *fault)
{
    struct making m = {.out = out, .id = request->id};
    ENV_RESULT r;

    *out = NULL;
    ENV_TRY(check_request(ring, request, fault));
    m.plan.request = request;
    m.plan.id = &m.id;
    if (m.id.len == 0) {
        m.own_id = true;
        m.id.len = ID_LEN;
        if (RAND_bytes(m.id.bytes, ID_LEN) != 1)
            return env_fault(fault, ENV_R_RANDOM_FAILED, "id");
    }
    if (request->token != NULL && env_uri_is(request->token))
        ENV_TRY(env_pin_remember_uri(&ring->pins, request->token, fault));
    r = parse_token(request->token, &m.uri, fault);
    while (env_ok(r)) {
        r = make(ring, &m, fault);
        if (env_ok(r) || !m.refused)
            break;
        m.refused = false;
        m.kind = env_template_after(&m.plan, m.kind);
        r = ENV_OK;
    }
    env_uri_free(m.uri);
    if (r.reason == ENV_R_KEK_USAGE) /* a token may have told nonsense, or may learn it */
        env_ring_forget_mechanisms(ring);
    if (env_ok(r) && m.label_taken)
        env_kek_cache_empty(&ring->cache); /* the label is ambiguous now */
    return r;
}
