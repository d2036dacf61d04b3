/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/named/store_inside.h"

static bool fits(const struct env_word *word, const char *name, const char *full_name, bool exactly)
{
    if (word->text[word->len - 1] == '*')
        return !exactly && strncmp(name, word->text, word->len - 1) == 0;
    return (strlen(name) == word->len && memcmp(name, word->text, word->len) == 0) ||
           (strlen(full_name) == word->len && memcmp(full_name, word->text, word->len) == 0);
}

bool env_store_allows(const char *allow_keys, const char *name, uint32_t number, bool exactly)
{
    char full_name[ENV_NAMED_FULL_NAME];
    struct env_word word;

    env_named_full_name(name, number, full_name);
    while (allow_keys != NULL && env_word_next(&allow_keys, &word)) {
        if (fits(&word, name, full_name, exactly))
            return true;
    }
    return false;
}
