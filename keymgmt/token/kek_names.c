/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/kek_names.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/file_name.h"
#include "envelope/base/printable.h"
#include "envelope/base/secret.h"

bool env_kek_name_is_file(const char *text)
{
    return env_file_name_is(text);
}

/* There is no quoting, so a name with a space in it becomes several names. */
static const char *hint(const struct env_kek_name *name)
{
    if (name->file != NULL)
        return "; a space in a path is %20";
    return name->query.uri != NULL ? "; a space in a URI is %20" : "; a space in a label is %20";
}

void env_kek_names_explain(const struct env_kek_names *names, const struct env_kek_name *name,
                           struct env_error_detail *detail)
{
    switch (detail->reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_KEK_FILE:
        if (names->count > 1)
            env_error_detail_behind(detail, hint(name));
        break;
    case ENV_R_KEK_AMBIGUOUS:
    case ENV_R_KEK_KIND:
    case ENV_R_KEK_FILE_CONTENT:
    case ENV_R_KEK_FILE_PRIVATE:
        break;
    default:
        return; /* the failure is about the token */
    }
    env_error_detail_before(detail, "kek: ");
}

/*
 * The text of the word: unchanged for a URI, in which p11-kit decodes %XX, and decoded otherwise.
 */
static ENV_RESULT read_text(const struct env_kek_list_text *list, const char *text,
                            struct env_kek_name *name, struct env_error_detail *detail)
{
    ENV_RESULT r;

    if (env_kek_name_is_file(text)) {
        name->file = OPENSSL_strdup(text);
        return name->file != NULL ? ENV_OK
                                  : env_error_detail(detail, ENV_R_NO_MEMORY, "%s", list->key);
    }
    r = env_query_from_list(&name->query, text, list->key, detail);
    if (r.reason == ENV_R_KEK_NOT_FOUND) {
        env_error_detail_before(detail, ": ");
        env_error_detail_before(detail, list->key);
    }
    return r;
}

/* text must have room for the word. In a label or path %XX stands for a byte. */
static ENV_RESULT read_word(const struct env_kek_list_text *list, const struct env_word *word,
                            char *text, struct env_kek_name *name, struct env_error_detail *detail)
{
    memcpy(text, word->text, word->len);
    text[word->len] = '\0';
    if (list->ids && !env_word_id(word, name->id.bytes, sizeof(name->id.bytes), &name->id.len))
        name->id.len = 0;
    if (list->one)
        return read_text(list, text, name, detail);
    if (!env_uri_is(text) && !env_word_decode(word, text))
        return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                "%s: a %% in a label or path must be followed by two hex digits",
                                list->key);
    return read_text(list, text, name, detail);
}

static ENV_RESULT read_name(const struct env_kek_list_text *list, const struct env_word *word,
                            struct env_kek_name *name, struct env_error_detail *detail)
{
    char *text = env_secret_alloc(word->len + 1); /* a URI may contain a PIN */
    ENV_RESULT r;

    if (text == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", list->key);
    r = read_word(list, word, text, name, detail);
    env_secret_free(text, word->len + 1);
    return r;
}

static ENV_RESULT check_optional(const struct env_config *config, struct env_error_detail *detail)
{
    const char *at = config->kek_optional;
    char shown[ENV_URI_TEXT];
    struct env_word word;

    while (at != NULL && env_word_next(&at, &word)) {
        if (env_word_in(config->kek, &word))
            continue;
        if (env_uri_is(word.text)) /* not shown: it may contain a PIN */
            return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                    "kek-optional: a URI in it is not in kek");
        env_printable(shown, sizeof(shown), word.text, word.len);
        return env_error_detail(detail, ENV_R_CONFIG_VALUE, "kek-optional: %s is not in kek",
                                shown);
    }
    return ENV_OK;
}

/* Reads the next name of the list. */
static bool next_name(const struct env_kek_list_text *list, const char **at, struct env_word *word)
{
    if (!list->one)
        return env_word_next(at, word);
    *word = (struct env_word){*at, strlen(*at)};
    *at += word->len;
    return word->len > 0;
}

static size_t count_names(const struct env_kek_list_text *list)
{
    const char *at = list->text;
    struct env_word word;
    size_t count = 0;

    while (at != NULL && next_name(list, &at, &word))
        count++;
    return count;
}

ENV_RESULT env_kek_names_of(const struct env_kek_list_text *list, struct env_kek_names **out,
                            struct env_error_detail *detail)
{
    size_t room = count_names(list);
    const char *at = list->text;
    struct env_kek_names *names;
    struct env_word word;
    ENV_RESULT r = ENV_OK;

    *out = NULL;
    names = OPENSSL_zalloc(sizeof(*names) + room * sizeof(names->list[0]));
    if (names == NULL) {
        (void)env_error_detail(detail, ENV_R_NO_MEMORY, "%s", list->key);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    while (env_ok(r) && names->count < room && next_name(list, &at, &word)) {
        r = read_name(list, &word, &names->list[names->count], detail);
        names->count += env_ok(r) ? 1 : 0;
    }
    if (env_ok(r))
        *out = names;
    else
        env_kek_names_free(names);
    return r;
}

ENV_RESULT env_kek_names_parse(const struct env_config *config, struct env_kek_names **out,
                               struct env_error_detail *detail)
{
    const struct env_kek_list_text list = {config->kek, "kek", false, false};
    const char *at = config->kek;
    struct env_word word;

    *out = NULL;
    ENV_TRY(check_optional(config, detail));
    ENV_TRY(env_kek_names_of(&list, out, detail));
    for (size_t i = 0; i < (*out)->count && env_word_next(&at, &word); i++)
        (*out)->list[i].optional = env_word_in(config->kek_optional, &word);
    return ENV_OK;
}

ENV_RESULT env_kek_names_get(_Atomic(struct env_kek_names *) *kept, const struct env_config *config,
                             const struct env_kek_names **out, struct env_error_detail *detail)
{
    struct env_kek_names *names = atomic_load(kept);
    struct env_kek_names *another;

    if (names == NULL) {
        ENV_TRY(env_kek_names_parse(config, &another, detail));
        if (atomic_compare_exchange_strong(kept, &names, another))
            names = another;
        else
            env_kek_names_free(another); /* names is the other thread's now */
    }
    *out = names;
    return ENV_OK;
}

void env_kek_names_free(struct env_kek_names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].file != NULL)
            OPENSSL_free(names->list[i].file);
        else
            env_query_clear(&names->list[i].query);
    }
    OPENSSL_free(names);
}
