/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/state_file.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/utf8.h"

#define LINE_MAX_LEN 4096u
#define BLANKS " \t\r"

struct disabled {
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number; /* 0: all versions */
};

struct hint {
    uint8_t bytes[ENV_STAND_IN_HINT_LEN];
};

struct env_state {
    struct disabled *keys;
    size_t key_count;
    struct hint *revoked;
    size_t revoked_count;
    char *disabled_keks; /* lists of words, or NULL */
    char *open_only_keks;
};

struct env_state *env_state_new(void)
{
    return OPENSSL_zalloc(sizeof(struct env_state));
}

void env_state_free(struct env_state *state)
{
    if (state == NULL)
        return;
    OPENSSL_free(state->keys);
    OPENSSL_free(state->revoked);
    OPENSSL_free(state->disabled_keks);
    OPENSSL_free(state->open_only_keks);
    OPENSSL_free(state);
}

/* ---- reading ---- */

/* The position of a line, for errors. */
struct place {
    const struct env_errors *errors;
    const char *shown;
    size_t line;
};

static ENV_RESULT wrong(const struct place *at, const char *what)
{
    return ENV_RAISE(at->errors, ENV_R_STATE_FILE, "%s, line %zu: %s", at->shown, at->line, what);
}

/*
 * Adds an element of size bytes; the capacity doubles, so that a long list is not copied for each
 * of its entries. NULL: no memory.
 */
static void *add(void **list, size_t *count, size_t size)
{
    if ((*count & (*count - 1)) == 0) {
        void *moved = OPENSSL_realloc(*list, (*count > 0 ? 2 * *count : 1) * size);

        if (moved == NULL)
            return NULL;
        *list = moved;
    }
    return (char *)*list + size * (*count)++;
}

static ENV_RESULT add_key(const struct place *at, struct env_state *state,
                          const struct env_word *word)
{
    char text[ENV_NAMED_FULL_NAME];
    struct disabled one = {0};
    struct disabled *to;

    if (word->len >= sizeof(text))
        return wrong(at, "disabled-key takes NAME or NAME@N");
    memcpy(text, word->text, word->len);
    text[word->len] = '\0';
    if (!env_named_name_read(text, one.name, &one.number))
        return wrong(at, "disabled-key takes NAME or NAME@N");
    to = add((void **)&state->keys, &state->key_count, sizeof(*to));
    if (to == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    *to = one;
    return ENV_OK;
}

static ENV_RESULT add_revoked(const struct place *at, struct env_state *state,
                              const struct env_word *word)
{
    struct hint one;
    struct hint *to;
    size_t len = 0;

    if (!env_word_hex(word, one.bytes, sizeof(one.bytes), &len) || len != sizeof(one.bytes))
        return wrong(at, "revoked-stand-in takes 16 hex digits (envelope key list shows them)");
    to = add((void **)&state->revoked, &state->revoked_count, sizeof(*to));
    if (to == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    *to = one;
    return ENV_OK;
}

static ENV_RESULT add_kek(char **list, const struct env_word *word)
{
    size_t len = *list != NULL ? strlen(*list) : 0;
    char *moved = OPENSSL_realloc(*list, len + word->len + 2);

    if (moved == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (len > 0)
        moved[len++] = ' ';
    memcpy(moved + len, word->text, word->len);
    moved[len + word->len] = '\0';
    *list = moved;
    return ENV_OK;
}

static ENV_RESULT add_word(const struct place *at, struct env_state *state, const char *key,
                           const struct env_word *word)
{
    if (strcmp(key, "disabled-key") == 0)
        return add_key(at, state, word);
    if (strcmp(key, "revoked-stand-in") == 0)
        return add_revoked(at, state, word);
    if (strcmp(key, "disabled-kek") == 0)
        return add_kek(&state->disabled_keks, word);
    if (strcmp(key, "open-only-kek") == 0)
        return add_kek(&state->open_only_keks, word);
    return wrong(at, "the keys are disabled-key, revoked-stand-in, disabled-kek and open-only-kek");
}

static void trim_end(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
        text[--len] = '\0';
}

/* A revocation must not be overlooked, so any other line is an error. */
static ENV_RESULT parse_line(const struct place *at, struct env_state *state, char *line)
{
    struct env_word word;
    const char *values;
    char *equals;
    size_t count = 0;

    line += strspn(line, BLANKS);
    trim_end(line);
    if (*line == '\0' || *line == '#')
        return ENV_OK;
    equals = strchr(line, '=');
    if (equals == NULL)
        return wrong(at, "a line is key = value");
    *equals = '\0';
    trim_end(line);
    for (values = equals + 1; env_word_next(&values, &word); count++)
        ENV_TRY(add_word(at, state, line, &word));
    return count > 0 ? ENV_OK : wrong(at, "the value is missing");
}

ENV_RESULT env_state_parse(const struct env_errors *errors, const char *shown, struct env_span text,
                           struct env_state *state)
{
    struct place at = {errors, shown, 0};
    char line[LINE_MAX_LEN];

    for (size_t i = 0; i < text.len;) {
        const uint8_t *end = memchr(text.data + i, '\n', text.len - i);
        size_t len = end != NULL ? (size_t)(end - text.data) - i : text.len - i;

        at.line++;
        if (len >= sizeof(line))
            return wrong(&at, "it is too long");
        memcpy(line, text.data + i, len);
        line[len] = '\0';
        if (strlen(line) != len || !env_utf8_is(line, len))
            return wrong(&at, "it is not text");
        ENV_TRY(parse_line(&at, state, line));
        i += len + 1;
    }
    return ENV_OK;
}

/* ---- queries ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_bytes(const void *a, const void *b, size_t len)
{
    return len == 0 || memcmp(a, b, len) == 0;
}

bool env_state_same(const struct env_state *a, const struct env_state *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->key_count == b->key_count && a->revoked_count == b->revoked_count &&
           same_bytes(a->keys, b->keys, a->key_count * sizeof(*a->keys)) &&
           same_bytes(a->revoked, b->revoked, a->revoked_count * sizeof(*a->revoked)) &&
           same_text(a->disabled_keks, b->disabled_keks) &&
           same_text(a->open_only_keks, b->open_only_keks);
}

bool env_state_disables_key(const struct env_state *state, const char *name, uint32_t number)
{
    for (size_t i = 0; state != NULL && i < state->key_count; i++) {
        const struct disabled *one = &state->keys[i];

        if (strcmp(one->name, name) == 0 && (one->number == 0 || one->number == number))
            return true;
    }
    return false;
}

bool env_state_revokes(const struct env_state *state, const uint8_t hash[ENV_STAND_IN_HINT_LEN])
{
    for (size_t i = 0; state != NULL && i < state->revoked_count; i++) {
        if (memcmp(state->revoked[i].bytes, hash, ENV_STAND_IN_HINT_LEN) == 0)
            return true;
    }
    return false;
}

const char *env_state_disabled_keks(const struct env_state *state)
{
    return state != NULL ? state->disabled_keks : NULL;
}

const char *env_state_open_only_keks(const struct env_state *state)
{
    return state != NULL ? state->open_only_keks : NULL;
}
