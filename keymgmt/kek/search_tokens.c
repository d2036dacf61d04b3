/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/search_tokens.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/kek/rsa_kek.h"

struct search {
    const struct env_query *query;
    bool first_will_do;
    struct env_token_kek *const *known; /* tokens that are passed over, as nothing is done about */
    size_t known_count;                 /* failures, when there are any */
    struct env_kek_matches *out;
    /* of one attempt */
    size_t tokens_seen;
    char seen[ENV_FAULT_TEXT / 2]; /* the tokens looked at */
    struct env_token *token;       /* of the last match, or NULL */
    struct env_key_facts first;    /* the first match */
    bool ambiguous;
    char matches[ENV_FAULT_TEXT / 2];
    struct env_found found;
};

/* Appends to a list in a message as much as fits. */
static void list(char *text, size_t size, const char *item)
{
    size_t len = strlen(text);

    (void)snprintf(text + len, size - len, "%s%s", len > 0 ? ", " : "", item);
}

void env_kek_matches_clear(struct env_kek_matches *matches)
{
    while (matches->count > 0)
        env_kek_free(env_token_kek_base(matches->keks[--matches->count]));
    matches->failed = false;
    matches->unsearched = false;
}

static void begin(struct search *s)
{
    s->tokens_seen = 0;
    s->seen[0] = '\0';
    s->matches[0] = '\0';
    s->token = NULL;
    s->ambiguous = false;
    env_kek_matches_clear(s->out);
}

/* The first reason is kept. */
static void note_failure(struct search *s, const struct env_fault *fault)
{
    if (s->out->failed)
        return;
    s->out->failed = true;
    s->out->failure = *fault;
}

static bool same_reference(const struct env_key_facts *a, const struct env_key_facts *b)
{
    return a->rsa == b->rsa && a->bits == b->bits && a->id_len == b->id_len &&
           (a->id_len > sizeof(a->id) || memcmp(a->id, b->id, a->id_len) == 0);
}

static ENV_RESULT judge(const struct env_ring *ring, const struct search *s,
                        const struct env_token *token, const struct env_key_facts *key,
                        struct env_fault *fault)
{
    if (s->query->any_policy)
        return ENV_OK;
    if (s->query->raw)
        return env_policy_judge_raw(ring->config, key, token, fault);
    return env_policy_judge(ring->config, key, token, fault);
}

/* The KEK object of the match: the one there is already, or a new one. */
static ENV_RESULT make_kek(struct env_ring *ring, const struct search *s, struct env_token *token,
                           uint64_t epoch, const struct env_key_facts *key, struct env_fault *fault)
{
    const struct env_kek_identity identity = {token, key};
    struct env_kek *kek = env_kek_cache_search(&ring->cache, env_token_kek_is, &identity);
    struct env_token_kek **to = &s->out->keks[s->out->count];

    if (kek != NULL)
        *to = env_token_kek_from(kek);
    else
        ENV_TRY(env_token_kek_new(ring, token, key, epoch, to, fault));
    s->out->count++;
    return ENV_OK;
}

/* Fails only where a remedy may help. A key that is refused may have a stand-in that is not. */
static ENV_RESULT add_match(struct env_ring *ring, struct search *s, struct env_token *token,
                            uint64_t epoch, const struct env_key_facts *key,
                            struct env_fault *fault)
{
    char described[ENV_FAULT_TEXT / 4];

    env_key_described(described, sizeof(described), key, token);
    list(s->matches, sizeof(s->matches), described);
    if (s->token == NULL)
        s->first = *key;
    else if (s->token == token || !same_reference(&s->first, key))
        s->ambiguous = true;
    s->token = token;
    if (s->ambiguous || s->out->count == ENV_STANDINS_MAX)
        return ENV_OK;
    if (!env_ok(judge(ring, s, token, key, fault))) {
        note_failure(s, fault);
        return ENV_OK;
    }
    return make_kek(ring, s, token, epoch, key, fault);
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
        r = add_match(ring, s, token, session.epoch, &s->found.keys[i], fault);
    env_session_give(&token->sessions, &session, env_ok(r) || fault->loss <= ENV_LOSS_KEY);
    return r;
}

static bool passed_over(const struct search *s, const struct env_token *token)
{
    if (s->query->uri != NULL && !env_token_matches(token, s->query->uri))
        return true;
    for (size_t i = 0; i < s->known_count; i++) {
        if (memcmp(&s->known[i]->token, &token->name, sizeof(token->name)) == 0)
            return true;
    }
    return false;
}

/* Looks at the tokens in their order. Fails only for what a remedy may make good. */
static ENV_RESULT look_at_all(struct env_ring *ring, struct search *s, enum env_loss cured,
                              struct env_blame *blame, struct env_fault *fault)
{
    bool remedies = s->known_count == 0 && cured < ENV_LOSS_MODULE;

