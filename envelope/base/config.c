/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/config.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <string.h>

#include "envelope/base/log_sink.h"

#define CONTEXT_MAX 4096u
#define SESSION_WAIT_DEFAULT 10u

/* Every key that the section may have, and where its value goes. */
static const struct config_key {
    const char *name;
    size_t field;
    bool never_empty; /* the others judge that themselves */
} config_keys[] = {
    {"pkcs11-module-path", offsetof(struct env_config, module_path), true},
    {"pkcs11-module-init-args", offsetof(struct env_config, module_init_args), true},
    {"token", offsetof(struct env_config, token), true},
    {"pin-source", offsetof(struct env_config, pin_source), true},
    {"pin-final-try", offsetof(struct env_config, pin_final_try), false},
    {"kek", offsetof(struct env_config, kek), true},
    {"kek-optional", offsetof(struct env_config, kek_optional), true},
    {"wrap", offsetof(struct env_config, wrap), true},
    {"oaep-hash", offsetof(struct env_config, oaep_hash), true},
    {"context", offsetof(struct env_config, context), true},
    {"open-kek", offsetof(struct env_config, open_kek), true},
    {"propquery", offsetof(struct env_config, propquery), true},
    {"allow-weak-kek", offsetof(struct env_config, allow_weak_kek), false},
    {"allow-imported-kek", offsetof(struct env_config, allow_imported_kek), false},
    {"standard-names", offsetof(struct env_config, standard_names), true},
    {"audit-log", offsetof(struct env_config, audit_log), true},
    {"audit-required", offsetof(struct env_config, audit_required), false},
    {"pkcs11-scheme", offsetof(struct env_config, pkcs11_scheme), false},
    {"session-wait", offsetof(struct env_config, session_wait), true},
};

#define CONFIG_KEYS (sizeof(config_keys) / sizeof(config_keys[0]))

static char **field_of(struct env_config *config, const struct config_key *key)
{
    return (char **)(void *)((char *)config + key->field);
}

const char *env_config_key(size_t i)
{
    return i < CONFIG_KEYS ? config_keys[i].name : NULL;
}

/* ---- reading ---- */

/* Looks for keys that are not ours; the first one found is kept for the error. */
static bool read_slips(struct env_config *config, env_config_ask_fn *ask, void *arg,
                       const char *const *slips, size_t count, bool *found)
{
    *found = false;
    for (size_t i = 0; i < count; i++) {
        char *value = NULL;

        if (!ask(arg, slips[i], &value))
            return false;
        if (value == NULL)
            continue;
        *found = true;
        OPENSSL_clear_free(value, strlen(value)); /* it may be a PIN */
        if (config->unknown == NULL && (config->unknown = OPENSSL_strdup(slips[i])) == NULL)
            return false;
    }
    return true;
}

bool env_config_read(struct env_config *config, env_config_ask_fn *ask, void *arg)
{
    /* Who wrote it wrong wants the names all the same, and hears of it when he uses one. */
    static const char *const standard_slips[] = {"standard_names", "standard-name", "stock-names"};
    /* The core answers only what it is asked, so likely slips are asked for by name. */
    static const char *const slips[] = {
        "pin",
        "pin-value",
        "pin_source",
        "pinsource",
        "pin_final_try",
        "pin-last-try",
        "keks",
        "kek_optional",
        "optional-kek",
        "kek-optionals",
        "key",
        "kek-label",
        "label",
        "tokens",
        "token-label",
        "open_kek",
        "open-keks",
        "module-path",
        "pkcs11-module",
        "pkcs11_module_path",
        "pkcs11-module-paths",
        "prop-query",
        "properties",
        "property-query",
        "pkcs11_module_init_args",
        "contexts",
        "wraps",
        "wrapping",
        "oaep_hash",
        "oaep-md",
        "oaep-hashes",
        "allow_weak_kek",
        "allow-weak-keks",
        "allow_imported_kek",
        "allow-imported-keks",
        "audit_log",
        "audit",
        "audit-file",
        "audit_required",
        "pkcs11_scheme",
        "pkcs11-schemes",
        "session_wait",
        "session-timeout",
    };
    bool standard_slip;
    bool slip;

    if (!read_slips(config, ask, arg, standard_slips,
                    sizeof(standard_slips) / sizeof(standard_slips[0]), &standard_slip) ||
        !read_slips(config, ask, arg, slips, sizeof(slips) / sizeof(slips[0]), &slip))
        return false;
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        if (!ask(arg, config_keys[i].name, field_of(config, &config_keys[i])))
            return false;
    }
    config->standard_names_on = standard_slip || (config->standard_names != NULL &&
                                                  strcmp(config->standard_names, "no") != 0);
    return true;
}

/* ---- judging ---- */

static ENV_RESULT yes_or_no(const char *key, const char *value, bool *out,
                            const struct env_errors *errors)
{
    *out = false;
    if (value == NULL || strcmp(value, "no") == 0)
        return ENV_OK;
    if (strcmp(value, "yes") == 0) {
        *out = true;
        return ENV_OK;
    }
    return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s is yes or no", key);
}

bool env_config_is_yes(const char *value)
{
    return value != NULL && strcmp(value, "yes") == 0;
}

