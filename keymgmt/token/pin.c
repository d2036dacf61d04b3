/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/pin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "envelope/base/config_list.h"
#include "envelope/base/credential.h"
#include "envelope/base/file_name.h"
#include "envelope/base/pin_prompt.h"
#include "envelope/base/safe_file.h"
#include "envelope/base/secret.h"

#define KEY "pin-source"
#define ENV_PREFIX "env:"
#define BUFFER_LEN (ENV_PIN_MAX + 3) /* room for a newline, and for one byte too many */

void env_pin_sources_init(struct env_pin_sources *sources, const struct env_config *config,
                          OSSL_LIB_CTX *libctx)
{
    memset(sources, 0, sizeof(*sources));
    sources->config = config;
    sources->libctx = libctx;
    (void)pthread_mutex_init(&sources->lock, NULL);
}

static void free_secret_text(char *text)
{
    if (text != NULL)
        env_secret_free(text, strlen(text) + 1);
}

void env_pin_sources_clear(struct env_pin_sources *sources)
{
    for (size_t i = 0; i < sources->uri_count; i++)
        free_secret_text(sources->uris[i]);
    sources->uri_count = 0;
    (void)pthread_mutex_destroy(&sources->lock);
}

static bool has_pin(P11KitUri *uri)
{
    return p11_kit_uri_get_pin_value(uri) != NULL || p11_kit_uri_get_pin_source(uri) != NULL;
}

static bool is_remembered(const struct env_pin_sources *sources, const char *text)
{
    for (size_t i = 0; i < sources->uri_count; i++) {
        if (strcmp(sources->uris[i], text) == 0)
            return true;
    }
    return false;
}

/* The newest URI is first in the list. */
static ENV_RESULT remember(struct env_pin_sources *sources, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy;

    if (is_remembered(sources, text))
        return ENV_OK;
    copy = env_secret_alloc(size);
    if (copy == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    memcpy(copy, text, size);
    if (sources->uri_count == ENV_PIN_URIS_MAX)
        free_secret_text(sources->uris[--sources->uri_count]);
    memmove(sources->uris + 1, sources->uris, sources->uri_count * sizeof(char *));
    sources->uris[0] = copy;
    sources->uri_count++;
    return ENV_OK;
}

ENV_RESULT env_pin_remember_uri(struct env_pin_sources *sources, const char *text,
                                struct env_error_detail *detail)
{
    P11KitUri *uri;
    ENV_RESULT r = ENV_OK;

    ENV_TRY(env_uri_parse(text, "kek", &uri, detail));
    if (has_pin(uri)) {
        (void)pthread_mutex_lock(&sources->lock);
        r = remember(sources, text);
        (void)pthread_mutex_unlock(&sources->lock);
    }
    env_uri_free(uri);
    return env_ok(r) ? r : env_error_detail(detail, r.reason, "kek");
}

static ENV_RESULT new_pin(struct env_pin *pin, struct env_error_detail *detail)
{
    pin->len = 0;
    pin->bytes = env_secret_alloc(BUFFER_LEN);
    return pin->bytes != NULL ? ENV_OK : env_error_detail(detail, ENV_R_NO_MEMORY, KEY);
}

void env_pin_clear(struct env_pin *pin)
{
    env_secret_free(pin->bytes, BUFFER_LEN);
    pin->bytes = NULL;
    pin->len = 0;
}

/* source says where the PIN came from, never its value. */
static ENV_RESULT set_pin(struct env_pin *pin, const void *bytes, size_t len, const char *source,
                          struct env_error_detail *detail)
{
    if (len == 0)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s is empty", source);
    if (len > ENV_PIN_MAX)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s is longer than %u bytes",
                                source, ENV_PIN_MAX);
    memmove(pin->bytes, bytes, len);
    pin->len = len;
    return ENV_OK;
}

/*
 * Rejects bytes that editors and shells add and no PIN has: they would cost one of the token's
 * tries.
 */
static ENV_RESULT check_text(const void *bytes, size_t len, const char *source,
                             struct env_error_detail *detail)
{
    static const char *const marks[] = {"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (len >= strlen(marks[i]) && memcmp(bytes, marks[i], strlen(marks[i])) == 0)
            return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE,
                                    KEY ": %s begins with a byte order mark", source);
    }
    if (memchr(bytes, '\n', len) != NULL || memchr(bytes, '\r', len) != NULL)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE,
                                KEY ": %s has more than one line, or a line ending", source);
    if (memchr(bytes, '\0', len) != NULL) /* UTF-16 without a byte order mark, or binary data */
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s has a NUL", source);
    return ENV_OK;
}

static ENV_RESULT read_file(const char *path, int fd, struct env_pin *pin,
                            struct env_error_detail *detail)
{
    size_t len = 0;

    while (len < BUFFER_LEN) {
        ssize_t n = read(fd, pin->bytes + len, BUFFER_LEN - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s: %s", path,
                                    strerror(errno));
        if (n == 0)
            break;
        len += (size_t)n;
    }
    if (len > 0 && pin->bytes[len - 1] == '\n')
        len -= len > 1 && pin->bytes[len - 2] == '\r' ? 2 : 1;
    ENV_TRY(check_text(pin->bytes, len, path, detail));
    return set_pin(pin, pin->bytes, len, path, detail);
}

static ENV_RESULT pin_from_file(const char *path, struct env_pin *pin,
                                struct env_error_detail *detail)
{
    const char *why;
    struct stat st;
    ENV_RESULT r;
    int fd = env_safe_open_secret(path, &st, &why);

