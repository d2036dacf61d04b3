/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/find_aes_key.h"

#include <stdlib.h>

#include "keymgmt/token/key_reference.h"

struct gathering {
    struct env_aes_entry *list;
    size_t count;
    bool whole;
};

/* There are too many to list: drop those that the token can find by id. */
static void make_room(struct gathering *g)
{
    size_t left = 0;

    for (size_t i = 0; i < g->count; i++) {
        if (g->list[i].is_made)
            g->list[left++] = g->list[i];
    }
    g->count = left;
    g->whole = false;
}

/* Fails, and so ends the search, when there are too many even then. */
static ENV_RESULT gather(void *arg, const struct env_key_attributes *key)
{
    struct gathering *g = arg;

    if (g->count == ENV_AES_INDEX_MAX)
        make_room(g);
    if (!g->whole && !key->id_is_made)
        return ENV_OK;
    if (g->count == ENV_AES_INDEX_MAX)
        return ENV_FAIL(ENV_R_KEK_AMBIGUOUS);
    g->list[g->count++] = (struct env_aes_entry){key->id, key->id_is_made, key->handle};
    return ENV_OK;
}

static ENV_RESULT make_index(struct env_token *token, const struct env_session *session,
                             struct env_error_detail *detail)
{
    const struct env_query all = {.kinds = ENV_KEYS_AES, .reading = ENV_READ_ID};
    struct gathering g = {.list = malloc(ENV_AES_INDEX_MAX * sizeof(*g.list)), .whole = true};
    ENV_RESULT r;

    if (g.list == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", token->where);
    r = env_find_all_keys(token, session, &all, gather, &g, detail);
    if (!env_ok(r) && r.reason != ENV_R_KEK_AMBIGUOUS) {
        free(g.list);
        return r;
    }
    env_aes_index_set(&token->aes_index, session->epoch, g.list, g.count, g.whole);
    return ENV_OK;
}

/* Keys whose CKA_ID is too long for a reference: a token cannot be searched by the hash of one. */
static ENV_RESULT find_made(struct env_token *token, const struct env_session *session,
                            const struct env_query *query, struct env_found *found,
                            struct env_error_detail *detail)
{
    CK_OBJECT_HANDLE handles[ENV_FOUND_MAX];
    size_t count;

    if (env_aes_index_wanted(&token->aes_index, session->epoch))
        ENV_TRY(make_index(token, session, detail));
    count =
        env_aes_index_find(&token->aes_index, session->epoch, &query->id, handles, ENV_FOUND_MAX);
    for (size_t i = 0; i < count; i++) {
        struct env_key_attributes *key = &found->keys[found->count];
        CK_RV rv = env_read_key(token, session, handles[i], key);

        if (rv != CKR_OK) {
            env_aes_index_forget(&token->aes_index); /* the index is out of date */
            return env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_GetAttributeValue", rv,
                                        token->where);
        }
        if (env_kek_id_equal(&key->id, &query->id) &&
            (query->bits == 0 || key->bits == query->bits))
            found->count++;
    }
    return ENV_OK;
}

ENV_RESULT env_find_aes_keys(struct env_token *token, const struct env_session *session,
                             const struct env_query *query, struct env_found *found,
                             struct env_error_detail *detail)
{
    ENV_TRY(env_find_keys(token, session, query, found, detail));
    if (found->count == 0 && query->id.len == ENV_LONG_REFERENCE_LEN)
        ENV_TRY(find_made(token, session, query, found, detail));
    if (found->count == 0 && query->from_header &&
        env_aes_index_missed(&token->aes_index, session->epoch))
        return make_index(token, session, detail);
    return ENV_OK;
}
