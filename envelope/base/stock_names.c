/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/stock_names.h"

#include <string.h>
#include <strings.h>

#include "envelope/base/config_list.h"

const struct env_stock_cipher env_stock_ciphers[ENV_STOCK_CIPHER_COUNT] = {
#define ENV_STOCK_ROW(id, name, key, iv, block, mode, flags)                                       \
    {name, sizeof(name) - 1, key, iv, block, mode, flags},
    ENV_STOCK_CIPHERS(ENV_STOCK_ROW)
#undef ENV_STOCK_ROW
};

const struct env_stock_set env_stock_sets[ENV_STOCK_SET_COUNT] = {
    {"mariadb",
     "AES-128-ECB AES-192-ECB AES-256-ECB AES-128-CBC AES-192-CBC AES-256-CBC "
     "AES-128-CTR AES-192-CTR AES-256-CTR",
     true},
    {"pgcrypto", "AES-128-ECB AES-192-ECB AES-256-ECB AES-128-CBC AES-192-CBC AES-256-CBC", true},
    {"laravel", "AES-256-CBC", false},
    {"laravel-gcm", "AES-256-GCM", false},
    {"rails", ENV_STOCK_PBKDF2, false},
    {"rails-credentials", "AES-128-GCM", false},
    {"sqlcipher", ENV_STOCK_PBKDF2 " AES-256-CBC", false},
};

static bool is(const struct env_word *word, const char *name)
{
    return strlen(name) == word->len && strncasecmp(word->text, name, word->len) == 0;
}

size_t env_stock_cipher_named(const char *name, size_t len)
{
    size_t i = 0;

    while (i < ENV_STOCK_CIPHER_COUNT && (env_stock_ciphers[i].name_len != len ||
                                          strncasecmp(env_stock_ciphers[i].name, name, len) != 0))
        i++;
    return i;
}

/* Marks the ciphers that one word stands for; false if it is unknown. */
static bool mark_cipher(const struct env_word *word, bool listed[ENV_STOCK_CIPHER_COUNT])
{
    size_t i = env_stock_cipher_named(word->text, word->len);

    if (i == ENV_STOCK_CIPHER_COUNT)
        return false;
    listed[i] = true;
    return true;
}

/* For a set, marks its ciphers, of which there is at least one. */
static bool mark(const struct env_word *word, bool listed[ENV_STOCK_CIPHER_COUNT])
{
    struct env_word member;
    bool marked = false;

    for (size_t i = 0; i < ENV_STOCK_SET_COUNT; i++) {
        const char *at = env_stock_sets[i].members;

        if (!is(word, env_stock_sets[i].name))
            continue;
        while (env_word_next(&at, &member))
            marked |= mark_cipher(&member, listed);
        return marked;
    }
    return mark_cipher(word, listed);
}

void env_stock_list(const char *list, bool listed[ENV_STOCK_CIPHER_COUNT])
{
    struct env_word word;

    memset(listed, 0, ENV_STOCK_CIPHER_COUNT * sizeof(*listed));
    while (list != NULL && env_word_next(&list, &word))
        (void)mark(&word, listed);
}

bool env_stock_list_has_pbkdf2(const char *list)
{
    struct env_word word;

    while (list != NULL && env_word_next(&list, &word)) {
        if (is(&word, ENV_STOCK_PBKDF2))
            return true;
    }
    return false;
}

ENV_RESULT env_stock_judge_ciphers(const char *list, const struct env_errors *errors)
{
    bool listed[ENV_STOCK_CIPHER_COUNT];
    struct env_word word;

    for (unsigned n = 1; env_word_next(&list, &word); n++) {
        if (!mark(&word, listed))
            return ENV_RAISE(
                errors, ENV_R_CONFIG_VALUE,
                "word %u of key-ciphers is not one of the ciphers and sets that it takes", n);
    }
    return ENV_OK;
}

ENV_RESULT env_stock_judge_kdfs(const char *list, const struct env_errors *errors)
{
    struct env_word word;

    for (unsigned n = 1; env_word_next(&list, &word); n++) {
        if (!is(&word, ENV_STOCK_PBKDF2))
            return ENV_RAISE(
                errors, ENV_R_CONFIG_VALUE,
                "word %u of key-kdfs is not " ENV_STOCK_PBKDF2 ", which it takes alone", n);
    }
    return ENV_OK;
}
