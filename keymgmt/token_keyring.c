/* SPDX-License-Identifier: Apache-2.0 */
#include "token_keyring.h"

#include <string.h>

#include "../provider/secret.h"
#include "kek_operation.h"
#include "list_keks.h"
#include "make_kek.h"
#include "ring.h"
#include "search.h"
#include "selector.h"
#include "token_kek.h"
#include "words.h"

static struct env_ring *from_base(struct env_keyring *base)
{
    return (struct env_ring *)base;
}

/* Looks in the cache and then on the tokens. */
static ENV_RESULT find_kek(struct env_ring *ring, const struct env_query *query,
                           const struct env_cache_name *name, bool first_will_do,
                           struct env_kek **out, struct env_fault *fault)
{
    *out = env_kek_cache_find(&ring->cache, name);
    if (*out != NULL)
        return ENV_OK;
    ENV_TRY(env_search_kek(ring, query, first_will_do, out, fault));
    env_kek_cache_add(&ring->cache, name, *out);
    return ENV_OK;
}

static void add_once(struct env_kek_list *list, struct env_kek *kek)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->keks[i] == kek) {
            env_kek_free(kek);
            return;
        }
    }
    list->keks[list->count++] = kek;
}

/* Finds what the query asks for, shows that it works and adds it to the list. */
static ENV_RESULT select_query(struct env_ring *ring, const struct env_query *query,
                               enum env_cache_kind kind, struct env_kek_list *list,
                               struct env_fault *fault)
{
    struct env_cache_name name = {kind, 0, query->label, query->label_len};
    struct env_kek *kek;
    ENV_RESULT r;

    if (list->count == ENV_KEK_RECIPIENTS_MAX)
        return env_fault(fault, ENV_R_CONFIG_VALUE, "kek names more than %u keys",
                         ENV_KEK_RECIPIENTS_MAX);
    if (query->uri_text != NULL) {
        name.bytes = query->uri_text;
        name.len = strlen(query->uri_text);
    }
    ENV_TRY(find_kek(ring, query, &name, false, &kek, fault));
    r = env_token_kek_prepare(kek, fault);
    if (env_ok(r)) {
        add_once(list, kek);
        return r;
    }
    env_kek_cache_remove(&ring->cache, kek); /* so that a cure is seen */
    env_kek_free(kek);
    return r;
}

static ENV_RESULT select_text(struct env_ring *ring, const char *text, struct env_kek_list *list,
                              struct env_fault *fault)
{
    struct env_query query;
    ENV_RESULT r;

    ENV_TRY(env_query_from_text(&query, text, fault));
    r = select_query(ring, &query, ENV_CACHE_TEXT, list, fault);
    env_query_clear(&query);
    return r;
}

static ENV_RESULT select_name(struct env_ring *ring, const char *name, struct env_kek_list *list,
                              struct env_fault *fault)
{
    if (env_uri_is(name))
        ENV_TRY(env_pin_remember_uri(&ring->pins, name, fault));
    return select_text(ring, name, list, fault);
}

static ENV_RESULT select_marked(struct env_ring *ring, const char *label, struct env_kek_list *list,
                                struct env_fault *fault)
{
    struct env_query query;
    ENV_RESULT r = env_query_from_marked(&query, label, fault);

    if (env_ok(r))
        r = select_query(ring, &query, ENV_CACHE_MARKED, list, fault);
    env_query_clear(&query);
    return r;
}

/* text is room for the word. In a label %XX stands for a byte, in a URI p11-kit sees to that. */
static ENV_RESULT word_text(const struct env_word *word, char *text, struct env_fault *fault)
{
    memcpy(text, word->text, word->len);
    text[word->len] = '\0';
    if (!env_uri_is(text) && !env_word_decode(word, text))
        return env_fault(fault, ENV_R_CONFIG_VALUE,
                         "kek: a %% in a label is followed by two hex digits");
    return ENV_OK;
}

static ENV_RESULT select_word(struct env_ring *ring, const struct env_word *word, char *text,
                              struct env_kek_list *list, struct env_fault *fault)
{
    ENV_TRY(word_text(word, text, fault));
    return select_text(ring, text, list, fault);
}

static ENV_RESULT select_configured(struct env_ring *ring, struct env_kek_list *list,
                                    struct env_fault *fault)
{
    const char *at = ring->config->kek;
    struct env_word word;
    ENV_RESULT r = ENV_OK;

