/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/select_keks.h"

#include <string.h>

#include "keymgmt/file_kek.h"
#include "keymgmt/kek/find_kek.h"
#include "keymgmt/kek/replicas.h"
#include "keymgmt/kek/taken_away.h"
#include "keymgmt/select_versions.h"

/* Finds a KEK that a header would name by the same kind of recipient and the same reference. */
struct clash {
    struct env_kek_info a;
    struct env_kek_info b;
};

static bool clashes(const struct env_kek *kek, const struct env_kek *other, struct clash *clash)
{
    if (!env_kek_id_equal(kek->vtable->id(kek), other->vtable->id(other)))
        return false;
    kek->vtable->describe(kek, &clash->a);
    other->vtable->describe(other, &clash->b);
    return clash->a.type == clash->b.type;
}

/* Whether both are the same RSA key, one from a file and one on a token. */
static bool is_one_key(const struct clash *clash)
{
    const struct env_kek_info *a = &clash->a;
    const struct env_kek_info *b = &clash->b;

    return a->type == ENV_KEK_RSA && a->modulus_len == b->modulus_len &&
           a->exponent_len == b->exponent_len &&
           memcmp(a->modulus, b->modulus, a->modulus_len) == 0 &&
           memcmp(a->exponent, b->exponent, a->exponent_len) == 0;
}

/*
 * A key that was named with its token is already covered by the same KEK with all replicas. Takes
 * over the reference to the KEK. Fails with KEK_DIFFERS if a header could not tell it from another
 * one.
 */
static ENV_RESULT add_once(struct env_kek_list *list, struct env_kek *kek,
                           struct env_error_detail *detail)
{
    struct clash clash;

    for (size_t i = 0; i < list->count; i++) {
        struct env_kek *other = list->keks[i];

        if (other != kek && !env_replicas_cover(other, kek) && env_replicas_cover(kek, other)) {
            env_kek_free(other);
            list->keks[i] = kek;
            return ENV_OK;
        }
        if (other == kek || env_replicas_cover(other, kek)) {
            env_kek_free(kek);
            return ENV_OK;
        }
        if (!clashes(kek, other, &clash))
            continue;
        env_kek_free(kek);
        if (is_one_key(&clash))
            return ENV_OK;
        return env_error_detail(detail, ENV_R_KEK_DIFFERS, "'%.128s' and '%.128s'", clash.b.label,
                                clash.a.label);
    }
    list->optional[list->count] = false;
    list->keks[list->count++] = kek;
    return ENV_OK;
}

/* Finds the KEK that the query asks for, checks that it works and adds it to the list. */
static ENV_RESULT select_key(struct env_token_set *token_set, const struct env_query *query,
                             const struct env_cache_name *name, struct env_kek_list *list,
                             struct env_error_detail *detail)
{
    struct env_kek *kek;
    ENV_RESULT r;

    ENV_TRY(env_find_kek(token_set, query, name, false, &kek, detail));
    if (query->newest)
        r = env_replicas_are_newest(kek, detail);
    else
        r = ENV_OK; /* sealing itself checks whether it may seal */
    if (!env_ok(r)) {
        if (query->doubted)
            env_kek_cache_remove(&token_set->cache, kek);
        env_kek_free(kek);
        return r;
    }
    r = env_replicas_prepare(kek, detail);
    if (env_ok(r))
        return add_once(list, kek, detail);
    env_kek_cache_remove(&token_set->cache, kek); /* so that a fix takes effect */
    if (r.reason == ENV_R_KEK_USAGE)
        env_token_set_forget_mechanisms(token_set);
    env_kek_free(kek);
    return r;
}

static ENV_RESULT select_query(struct env_token_set *token_set, const struct env_query *query,
                               enum env_cache_kind kind, bool again, struct env_kek_list *list,
                               struct env_error_detail *detail)
{
    struct env_cache_name name = {kind, 0, query->label, query->label_len};

    if (query->versions)
        return env_select_by_version(token_set, query, again, select_key, list, detail);
    if (query->uri_text != NULL) {
        name.bytes = query->uri_text;
        name.len = strlen(query->uri_text);
    }
    return select_key(token_set, query, &name, list, detail);
}

