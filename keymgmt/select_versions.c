/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/select_versions.h"

#include <stdatomic.h>
#include <stdio.h>

#include "envelope/base/printable.h"
#include "keymgmt/kek/list_versions.h"

/* Whether the reason makes an older version the newest that may seal. */
static bool passes_over(enum env_reason reason)
{
    return env_kek_is_refused(reason) || env_kek_was_replaced(reason);
}

#define NAME_ROOM (ENV_URI_TEXT + ENV_LABEL_MAX + 16u)

/* Makes the query for one version from the pattern. *name has room for `bytes`. */
static ENV_RESULT make_query(const struct env_query *pattern, const struct env_version *version,
                             struct env_query *out, char bytes[NAME_ROOM],
                             struct env_cache_name *name, struct env_error_detail *detail)
{
    int more;

    *out = *pattern; /* its URI stays the pattern's */
    more = snprintf(out->label + out->label_len, sizeof(out->label) - out->label_len, "%u",
                    (unsigned)version->number);
    out->versions = false;
    out->newest = true;
    out->label_len += (size_t)more;
    out->uri_text = NULL;
    out->kinds = version->rsa ? ENV_KEYS_RSA : ENV_KEYS_AES;
    env_printable(out->shown, sizeof(out->shown), out->label, out->label_len);
    *name = (struct env_cache_name){ENV_CACHE_TEXT, 0, out->label, out->label_len};
    if (pattern->uri_text == NULL)
        return ENV_OK;
    name->bytes = bytes;
    name->len = (size_t)snprintf(bytes, NAME_ROOM, "%s %s", pattern->uri_text, out->label);
    return name->len < NAME_ROOM
               ? ENV_OK
               : env_error_detail(detail, ENV_R_CONFIG_BAD_URI, "kek: the URI is too long");
}

/* doubted: if it does not seal, discard what was known about it. */
static ENV_RESULT select_version(struct env_token_set *token_set, const struct env_query *pattern,
                                 struct env_version *version, bool doubted,
                                 env_select_key_fn *select, struct env_kek_list *list,
                                 struct env_error_detail *detail)
{
    enum env_reason refusal = (enum env_reason)atomic_load(&version->refusal);
    struct env_cache_name name;
    struct env_query query;
    char bytes[NAME_ROOM];
    ENV_RESULT r;

    ENV_TRY(make_query(pattern, version, &query, bytes, &name, detail));
    query.doubted = doubted;
    if (version->ambiguous)
        return env_error_detail(detail, ENV_R_KEK_AMBIGUOUS, "%s: two keys have this label",
                                query.shown);
    if (refusal != ENV_R_NONE)
        return env_error_detail(detail, refusal, "%s", query.shown);
    r = select(token_set, &query, &name, list, detail);
    if (env_kek_is_refused(r.reason))
        atomic_store(&version->refusal, (int)r.reason);
    return r;
}

/* If none may seal, the newest one's reason is reported. */
static ENV_RESULT select_newest(struct env_token_set *token_set, const struct env_query *query,
                                struct env_versions *versions, bool fresh,
                                env_select_key_fn *select, struct env_kek_list *list,
                                struct env_error_detail *detail)
{
    struct env_error_detail newest = {.reason = ENV_R_NONE};
    ENV_RESULT r = ENV_FAIL(ENV_R_KEK_NO_VERSION);

    for (size_t i = 0; i < versions->count; i++) {
        r = select_version(token_set, query, &versions->list[i], fresh, select, list, detail);
        if (env_ok(r))
            list->by_version = true;
        if (env_ok(r) || !passes_over(r.reason))
            return r;
        if (newest.reason == ENV_R_NONE)
            newest = *detail;
    }
    (void)env_error_detail(detail, ENV_R_KEK_NO_VERSION, "%s: %s; %.*s", query->shown,
                           env_reason_text(newest.reason), ENV_ERROR_DETAIL_TEXT / 2, newest.text);
    detail->refused = newest.refused;
    return ENV_FAIL(ENV_R_KEK_NO_VERSION);
}

ENV_RESULT env_select_by_version(struct env_token_set *token_set, const struct env_query *query,
                                 bool again, env_select_key_fn *select, struct env_kek_list *list,
                                 struct env_error_detail *detail)
{
    struct env_versions *versions = NULL;
    bool fresh = false;
    ENV_RESULT r;

    do {
        r = env_list_versions(token_set, query, again, &versions, &fresh, detail);
        if (!env_ok(r))
            return r;
        r = select_newest(token_set, query, versions, fresh, select, list, detail);
        env_versions_free(versions);
        again = true; /* there may be a newer one that is not known yet */
    } while (r.reason == ENV_R_KEK_NO_VERSION && !fresh);
    return r;
}