    if (fd < 0)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s: %s", path, why);
    r = read_file(path, fd, pin, detail);
    (void)close(fd);
    return r;
}

static ENV_RESULT pin_from_credential(const char *source, struct env_pin *pin,
                                      struct env_error_detail *detail)
{
    char path[PATH_MAX];
    const char *why = env_credential_path(source, path);

    if (why != NULL && getauxval(AT_SECURE) != 0)
        return env_error_detail(detail, ENV_R_PIN_ENVIRONMENT, KEY ": %s", source);
    if (why != NULL)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s: %s", source, why);
    return pin_from_file(path, pin, detail);
}

static ENV_RESULT pin_from_source(const char *source, struct env_pin *pin,
                                  struct env_error_detail *detail)
{
    const char *value;

    if (env_credential_is(source))
        return pin_from_credential(source, pin, detail);
    if (env_file_name_is(source)) {
        value = env_file_name_path(source);
        if (value != NULL)
            return pin_from_file(value, pin, detail);
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE,
                                KEY ": %s is a file on another host", source);
    }
    /* Anything else may be the PIN itself, so it is not shown. */
    if (strncmp(source, ENV_PREFIX, strlen(ENV_PREFIX)) != 0)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE,
                                KEY " must be file:PATH, credential:NAME or env:NAME");
    value = secure_getenv(source + strlen(ENV_PREFIX));
    if (value == NULL && getauxval(AT_SECURE) != 0)
        return env_error_detail(detail, ENV_R_PIN_ENVIRONMENT, KEY ": %s", source);
    if (value == NULL)
        return env_error_detail(detail, ENV_R_CONFIG_PIN_SOURCE, KEY ": %s is not set", source);
    ENV_TRY(check_text(value, strlen(value), source, detail));
    return set_pin(pin, value, strlen(value), source, detail);
}

/* *found: the URI is for this token and has a PIN. */
static ENV_RESULT pin_from_uri(const char *text, const char *key, const struct env_token *token,
                               struct env_pin *pin, bool *found, struct env_error_detail *detail)
{
    P11KitUri *uri;
    const char *value;
    ENV_RESULT r = ENV_OK;

    ENV_TRY(env_uri_parse(text, key, &uri, detail));
    *found = has_pin(uri) && env_token_matches(token, uri);
    value = p11_kit_uri_get_pin_value(uri);
    if (*found && value != NULL)
        r = set_pin(pin, value, strlen(value), "pin-value", detail);
    else if (*found)
        r = pin_from_source(p11_kit_uri_get_pin_source(uri), pin, detail);
    env_uri_free(uri);
    return r;
}

static ENV_RESULT pin_from_callers(struct env_pin_sources *sources, const struct env_token *token,
                                   struct env_pin *pin, bool *found,
                                   struct env_error_detail *detail)
{
    ENV_RESULT r = ENV_OK;

    (void)pthread_mutex_lock(&sources->lock);
    for (size_t i = 0; i < sources->uri_count && !*found && env_ok(r); i++)
        r = pin_from_uri(sources->uris[i], "kek", token, pin, found, detail);
    (void)pthread_mutex_unlock(&sources->lock);
    return r;
}

/* key is the list's configuration key. Words that are not URIs are skipped. */
static ENV_RESULT pin_from_list(const char *list, const char *key, const struct env_token *token,
                                struct env_pin *pin, bool *found, struct env_error_detail *detail)
{
    struct env_word word;
    const char *at = list;
    ENV_RESULT r = ENV_OK;

    while (!*found && env_ok(r) && env_word_next(&at, &word)) {
        char *text;

        if (!env_uri_is(word.text))
            continue;
        text = env_secret_alloc(word.len + 1);
        if (text == NULL)
            return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", key);
        memcpy(text, word.text, word.len);
        r = pin_from_uri(text, key, token, pin, found, detail);
        env_secret_free(text, word.len + 1);
    }
    return r;
}

static ENV_RESULT pin_from_person(struct env_pin_sources *sources, const struct env_token *token,
                                  struct env_pin *pin, struct env_error_detail *detail)
{
    size_t len = env_pin_prompt_ask(token->where, pin->bytes, ENV_PIN_MAX);

    if (len == 0 && (sources->ask == NULL ||
                     !sources->ask(sources->ask_arg, token->where, pin->bytes, ENV_PIN_MAX, &len)))
        len = 0;
    if (len == 0 || len > ENV_PIN_MAX)
        return env_error_detail(detail, ENV_R_PIN_MISSING, "%s", token->where);
    pin->len = len;
    return ENV_OK;
}

ENV_RESULT env_pin_get(struct env_pin_sources *sources, const struct env_token *token,
                       struct env_pin *pin, struct env_error_detail *detail)
{
    const struct env_config *config = sources->config;
    bool found = false;

    ENV_TRY(new_pin(pin, detail));
    ENV_TRY(pin_from_callers(sources, token, pin, &found, detail));
    if (!found && config->token != NULL)
        ENV_TRY(pin_from_list(config->token, "token", token, pin, &found, detail));
    if (!found && config->kek != NULL)
        ENV_TRY(pin_from_list(config->kek, "kek", token, pin, &found, detail));
    if (!found && config->open_kek != NULL)
        ENV_TRY(pin_from_list(config->open_kek, "open-kek", token, pin, &found, detail));
    if (!found && config->open_only_kek != NULL)
        ENV_TRY(pin_from_list(config->open_only_kek, "open-only-kek", token, pin, &found, detail));
    if (found)
        return ENV_OK;
    if (config->pin_source != NULL)
        return pin_from_source(config->pin_source, pin, detail);
    return pin_from_person(sources, token, pin, detail);
}
