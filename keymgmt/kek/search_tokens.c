/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/search_tokens.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/kek/find_aes_key.h"
#include "keymgmt/kek/find_rsa_key.h"
#include "keymgmt/kek/keys_there.h"
#include "keymgmt/token/attempt.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/policy.h"

struct search {
    const struct env_query *query;
    bool first_will_do;
    struct env_token_kek *const *known; /* their tokens are skipped, and their failures */
    size_t known_count;                 /* are not repaired */
    struct env_kek_matches *out;
    /* set in each attempt */
    size_t tokens_seen;
    char seen[ENV_SEEN_TEXT];        /* describes the tokens that were searched */
    struct env_token *token;         /* the token of the last match, or NULL */
    struct env_key_attributes first; /* the first match */
    bool ambiguous;
    char matches[ENV_ERROR_DETAIL_TEXT / 2];
    struct env_found found;
};

static void drop_keks(struct env_kek_matches *matches)
{
    while (matches->count > 0)
        env_kek_free(env_token_kek_base(matches->keks[--matches->count]));
}

void env_kek_matches_clear(struct env_kek_matches *matches)
{
    drop_keks(matches);
    matches->failed = false;
    matches->unsearched = false;
}

static void begin(struct search *s)
{
    s->tokens_seen = 0;
    s->matches[0] = '\0';
    s->token = NULL;
    s->ambiguous = false;
    env_kek_matches_clear(s->out);
}

/* Only the first reason is kept. */
static void note_failure(struct search *s, const struct env_error_detail *detail)
{
    if (s->out->failed)
        return;
    s->out->failed = true;
    s->out->failure = *detail;
}

static ENV_RESULT judge(const struct env_token_set *token_set, const struct search *s,
                        const struct env_token *token, const struct env_key_attributes *key,
                        struct env_error_detail *detail)
{
    if (s->query->any_policy)
        return ENV_OK;
    if (s->query->for_key_wrap)
        return env_policy_judge_for_key_wrap(token_set->config, key, token, detail);
    return env_policy_judge(token_set->config, key, token, detail);
}

/* The KEK object for the match: the existing one, or a new one. */
static ENV_RESULT make_kek(struct env_token_set *token_set, const struct search *s,
                           struct env_token *token, uint64_t epoch,
                           const struct env_key_attributes *key, struct env_error_detail *detail)
{
    const struct env_kek_identity identity = {token, key};
    struct env_kek *kek = env_kek_cache_search(&token_set->cache, env_token_kek_is, &identity);
    struct env_token_kek **to = &s->out->keks[s->out->count];

    if (kek != NULL)
        *to = env_token_kek_from(kek);
    else
        ENV_TRY(env_token_kek_new(token_set, token, key, epoch, to, detail));
    s->out->count++;
    return ENV_OK;
}

/*
 * A name without a type means the AES KEK if there is one: an RSA key with the same label does not
 * make it ambiguous. True: this key is not the one that is meant.
 */
static bool is_overshadowed(struct search *s, const struct env_key_attributes *key)
{
    bool untyped = s->query->kinds == ENV_KEYS_ANY && !s->query->any_policy;

    if (!untyped || s->token == NULL || s->first.rsa == key->rsa)
        return false;
    if (key->rsa)
        return true;
    s->token = NULL; /* only RSA keys matched so far */
    s->ambiguous = false;
    s->matches[0] = '\0';
    drop_keks(s->out);
    return false;
}

/* Fails only if a remedy may help. If this key is refused, a replica may still be accepted. */
static ENV_RESULT add_match(struct env_token_set *token_set, struct search *s,
                            struct env_token *token, uint64_t epoch,
                            const struct env_key_attributes *key, struct env_error_detail *detail)
{
    char described[ENV_ERROR_DETAIL_TEXT / 4];

    if (is_overshadowed(s, key))
        return ENV_OK;
    env_key_described(described, sizeof(described), key, token);
    env_seen_append(s->matches, sizeof(s->matches), ", ", described);
    if (s->token == NULL)
        s->first = *key;
    else if (s->token == token || !env_key_same_reference(&s->first, key))
        s->ambiguous = true;
    s->token = token;
    if (s->ambiguous || s->out->count == ENV_REPLICAS_MAX)
        return ENV_OK;
    if (!env_ok(judge(token_set, s, token, key, detail))) {
        note_failure(s, detail);
        return ENV_OK;
    }
    return make_kek(token_set, s, token, epoch, key, detail);
}