    if (at == NULL)
        return env_fault(fault, ENV_R_NO_KEK_CONFIGURED, "%s", "");
    while (env_ok(r) && env_word_next(&at, &word)) {
        char *text = env_secret_alloc(word.len + 1); /* a URI may have a PIN */

        if (text == NULL)
            return env_fault(fault, ENV_R_NO_MEMORY, "kek");
        r = select_word(ring, &word, text, list, fault);
        env_secret_free(text, word.len + 1);
    }
    if (env_ok(r) && list->count == 0)
        return env_fault(fault, ENV_R_NO_KEK_CONFIGURED, "%s", "");
    return r;
}

static ENV_RESULT ring_select(struct env_keyring *base, const struct env_selector *selector,
                              struct env_kek_list *out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    out->count = 0;
    env_gate_enter();
    if (selector->marked != NULL)
        r = select_marked(ring, selector->marked, out, &fault);
    else if (selector->name != NULL)
        r = select_name(ring, selector->name, out, &fault);
    else
        r = select_configured(ring, out, &fault);
    if (!env_ok(r)) {
        env_kek_list_clear(out);
        r = env_fault_raise(ring->errors, &fault);
    }
    env_gate_leave();
    return r;
}

static ENV_RESULT lookup(struct env_ring *ring, const struct env_kek_id *id, size_t bits,
                         struct env_kek **out, struct env_fault *fault)
{
    const struct env_cache_name name = {ENV_CACHE_ID, (unsigned)bits, id->bytes, id->len};
    struct env_query query;

    env_query_from_id(&query, id, bits);
    ENV_TRY(find_kek(ring, &query, &name, true, out, fault));
    if (env_token_kek_may_open(*out))
        return ENV_OK;
    env_kek_free(*out);
    *out = NULL;
    return env_fault(fault, ENV_R_KEK_NOT_ALLOWED, "id %s", query.shown);
}

static ENV_RESULT ring_lookup(struct env_keyring *base, const struct env_kek_id *id,
                              enum env_wrap_alg alg, struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    size_t bits = env_aes_alg_bits(alg);
    struct env_fault fault;
    ENV_RESULT r;

    *out = NULL;
    if (bits == 0 || id->len < 1 || id->len > ENV_KEK_ID_MAX)
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    env_gate_enter();
    r = lookup(ring, id, bits, out, &fault);
    env_gate_leave();
    if (env_ok(r))
        return r;
    if (r.reason == ENV_R_KEK_NOT_FOUND)
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    return env_fault_raise(ring->errors, &fault);
}

/* A query for KEKs that are to be shown; a PIN in a URI is kept for the token's login. */
static ENV_RESULT query_to_show(struct env_ring *ring, struct env_query *query, const char *text,
                                struct env_fault *fault)
{
    if (text != NULL && env_uri_is(text))
        ENV_TRY(env_pin_remember_uri(&ring->pins, text, fault));
    return env_query_to_show(query, text, fault);
}

static ENV_RESULT find_shown(struct env_ring *ring, const char *text, struct env_kek **out,
                             struct env_fault *fault)
{
    struct env_cache_name name = {ENV_CACHE_SHOWN, 0, NULL, 0};
    struct env_query query;
    ENV_RESULT r;

    ENV_TRY(query_to_show(ring, &query, text, fault));
    name.bytes = query.uri_text != NULL ? query.uri_text : query.label;
    name.len = strlen(name.bytes);
    r = find_kek(ring, &query, &name, false, out, fault);
    env_query_clear(&query);
    return r;
}

