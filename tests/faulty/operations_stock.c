/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inits under stock OpenSSL's name. A key of the program's own goes on whatever the token does; a
 * stand-in is the named key, or an error.
 */
#include <openssl/evp.h>
#include <string.h>

#include "pieces.h"
#include "world.h"

#define NAME "AES-256-GCM"

/* The bytes of the named key, which the script imports. */
static const unsigned char named_key[KEY_LEN + 1] = "0123456789abcdef0123456789abcdef";
static const unsigned char own_key[KEY_LEN + 1] = "a key that the program has itself";
static const unsigned char iv[12];

/* As far as final, so that sealing and opening are one thing: a text and a tag. */
static bool seal(OSSL_LIB_CTX *libctx, const char *query, const unsigned char *key,
                 unsigned char out[PLAIN_LEN + 16])
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, NAME, query);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    bool done;

    if (cipher == NULL || ctx == NULL)
        world_fail("%s cannot be fetched", NAME);
    done = EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
           EVP_EncryptUpdate(ctx, out, &len, pieces_plain, PLAIN_LEN) == 1 &&
           EVP_EncryptFinal_ex(ctx, out + PLAIN_LEN, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + PLAIN_LEN) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return done;
}

static enum outcome seal_with(OSSL_LIB_CTX *libctx, const unsigned char *key,
                              const unsigned char *real)
{
    unsigned char out[PLAIN_LEN + 16];
    unsigned char expected[PLAIN_LEN + 16];
    bool done = seal(libctx, "provider=envelope", key, out);

    if (!seal(libctx, "provider!=envelope", real, expected))
        world_fail("stock OpenSSL fails");
    return pieces_same(done, out, sizeof(out), expected, sizeof(expected));
}

static void demand_own_key(OSSL_LIB_CTX *libctx)
{
    if (seal_with(libctx, own_key, own_key) != OUTCOME_GOOD)
        world_fail("a key of the program's own does not go on");
}

enum outcome stock_seal(OSSL_LIB_CTX *libctx)
{
    const char *stand_in = pieces_setting("FAULTS_STAND_IN", "");
    enum outcome outcome;

    if (strlen(stand_in) != KEY_LEN)
        world_fail("FAULTS_STAND_IN has to be of %u bytes", KEY_LEN);
    demand_own_key(libctx);
    outcome = seal_with(libctx, (const unsigned char *)stand_in, named_key);
    demand_own_key(libctx);
    return outcome;
}
