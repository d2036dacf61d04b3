/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/pin_hash.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/secret.h"

#define NOT_OURS "provider!=envelope" /* key-kdfs may put our PBKDF2 first */

unsigned env_pin_hash_rounds = ENV_PIN_HASH_ROUNDS;

/* The input: the token's name and the PIN, because FIPS providers refuse short passwords. */
struct password {
    struct env_token_name token;
    uint8_t pin[ENV_PIN_MAX];
};

/* Freed with OPENSSL_free; NULL: no memory. */
static char *query_of(const struct env_pin_sources *sources)
{
    const char *own = sources->config->propquery;
    size_t size = sizeof(NOT_OURS) + 1 + (own != NULL ? strlen(own) : 0);
    char *query = OPENSSL_malloc(size);

    if (query != NULL)
        (void)snprintf(query, size, "%s%s%s", own != NULL ? own : "", own != NULL ? "," : "",
                       NOT_OURS);
    return query;
}

static bool derive(EVP_KDF_CTX *ctx, char *query, const struct password *password, size_t len,
                   const uint8_t salt[ENV_PIN_SALT], uint8_t hash[ENV_PIN_HASH])
{
    uint64_t rounds = env_pin_hash_rounds;
    char digest[] = "SHA2-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password,
                                          len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
                                          ENV_PIN_SALT),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_PROPERTIES, query, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_KDF_derive(ctx, hash, ENV_PIN_HASH, params) == 1;
}

bool env_pin_hash(const struct env_pin_sources *sources, const struct env_token *token,
                  const struct env_pin *pin, const uint8_t salt[ENV_PIN_SALT],
                  uint8_t hash[ENV_PIN_HASH])
{
    struct password *password = env_secret_alloc(sizeof(*password));
    char *query = query_of(sources);
    EVP_KDF *kdf = NULL;
    EVP_KDF_CTX *ctx = NULL;
    bool done = false;

    (void)ERR_set_mark();
    if (password != NULL && query != NULL && pin->len <= sizeof(password->pin)) {
        password->token = token->name;
        memcpy(password->pin, pin->bytes, pin->len);
        kdf = EVP_KDF_fetch(sources->libctx, "PBKDF2", query);
        ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
        done = ctx != NULL &&
               derive(ctx, query, password, sizeof(password->token) + pin->len, salt, hash);
    }
    (void)ERR_pop_to_mark();
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    OPENSSL_free(query);
    if (password != NULL)
        env_secret_free(password, sizeof(*password));
    return done;
}

bool env_pin_hash_of_token(const struct env_pin_sources *sources, const struct env_token *token,
                           uint8_t hash[ENV_PIN_HASH])
{
    size_t len = 0;
    bool done;

    (void)ERR_set_mark();
    done = EVP_Q_digest(sources->libctx, "SHA2-256", sources->config->propquery, &token->name,
                        sizeof(token->name), hash, &len) == 1 &&
           len == ENV_PIN_HASH;
    (void)ERR_pop_to_mark();
    return done;
}