/* Whether enough searches failed on the token to conclude that it does not have this key. */
static bool is_known_to_lack(const struct search *s, struct env_token *token, uint64_t epoch)
{
    const struct env_kek_id *id = &s->query->id;

    if (!s->query->from_header)
        return false;
    return s->query->or_public_half ? env_rsa_index_lacks(&token->rsa_index, epoch, id)
                                    : env_aes_index_lacks(&token->aes_index, epoch, id);
}

static ENV_RESULT find_on(struct env_token_set *token_set, struct search *s,
                          struct env_token *token, const struct env_session *session,
                          struct env_error_detail *detail)
{
    s->found.count = 0;
    if (is_known_to_lack(s, token, session->epoch))
        return ENV_OK;
    ENV_TRY(env_login_check(token, session, &token_set->pins, detail));
    if (s->query->or_public_half)
        return env_find_rsa_keys(token_set, token, session, s->query, &s->found, detail);
    if (s->query->kinds == ENV_KEYS_AES && s->query->id.len > 0)
        return env_find_aes_keys(token, session, s->query, &s->found, detail);
    return env_find_keys(token, session, s->query, &s->found, detail);
}

static ENV_RESULT look_at(struct env_token_set *token_set, struct search *s,
                          struct env_token *token, struct env_error_detail *detail)
{
    struct env_session session;
    ENV_RESULT r;

    ENV_TRY(env_token_set_session(token_set, token, &session, detail));
    r = find_on(token_set, s, token, &session, detail);
    for (size_t i = 0; env_ok(r) && i < s->found.count; i++)
        r = add_match(token_set, s, token, session.epoch, &s->found.keys[i], detail);
    env_session_give(&token->sessions, &session, env_ok(r) || detail->loss <= ENV_LOSS_KEY);
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

/* Searches the tokens in order. Fails only for what a remedy may repair. */
static ENV_RESULT look_at_all(struct env_token_set *token_set, struct search *s,
                              enum env_loss cured, struct env_blame *blame,
                              struct env_error_detail *detail)
{
    bool remedies = s->known_count == 0 && cured < ENV_LOSS_MODULE;

    for (size_t i = 0; i < token_set->tokens->count; i++) {
        struct env_token *token = token_set->tokens->list[i];
        ENV_RESULT r;

        if (passed_over(s, token))
            continue;
        s->tokens_seen++;
        r = look_at(token_set, s, token, detail);
        if (!env_ok(r) && detail->loss != ENV_LOSS_NONE && remedies) {
            blame->token = token;
            blame->token_epoch = atomic_load(&token->sessions.epoch);
            return r;
        }
        if (r.reason == ENV_R_NO_MEMORY) /* says nothing about the token, which may have the key */
            return r;
        if (!env_ok(r)) {
            note_failure(s, detail);
            s->out->unsearched = true;
        }
        if (s->out->count > 0 && s->first_will_do)
            break;
    }
    return ENV_OK;
}

/* If the query names a token that was searched, the key cannot be on one that was not. */
static bool may_be_unseen(const struct env_token_set *token_set, const struct search *s)
{
    bool named = s->query->uri != NULL && env_uri_names_token(s->query->uri);

    return token_set->tokens->unseen.reason != ENV_R_NONE && (s->tokens_seen == 0 || !named);
}

static ENV_RESULT no_token(const struct env_token_set *token_set, const struct search *s,
                           struct env_error_detail *detail)
{
    char there[ENV_SEEN_TEXT];

