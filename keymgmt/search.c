/* SPDX-License-Identifier: Apache-2.0 */
#include "search.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kek_operation.h"
#include "login.h"
#include "policy.h"
#include "rsa_kek.h"
#include "token_kek.h"

struct search {
    const struct env_query *query;
    bool first_will_do;
    struct env_kek **out;
    /* of one attempt */
    size_t tokens_seen;
    char seen[ENV_FAULT_TEXT / 2]; /* the tokens looked at */
    struct env_token *token;       /* of the first match, or NULL */
    uint64_t epoch;
    struct env_key_facts match;
    bool ambiguous;
    char matches[ENV_FAULT_TEXT / 2];
    bool failed; /* a token could not be searched, for this reason: */
    struct env_fault failure;
    struct env_found found;
};

/* Appends to a list in a message as much as fits. */
static void list(char *text, size_t size, const char *item)
{
    size_t len = strlen(text);

    (void)snprintf(text + len, size - len, "%s%s", len > 0 ? ", " : "", item);
}

static void begin(struct search *s)
{
    s->tokens_seen = 0;
    s->seen[0] = '\0';
    s->matches[0] = '\0';
    s->token = NULL;
    s->ambiguous = false;
    s->failed = false;
}

static void add_match(struct search *s, struct env_token *token, uint64_t epoch,
                      const struct env_key_facts *key)
{
    char described[ENV_FAULT_TEXT / 4];
    bool same_id =
        s->token != NULL && s->match.id_len == key->id_len &&
        (key->id_len > sizeof(key->id) || memcmp(s->match.id, key->id, key->id_len) == 0);

    env_key_described(described, sizeof(described), key, token);
    list(s->matches, sizeof(s->matches), described);
    if (s->token == NULL) {
        s->token = token;
        s->epoch = epoch;
        s->match = *key;
    } else if (s->token == token || !same_id) {
        s->ambiguous = true;
    }
}

struct by_public_half {
    struct env_ring *ring;
    const struct env_query *query;
    struct env_found *found;
};

static ENV_RESULT keep_if_referred_to(void *arg, const struct env_key_facts *key)
{
    const struct by_public_half *by = arg;

    if (by->found->count < ENV_FOUND_MAX && env_rsa_is_reference(by->ring, key, &by->query->id))
        by->found->keys[by->found->count++] = *key;
    return ENV_OK;
}

/* Among all RSA keys of the token, since it can not be asked for the hash of an attribute. */
static ENV_RESULT find_by_public_half(struct env_ring *ring, struct search *s,
                                      const struct env_token *token,
                                      const struct env_session *session, struct env_fault *fault)
{
    struct by_public_half by = {ring, s->query, &s->found};
    const struct env_query all = {.kinds = ENV_KEYS_RSA};

    return env_find_all_keys(token, session, &all, keep_if_referred_to, &by, fault);
}

static ENV_RESULT look_at(struct env_ring *ring, struct search *s, struct env_token *token,
                          struct env_fault *fault)
{
    struct env_session session;
    ENV_RESULT r;

    ENV_TRY(env_ring_session(ring, token, &session, fault));
    r = env_login_check(token, &session, &ring->pins, fault);
    if (env_ok(r))
        r = env_find_keys(token, &session, s->query, &s->found, fault);
    if (env_ok(r) && s->found.count == 0 && s->query->or_public_half &&
        s->query->id.len == ENV_RSA_REFERENCE_LEN)
        r = find_by_public_half(ring, s, token, &session, fault);
    for (size_t i = 0; env_ok(r) && i < s->found.count; i++)
        add_match(s, token, session.epoch, &s->found.keys[i]);
    env_session_give(&token->sessions, &session, env_ok(r) || fault->loss <= ENV_LOSS_KEY);
    return r;
}

