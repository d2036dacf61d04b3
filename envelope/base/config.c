/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/config.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/config_slips.h"
#include "envelope/base/config_values.h"
#include "envelope/base/stock_names.h"

#define WORDS_TEXT 256u

/* ---- the rows ---- */

#define FIELD(field) offsetof(struct env_config, field)
#define TEXT_ROW(field_, name_, usual_, judge_, slips_)                                            \
    {.name = (name_),                                                                              \
     .kind = ENV_CONFIG_TEXT,                                                                      \
     .field = FIELD(field_),                                                                       \
     .text = (usual_),                                                                             \
     .judge = (judge_),                                                                            \
     .slips = (slips_)},
#define CHOICE_ROW(field_, name_, type_, value_, words_, slips_)                                   \
    {.name = (name_),                                                                              \
     .kind = ENV_CONFIG_CHOICE,                                                                    \
     .field = FIELD(field_),                                                                       \
     .value = FIELD(value_),                                                                       \
     .words = (words_),                                                                            \
     .slips = (slips_)},
#define YES_NO_ROW(field_, name_, value_, slips_)                                                  \
    {.name = (name_),                                                                              \
     .kind = ENV_CONFIG_YES_NO,                                                                    \
     .field = FIELD(field_),                                                                       \
     .value = FIELD(value_),                                                                       \
     .slips = (slips_)},
#define UNLESS_NO_ROW(field_, name_, value_, slips_)                                               \
    {.name = (name_),                                                                              \
     .kind = ENV_CONFIG_UNLESS_NO,                                                                 \
     .field = FIELD(field_),                                                                       \
     .value = FIELD(value_),                                                                       \
     .slips = (slips_)},
#define SPLICE_ROW(field_, name_, value_, judge_, slips_)                                          \
    {.name = (name_),                                                                              \
     .kind = ENV_CONFIG_SPLICE,                                                                    \
     .field = FIELD(field_),                                                                       \
     .value = FIELD(value_),                                                                       \
     .judge = (judge_),                                                                            \
     .slips = (slips_)},
#define NUMBER_ROW(field_, name_, value_, least_, most_, usual_, unit_, slips_)                    \
    {.name = (name_),                                                                              \
     .kind = ENV_CONFIG_NUMBER,                                                                    \
     .field = FIELD(field_),                                                                       \
     .value = FIELD(value_),                                                                       \
     .least = (least_),                                                                            \
     .most = (most_),                                                                              \
     .usual = (usual_),                                                                            \
     .unit = (unit_),                                                                              \
     .slips = (slips_)},

static const struct env_config_key keys[] = {
    ENV_CONFIG_KEYS(TEXT_ROW, CHOICE_ROW, YES_NO_ROW, UNLESS_NO_ROW, SPLICE_ROW, NUMBER_ROW)};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* A choice is stored as a number of the enum's size. */
#define SAME_SIZE(field, name, type, value, words, slips)                                          \
    _Static_assert(sizeof(type) == sizeof(unsigned), name);
#define NOTHING(...)
ENV_CONFIG_KEYS(NOTHING, SAME_SIZE, NOTHING, NOTHING, NOTHING, NOTHING)

static char **text_of(struct env_config *config, const struct env_config_key *key)
{
    return (char **)(void *)((char *)config + key->field);
}

static bool *flag_of(struct env_config *config, const struct env_config_key *key)
{
    return (bool *)(void *)((char *)config + key->value);
}

static void set_number(struct env_config *config, const struct env_config_key *key, unsigned value)
{
    memcpy((char *)config + key->value, &value, sizeof(value));
}

static bool is_flag(const struct env_config_key *key)
{
    return key->kind == ENV_CONFIG_YES_NO || key->kind == ENV_CONFIG_UNLESS_NO ||
           key->kind == ENV_CONFIG_SPLICE;
}

const struct env_config_key *env_config_key(size_t i)
{
    return i < KEYS ? &keys[i] : NULL;
}

const struct env_config_key *env_config_key_named(const char *name)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

const struct env_config_key *env_config_key_meant(const char *slip)
{
    char text[ENV_CONFIG_NAME_MAX];

    for (size_t i = 0; i < KEYS; i++) {
        for (size_t j = 0; env_config_slip(keys[i].name, keys[i].slips, j, text); j++) {
            if (strcmp(text, slip) == 0)
                return &keys[i];
        }
    }
    return NULL;
}

/* ---- reading ---- */

/* Looks for misspellings of one key; the first one found is kept for the error. */
static bool read_slips(struct env_config *config, const struct env_config_key *key,
                       env_config_ask_fn *ask, void *arg, bool *found)
{
    char slip[ENV_CONFIG_NAME_MAX];

    for (size_t i = 0; env_config_slip(key->name, key->slips, i, slip); i++) {
        char *value = NULL;

        if (env_config_key_named(slip) != NULL) /* it may be another key, such as a plural */
            continue;
        if (!ask(arg, slip, &value))
            return false;
        if (value == NULL)
            continue;
        *found = true;
        OPENSSL_clear_free(value, strlen(value)); /* it may be a PIN */
        if (config->unknown != NULL)
            continue;
        config->meant = key->name;
        config->unknown = OPENSSL_strdup(slip);
        if (config->unknown == NULL)
            return false;
    }
    return true;
}

/* Sets what is in force before the values are checked. */
static void set_flag(struct env_config *config, const struct env_config_key *key, bool slipped)
{
    const char *text = *text_of(config, key);

    if (key->kind == ENV_CONFIG_SPLICE)
        *flag_of(config, key) = slipped || text != NULL;
    else if (key->kind == ENV_CONFIG_UNLESS_NO)
        *flag_of(config, key) = slipped || (text != NULL && strcmp(text, "no") != 0);
    else
        *flag_of(config, key) = text != NULL && strcmp(text, "yes") == 0;
}

