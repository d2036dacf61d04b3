/* SPDX-License-Identifier: Apache-2.0 */
#include "operations.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define PLAIN_LEN 100u
#define KEY_LEN 32u
#define ROOM 8192u

struct piece {
    enum { MESSAGE, SEALED_KEY, SHORT_MESSAGE } kind;
    unsigned char secret[KEY_LEN]; /* of a sealed key */
    unsigned long number;          /* of the case that it comes from */
    size_t len;
    unsigned char data[1024];
};

static const unsigned char plain[PLAIN_LEN] = "what is sealed, and what has to come back";
static const unsigned char key[KEY_LEN] = "the key that is wrapped";
static struct piece message;
static struct piece old_message;
static struct piece sealed_key;
static struct piece short_message;
static unsigned char wrapped[KEY_LEN + 8];
static unsigned char wrapped_pad[KEY_LEN + 8];
static struct piece *pieces; /* that were sealed under faults */
static size_t piece_count;
static unsigned long case_number;

static void keep(const struct piece *piece)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct piece *more;

    (void)pthread_mutex_lock(&lock);
    more = realloc(pieces, (piece_count + 1) * sizeof(*pieces));
    if (more == NULL)
        world_fail("no memory");
    pieces = more;
    pieces[piece_count] = *piece;
    pieces[piece_count++].number = case_number;
    (void)pthread_mutex_unlock(&lock);
}

/* ---- ciphers ---- */

/* Everything through a cipher in one update and final; kek NULL: the configured one. */
static bool cipher_for(OSSL_LIB_CTX *libctx, const char *name, const char *kek, int encrypting,
                       const void *in, size_t in_len, unsigned char out[ROOM], size_t *out_len)
{
    OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};
    EVP_CIPHER *fetched = EVP_CIPHER_fetch(libctx, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    int last = 0;
    bool good;

    if (fetched == NULL || ctx == NULL)
        world_fail("%s can not be fetched", name);
    if (kek != NULL)
        params[0] = OSSL_PARAM_construct_utf8_string("kek", (char *)(uintptr_t)kek, 0);
    good = EVP_CipherInit_ex2(ctx, fetched, NULL, NULL, encrypting, params) == 1 &&
           EVP_CipherUpdate(ctx, out, &len, in, (int)in_len) == 1 &&
           EVP_CipherFinal_ex(ctx, out + len, &last) == 1;
    *out_len = good ? (size_t)(len + last) : 0;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(fetched);
    return good;
}

static bool cipher(OSSL_LIB_CTX *libctx, const char *name, int encrypting, const void *in,
                   size_t in_len, unsigned char out[ROOM], size_t *out_len)
{
    return cipher_for(libctx, name, NULL, encrypting, in, in_len, out, out_len);
}

/* Makes a message of whatever the cipher takes. */
static enum outcome make(OSSL_LIB_CTX *libctx, const char *name, const char *kek, const void *in,
                         size_t in_len, struct piece *piece)
{
    unsigned char out[ROOM];

    piece->kind = MESSAGE;
    if (!cipher_for(libctx, name, kek, 1, in, in_len, out, &piece->len))
        return OUTCOME_FAILED;
    if (piece->len > sizeof(piece->data))
        return OUTCOME_WRONG;
    memcpy(piece->data, out, piece->len);
    return OUTCOME_GOOD;
}

static enum outcome seal(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = make(libctx, "ENVELOPE", NULL, plain, sizeof(plain), &piece);

    if (outcome == OUTCOME_GOOD)
        keep(&piece);
    return outcome;
}

/* From the other KEK to the configured one. */
static enum outcome rewrap(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome =
        make(libctx, "ENVELOPE-REWRAP", NULL, old_message.data, old_message.len, &piece);

    if (outcome == OUTCOME_GOOD)
        keep(&piece);
    return outcome;
}

static enum outcome is_same(bool done, const void *out, size_t len, const void *expected,
                            size_t expected_len)
{
    if (!done)
        return OUTCOME_FAILED;
    return len == expected_len && memcmp(out, expected, len) == 0 ? OUTCOME_GOOD : OUTCOME_WRONG;
}

static enum outcome open_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    unsigned char out[ROOM];
    size_t len;
    bool done = cipher(libctx, "ENVELOPE", 0, piece->data, piece->len, out, &len);

    return is_same(done, out, len, plain, sizeof(plain));
}

static enum outcome open(OSSL_LIB_CTX *libctx)
{
    return open_piece(libctx, &message);
}

/* Key wrap always gives the same: that of the run without faults. */
static enum outcome transform(OSSL_LIB_CTX *libctx, const char *name, int wrapping, const void *in,
                              size_t in_len, const void *expected, size_t expected_len)
{
    unsigned char out[ROOM];
    size_t len;
    bool done = cipher(libctx, name, wrapping, in, in_len, out, &len);

    return is_same(done, out, len, expected, expected_len);
}

static enum outcome wrap(OSSL_LIB_CTX *libctx)
{
    return transform(libctx, "ENVELOPE-AES-256-WRAP", 1, key, sizeof(key), wrapped,
                     sizeof(wrapped));
}

static enum outcome unwrap(OSSL_LIB_CTX *libctx)
{
    return transform(libctx, "ENVELOPE-AES-256-WRAP", 0, wrapped, sizeof(wrapped), key,
                     sizeof(key));
}

static enum outcome wrap_pad(OSSL_LIB_CTX *libctx)
{
    return transform(libctx, "ENVELOPE-AES-256-WRAP-PAD", 1, key, sizeof(key), wrapped_pad,
                     sizeof(wrapped_pad));
}

