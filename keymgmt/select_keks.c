/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/select_keks.h"

#include <string.h>

#include "envelope/base/secret.h"
#include "keymgmt/file_kek.h"
#include "keymgmt/kek/find_kek.h"
#include "keymgmt/kek/replicas.h"
#include "envelope/base/config_list.h"

/* A key that was named with its token adds nothing to the same one with all that stand in. */
static void add_once(struct env_kek_list *list, struct env_kek *kek)
{
    for (size_t i = 0; i < list->count; i++) {
        struct env_kek *other = list->keks[i];

        if (other == kek || env_standins_cover(other, kek)) {
            env_kek_free(kek);
            return;
        }
        if (env_standins_cover(kek, other)) {
            env_kek_free(other);
            list->keks[i] = kek;
            return;
        }
    }
    list->optional[list->count] = false;
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
    if (r.reason == ENV_R_KEK_USAGE)
        env_ring_forget_mechanisms(ring);
    env_kek_free(kek);
    return r;
}

static ENV_RESULT select_text(struct env_ring *ring, const char *text, struct env_kek_list *list,
                              struct env_fault *fault)
{
    struct env_query query;
    struct env_kek *kek;
    ENV_RESULT r;

    if (list->count == ENV_KEK_RECIPIENTS_MAX)
        return env_fault(fault, ENV_R_CONFIG_VALUE, "kek names more than %u keys",
                         ENV_KEK_RECIPIENTS_MAX);
    if (env_file_kek_is(text)) {
        ENV_TRY(env_file_kek_find(ring, text, &kek, fault));
        add_once(list, kek);
        return ENV_OK;
    }
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

/* text is room for the word. In a label or path %XX stands for a byte, in a URI p11-kit sees to
 * that. */
static ENV_RESULT word_text(const struct env_word *word, char *text, struct env_fault *fault)
{
    memcpy(text, word->text, word->len);
    text[word->len] = '\0';
    if (!env_uri_is(text) && !env_word_decode(word, text))
        return env_fault(fault, ENV_R_CONFIG_VALUE,
                         "kek: a %% in a label or path is followed by two hex digits");
    return ENV_OK;
}

/* Whether a failure is about what kek says, rather than about the token. */
static bool is_of_the_value(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_KEK_AMBIGUOUS:
    case ENV_R_KEK_KIND:
    case ENV_R_KEK_FILE:
    case ENV_R_KEK_FILE_CONTENT:
    case ENV_R_KEK_FILE_PRIVATE:
        return true;
    default:
        return false;
    }
}

/* Names the key of the configuration in front of what was found wrong with its value. */
static void name_the_key(struct env_fault *fault)
{
    static const char name[] = "kek: ";
    size_t room = sizeof(fault->text) - sizeof(name);

    memmove(fault->text + sizeof(name) - 1, fault->text, room);
    memcpy(fault->text, name, sizeof(name) - 1);
    fault->text[sizeof(fault->text) - 1] = '\0';
}

static ENV_RESULT select_word(struct env_ring *ring, const struct env_word *word,
                              struct env_kek_list *list, struct env_fault *fault)
{
    char *text = env_secret_alloc(word->len + 1); /* a URI may have a PIN */
    ENV_RESULT r;

    if (text == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "kek");
    r = word_text(word, text, fault);
    if (env_ok(r)) {
        r = select_text(ring, text, list, fault);
        if (is_of_the_value(r.reason))
            name_the_key(fault);
    }
    env_secret_free(text, word->len + 1);
    return r;
}

static ENV_RESULT check_optional(const struct env_config *config, struct env_fault *fault)
{
    const char *at = config->kek_optional;
    char shown[ENV_URI_TEXT];
    struct env_word word;

    while (at != NULL && env_word_next(&at, &word)) {
        if (env_word_in(config->kek, &word))
            continue;
        if (env_uri_is(word.text))
            return env_fault(fault, ENV_R_CONFIG_VALUE,
                             "kek-optional: a URI in it does not stand in kek"); /* a PIN? */
        env_printable(shown, sizeof(shown), word.text, word.len);
        return env_fault(fault, ENV_R_CONFIG_VALUE, "kek-optional: %s does not stand in kek",
                         shown);
    }
    return ENV_OK;
}

/* *left_out: the last of the optional ones that sealing has to go without. */
static ENV_RESULT select_word_or_not(struct env_ring *ring, const struct env_word *word,
                                     bool optional, struct env_kek_list *list,
                                     struct env_fault *left_out, struct env_fault *fault)
{
    size_t before = list->count;
    ENV_RESULT r = select_word(ring, word, list, fault);

    if (!env_ok(r) && optional && env_kek_out_of_reach(r.reason)) {
        *left_out = *fault;
        return ENV_OK;
    }
    if (list->count > before)
        list->optional[before] = optional;
    return r;
}

static ENV_RESULT select_configured(struct env_ring *ring, bool all, struct env_kek_list *list,
                                    struct env_fault *fault)
{
    const char *at = ring->config->kek;
    const char *optional = all ? NULL : ring->config->kek_optional;
    struct env_fault left_out = {.reason = ENV_R_NONE};
    struct env_word word;
    ENV_RESULT r = check_optional(ring->config, fault);

    while (env_ok(r) && at != NULL && env_word_next(&at, &word))
        r = select_word_or_not(ring, &word, env_word_in(optional, &word), list, &left_out, fault);
    if (!env_ok(r) || list->count > 0)
        return r;
    if (left_out.reason != ENV_R_NONE)
        return env_fault(fault, ENV_R_NO_KEK_LEFT, "%.*s", (int)sizeof(left_out.text) - 1,
                         left_out.text);
    return env_fault(fault, ENV_R_NO_KEK_CONFIGURED, "%s", "");
}

ENV_RESULT env_select_keks(struct env_ring *ring, const struct env_selector *selector,
                           struct env_kek_list *out, struct env_fault *fault)
{
    if (selector->marked != NULL)
        return select_marked(ring, selector->marked, out, fault);
    if (selector->name != NULL)
        return select_name(ring, selector->name, out, fault);
    return select_configured(ring, selector->all, out, fault);
}

/* Key wrap is for AES KEKs: one of RSA is looked for only where the name says so. */
static ENV_RESULT raw_from_text(struct env_query *query, const char *text, struct env_fault *fault)
{
    if (env_file_kek_is(text))
        return env_fault(fault, ENV_R_KEK_LENGTH, "a file: KEK is one of RSA");
    ENV_TRY(env_query_from_text(query, text, fault));
    if (query->kinds == ENV_KEYS_ANY)
        query->kinds = ENV_KEYS_AES;
    return ENV_OK;
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
        r = raw_from_text(query, text, fault);
    env_secret_free(text, word.len + 1);
    return r;
}

static ENV_RESULT raw_query(struct env_ring *ring, const struct env_selector *selector,
                            struct env_query *query, struct env_fault *fault)
{
    if (selector->marked != NULL) {
        ENV_TRY(env_query_from_marked(query, selector->marked, fault));
        query->kinds = ENV_KEYS_AES;
        return ENV_OK;
    }
    if (selector->name == NULL)
        return configured_query(ring, query, fault);
    if (env_uri_is(selector->name))
        ENV_TRY(env_pin_remember_uri(&ring->pins, selector->name, fault));
    return raw_from_text(query, selector->name, fault);
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
