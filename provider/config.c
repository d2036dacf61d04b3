/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define CONTEXT_MAX 4096u

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
        {"auto", ENV_WRAP_CHOICE_AUTO},
        {"aes-kw", ENV_WRAP_CHOICE_AES_KW},
        {"aes-kwp", ENV_WRAP_CHOICE_AES_KWP},
        {"aes-gcm", ENV_WRAP_CHOICE_AES_GCM},
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
    return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "wrap is auto, aes-kw, aes-kwp or aes-gcm");
}

/* A key that stands there with nothing after it is a mistake, never a default. */
static ENV_RESULT none_empty(const struct env_config *config, const struct env_errors *errors)
{
    const struct {
        const char *key;
        const char *value;
    } values[] = {
        {"pkcs11-module-path", config->module_path},
        {"pkcs11-module-init-args", config->module_init_args},
        {"token", config->token},
        {"pin-source", config->pin_source},
        {"kek", config->kek},
        {"wrap", config->wrap},
        {"open-kek", config->open_kek},
        {"propquery", config->propquery},
        {"standard-names", config->standard_names},
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (values[i].value != NULL && values[i].value[strspn(values[i].value, " ")] == '\0')
            return ENV_RAISE(errors, ENV_R_CONFIG_VALUE, "%s is empty", values[i].key);
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

ENV_RESULT env_config_check(struct env_config *config, const struct env_errors *errors)
{
    bool standard_names; /* too late to act upon: the names are there or not since the loading */
    bool pkcs11_scheme;  /* was acted on when the provider was asked for its algorithms */

    if (config->unknown != NULL)
        return ENV_RAISE(errors, ENV_R_CONFIG_UNKNOWN_KEY, "%s", config->unknown);
    ENV_TRY(none_empty(config, errors));
    ENV_TRY(wrap_choice(config->wrap, &config->wrap_choice, errors));
    ENV_TRY(yes_or_no("allow-weak-kek", config->allow_weak_kek, &config->weak_allowed, errors));
    ENV_TRY(yes_or_no("allow-imported-kek", config->allow_imported_kek, &config->imported_allowed,
                      errors));
    ENV_TRY(yes_or_no("standard-names", config->standard_names, &standard_names, errors));
    ENV_TRY(yes_or_no("pkcs11-scheme", config->pkcs11_scheme, &pkcs11_scheme, errors));
    ENV_TRY(query_parses(config->propquery, errors));
    if (config->context != NULL && strlen(config->context) > CONTEXT_MAX)
        return ENV_RAISE(errors, ENV_R_CONTEXT_TOO_LONG, "context");
    return ENV_OK;
}

void env_config_clear(struct env_config *config)
{
    char **strings[] = {
        &config->module_path,
        &config->module_init_args,
        &config->token,
        &config->pin_source,
        &config->kek,
        &config->wrap,
        &config->context,
        &config->open_kek,
        &config->propquery,
        &config->unknown,
        &config->allow_imported_kek,
        &config->allow_weak_kek,
        &config->standard_names,
        &config->pkcs11_scheme,
    };

    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        /* a URI may hold a pin-value */
        if (*strings[i] != NULL)
            OPENSSL_clear_free(*strings[i], strlen(*strings[i]));
        *strings[i] = NULL;
    }
}