/* Looks at the tokens in their order. Fails only for what a remedy may make good. */
static ENV_RESULT look_at_all(struct env_ring *ring, struct search *s, enum env_loss cured,
                              struct env_blame *blame, struct env_fault *fault)
{
    for (size_t i = 0; i < ring->tokens->count; i++) {
        struct env_token *token = ring->tokens->list[i];
        ENV_RESULT r;

        if (s->query->uri != NULL && !env_token_matches(token, s->query->uri))
            continue;
        s->tokens_seen++;
        list(s->seen, sizeof(s->seen), token->where);
        r = look_at(ring, s, token, fault);
        if (!env_ok(r) && fault->loss != ENV_LOSS_NONE && cured < ENV_LOSS_MODULE) {
            blame->token = token;
            blame->token_epoch = atomic_load(&token->sessions.epoch);
            return r;
        }
        if (!env_ok(r) && !s->failed) {
            s->failed = true;
            s->failure = *fault;
        }
        if (s->token != NULL && s->first_will_do)
            break;
    }
    return ENV_OK;
}

static ENV_RESULT not_found(struct env_ring *ring, const struct search *s, enum env_loss cured,
                            struct env_fault *fault)
{
    ENV_RESULT r;

    if (s->failed) {
        *fault = s->failure;
        return ENV_FAIL(fault->reason);
    }
    if (s->tokens_seen == 0)
        r = env_fault(fault, ENV_R_NO_TOKEN, "wanted: %s", s->query->shown);
    else
        r = env_fault(fault, ENV_R_KEK_NOT_FOUND, "%s; looked at %s", s->query->shown, s->seen);
    if (ring->tokens->count == 0 && cured < ENV_LOSS_MODULE)
        fault->loss = ENV_LOSS_MODULE;
    else if (cured == ENV_LOSS_NONE && env_ring_is_due(&ring->last_look))
        fault->loss = ENV_LOSS_SLOT; /* its token may have been plugged in meanwhile */
    return r;
}

/* The KEK object of the match: the one there is already, or a new one. */
static ENV_RESULT make_kek(struct env_ring *ring, const struct search *s, struct env_fault *fault)
{
    const struct env_kek_identity identity = {s->token, &s->match};
    struct env_token_kek *kek;

    if (s->query->raw)
        ENV_TRY(env_policy_judge_raw(ring->config, &s->match, s->token, fault));
    else if (!s->query->any_policy)
        ENV_TRY(env_policy_judge(ring->config, &s->match, s->token, fault));
    *s->out = env_kek_cache_search(&ring->cache, env_token_kek_is, &identity);
    if (*s->out != NULL)
        return ENV_OK;
    ENV_TRY(env_token_kek_new(ring, s->token, &s->match, s->epoch, &kek, fault));
    *s->out = env_token_kek_base(kek);
    return ENV_OK;
}

static ENV_RESULT attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_fault *fault)
{
    struct search *s = arg;

    begin(s);
    ENV_TRY(look_at_all(ring, s, cured, blame, fault));
    if (s->token == NULL)
        return not_found(ring, s, cured, fault);
    if (s->ambiguous)
        return env_fault(fault, ENV_R_KEK_AMBIGUOUS, "%s: %s", s->query->shown, s->matches);
    blame->token = s->token;
    blame->token_epoch = s->epoch;
    return make_kek(ring, s, fault);
}

static ENV_RESULT search_kek(struct env_ring *ring, const struct env_query *query,
                             bool first_will_do, struct env_kek **out, struct env_fault *fault)
{
    struct search *s = calloc(1, sizeof(*s));
    ENV_RESULT r;

    if (s == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "looking for a KEK");
    s->query = query;
    s->first_will_do = first_will_do;
    s->out = out;
    r = env_ring_attempt(ring, attempt, s, fault);
    free(s);
    return r;
}

/* A key that is of no use is looked at anew the next time. */
static bool looks_sound(struct env_kek *kek)
{
    const struct env_key_facts *key = &((struct env_token_kek *)kek)->facts;

    return kek->vtable->id(kek)->len > 0 && key->bits >= 128;
}

ENV_RESULT env_find_kek(struct env_ring *ring, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_fault *fault)
{
    *out = env_kek_cache_find(&ring->cache, name);
    if (*out != NULL)
        return ENV_OK;
    ENV_TRY(search_kek(ring, query, first_will_do, out, fault));
    if (*out != NULL && looks_sound(*out))
        env_kek_cache_add(&ring->cache, name, *out);
    return ENV_OK;
}