static enum outcome unwrap_pad(OSSL_LIB_CTX *libctx)
{
    return transform(libctx, "ENVELOPE-AES-256-WRAP-PAD", 0, wrapped_pad, sizeof(wrapped_pad), key,
                     sizeof(key));
}

/* ---- keys ---- */

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

static enum outcome list(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *pkey;
    size_t count;
    bool done = store(libctx, "envelope:", &pkey, &count);

    EVP_PKEY_free(pkey);
    if (!done)
        return OUTCOME_FAILED;
    return count == 2 ? OUTCOME_GOOD : OUTCOME_WRONG;
}

static EVP_PKEY *load(OSSL_LIB_CTX *libctx)
{
    EVP_PKEY *pkey;
    size_t count;

    if (store(libctx, "envelope:object=orders", &pkey, &count) && pkey != NULL)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static enum outcome generate(OSSL_LIB_CTX *libctx)
{
    char label[] = OPERATION_NEW_KEY;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("label", label, 0), OSSL_PARAM_END};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);
    EVP_PKEY *pkey = NULL;
    bool done;

    if (ctx == NULL)
        world_fail("ENVELOPE-KEK can not be fetched");
    done = EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
           EVP_PKEY_generate(ctx, &pkey) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return done ? OUTCOME_GOOD : OUTCOME_FAILED;
}

/* A context for the KEK; NULL when the KEK can not be had. */
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

static enum outcome encapsulate(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = encapsulate_into(libctx, &piece);

    if (outcome == OUTCOME_GOOD)
        keep(&piece);
    return outcome;
}

static enum outcome decapsulate_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    EVP_PKEY_CTX *ctx = begin(libctx);
    unsigned char secret[KEY_LEN];
    size_t len = sizeof(secret);
    bool done = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
                EVP_PKEY_decapsulate(ctx, secret, &len, piece->data, piece->len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return is_same(done, secret, len, piece->secret, sizeof(piece->secret));
}

static enum outcome decapsulate(OSSL_LIB_CTX *libctx)
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
           EVP_PKEY_encrypt(ctx, piece->data, &piece->len, plain, sizeof(plain)) == 1;
    EVP_PKEY_CTX_free(ctx);
    return done ? OUTCOME_GOOD : OUTCOME_FAILED;
}

static enum outcome encrypt(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = encrypt_into(libctx, &piece);

    if (outcome == OUTCOME_GOOD)
        keep(&piece);
    return outcome;
}

static enum outcome decrypt_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    EVP_PKEY_CTX *ctx = begin(libctx);
    unsigned char out[ROOM];
    size_t len = sizeof(out);
    bool done = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_decrypt(ctx, out, &len, piece->data, piece->len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return is_same(done, out, len, plain, sizeof(plain));
}

static enum outcome decrypt(OSSL_LIB_CTX *libctx)
{
    return decrypt_piece(libctx, &short_message);
}

/* ---- all ---- */

void operations_prepare(OSSL_LIB_CTX *libctx)
{
    unsigned char out[ROOM];
    size_t len;

    if (make(libctx, "ENVELOPE", NULL, plain, sizeof(plain), &message) != OUTCOME_GOOD ||
        make(libctx, "ENVELOPE", "invoices", plain, sizeof(plain), &old_message) != OUTCOME_GOOD ||
        encapsulate_into(libctx, &sealed_key) != OUTCOME_GOOD ||
        encrypt_into(libctx, &short_message) != OUTCOME_GOOD)
        world_fail("nothing works without faults either");
    if (!cipher(libctx, "ENVELOPE-AES-256-WRAP", 1, key, sizeof(key), out, &len) ||
        len != sizeof(wrapped))
        world_fail("key wrap does not work without faults either");
    memcpy(wrapped, out, len);
    if (!cipher(libctx, "ENVELOPE-AES-256-WRAP-PAD", 1, key, sizeof(key), out, &len) ||
        len != sizeof(wrapped_pad))
        world_fail("key wrap with padding does not work without faults either");
    memcpy(wrapped_pad, out, len);
}

static enum outcome verify(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    switch (piece->kind) {
    case MESSAGE:
        return open_piece(libctx, piece);
    case SEALED_KEY:
        return decapsulate_piece(libctx, piece);
    case SHORT_MESSAGE:
    default:
        return decrypt_piece(libctx, piece);
    }
}

size_t operations_begin_case(unsigned long number)
{
    case_number = number;
    return piece_count;
}

void operations_forget_since(size_t count)
{
    piece_count = count;
}

long operations_verify(OSSL_LIB_CTX *libctx)
{
    long good = 0;

    for (size_t i = 0; i < piece_count; i++) {
        if (verify(libctx, &pieces[i]) == OUTCOME_GOOD)
            good++;
        else
            world_fail("what case %lu sealed does not open", pieces[i].number);
    }
    free(pieces);
    pieces = NULL;
    piece_count = 0;
    return good;
}

const struct operation operations[] = {
    {"seal", seal, false},
    {"open", open, false},
    {"rewrap", rewrap, false},
    {"wrap", wrap, false},
    {"unwrap", unwrap, false},
    {"wrap-pad", wrap_pad, false},
    {"unwrap-pad", unwrap_pad, false},
    {"list", list, false},
    {"encapsulate", encapsulate, false},
    {"decapsulate", decapsulate, false},
    {"encrypt", encrypt, false},
    {"decrypt", decrypt, false},
    {"generate", generate, true},
    {NULL, NULL, false},
};
