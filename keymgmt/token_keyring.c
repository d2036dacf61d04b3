/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token_keyring.h"

#include <string.h>

#include "envelope/base/fork_gate.h"
#include "envelope/format/wrap_algorithm.h"
#include "keymgmt/destroy_kek.h"
#include "keymgmt/kek/find_kek.h"
#include "keymgmt/kek/replicas.h"
#include "keymgmt/list_keks.h"
#include "keymgmt/make_kek.h"
#include "keymgmt/select_keks.h"
#include "keymgmt/token/kek_names.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

static struct env_token_set *from_base(struct env_keyring *base)
{
    return (struct env_token_set *)base;
}

static ENV_RESULT keyring_select(struct env_keyring *base, const struct env_selector *selector,
                                 struct env_kek_list *out)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    ENV_RESULT r;

    out->count = 0;
    out->by_version = false;
    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = env_select_keks(token_set, selector, out, &detail);
    if (!env_ok(r)) {
        env_kek_list_clear(out);
        out->refused = detail.refused;
        r = env_error_detail_raise(token_set->errors, &detail);
    }
    env_fork_gate_leave();
    return r;
}

static ENV_RESULT lookup(struct env_token_set *token_set, const struct env_kek_id *id,
                         enum env_wrap_alg alg, struct env_kek **out,
                         struct env_error_detail *detail)
{
    size_t bits = env_wrap_aes_bits(alg); /* 0: RSA */
    const struct env_cache_name name = {ENV_CACHE_ID, (unsigned)bits, id->bytes, id->len};
    enum env_reason refusal;
    struct env_query query;
    ENV_RESULT r;

    *out = env_kek_cache_find(&token_set->cache, &name);
    if (*out == NULL) {
        env_query_from_id(&query, id, bits);
        query.from_header = true;
        ENV_TRY(env_find_kek(token_set, &query, &name, true, out, detail));
    }
    refusal = env_replicas_refusal(*out);
    if (refusal != ENV_R_NONE) /* the name may mean the key on one token only */
        refusal = env_replicas_refusal_of_all(*out);
    if (refusal == ENV_R_NONE)
        return ENV_OK;
    env_kek_cache_remove(&token_set->cache, *out); /* so that a fix takes effect */
    env_query_from_id(&query, id, bits);
    r = env_error_detail(detail, refusal, "id %s: %s", query.shown,
                         env_replicas_first(*out)->where);
    env_key_refused(&detail->refused, &env_replicas_first(*out)->attributes,
                    &env_replicas_first(*out)->token);
    env_kek_free(*out);
    *out = NULL;
    return r;
}

static ENV_RESULT keyring_lookup(struct env_keyring *base, const struct env_kek_id *id,
                                 enum env_wrap_alg alg, struct env_kek **out,
                                 struct env_refused_kek *refused)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    ENV_RESULT r;

    *out = NULL;
    if (alg == ENV_WRAP_NONE || id->len < 1 || id->len > ENV_KEK_ID_MAX)
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = lookup(token_set, id, alg, out, &detail);
    env_fork_gate_leave();
    if (env_ok(r))
        return r;
    if (r.reason == ENV_R_KEK_NOT_FOUND)
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    if (refused != NULL)
        *refused = detail.refused;
    return env_error_detail_raise(token_set->errors, &detail);
}

static bool keyring_knows(struct env_keyring *base, const struct env_kek_id *id,
                          enum env_wrap_alg alg)
{
    const struct env_cache_name name = {ENV_CACHE_ID, (unsigned)env_wrap_aes_bits(alg), id->bytes,
                                        id->len};
    struct env_kek *kek = env_kek_cache_find(&from_base(base)->cache, &name);
    bool knows = kek != NULL;

    env_kek_free(kek);
    return knows;
}

/* A query for KEKs to be shown. A PIN in a URI is kept for the token's login. */
static ENV_RESULT query_to_show(struct env_token_set *token_set, struct env_query *query,
                                const char *text, struct env_error_detail *detail)
{
    if (text != NULL && env_uri_is(text))
        ENV_TRY(env_pin_remember_uri(&token_set->pins, text, detail));
    return env_query_to_show(query, text, detail);
}

static ENV_RESULT find_shown(struct env_token_set *token_set, const char *text,
                             struct env_kek **out, struct env_error_detail *detail)
{
    struct env_cache_name name = {ENV_CACHE_SHOWN, 0, NULL, 0};
    struct env_query query;
    ENV_RESULT r;

