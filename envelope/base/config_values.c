/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/config_values.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/log_sink.h"
#include "envelope/base/printable.h"
#include "envelope/base/utf8.h"

#define CONTEXT_MAX 4096u
#define APPLICATION_MAX 128u

ENV_RESULT env_judge_context(const char *value, const struct env_errors *errors)
{
    if (strlen(value) > CONTEXT_MAX)
        return ENV_RAISE(errors, ENV_R_CONTEXT_TOO_LONG, "context");
    return ENV_OK;
}

/*
 * libcrypto ignores a property query that it cannot parse, and fetches the first implementation: a
 * typo in "fips=yes" would go unnoticed. Setting it as the default of a context reports such an
 * error.
 */
ENV_RESULT env_judge_propquery(const char *value, const struct env_errors *errors)
{
    OSSL_LIB_CTX *scratch = OSSL_LIB_CTX_new();
    bool parses;

    if (scratch == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ERR_set_mark();
    parses = EVP_set_default_properties(scratch, value) == 1;
    ERR_pop_to_mark();
    OSSL_LIB_CTX_free(scratch);
    if (!parses)
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE,
                         "propquery is not a property query (see property(7))");
    return ENV_OK;
}

ENV_RESULT env_judge_audit_log(const char *value, const struct env_errors *errors)
{
    if (!env_audit_sink_is(value))
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "audit-log is " ENV_AUDIT_SINKS);
    return ENV_OK;
}

ENV_RESULT env_judge_application(const char *value, const struct env_errors *errors)
{
    size_t left = strlen(value);
    bool shown = left <= APPLICATION_MAX;

    while (shown && left > 0) {
        size_t n = env_utf8_char(value, left);

        shown = n > 0 && env_char_is_shown(value, n);
        value += n;
        left -= n;
    }
    if (!shown)
        return ENV_RAISE(
            errors, ENV_R_CONFIG_VALUE,
            "application takes a name of up to %u bytes of UTF-8, without control characters",
            APPLICATION_MAX);
    return ENV_OK;
}

/* A program may use any folder for itself. */
static ENV_RESULT judge_path(const char *value, const char *name, const struct env_errors *errors)
{
    if (*value != '/')
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s takes a path that begins with /", name);
    return ENV_OK;
}

ENV_RESULT env_judge_keys_directory(const char *value, const struct env_errors *errors)
{
    return judge_path(value, "keys-directory", errors);
}

ENV_RESULT env_judge_state_file(const char *value, const struct env_errors *errors)
{
    return judge_path(value, "state-file", errors);
}

ENV_RESULT env_judge_pin_failure_memory(const char *value, const struct env_errors *errors)
{
    return judge_path(value, "pin-failure-memory", errors);
}

/* Letters, digits, - and _, possibly with @N; or a prefix and a *. */
static bool is_key_pattern(const struct env_word *word)
{
    const char *at = memchr(word->text, '@', word->len);
    size_t name = at != NULL ? (size_t)(at - word->text) : word->len;

    for (size_t i = 0; i < name; i++) {
        char c = word->text[i];

        if (c == '*' && i + 1 == word->len)
            return true;
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' &&
            c != '_')
            return false;
    }
    for (size_t i = name + 1; i < word->len; i++) {
        if (word->text[i] < '0' || word->text[i] > '9')
            return false;
    }
    return name >= 3 && (at == NULL || name + 1 < word->len);
}

ENV_RESULT env_judge_allow_keys(const char *value, const struct env_errors *errors)
{
    struct env_word word;

    while (env_word_next(&value, &word)) {
        if (!is_key_pattern(&word))
            return ENV_RAISE(errors, ENV_R_CONFIG_VALUE,
                             "allow-keys takes names of keys: NAME, NAME@N or NAME*");
    }
    return ENV_OK;
}

static bool is_all_of(const char *text, size_t len, const char *characters)
{
    return strspn(text, characters) >= len;
}

/* NAME or NAME@N. Whether such a key exists is checked when it is needed. */
ENV_RESULT env_judge_field_key(const char *value, const struct env_errors *errors)
{
    static const char name_has[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                   "-_";
    const char *at = strchrnul(value, '@');
    size_t len = (size_t)(at - value);

    if (len < 3 || len > 64 || !is_all_of(value, len, name_has) || *value == '-' || *value == '_' ||
        (*at == '@' && (at[1] < '1' || !is_all_of(at + 1, strlen(at + 1), name_has + 52))))
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE,
                         "field-key takes the name of a named key, NAME or NAME@N");
    return ENV_OK;
}
