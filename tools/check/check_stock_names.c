/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Algorithms that other providers offer too (standard-names, pkcs11-scheme). A program that gives
 * no property query gets the one that libcrypto finds first. Only default_properties decides that.
 * The order in the file does not: libcrypto sorts its providers by name once a program asks for a
 * third one.
 */
#include "tools/check/check_stock_names.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <string.h>
#include <strings.h>

#include "tools/check/settings_missing.h"

#define STEP "stock names"
#define NAMES_MAX 128u
#define OWN_PREFIX "ENVELOPE"

enum kind { CIPHER, KDF, SCHEME };

struct names {
    const char *own; /* our provider's name */
    size_t count;
    struct name {
        enum kind kind;
        char text[64];
    } list[NAMES_MAX];
};

/* Providers that serve names of ours. */
struct taken {
    size_t count;
    char first[64];
    char by[64];
};

static OSSL_LIB_CTX *load(const struct tool_check *check)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    if (libctx != NULL && OSSL_LIB_CTX_load_config(libctx, check->settings.file) == 1)
        return libctx;
    OSSL_LIB_CTX_free(libctx);
    return NULL;
}

/* ---- the names ---- */

/* Key wrap is there twice, once for fips=yes. */
static bool is_known(const struct names *names, enum kind kind, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->list[i].kind == kind && strcmp(names->list[i].text, name) == 0)
            return true;
    }
    return false;
}

static void add(struct names *names, enum kind kind, const OSSL_PROVIDER *provider,
                const char *name)
{
    struct name *next = &names->list[names->count];

    if (provider == NULL || name == NULL || names->count == NAMES_MAX ||
        strcmp(OSSL_PROVIDER_get0_name(provider), names->own) != 0 ||
        strncasecmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0 ||
        strlen(name) >= sizeof(next->text) || is_known(names, kind, name))
        return;
    next->kind = kind;
    memcpy(next->text, name, strlen(name) + 1);
    names->count++;
}

static void add_cipher(EVP_CIPHER *cipher, void *arg)
{
    add(arg, CIPHER, EVP_CIPHER_get0_provider(cipher), EVP_CIPHER_get0_name(cipher));
}

static void add_kdf(EVP_KDF *kdf, void *arg)
{
    add(arg, KDF, EVP_KDF_get0_provider(kdf), EVP_KDF_get0_name(kdf));
}

static void add_scheme_name(const char *name, void *arg)
{
    if (strcasecmp(name, "pkcs11") == 0)
        *(bool *)arg = true;
}

static void add_scheme(OSSL_STORE_LOADER *loader, void *arg)
{
    bool is = false;

    (void)OSSL_STORE_LOADER_names_do_all(loader, add_scheme_name, &is);
    if (is)
        add(arg, SCHEME, OSSL_STORE_LOADER_get0_provider(loader), "pkcs11");
}

static void find_names(OSSL_LIB_CTX *libctx, struct names *names)
{
    EVP_CIPHER_do_all_provided(libctx, add_cipher, names);
    EVP_KDF_do_all_provided(libctx, add_kdf, names);
    OSSL_STORE_LOADER_do_all_provided(libctx, add_scheme, names);
}

/* ---- the providers that serve them ---- */

static void copy_provider(char *to, size_t size, const OSSL_PROVIDER *provider)
{
    (void)snprintf(to, size, "%s", provider != NULL ? OSSL_PROVIDER_get0_name(provider) : "");
}

/* Fetches by the default properties, like a program without a query. "" if no provider has it. */
static void fetch(OSSL_LIB_CTX *libctx, const struct name *name, char *by, size_t size)
{
    EVP_CIPHER *cipher = NULL;
    EVP_KDF *kdf = NULL;
    OSSL_STORE_LOADER *loader = NULL;

    *by = '\0';
    if (name->kind == CIPHER && (cipher = EVP_CIPHER_fetch(libctx, name->text, NULL)) != NULL)
        copy_provider(by, size, EVP_CIPHER_get0_provider(cipher));
    if (name->kind == KDF && (kdf = EVP_KDF_fetch(libctx, name->text, NULL)) != NULL)
        copy_provider(by, size, EVP_KDF_get0_provider(kdf));
    if (name->kind == SCHEME &&
        (loader = OSSL_STORE_LOADER_fetch(libctx, name->text, NULL)) != NULL)
        copy_provider(by, size, OSSL_STORE_LOADER_get0_provider(loader));
    EVP_CIPHER_free(cipher);
    EVP_KDF_free(kdf);
    OSSL_STORE_LOADER_free(loader);
}

static void find_taken(OSSL_LIB_CTX *libctx, const struct names *names, struct taken *taken)
{
    char by[64];

    for (size_t i = 0; i < names->count; i++) {
        fetch(libctx, &names->list[i], by, sizeof(by));
        if (strcmp(by, names->own) == 0)
            continue;
        if (taken->count++ > 0)
            continue;
        memcpy(taken->first, names->list[i].text, sizeof(taken->first));
        memcpy(taken->by, by, sizeof(taken->by));
    }
}

/*
 * Fetches once in a context set up by the file. Because a context caches what it finds, it then
 * fetches again in a second context, in which a third provider was asked for: there the providers
 * are in order of their names.
 */
static bool find_all_taken(const struct tool_check *check, const struct names *names,
                           struct taken *taken)
{
    for (int sorted = 0; sorted < 2 && taken->count == 0; sorted++) {
        OSSL_LIB_CTX *libctx = load(check);

        if (libctx == NULL)
            return false;
        if (sorted == 1)
            (void)OSSL_PROVIDER_available(libctx, "legacy");
        find_taken(libctx, names, taken);
        OSSL_LIB_CTX_free(libctx);
    }
    return true;
}

static void say(struct tool_check *check, const struct names *names, const struct taken *taken)
{
    char lines[TOOL_SETTINGS_MISSING];
    char more[64] = "";

    if (taken->count == 0) {
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL,
                       "%zu that other providers have too, such as %s: programs get %s's",
                       names->count, names->list[0].text, names->own);
        return;
    }
    if (taken->count > 1)
        (void)snprintf(more, sizeof(more), " and %zu more", taken->count - 1);
    tool_settings_prefer_own(&check->settings, lines);
    tool_check_say(check, TOOL_CHECK_FAILED, STEP, lines,
                   "programs get %s%s from %s%s: what names a KEK is taken for the key itself",
                   taken->first, more, *taken->by != '\0' ? "the provider " : "nobody", taken->by);
}

void tool_check_stock_names(struct tool_check *check)
{
    struct names names = {.own = check->settings.name};
    struct taken taken = {0};
    OSSL_LIB_CTX *libctx = load(check);

    if (libctx != NULL)
        find_names(libctx, &names);
    OSSL_LIB_CTX_free(libctx);
    if (names.count > 0 && find_all_taken(check, &names, &taken))
        say(check, &names, &taken);
    ERR_clear_error();
}
