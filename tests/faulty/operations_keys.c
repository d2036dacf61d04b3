/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <stdio.h>

#include "pieces.h"
#include "world.h"

static struct piece sealed_key;
static struct piece short_message;

/* Counts what a store has; *pkey becomes its first key. */
static bool store(OSSL_LIB_CTX *libctx, const char *uri, EVP_PKEY **pkey, size_t *count)
{
    OSSL_STORE_CTX *ctx = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    bool failed = ctx == NULL;

    *pkey = NULL;
    *count = 0;
    while (!failed && !OSSL_STORE_eof(ctx)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(ctx);

        if (info == NULL) {
            failed = OSSL_STORE_error(ctx) != 0;
            if (failed)
                break;
            continue;
        }
        ++*count;
        if (*pkey == NULL)
            *pkey = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(ctx);
    return !failed;
}

enum outcome keys_list(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *pkey;
    size_t count;
    bool done = store(libctx, "envelope:", &pkey, &count);

    EVP_PKEY_free(pkey);
    if (!done)
        return OUTCOME_FAILED;
    return count == 2 ? OUTCOME_GOOD : OUTCOME_WRONG; /* every setting has two */
}

static EVP_PKEY *load(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *pkey;
    size_t count;
    char uri[64];

    (void)snprintf(uri, sizeof(uri), "envelope:object=%s", pieces_setting("FAULTS_KEK", "orders"));
    if (store(libctx, uri, &pkey, &count) && pkey != NULL)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static enum outcome make(OSSL_LIB_CTX *libctx, const OSSL_PARAM params[])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);
    EVP_PKEY *pkey = NULL;
    bool done;

    if (ctx == NULL)
        world_fail("ENVELOPE-KEK cannot be fetched");
    done = EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
           EVP_PKEY_generate(ctx, &pkey) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return done ? OUTCOME_GOOD : OUTCOME_FAILED;
}

static enum outcome generate(OSSL_LIB_CTX *libctx, char *type)
{
    char label[] = OPERATION_NEW_KEY;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("label", label, 0),
                           OSSL_PARAM_construct_utf8_string("type", type, 0), OSSL_PARAM_END};

    return make(libctx, params);
}

enum outcome keys_generate(OSSL_LIB_CTX *libctx)
{
    char type[] = "AES";

    return generate(libctx, type);
}

enum outcome keys_generate_rsa(OSSL_LIB_CTX *libctx)
{
    char type[] = "RSA";

    return generate(libctx, type);
}

/* One that seals from a day on: SoftHSM needs an object beside it. */
enum outcome keys_generate_dated(OSSL_LIB_CTX *libctx)
{
    char label[] = OPERATION_NEW_KEY;
    char day[] = "2001-01-01";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("label", label, 0),
                           OSSL_PARAM_construct_utf8_string("not-before", day, 0), OSSL_PARAM_END};

    return make(libctx, params);
}

/* One that only opens. */
enum outcome keys_copy(OSSL_LIB_CTX *libctx)
{
    char label[] = OPERATION_NEW_KEY;
    char uses[] = "unwrap";
    char source[64];
    OSSL_PARAM params[4];

    (void)snprintf(source, sizeof(source), "%s", pieces_setting("FAULTS_KEK", "orders"));
    params[0] = OSSL_PARAM_construct_utf8_string("label", label, 0);
    params[1] = OSSL_PARAM_construct_utf8_string("copy-of", source, 0);
    params[2] = OSSL_PARAM_construct_utf8_string("uses", uses, 0);
    params[3] = OSSL_PARAM_construct_end();
    return make(libctx, params);
}

/* A context for the KEK; NULL when the KEK cannot be had. */
static EVP_PKEY_CTX *begin(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *pkey = load(libctx);
    EVP_PKEY_CTX *ctx = pkey != NULL ? EVP_PKEY_CTX_new_from_pkey(libctx, pkey, NULL) : NULL;

    EVP_PKEY_free(pkey);
    return ctx;
}

static enum outcome encapsulate_into(OSSL_LIB_CTX *libctx, struct piece *piece)
{
    EVP_PKEY_CTX *ctx = begin(libctx);
    size_t secret_len = sizeof(piece->secret);
    bool done;

    piece->kind = SEALED_KEY;
    piece->len = sizeof(piece->data);
    done = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
           EVP_PKEY_encapsulate(ctx, piece->data, &piece->len, piece->secret, &secret_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done ? OUTCOME_GOOD : OUTCOME_FAILED;
}

enum outcome keys_encapsulate(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = encapsulate_into(libctx, &piece);

    return pieces_keep(&piece, outcome);
}

static enum outcome decapsulate_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    EVP_PKEY_CTX *ctx = begin(libctx);
    unsigned char secret[KEY_LEN];
    size_t len = sizeof(secret);
    bool done = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
                EVP_PKEY_decapsulate(ctx, secret, &len, piece->data, piece->len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return pieces_same(done, secret, len, piece->secret, sizeof(piece->secret));
}

enum outcome keys_prepare_decapsulate(OSSL_LIB_CTX *libctx)
{
    return encapsulate_into(libctx, &sealed_key);
}

enum outcome keys_decapsulate(OSSL_LIB_CTX *libctx)
{
    return decapsulate_piece(libctx, &sealed_key);
}

static enum outcome encrypt_into(OSSL_LIB_CTX *libctx, struct piece *piece)
{
    EVP_PKEY_CTX *ctx = begin(libctx);
    bool done;

    piece->kind = SHORT_MESSAGE;
    piece->len = sizeof(piece->data);
    done = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
           EVP_PKEY_encrypt(ctx, piece->data, &piece->len, pieces_plain, PLAIN_LEN) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done ? OUTCOME_GOOD : OUTCOME_FAILED;
}

enum outcome keys_encrypt(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = encrypt_into(libctx, &piece);

    return pieces_keep(&piece, outcome);
}

static enum outcome decrypt_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    EVP_PKEY_CTX *ctx = begin(libctx);
    unsigned char out[ROOM];
    size_t len = sizeof(out);
    bool done = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_decrypt(ctx, out, &len, piece->data, piece->len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return pieces_same(done, out, len, pieces_plain, PLAIN_LEN);
}

enum outcome keys_prepare_decrypt(OSSL_LIB_CTX *libctx)
{
    return encrypt_into(libctx, &short_message);
}

enum outcome keys_decrypt(OSSL_LIB_CTX *libctx)
{
    return decrypt_piece(libctx, &short_message);
}

enum outcome keys_open_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    return piece->kind == SEALED_KEY ? decapsulate_piece(libctx, piece)
                                     : decrypt_piece(libctx, piece);
}
