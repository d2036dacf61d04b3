/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/find_kek.h"

#include <stdlib.h>

#include "keymgmt/kek/replicas.h"

/* Whoever names a token wants that one. */
static bool wants_the_key(const struct env_query *query, const struct env_kek_matches *matches)
{
    return query->any_policy ||
           (matches->count == 1 && query->uri != NULL && env_uri_names_token(query->uri));
}

static ENV_RESULT search(struct env_ring *ring, const struct env_query *query, bool first_will_do,
                         struct env_kek_matches *matches, struct env_kek **out,
                         struct env_fault *fault)
{
    ENV_RESULT r;

    ENV_TRY(env_search_kek(ring, query, first_will_do, matches, fault));
    if (wants_the_key(query, matches)) {
        *out = env_token_kek_base(matches->keks[0]);
        (*out)->vtable->up_ref(*out);
        r = ENV_OK;
    } else {
        r = env_standins_join(ring, matches, out, fault);
    }
    env_kek_matches_clear(matches);
    return r;
}

/* A key that is of no use is looked at anew the next time. */
static bool looks_sound(const struct env_kek *kek)
{
    const struct env_token_kek *first = env_standins_first(kek);

    return first->id.len > 0 && first->facts.bits >= 128;
}

ENV_RESULT env_find_kek(struct env_ring *ring, const struct env_query *query,
                        const struct env_cache_name *name, bool first_will_do, struct env_kek **out,
                        struct env_fault *fault)
{
    struct env_kek_matches *matches;
    ENV_RESULT r;

    *out = env_kek_cache_find(&ring->cache, name);
    if (*out != NULL)
        return ENV_OK;
    matches = malloc(sizeof(*matches));
    if (matches == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "looking for a KEK");
    r = search(ring, query, first_will_do, matches, out, fault);
    if (env_ok(r) && *out != NULL && looks_sound(*out))
        env_kek_cache_add(&ring->cache, name, *out);
    free(matches);
    return r;
}