bool env_config_read(struct env_config *config, env_config_ask_fn *ask, void *arg)
{
    for (size_t i = 0; i < KEYS; i++) {
        bool slipped = false;

        if (!ask(arg, keys[i].name, text_of(config, &keys[i])) ||
            !read_slips(config, &keys[i], ask, arg, &slipped))
            return false;
        if (is_flag(&keys[i]))
            set_flag(config, &keys[i], slipped);
    }
    return true;
}

/* ---- checking ---- */

/* "auto, sha256 or sha1" */
static void list_words(const char *words, char *out, size_t size)
{
    struct env_word word;
    struct env_word next;
    size_t len = 0;
    bool more = env_word_next(&words, &word);

    for (bool first = true; more && len < size; first = false, word = next) {
        const char *joint = first ? "" : ", ";

        more = env_word_next(&words, &next);
        if (!first && !more)
            joint = " or ";
        len += (size_t)snprintf(out + len, size - len, "%s%.*s", joint, (int)word.len, word.text);
    }
}

static ENV_RESULT judge_text(const struct env_config_key *key, char **text,
                             const struct env_errors *errors)
{
    if (*text == NULL) {
        if (key->text != NULL && (*text = OPENSSL_strdup(key->text)) == NULL)
            return ENV_RAISE(errors, ENV_R_NO_MEMORY, "%s", key->name);
        return ENV_OK;
    }
    /* A key without a value is always a mistake, never the default. */
    if ((*text)[strspn(*text, " \t")] == '\0')
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s is empty", key->name);
    return key->judge != NULL ? key->judge(*text, errors) : ENV_OK;
}

static ENV_RESULT judge_choice(const struct env_config_key *key, const char *text, unsigned *out,
                               const struct env_errors *errors)
{
    char list[WORDS_TEXT] = "";
    const char *at = key->words;
    struct env_word word;

    *out = 0;
    if (text == NULL)
        return ENV_OK;
    for (; env_word_next(&at, &word); (*out)++) {
        if (strlen(text) == word.len && memcmp(text, word.text, word.len) == 0)
            return ENV_OK;
    }
    list_words(key->words, list, sizeof(list));
    return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s is %s", key->name, list);
}

static ENV_RESULT judge_flag(const struct env_config_key *key, const char *text, bool *out,
                             const struct env_errors *errors)
{
    *out = text != NULL && strcmp(text, "yes") == 0;
    if (*out || text == NULL || strcmp(text, "no") == 0)
        return ENV_OK;
    return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s takes yes or no", key->name);
}

static ENV_RESULT judge_number(const struct env_config_key *key, const char *text, unsigned *out,
                               const struct env_errors *errors)
{
    uint64_t value = 0;
    bool good = text != NULL && *text != '\0';

    *out = key->usual;
    if (text == NULL)
        return ENV_OK;
    for (; good && *text != '\0'; text++) {
        good = *text >= '0' && *text <= '9';
        value = 10 * value + (uint64_t)(*text - '0');
        good = good && value <= key->most;
    }
    if (!good || value < key->least)
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s is %u to %u%s%s", key->name, key->least,
                         key->most, *key->unit != '\0' ? " " : "", key->unit);
    *out = (unsigned)value;
    return ENV_OK;
}

ENV_RESULT env_config_judge(const struct env_config_key *key, struct env_config *config,
                            const struct env_errors *errors)
{
    char **text = text_of(config, key);
    unsigned number = 0;
    bool flag = false;

    switch (key->kind) {
    case ENV_CONFIG_TEXT:
    case ENV_CONFIG_SPLICE:
        return judge_text(key, text, errors);
    case ENV_CONFIG_YES_NO:
    case ENV_CONFIG_UNLESS_NO:
        /* a bad value changes nothing: the flag has its value since it was read */
        ENV_TRY(judge_flag(key, *text, &flag, errors));
        /* query_operation may read it at any time, so an unchanged value is not written again */
        if (__atomic_load_n(flag_of(config, key), __ATOMIC_RELAXED) != flag)
            *flag_of(config, key) = flag;
        return ENV_OK;
    case ENV_CONFIG_CHOICE:
        ENV_TRY(judge_choice(key, *text, &number, errors));
        break;
    case ENV_CONFIG_NUMBER:
        ENV_TRY(judge_number(key, *text, &number, errors));
        break;
    }
    set_number(config, key, number);
    return ENV_OK;
}

ENV_RESULT env_config_check(struct env_config *config, const struct env_errors *errors)
{
    if (config->unknown != NULL)
        return ENV_RAISE(errors, ENV_R_CONFIG_UNKNOWN_KEY, "%s (%s?)", config->unknown,
                         config->meant);
    for (size_t i = 0; i < KEYS; i++)
        ENV_TRY(env_config_judge(&keys[i], config, errors));
    if (config->audit_required_on && config->audit_log == NULL)
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "audit-required without an audit-log");
    return ENV_OK;
}

/* Values are wiped because a URI may contain a pin-value. */
static void clear_value(char **value)
{
    if (*value != NULL)
        OPENSSL_clear_free(*value, strlen(*value));
    *value = NULL;
}

void env_config_clear(struct env_config *config)
{
    for (size_t i = 0; i < KEYS; i++)
        clear_value(text_of(config, &keys[i]));
    clear_value(&config->opens_too);
    clear_value(&config->only_tokens);
    clear_value(&config->unknown);
    config->meant = NULL;
}