    for (size_t i = 0; i < ring->tokens->count; i++) {
        struct env_token *token = ring->tokens->list[i];
        ENV_RESULT r;

        if (passed_over(s, token))
            continue;
        s->tokens_seen++;
        list(s->seen, sizeof(s->seen), token->where);
        r = look_at(ring, s, token, fault);
        if (!env_ok(r) && fault->loss != ENV_LOSS_NONE && remedies) {
            blame->token = token;
            blame->token_epoch = atomic_load(&token->sessions.epoch);
            return r;
        }
        if (r.reason == ENV_R_NO_MEMORY) /* says nothing of the token, which may have the key */
            return r;
        if (!env_ok(r)) {
            note_failure(s, fault);
            s->out->unsearched = true;
        }
        if (s->out->count > 0 && s->first_will_do)
            break;
    }
    return ENV_OK;
}

/* Whoever names a token that is there does not want one that could not be looked at. */
static bool may_be_unseen(const struct env_ring *ring, const struct search *s)
{
    bool named = s->query->uri != NULL && env_uri_names_token(s->query->uri);

    return ring->tokens->unseen.reason != ENV_R_NONE && (s->tokens_seen == 0 || !named);
}

static ENV_RESULT not_found(struct env_ring *ring, const struct search *s, enum env_loss cured,
                            struct env_fault *fault)
{
    ENV_RESULT r;

    if (s->out->failed) {
        *fault = s->out->failure;
        return ENV_FAIL(fault->reason);
    }
    if (s->tokens_seen == 0)
        r = env_fault(fault, ENV_R_NO_TOKEN, "wanted: %s", s->query->shown);
    else
        r = env_fault(fault, ENV_R_KEK_NOT_FOUND, "%s; looked at %s", s->query->shown, s->seen);
    if (may_be_unseen(ring, s)) {
        const struct env_fault *unseen = &ring->tokens->unseen;
        const struct env_fault last = *fault;

        r = env_fault(fault, unseen->reason, "%.*s; %.*s", ENV_FAULT_TEXT / 2 - 2, unseen->text,
                      ENV_FAULT_TEXT / 2 - 2, last.text);
        fault->rv = unseen->rv;
    }
    if (ring->tokens->count == 0 && cured < ENV_LOSS_MODULE)
        fault->loss = ENV_LOSS_MODULE;
    else if (cured == ENV_LOSS_NONE && env_ring_may_look_again(ring))
        fault->loss = ENV_LOSS_SLOT; /* its token may have been plugged in meanwhile */
    return r;
}

static ENV_RESULT attempt(struct env_ring *ring, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_fault *fault)
{
    struct search *s = arg;

    begin(s);
    ENV_TRY(look_at_all(ring, s, cured, blame, fault));
    s->out->epoch = ring->tokens->epoch;
    if (ring->tokens->unseen.reason != ENV_R_NONE)
        s->out->unsearched = true;
    if (s->known_count > 0)
        return ENV_OK;
    if (s->ambiguous)
        return env_fault(fault, ENV_R_KEK_AMBIGUOUS, "%s: %s", s->query->shown, s->matches);
    return s->out->count > 0 ? ENV_OK : not_found(ring, s, cured, fault);
}

static ENV_RESULT search(struct env_ring *ring, struct search *s, struct env_fault *fault)
{
    ENV_RESULT r;

    memset(s->out, 0, sizeof(*s->out));
    r = env_ring_attempt(ring, attempt, s, fault);
    if (!env_ok(r))
        env_kek_matches_clear(s->out);
    return r;
}

ENV_RESULT env_search_kek(struct env_ring *ring, const struct env_query *query, bool first_will_do,
                          struct env_kek_matches *out, struct env_fault *fault)
{
    struct search *s = calloc(1, sizeof(*s));
    ENV_RESULT r;

    if (s == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "looking for a KEK");
    s->query = query;
    s->first_will_do = first_will_do;
    s->out = out;
    r = search(ring, s, fault);
    free(s);
    return r;
}

ENV_RESULT env_search_standins(struct env_ring *ring, struct env_token_kek *const *known,
                               size_t known_count, struct env_kek_matches *out,
                               struct env_fault *fault)
{
    struct search *s = calloc(1, sizeof(*s));
    struct env_query query;
    ENV_RESULT r;

    if (s == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "looking for a KEK");
    env_query_from_id(&query, &known[0]->id, known[0]->facts.rsa ? 0 : known[0]->facts.bits);
    query.raw = true; /* its length was judged before */
    s->query = &query;
    s->known = known;
    s->known_count = known_count;
    s->out = out;
    r = search(ring, s, fault);
    if (env_ok(r) && s->ambiguous) { /* two on one token: neither stands in */
        env_kek_matches_clear(out);
        out->failed = true;
        (void)env_fault(&out->failure, ENV_R_KEK_AMBIGUOUS, "%s: %s", query.shown, s->matches);
    }
    env_query_clear(&query);
    free(s);
    return r;
}
