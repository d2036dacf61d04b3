/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/find_kek.h"

#include <stdlib.h>

#include "keymgmt/kek/replicas.h"

/* A query that names a token asks for the key on that token. */
static bool wants_the_key(const struct env_query *query, const struct env_kek_matches *matches)
{
    return query->any_policy ||
           (matches->count == 1 && query->uri != NULL && env_uri_names_token(query->uri));
}

static ENV_RESULT search(struct env_token_set *token_set, const struct env_query *query,
                         bool first_will_do, struct env_kek_matches *matches, struct env_kek **out,
                         struct env_error_detail *detail)
{
    ENV_RESULT r;

    ENV_TRY(env_search_kek(token_set, query, first_will_do, matches, detail));
    if (wants_the_key(query, matches)) {
        *out = env_token_kek_base(matches->keks[0]);
        (*out)->vtable->up_ref(*out);
        r = ENV_OK;
    } else {
        r = env_replicas_join(token_set, matches, out, detail);
    }
    if (env_ok(r))
        env_replicas_settle(*out);
    env_kek_matches_clear(matches);
    return r;
}

/* An unusable key is looked up again the next time. */
static bool looks_sound(const struct env_kek *kek)
{
    const struct env_token_kek *first = env_replicas_first(kek);

    return first->id.len > 0 && first->attributes.bits >= 128;
}

ENV_RESULT env_find_kek(struct env_token_set *token_set, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_error_detail *detail)
{
    struct env_kek_matches *matches;
    ENV_RESULT r;

    *out = env_kek_cache_find(&token_set->cache, name);
    if (*out != NULL)
        return ENV_OK;
    if (!env_back_off_names_may_ask(&token_set->away, name, detail))
        return ENV_FAIL(detail->reason);
    matches = malloc(sizeof(*matches));
    if (matches != NULL)
        r = search(token_set, query, first_will_do, matches, out, detail);
    else
        r = env_error_detail(detail, ENV_R_NO_MEMORY, "looking for a KEK");
    env_back_off_names_settle(&token_set->away, name, r, detail);
    if (env_ok(r) && *out != NULL && looks_sound(*out))
        env_kek_cache_add(&token_set->cache, name, *out);
    free(matches);
    return r;
}