static ENV_RESULT room_for_one(const struct env_kek_list *list, struct env_error_detail *detail)
{
    if (list->count == ENV_KEK_RECIPIENTS_MAX)
        return env_error_detail(detail, ENV_R_CONFIG_VALUE, "kek names more than %u keys",
                                ENV_KEK_RECIPIENTS_MAX);
    return ENV_OK;
}

static ENV_RESULT select_file(struct env_token_set *token_set, const char *text,
                              struct env_kek_list *list, struct env_error_detail *detail)
{
    const struct env_openers *openers;
    struct env_kek *kek;
    ENV_RESULT r;

    ENV_TRY(env_openers_get(&token_set->openers, token_set->config, &openers, detail));
    for (size_t i = 0; i < openers->open_only->count; i++) {
        const char *file = openers->open_only->list[i].file;

        if (file != NULL && strcmp(file, text) == 0)
            return env_error_detail(detail, ENV_R_KEK_OPENS_ONLY, "%s", text);
    }
    ENV_TRY(env_file_kek_find(token_set, text, &kek, detail));
    r = env_file_kek_taken_away(token_set, text, kek->vtable->id(kek), detail);
    if (!env_ok(r)) {
        env_kek_free(kek);
        return r;
    }
    return add_once(list, kek, detail);
}

static ENV_RESULT select_name(struct env_token_set *token_set, const struct env_selector *selector,
                              struct env_kek_list *list, struct env_error_detail *detail)
{
    const char *name = selector->name;
    struct env_query query;
    ENV_RESULT r;

    if (env_kek_name_is_file(name))
        return select_file(token_set, name, list, detail);
    if (env_uri_is(name))
        ENV_TRY(env_pin_remember_uri(&token_set->pins, name, detail));
    ENV_TRY(env_query_from_text(&query, name, detail));
    r = select_query(token_set, &query, ENV_CACHE_TEXT, selector->again, list, detail);
    env_query_clear(&query);
    return r;
}

static ENV_RESULT select_marked(struct env_token_set *token_set,
                                const struct env_selector *selector, struct env_kek_list *list,
                                struct env_error_detail *detail)
{
    struct env_query query;
    ENV_RESULT r = env_query_from_marked(&query, selector->marked, detail);

    if (env_ok(r))
        r = select_query(token_set, &query, ENV_CACHE_MARKED, selector->again, list, detail);
    env_query_clear(&query);
    return r;
}

static ENV_RESULT select_one(struct env_token_set *token_set, const struct env_kek_names *names,
                             const struct env_kek_name *name, bool again, struct env_kek_list *list,
                             struct env_error_detail *detail)
{
    ENV_RESULT r = room_for_one(list, detail);

    if (env_ok(r))
        r = name->file != NULL
                ? select_file(token_set, name->file, list, detail)
                : select_query(token_set, &name->query, ENV_CACHE_TEXT, again, list, detail);
    if (!env_ok(r))
        env_kek_names_explain(names, name, detail);
    return r;
}

/* left_out: the last optional KEK that sealing has to do without. */
static ENV_RESULT select_one_or_not(struct env_token_set *token_set,
                                    const struct env_kek_names *names,
                                    const struct env_kek_name *name,
                                    const struct env_selector *selector, struct env_kek_list *list,
                                    struct env_error_detail *left_out,
                                    struct env_error_detail *detail)
{
    bool optional = !selector->all && name->optional;
    size_t before = list->count;
    ENV_RESULT r = select_one(token_set, names, name, selector->again, list, detail);

    if (!env_ok(r) && optional && env_kek_out_of_reach(r.reason)) {
        *left_out = *detail;
        return ENV_OK;
    }
    if (list->count > before)
        list->optional[before] = optional;
    return r;
}

static ENV_RESULT select_configured(struct env_token_set *token_set,
                                    const struct env_selector *selector, struct env_kek_list *list,
                                    struct env_error_detail *detail)
{
    struct env_error_detail left_out; /* large, and on the path of every message, so not zeroed */
    const struct env_kek_names *names;
    ENV_RESULT r = env_kek_names_get(&token_set->kek_names, token_set->config, &names, detail);

    left_out.reason = ENV_R_NONE;
    for (size_t i = 0; env_ok(r) && i < names->count; i++)
        r = select_one_or_not(token_set, names, &names->list[i], selector, list, &left_out, detail);
    if (!env_ok(r) || list->count > 0)
        return r;
    if (left_out.reason != ENV_R_NONE)
        return env_error_detail(detail, ENV_R_NO_KEK_LEFT, "%.*s", (int)sizeof(left_out.text) - 1,
                                left_out.text);
    return env_error_detail(detail, ENV_R_NO_KEK_CONFIGURED, "%s", "");
}

