/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/open_words.h"

#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "keymgmt/token/open_kek.h"
#include "tools/common/report.h"

/* One word, and the first key for each of its two meanings. */
struct meanings {
    const char *word;
    bool has_label;
    bool has_id;
    struct env_kek_info labelled;
    struct env_kek_info of_id;
};

static ENV_RESULT take(void *arg, struct env_kek *kek)
{
    static const struct env_kek_id no_id = {0};
    struct meanings *m = arg;
    struct env_kek_info info;
    bool labelled;

    kek->vtable->describe(kek, &info);
    labelled = env_open_kek_allows(m->word, info.label, &no_id);
    if (!m->has_label && labelled) {
        m->has_label = true;
        m->labelled = info;
    }
    if (!m->has_id && !labelled && env_open_kek_allows(m->word, "", &info.id)) {
        m->has_id = true;
        m->of_id = info;
    }
    return ENV_OK;
}

static bool is_clear(const struct tool_keys *keys, const char *option, const char *word,
                     struct tool_failure *failure)
{
    struct env_keyring *keyring = keys->dek.keyring;
    struct meanings *m = calloc(1, sizeof(*m));
    char ids[2][TOOL_REPORT_ID];
    bool clear;
    ENV_RESULT r;

    if (m == NULL) {
        tool_failure_set(failure, "%s: out of memory", option);
        return false;
    }
    m->word = word;
    r = keyring->vtable->list(keyring, NULL, take, m);
    if (!env_ok(r))
        tool_failure_take(r, failure); /* what could be searched counts */
    clear = !m->has_label || !m->has_id;
    if (!clear)
        tool_failure_set(failure,
                         "%s: '%s' is the label of the KEK %s of token '%s' and the id of '%s' of "
                         "token '%s' (%s), and both would open: use pkcs11:object=%s or id:%s",
                         option, word, tool_report_id(&m->labelled.id, ids[0]), m->labelled.token,
                         m->of_id.label, m->of_id.token, tool_report_id(&m->of_id.id, ids[1]), word,
                         word);
    free(m);
    return clear;
}

/* Only words that could be an id matter: URIs and files cannot. */
static bool list_is_clear(const struct tool_keys *keys, const char *option, const char *list,
                          struct tool_failure *failure)
{
    struct env_word word;
    bool clear = true;

    while (clear && list != NULL && env_word_next(&list, &word)) {
        struct env_kek_id id;
        char *one;

        if (!env_word_hex(&word, id.bytes, sizeof(id.bytes), &id.len))
            continue;
        one = strndup(word.text, word.len);
        clear = one != NULL && is_clear(keys, option, one, failure);
        free(one);
    }
    return clear;
}

bool tool_open_words_are_clear(const struct tool_keys *keys, struct tool_failure *failure)
{
    const struct env_config *config = &keys->settings.config;

    return list_is_clear(keys, "--from", config->opens_too, failure) &&
           list_is_clear(keys, "open-kek", config->open_kek, failure) &&
           list_is_clear(keys, "open-only-kek", config->open_only_kek, failure);
}
