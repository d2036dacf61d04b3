/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/open_kek.h"

#include <string.h>

#include "envelope/base/config_list.h"
#include "keymgmt/token/versions.h"

/* Whether the word, decoded, is the key's label, or names all versions of its KEK. */
static bool names(const char *text, const char *label)
{
    size_t len = strlen(text);
    uint32_t number;

    return strcmp(text, label) == 0 ||
           (env_versions_named(text, len) &&
            env_version_read(label, strlen(label), text, len - 1, &number));
}

bool env_open_kek_allows(const char *open_kek, const char *label, const struct env_kek_id *id)
{
    struct env_word word;
    const char *at = open_kek;
    bool allowed = open_kek == NULL;

    while (!allowed && env_word_next(&at, &word)) {
        char text[3 * ENV_LABEL_MAX + 1];
        struct env_kek_id named;

        if (word.len < sizeof(text) && label[0] != '\0' && env_word_decode(&word, text))
            allowed = names(text, label);
        if (!allowed && env_word_id(&word, named.bytes, sizeof(named.bytes), &named.len))
            allowed = env_kek_id_equal(&named, id);
    }
    return allowed;
}
