/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_provider.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>

#include "tools/check/check_key_ciphers.h"
#include "tools/check/check_stock_names.h"
#include "tools/check/settings_missing.h"

#define STEP "provider"

/* The oldest entry with details comes from the loader. */
static void loader_says(char *out, size_t size)
{
    const char *data = NULL;
    int flags = 0;

    (void)snprintf(out, size, "it cannot be loaded");
    while (ERR_get_error_all(NULL, NULL, NULL, &data, &flags) != 0) {
        if ((flags & ERR_TXT_STRING) != 0 && data != NULL && *data != '\0') {
            (void)snprintf(out, size, "%s", data);
            break;
        }
    }
    ERR_clear_error();
}

/* libcrypto silently skips a module that does not load, so that is reported here. */
static bool check_loads(struct tool_check *check)
{
    const char *module = tool_settings_value(&check->settings, check->settings.section, "module");
    const char *name = module != NULL ? module : check->settings.name;
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider = libctx != NULL ? OSSL_PROVIDER_try_load(libctx, name, 0) : NULL;
    char why[512];

    if (provider == NULL) {
        loader_says(why, sizeof(why));
        tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                       "module = /path/envelope.so in its section, or OPENSSL_MODULES", "%s: %s",
                       name, why);
    } else {
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s loads", name);
        OSSL_PROVIDER_unload(provider);
    }
    OSSL_LIB_CTX_free(libctx);
    return provider != NULL;
}

/* Fetches AES-GCM as we do: from another provider. */
static EVP_CIPHER *fetch_gcm(OSSL_LIB_CTX *libctx, const char *propquery)
{
    char query[256] = "provider!=envelope";

    if (propquery != NULL && strstr(propquery, "provider") != NULL)
        (void)snprintf(query, sizeof(query), "%s", propquery);
    else if (propquery != NULL)
        (void)snprintf(query, sizeof(query), "%s,provider!=envelope", propquery);
    return EVP_CIPHER_fetch(libctx, "AES-256-GCM", query);
}

/* Loads the whole file, as a program does. */
static void check_beside(struct tool_check *check)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    EVP_CIPHER *own = NULL;
    EVP_CIPHER *gcm = NULL;
    char lines[TOOL_SETTINGS_MISSING];

    if (libctx != NULL && OSSL_LIB_CTX_load_config(libctx, check->settings.file) == 1) {
        own = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
        gcm = fetch_gcm(libctx, check->settings.config.propquery);
    }
    ERR_clear_error();
    if (own == NULL && !check->unreachable) /* otherwise that was reported already */
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, "activate = 1 in its section",
                       "with this file alone there is no cipher ENVELOPE");
    if (gcm == NULL)
        tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                       tool_settings_missing(&check->settings, lines)
                           ? lines
                           : "activate default or fips beside it",
                       "no active provider offers AES-256-GCM%s",
                       check->settings.config.propquery != NULL ? " as propquery has it" : "");
    else
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "beside it, %s offers AES-256-GCM",
                       OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(gcm)));
    EVP_CIPHER_free(own);
    EVP_CIPHER_free(gcm);
    OSSL_LIB_CTX_free(libctx);
}

void tool_check_provider(struct tool_check *check)
{
    if (!check_loads(check))
        return;
    check_beside(check);
    if (!check->unreachable)
        tool_check_stock_names(check);
    tool_check_key_ciphers(check);
}
