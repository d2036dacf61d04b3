/* SPDX-License-Identifier: Apache-2.0 */
#include "select_keks.h"

#include <string.h>

#include "../provider/secret.h"
#include "find_kek.h"
#include "standins.h"
#include "words.h"

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
    ENV_TRY(env_find_kek(ring, query, &name, false, &kek, fault));
    r = env_standins_prepare(kek, fault);
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

ENV_RESULT env_select_keks(struct env_ring *ring, const struct env_selector *selector,
                           struct env_kek_list *out, struct env_fault *fault)
{
    if (selector->marked != NULL)
        return select_marked(ring, selector->marked, out, fault);
    if (selector->name != NULL)
        return select_name(ring, selector->name, out, fault);
    return select_configured(ring, out, fault);
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

ENV_RESULT env_select_raw_kek(struct env_ring *ring, const struct env_selector *selector,
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
        r = env_find_kek(ring, &query, &name, false, out, fault);
    if (env_ok(r) && env_standins_first(*out)->facts.bits != bits) {
        r = env_fault(fault, ENV_R_KEK_LENGTH, "%s has %zu bits, not %zu",
                      env_standins_first(*out)->where, env_standins_first(*out)->facts.bits, bits);
        env_kek_free(*out);
        *out = NULL;
    }
    env_query_clear(&query);
    return r;
}