static ENV_RESULT ring_find(struct env_keyring *base, const char *name, struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    env_gate_enter();
    r = find_shown(ring, name, out, &fault);
    if (!env_ok(r))
        r = env_fault_raise(ring->errors, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT ring_list(struct env_keyring *base, const char *uri, env_take_kek_fn *take,
                            void *arg)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    struct env_query query;
    ENV_RESULT r;

    env_gate_enter();
    r = query_to_show(ring, &query, uri, &fault);
    if (env_ok(r)) {
        r = env_list_keks(ring, &query, take, arg, &fault);
        env_query_clear(&query);
    }
    if (!env_ok(r))
        r = env_fault_raise(ring->errors, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT ring_generate(struct env_keyring *base, const struct env_kek_request *request,
                                struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    env_gate_enter();
    r = env_make_kek(ring, request, out, &fault);
    if (!env_ok(r))
        r = env_fault_raise(ring->errors, &fault);
    env_gate_leave();
    return r;
}

/* The query for the one name in the configuration. */
static ENV_RESULT configured_query(const struct env_ring *ring, struct env_query *query,
                                   struct env_fault *fault)
{
    const char *at = ring->config->kek;
    struct env_word word;
    struct env_word another;
    char *text;
    ENV_RESULT r;

    if (at == NULL || !env_word_next(&at, &word))
        return env_fault(fault, ENV_R_NO_KEK_CONFIGURED, "%s", "");
    if (env_word_next(&at, &another))
        return env_fault(fault, ENV_R_ONE_KEK, "%s", "");
    text = env_secret_alloc(word.len + 1); /* a URI may have a PIN */
    if (text == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "kek");
    r = word_text(&word, text, fault);
    if (env_ok(r))
        r = env_query_from_text(query, text, fault);
    env_secret_free(text, word.len + 1);
    return r;
}

static ENV_RESULT raw_query(struct env_ring *ring, const struct env_selector *selector,
                            struct env_query *query, struct env_fault *fault)
{
    if (selector->marked != NULL)
        return env_query_from_marked(query, selector->marked, fault);
    if (selector->name == NULL)
        return configured_query(ring, query, fault);
    if (env_uri_is(selector->name))
        ENV_TRY(env_pin_remember_uri(&ring->pins, selector->name, fault));
    return env_query_from_text(query, selector->name, fault);
}

static ENV_RESULT select_raw(struct env_ring *ring, const struct env_selector *selector,
                             size_t bits, struct env_kek **out, struct env_fault *fault)
{
    struct env_query query = {0};
    /* the length keeps the name apart from that of a KEK that is fit for DEKs */
    struct env_cache_name name = {selector->marked != NULL ? ENV_CACHE_MARKED : ENV_CACHE_TEXT,
                                  (unsigned)bits, NULL, 0};
    ENV_RESULT r = raw_query(ring, selector, &query, fault);

    query.raw = true;
    name.bytes = query.uri_text != NULL ? query.uri_text : query.label;
    name.len = query.uri_text != NULL ? strlen(query.uri_text) : query.label_len;
    if (env_ok(r))
        r = find_kek(ring, &query, &name, false, out, fault);
    if (env_ok(r) && ((struct env_token_kek *)*out)->facts.bits != bits) {
        r = env_fault(fault, ENV_R_KEK_LENGTH, "%s has %zu bits, not %zu",
                      ((struct env_token_kek *)*out)->where,
                      ((struct env_token_kek *)*out)->facts.bits, bits);
        env_kek_free(*out);
        *out = NULL;
    }
    env_query_clear(&query);
    return r;
}

static ENV_RESULT ring_select_raw(struct env_keyring *base, const struct env_selector *selector,
                                  size_t bits, struct env_kek **out)
{
    struct env_ring *ring = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    *out = NULL;
    env_gate_enter();
    r = select_raw(ring, selector, bits, out, &fault);
    env_gate_leave();
    return env_ok(r) ? r : env_fault_raise(ring->errors, &fault);
}

static void ring_free(struct env_keyring *base)
{
    struct env_ring *ring = from_base(base);

    env_gate_enter();
    env_kek_cache_empty(&ring->cache); /* each KEK in it refers to the ring */
    env_ring_unref(ring);
    env_gate_leave();
}

static const struct env_keyring_vtable vtable = {
    .free = ring_free,
    .select = ring_select,
    .lookup = ring_lookup,
    .select_raw = ring_select_raw,
    .find = ring_find,
    .list = ring_list,
    .generate = ring_generate,
};

ENV_RESULT env_token_keyring_new(const struct env_config *config, const struct env_errors *errors,
                                 struct env_keyring **out)
{
    struct env_ring *ring;
    ENV_RESULT r = env_gate_prepare();

    if (!env_ok(r))
        return ENV_RAISE(errors, r.reason, "%s", "");
    ENV_TRY(env_ring_new(config, errors, &vtable, &ring));
    *out = &ring->base;
    return ENV_OK;
}

void env_token_keyring_ask_pin(struct env_keyring *base, env_ask_pin_fn *ask, void *arg)
{
    struct env_ring *ring = from_base(base);

    ring->pins.ask = ask;
    ring->pins.ask_arg = arg;
}