    ENV_TRY(query_to_show(token_set, &query, text, detail));
    name.bytes = query.uri_text != NULL ? query.uri_text : query.label;
    name.len = strlen(name.bytes);
    r = env_find_kek(token_set, &query, &name, false, out, detail);
    env_query_clear(&query);
    return r;
}

static ENV_RESULT keyring_find(struct env_keyring *base, const char *name, struct env_kek **out)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    ENV_RESULT r;

    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = find_shown(token_set, name, out, &detail);
    if (!env_ok(r))
        r = env_error_detail_raise(token_set->errors, &detail);
    env_fork_gate_leave();
    return r;
}

static ENV_RESULT keyring_list(struct env_keyring *base, const char *uri, env_take_kek_fn *take,
                               void *arg)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    struct env_query query;
    ENV_RESULT r;

    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = query_to_show(token_set, &query, uri, &detail);
    if (env_ok(r)) {
        r = env_list_keks(token_set, &query, take, arg, &detail);
        env_query_clear(&query);
    }
    if (!env_ok(r))
        r = env_error_detail_raise(token_set->errors, &detail);
    env_fork_gate_leave();
    return r;
}

static ENV_RESULT keyring_generate(struct env_keyring *base, const struct env_kek_request *request,
                                   struct env_kek **out)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    ENV_RESULT r;

    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = env_make_kek(token_set, request, out, &detail);
    if (!env_ok(r))
        r = env_error_detail_raise(token_set->errors, &detail);
    env_fork_gate_leave();
    return r;
}

static ENV_RESULT keyring_destroy(struct env_keyring *base, struct env_kek *kek)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    ENV_RESULT r;

    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = env_destroy_kek(token_set, kek, &detail);
    if (!env_ok(r))
        r = env_error_detail_raise(token_set->errors, &detail);
    env_fork_gate_leave();
    return r;
}

static ENV_RESULT keyring_select_for_key_wrap(struct env_keyring *base,
                                              const struct env_selector *selector, size_t bits,
                                              struct env_kek **out, struct env_refused_kek *refused)
{
    struct env_token_set *token_set = from_base(base);
    struct env_error_detail detail;
    ENV_RESULT r;

    *out = NULL;
    r = env_token_set_enter_fork_gate(&detail);
    if (env_ok(r))
        r = env_select_kek_for_key_wrap(token_set, selector, bits, out, &detail);
    env_fork_gate_leave();
    if (!env_ok(r) && refused != NULL)
        *refused = detail.refused;
    return env_ok(r) ? r : env_error_detail_raise(token_set->errors, &detail);
}

static ENV_RESULT keyring_judge_names(struct env_keyring *base, const char *key, const char *text)
{
    const struct env_kek_list_text list = {.text = text, .key = key, .ids = true};
    struct env_kek_names *names = NULL;
    struct env_error_detail detail;
    ENV_RESULT r = env_kek_names_of(&list, &names, &detail);

    env_kek_names_free(names);
    return env_ok(r) ? r : env_error_detail_raise(from_base(base)->errors, &detail);
}

static void keyring_free(struct env_keyring *base)
{
    struct env_token_set *token_set = from_base(base);

    env_fork_gate_enter();
    env_kek_cache_empty(&token_set->cache); /* each KEK in it refers to the token_set */
    env_kek_cache_empty(&token_set->files);
    env_token_set_unref(token_set);
    env_fork_gate_leave();
}

static const struct env_keyring_vtable vtable = {
    .free = keyring_free,
    .select = keyring_select,
    .lookup = keyring_lookup,
    .knows = keyring_knows,
    .select_for_key_wrap = keyring_select_for_key_wrap,
    .find = keyring_find,
    .list = keyring_list,
    .judge_names = keyring_judge_names,
    .generate = keyring_generate,
    .destroy = keyring_destroy,
};

ENV_RESULT env_token_keyring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                 const struct env_errors *errors, struct env_keyring **out)
{
    struct env_token_set *token_set;
    ENV_RESULT r = env_fork_gate_prepare();

    if (!env_ok(r))
        return ENV_RAISE(errors, r.reason, "%s", "");
    ENV_TRY(env_token_set_new(config, libctx, errors, &vtable, &token_set));
    *out = &token_set->base;
    return ENV_OK;
}

void env_token_keyring_ask_pin(struct env_keyring *base, env_ask_pin_fn *ask, void *arg)
{
    struct env_token_set *token_set = from_base(base);

    token_set->pins.ask = ask;
    token_set->pins.ask_arg = arg;
}