static ENV_RESULT wrap_choice(const char *value, enum env_wrap_choice *out,
                              const struct env_errors *errors)
{
    static const struct {
        const char *name;
        enum env_wrap_choice choice;
    } choices[] = {
        {"auto", ENV_WRAP_CHOICE_AUTO},         {"aes-kw", ENV_WRAP_CHOICE_AES_KW},
        {"aes-kwp", ENV_WRAP_CHOICE_AES_KWP},   {"aes-gcm", ENV_WRAP_CHOICE_AES_GCM},
        {"rsa-oaep", ENV_WRAP_CHOICE_RSA_OAEP},
    };

    *out = ENV_WRAP_CHOICE_AUTO;
    if (value == NULL)
        return ENV_OK;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        if (strcmp(value, choices[i].name) == 0) {
            *out = choices[i].choice;
            return ENV_OK;
        }
    }
    return ENV_RAISE(errors, ENV_R_CONFIG_VALUE,
                     "wrap is auto, aes-kw, aes-kwp, aes-gcm or rsa-oaep");
}

static ENV_RESULT oaep_hash(const char *value, enum env_oaep_hash *out,
                            const struct env_errors *errors)
{
    *out = ENV_OAEP_AUTO;
    if (value == NULL || strcmp(value, "auto") == 0)
        return ENV_OK;
    *out = strcmp(value, "sha256") == 0 ? ENV_OAEP_SHA256 : ENV_OAEP_SHA1;
    if (*out == ENV_OAEP_SHA256 || strcmp(value, "sha1") == 0)
        return ENV_OK;
    return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "oaep-hash is auto, sha256 or sha1");
}

static ENV_RESULT wait_seconds(const char *value, unsigned *out, const struct env_errors *errors)
{
    size_t len = value != NULL ? strlen(value) : 0;

    *out = SESSION_WAIT_DEFAULT;
    if (value == NULL)
        return ENV_OK;
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        if (len > 4 || value[i] < '0' || value[i] > '9')
            return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "session-wait is 0 to 9999 seconds");
        *out = 10 * *out + (unsigned)(value[i] - '0');
    }
    return ENV_OK;
}

/* A key that stands there with nothing after it is a mistake, never a default. */
static ENV_RESULT none_empty(struct env_config *config, const struct env_errors *errors)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const char *value = *field_of(config, &config_keys[i]);

        if (config_keys[i].never_empty && value != NULL && value[strspn(value, " \t")] == '\0')
            return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s is empty", config_keys[i].name);
    }
    return ENV_OK;
}

/*
 * libcrypto ignores a property query that it can not parse and fetches whatever comes first: a slip
 * in "fips=yes" would go unseen. As the default of a context it is parsed with an answer.
 */
static ENV_RESULT query_parses(const char *propquery, const struct env_errors *errors)
{
    OSSL_LIB_CTX *scratch;
    bool parses;

    if (propquery == NULL)
        return ENV_OK;
    scratch = OSSL_LIB_CTX_new();
    if (scratch == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ERR_set_mark();
    parses = EVP_set_default_properties(scratch, propquery) == 1;
    ERR_pop_to_mark();
    OSSL_LIB_CTX_free(scratch);
    if (!parses)
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE,
                         "propquery is no property query (see "
                         "property(7))");
    return ENV_OK;
}

static ENV_RESULT check_audit(struct env_config *config, const struct env_errors *errors)
{
    ENV_TRY(
        yes_or_no("audit-required", config->audit_required, &config->audit_required_on, errors));
    if (config->audit_log != NULL && !env_audit_sink_is(config->audit_log))
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE,
                         "audit-log is file:/PATH, syslog or syslog:/PATH of its socket");
    if (config->audit_required_on && config->audit_log == NULL)
        return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "audit-required without an audit-log");
    return ENV_OK;
}

ENV_RESULT env_config_check(struct env_config *config, const struct env_errors *errors)
{
    bool standard_names; /* too late to act upon: the names are there or not since the loading */
    bool pkcs11_scheme;  /* was acted on when the provider was asked for its algorithms */

    if (config->unknown != NULL)
        return ENV_RAISE(errors, ENV_R_CONFIG_UNKNOWN_KEY, "%s", config->unknown);
    ENV_TRY(none_empty(config, errors));
    ENV_TRY(wrap_choice(config->wrap, &config->wrap_choice, errors));
    ENV_TRY(oaep_hash(config->oaep_hash, &config->oaep_hash_choice, errors));
    ENV_TRY(yes_or_no("allow-weak-kek", config->allow_weak_kek, &config->weak_allowed, errors));
    ENV_TRY(yes_or_no("allow-imported-kek", config->allow_imported_kek, &config->imported_allowed,
                      errors));
    ENV_TRY(yes_or_no("standard-names", config->standard_names, &standard_names, errors));
    ENV_TRY(yes_or_no("pkcs11-scheme", config->pkcs11_scheme, &pkcs11_scheme, errors));
    ENV_TRY(yes_or_no("pin-final-try", config->pin_final_try, &config->pin_final_try_on, errors));
    ENV_TRY(wait_seconds(config->session_wait, &config->session_wait_seconds, errors));
    ENV_TRY(query_parses(config->propquery, errors));
    ENV_TRY(check_audit(config, errors));
    if (config->context != NULL && strlen(config->context) > CONTEXT_MAX)
        return ENV_RAISE(errors, ENV_R_CONTEXT_TOO_LONG, "context");
    return ENV_OK;
}

/* Values are wiped: a URI may hold a pin-value. */
static void clear_value(char **value)
{
    if (*value != NULL)
        OPENSSL_clear_free(*value, strlen(*value));
    *value = NULL;
}

void env_config_clear(struct env_config *config)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        clear_value(field_of(config, &config_keys[i]));
    clear_value(&config->unknown);
}
