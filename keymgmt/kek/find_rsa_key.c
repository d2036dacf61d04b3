/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/find_rsa_key.h"

#include <stdlib.h>

#include "keymgmt/kek/rsa_kek.h"

struct gathering {
    const struct env_token_set *token_set;
    const struct env_token *token;
    struct env_error_detail *detail;
    struct env_rsa_entry *list;
    size_t count;
    size_t room;
};

static ENV_RESULT gather(void *arg, const struct env_key_attributes *key)
{
    struct gathering *g = arg;
    struct env_rsa_entry *entry;

    if (g->count == g->room) {
        size_t room = 2 * g->room + 16;
        struct env_rsa_entry *list = realloc(g->list, room * sizeof(*list));

        if (list == NULL)
            return env_error_detail(g->detail, ENV_R_NO_MEMORY, "%s", g->token->where);
        g->list = list;
        g->room = room;
    }
    entry = &g->list[g->count++];
    *entry = (struct env_rsa_entry){.handle = key->handle, .id = key->id};
    if (!env_rsa_reference_of(g->token_set, key, &entry->reference))
        entry->reference.len = 0;
    return ENV_OK;
}

static ENV_RESULT make_index(const struct env_token_set *token_set, struct env_token *token,
                             const struct env_session *session, struct env_error_detail *detail)
{
    const struct env_query all = {.kinds = ENV_KEYS_RSA, .reading = ENV_READ_HALVES};
    struct gathering g = {.token_set = token_set, .token = token, .detail = detail};
    ENV_RESULT r = env_find_all_keys(token, session, &all, gather, &g, detail);

    if (env_ok(r))
        env_rsa_index_set(&token->rsa_index, session->epoch, g.list, g.count);
    else
        free(g.list);
    return r;
}

static bool is_meant(const struct env_token_set *token_set, const struct env_key_attributes *key,
                     const struct env_kek_id *id)
{
    return key->rsa && (env_kek_id_equal(&key->id, id) || env_rsa_is_reference(token_set, key, id));
}

/* Whether every key that the index lists for it still exists. */
static bool read_found(const struct env_token_set *token_set, struct env_token *token,
                       const struct env_session *session, const struct env_kek_id *id,
                       struct env_found *found)
{
    CK_OBJECT_HANDLE handles[ENV_FOUND_MAX];
    size_t count = env_rsa_index_find(&token->rsa_index, id, handles, ENV_FOUND_MAX);

    found->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct env_key_attributes *key = &found->keys[found->count];

        if (env_read_key(token, session, handles[i], key) != CKR_OK ||
            !is_meant(token_set, key, id))
            return false;
        found->count++;
    }
    return true;
}

/* Answers from a fresh index. *known: it had an answer. */
static void ask_index(const struct env_token_set *token_set, struct env_token *token,
                      const struct env_session *session, const struct env_kek_id *id,
                      struct env_found *found, bool *known)
{
    *known = env_rsa_index_is_fresh(&token->rsa_index, session->epoch);
    if (!*known)
        return;
    if (!read_found(token_set, token, session, id, found)) {
        env_rsa_index_forget(&token->rsa_index); /* the index is out of date */
        *known = false;
    } else if (found->count == 0) {
        *known = !env_rsa_index_may_ask(&token->rsa_index);
    }
}

ENV_RESULT env_find_rsa_keys(const struct env_token_set *token_set, struct env_token *token,
                             const struct env_session *session, const struct env_query *query,
                             struct env_found *found, struct env_error_detail *detail)
{
    bool known;

    ask_index(token_set, token, session, &query->id, found, &known);
    if (known)
        return ENV_OK;
    ENV_TRY(env_find_keys(token, session, query, found, detail));
    if (found->count > 0 || env_rsa_index_is_fresh(&token->rsa_index, session->epoch))
        return ENV_OK;
    ENV_TRY(make_index(token_set, token, session, detail));
    if (read_found(token_set, token, session, &query->id, found))
        return ENV_OK;
    env_rsa_index_forget(&token->rsa_index);
    return env_error_detail(detail, ENV_R_TOKEN_FAILED, "%s: its RSA keys keep changing",
                            token->where);
}