ENV_RESULT env_select_keks(struct env_token_set *token_set, const struct env_selector *selector,
                           struct env_kek_list *out, struct env_error_detail *detail)
{
    if (selector->marked != NULL)
        return select_marked(token_set, selector, out, detail);
    if (selector->name != NULL)
        return select_name(token_set, selector, out, detail);
    return select_configured(token_set, selector, out, detail);
}

/* ---- for key wrap ---- */

/* Key wrap uses AES KEKs: an RSA key is looked for only if the name says so. */
static void make_raw(struct env_query *query)
{
    query->for_key_wrap = true;
    if (query->kinds == ENV_KEYS_ANY)
        query->kinds = ENV_KEYS_AES;
}

static ENV_RESULT is_a_file(struct env_error_detail *detail)
{
    return env_error_detail(detail, ENV_R_KEK_LENGTH, "a file: KEK is always an RSA key");
}

/* The query for the one name in the configuration. It borrows the configuration's memory. */
static ENV_RESULT configured_query(struct env_token_set *token_set, struct env_query *query,
                                   struct env_error_detail *detail)
{
    const struct env_kek_names *names;

    ENV_TRY(env_kek_names_get(&token_set->kek_names, token_set->config, &names, detail));
    if (names->count == 0)
        return env_error_detail(detail, ENV_R_NO_KEK_CONFIGURED, "%s", "");
    if (names->count > 1)
        return env_error_detail(detail, ENV_R_ONE_KEK, "%s", "");
    if (names->list[0].file != NULL)
        return is_a_file(detail);
    *query = names->list[0].query;
    return ENV_OK;
}

/* The query for the KEK that the program names. */
static ENV_RESULT given_query(struct env_token_set *token_set, const struct env_selector *selector,
                              struct env_query *query, struct env_error_detail *detail)
{
    if (selector->marked != NULL)
        return env_query_from_marked(query, selector->marked, detail);
    if (env_uri_is(selector->name))
        ENV_TRY(env_pin_remember_uri(&token_set->pins, selector->name, detail));
    if (env_kek_name_is_file(selector->name))
        return is_a_file(detail);
    return env_query_from_text(query, selector->name, detail);
}

static ENV_RESULT find_for_key_wrap(struct env_token_set *token_set, struct env_query *query,
                                    enum env_cache_kind kind, size_t bits, struct env_kek **out,
                                    struct env_error_detail *detail)
{
    /* the length keeps this name apart from that of a KEK fit for DEKs */
    struct env_cache_name name = {kind, (unsigned)bits, query->label, query->label_len};
    const struct env_token_kek *first;
    ENV_RESULT r;

    if (query->uri_text != NULL) {
        name.bytes = query->uri_text;
        name.len = strlen(query->uri_text);
    }
    if (query->versions) /* a wrapped key does not say which version opens it */
        return env_error_detail(detail, ENV_R_KEK_VERSIONS_NAMED, "%s", query->shown);
    make_raw(query);
    ENV_TRY(env_find_kek(token_set, query, &name, false, out, detail));
    first = env_replicas_first(*out);
    if (first->attributes.bits == bits)
        return ENV_OK;
    r = env_error_detail(detail, ENV_R_KEK_LENGTH, "%s has %zu bits, not %zu", first->where,
                         first->attributes.bits, bits);
    env_kek_free(*out);
    *out = NULL;
    return r;
}

ENV_RESULT env_select_kek_for_key_wrap(struct env_token_set *token_set,
                                       const struct env_selector *selector, size_t bits,
                                       struct env_kek **out, struct env_error_detail *detail)
{
    enum env_cache_kind kind = selector->marked != NULL ? ENV_CACHE_MARKED : ENV_CACHE_TEXT;
    struct env_query query = {0};
    ENV_RESULT r;

    if (selector->marked == NULL && selector->name == NULL) {
        ENV_TRY(configured_query(token_set, &query, detail));
        return find_for_key_wrap(token_set, &query, kind, bits, out, detail);
    }
    ENV_TRY(given_query(token_set, selector, &query, detail));
    r = find_for_key_wrap(token_set, &query, kind, bits, out, detail);
    env_query_clear(&query);
    return r;
}