    env_tokens_there(token_set->tokens, there);
    return env_error_detail(detail, ENV_R_NO_TOKEN, "wanted: %s; %s", s->query->shown, there);
}

/*
 * A header often names a key that is not here, and that is no error to report. Details are written
 * only for a KEK that the caller named.
 */
static ENV_RESULT no_kek(struct env_token_set *token_set, struct search *s,
                         struct env_error_detail *detail)
{
    s->seen[0] = '\0';
    for (size_t i = 0; i < token_set->tokens->count && !s->first_will_do; i++) {
        struct env_token *token = token_set->tokens->list[i];

        if (!passed_over(s, token))
            env_keys_there(token_set, token, s->seen, sizeof(s->seen));
    }
    return env_error_detail(detail, ENV_R_KEK_NOT_FOUND, "%s; looked at %s%s", s->query->shown,
                            s->seen, s->query->marked ? "; -K 0 takes the configured KEK" : "");
}

static ENV_RESULT not_found(struct env_token_set *token_set, struct search *s, enum env_loss cured,
                            struct env_error_detail *detail)
{
    ENV_RESULT r;

    if (s->out->failed) {
        *detail = s->out->failure;
        return ENV_FAIL(detail->reason);
    }
    if (s->tokens_seen == 0)
        r = no_token(token_set, s, detail);
    else
        r = no_kek(token_set, s, detail);
    if (may_be_unseen(token_set, s)) {
        const struct env_error_detail *unseen = &token_set->tokens->unseen;
        const struct env_error_detail last = *detail;

        r = env_error_detail(detail, unseen->reason, "%.*s; %.*s", ENV_ERROR_DETAIL_TEXT / 2 - 2,
                             unseen->text, ENV_ERROR_DETAIL_TEXT / 2 - 2, last.text);
        detail->rv = unseen->rv;
    }
    if (token_set->tokens->count == 0 && cured < ENV_LOSS_MODULE)
        detail->loss = ENV_LOSS_MODULE;
    else if (cured == ENV_LOSS_NONE && env_token_set_may_look_again(token_set))
        detail->loss = ENV_LOSS_SLOT; /* its token may have been plugged in since */
    return r;
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    struct search *s = arg;

    begin(s);
    ENV_TRY(look_at_all(token_set, s, cured, blame, detail));
    s->out->epoch = token_set->tokens->epoch;
    if (token_set->tokens->unseen.reason != ENV_R_NONE)
        s->out->unsearched = true;
    if (s->known_count > 0)
        return ENV_OK;
    if (s->ambiguous)
        return env_error_detail(detail, ENV_R_KEK_AMBIGUOUS, "%s: %s", s->query->shown, s->matches);
    return s->out->count > 0 ? ENV_OK : not_found(token_set, s, cured, detail);
}

static ENV_RESULT search(struct env_token_set *token_set, struct search *s,
                         struct env_error_detail *detail)
{
    ENV_RESULT r;

    memset(s->out, 0, sizeof(*s->out));
    r = env_token_set_attempt(token_set, attempt, s, detail);
    if (!env_ok(r))
        env_kek_matches_clear(s->out);
    return r;
}

ENV_RESULT env_search_kek(struct env_token_set *token_set, const struct env_query *query,
                          bool first_will_do, struct env_kek_matches *out,
                          struct env_error_detail *detail)
{
    struct search *s = calloc(1, sizeof(*s));
    ENV_RESULT r;

    if (s == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "looking for a KEK");
    s->query = query;
    s->first_will_do = first_will_do;
    s->out = out;
    r = search(token_set, s, detail);
    free(s);
    return r;
}

ENV_RESULT env_search_replicas(struct env_token_set *token_set, struct env_token_kek *const *known,
                               size_t known_count, struct env_kek_matches *out,
                               struct env_error_detail *detail)
{
    struct search *s = calloc(1, sizeof(*s));
    struct env_query query;
    ENV_RESULT r;

    if (s == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "looking for a KEK");
    env_query_from_id(&query, &known[0]->id,
                      known[0]->attributes.rsa ? 0 : known[0]->attributes.bits);
    query.for_key_wrap = true; /* its length was checked earlier */
    s->query = &query;
    s->known = known;
    s->known_count = known_count;
    s->out = out;
    r = search(token_set, s, detail);
    if (env_ok(r) && s->ambiguous) { /* two on one token: neither can be used */
        env_kek_matches_clear(out);
        out->failed = true;
        (void)env_error_detail(&out->failure, ENV_R_KEK_AMBIGUOUS, "%s: %s", query.shown,
                               s->matches);
    }
    env_query_clear(&query);
    free(s);
    return r;
}
