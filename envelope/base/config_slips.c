/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/config_slips.h"

#include <string.h>

#include "envelope/base/config_list.h"

/* What a rule does with hyphens: keeps them, makes them underscores, or drops them. */
struct rule {
    char hyphen;
    bool other_number;
};

static const struct rule rules[] = {
    {'-', true}, {'_', false}, {'_', true}, {'\0', false}, {'\0', true},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

/* Adds a final s, or removes it if there is one. */
static size_t change_number(char *out, size_t len)
{
    if (len > 1 && out[len - 1] == 's')
        return len - 1;
    out[len] = 's';
    return len + 1;
}

/* name must have room for an s. */
static void apply(const struct rule *rule, const char *name, char *out)
{
    size_t len = 0;

    for (; *name != '\0'; name++) {
        if (*name != '-')
            out[len++] = *name;
        else if (rule->hyphen != '\0')
            out[len++] = rule->hyphen;
    }
    if (rule->other_number)
        len = change_number(out, len);
    out[len] = '\0';
}

static bool take_word(const char *list, size_t i, char *out)
{
    struct env_word word;

    do {
        if (!env_word_next(&list, &word))
            return false;
    } while (i-- > 0);
    if (word.len >= ENV_CONFIG_NAME_MAX)
        return false;
    memcpy(out, word.text, word.len);
    out[word.len] = '\0';
    return true;
}

bool env_config_slip(const char *name, const char *further, size_t i, char out[ENV_CONFIG_NAME_MAX])
{
    /* without a hyphen the other rules change nothing */
    size_t by_rule = strchr(name, '-') != NULL ? RULES : 1;

    if (strlen(name) + 2 > ENV_CONFIG_NAME_MAX)
        return false;
    if (i >= by_rule)
        return take_word(further, i - by_rule, out);
    apply(&rules[i], name, out);
    return true;
}
