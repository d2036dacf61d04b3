/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pieces.h"
#include "world.h"

const unsigned char pieces_plain[PLAIN_LEN] = "what is sealed, and what has to come back";
static const unsigned char key[KEY_LEN] = "the key that is wrapped";
static struct piece message;
static struct piece old_message;
static struct piece file_message;
static unsigned char wrapped[KEY_LEN + 8];
static unsigned char wrapped_pad[KEY_LEN + 8];
static struct piece *pieces; /* that were sealed under faults */
static size_t piece_count;
static unsigned long case_number;

const char *pieces_setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? value : otherwise;
}

enum outcome pieces_keep(const struct piece *piece, enum outcome outcome)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct piece *more;

    if (outcome != OUTCOME_GOOD)
        return outcome;
    (void)pthread_mutex_lock(&lock);
    more = realloc(pieces, (piece_count + 1) * sizeof(*pieces));
    if (more == NULL)
        world_fail("no memory");
    pieces = more;
    pieces[piece_count] = *piece;
    pieces[piece_count++].number = case_number;
    (void)pthread_mutex_unlock(&lock);
    return outcome;
}

enum outcome pieces_same(bool done, const void *out, size_t len, const void *expected,
                         size_t expected_len)
{
    if (!done)
        return OUTCOME_FAILED;
    return len == expected_len && memcmp(out, expected, len) == 0 ? OUTCOME_GOOD : OUTCOME_WRONG;
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
        world_fail("%s cannot be fetched", name);
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

/* kek NULL: the configured one */
static enum outcome seal_for(OSSL_LIB_CTX *libctx, const char *kek, struct piece *piece)
{
    return make(libctx, "ENVELOPE", kek, pieces_plain, PLAIN_LEN, piece);
}

static enum outcome rewrap_for(OSSL_LIB_CTX *libctx, const char *kek, const struct piece *from)
{
    struct piece piece = {0};
    enum outcome outcome = make(libctx, "ENVELOPE-REWRAP", kek, from->data, from->len, &piece);

    return pieces_keep(&piece, outcome);
}

static enum outcome open_piece(OSSL_LIB_CTX *libctx, const struct piece *piece)
{
    unsigned char out[ROOM];
    size_t len;
    bool done = cipher(libctx, "ENVELOPE", 0, piece->data, piece->len, out, &len);

    return pieces_same(done, out, len, pieces_plain, PLAIN_LEN);
}

static const char *old_kek(void)
{
    return pieces_setting("FAULTS_OLD_KEK", "invoices");
}

static const char *file_kek(void)
{
    const char *file = pieces_setting("FAULTS_FILE", NULL);

    if (file == NULL)
        world_fail("FAULTS_FILE is not set");
    return file;
}

static enum outcome seal(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = seal_for(libctx, NULL, &piece);

    return pieces_keep(&piece, outcome);
}

static enum outcome prepare_open(OSSL_LIB_CTX *libctx)
{
    return seal_for(libctx, NULL, &message);
}

static enum outcome open(OSSL_LIB_CTX *libctx)
{
    return open_piece(libctx, &message);
}

static enum outcome prepare_rewrap(OSSL_LIB_CTX *libctx)
{
    return seal_for(libctx, old_kek(), &old_message);
}

/* From the other KEK to the configured one, and the other way. */
static enum outcome rewrap(OSSL_LIB_CTX *libctx)
{
    return rewrap_for(libctx, NULL, &old_message);
}

static enum outcome rewrap_back(OSSL_LIB_CTX *libctx)
{
    return rewrap_for(libctx, old_kek(), &message);
}

static enum outcome seal_file(OSSL_LIB_CTX *libctx)
{
    struct piece piece = {0};
    enum outcome outcome = seal_for(libctx, file_kek(), &piece);

    return pieces_keep(&piece, outcome);
}

static enum outcome prepare_open_file(OSSL_LIB_CTX *libctx)
{
    return seal_for(libctx, file_kek(), &file_message);
}

static enum outcome open_file(OSSL_LIB_CTX *libctx)
{
    return open_piece(libctx, &file_message);
}

/* ---- key wrap ---- */

static enum outcome wrap_into(OSSL_LIB_CTX *libctx, const char *name, void *to, size_t expected)
{
    unsigned char out[ROOM];
    size_t len;

    if (!cipher(libctx, name, 1, key, sizeof(key), out, &len) || len != expected)
        return OUTCOME_FAILED;
    memcpy(to, out, len);
    return OUTCOME_GOOD;
}

static enum outcome prepare_wrap(OSSL_LIB_CTX *libctx)
{
    return wrap_into(libctx, "ENVELOPE-AES-256-WRAP", wrapped, sizeof(wrapped));
}

static enum outcome prepare_wrap_pad(OSSL_LIB_CTX *libctx)
{
    return wrap_into(libctx, "ENVELOPE-AES-256-WRAP-PAD", wrapped_pad, sizeof(wrapped_pad));
}

/* Key wrap always gives the same: that of the run without faults. */
static enum outcome transform(OSSL_LIB_CTX *libctx, const char *name, int wrapping, const void *in,
                              size_t in_len, const void *expected, size_t expected_len)
{
    unsigned char out[ROOM];
    size_t len;
    bool done = cipher(libctx, name, wrapping, in, in_len, out, &len);

    return pieces_same(done, out, len, expected, expected_len);
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

/* ---- all ---- */

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
        enum outcome outcome = pieces[i].kind == MESSAGE ? open_piece(libctx, &pieces[i])
                                                         : keys_open_piece(libctx, &pieces[i]);

        if (outcome == OUTCOME_GOOD)
            good++;
        else
            world_fail("what case %lu sealed does not open", pieces[i].number);
    }
    return good;
}

void operations_forget_all(void)
{
    free(pieces);
    pieces = NULL;
    piece_count = 0;
}

const struct operation operations[] = {
    {"seal", NULL, seal, 0, false},
    {"open", prepare_open, open, 0, false},
    {"rewrap", prepare_rewrap, rewrap, 0, false},
    {"wrap", prepare_wrap, wrap, 0, false},
    {"unwrap", prepare_wrap, unwrap, 0, false},
    {"wrap-pad", prepare_wrap_pad, wrap_pad, 0, false},
    {"unwrap-pad", prepare_wrap_pad, unwrap_pad, 0, false},
    {"list", NULL, keys_list, 0, false},
    {"encapsulate", NULL, keys_encapsulate, 0, false},
    {"decapsulate", keys_prepare_decapsulate, keys_decapsulate, 0, false},
    {"encrypt", NULL, keys_encrypt, 0, false},
    {"decrypt", keys_prepare_decrypt, keys_decrypt, 0, false},
    {"generate", NULL, keys_generate, 1, false},
    {"rewrap-back", prepare_open, rewrap_back, 0, false},
    {"generate-rsa", NULL, keys_generate_rsa, 2, false},
    {"seal-file", NULL, seal_file, 0, true},
    {"open-file", prepare_open_file, open_file, 0, false},
    {"copy", NULL, keys_copy, 1, false},
    {"generate-dated", NULL, keys_generate_dated, 2, false},
    {OPERATION_STOCK, NULL, stock_seal, 0, false},
    {NULL, NULL, NULL, 0, false},
};

const struct operation *operation_named(const char *name)
{
    for (const struct operation *o = operations; o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0)
            return o;
    }
    world_fail("there is no operation %s", name);
}

void operation_prepare(const struct operation *operation, OSSL_LIB_CTX *libctx)
{
    if (operation->prepare != NULL && operation->prepare(libctx) != OUTCOME_GOOD)
        world_fail("%s cannot be prepared without faults either", operation->name);
}

void operations_prepare(OSSL_LIB_CTX *libctx)
{
    for (const struct operation *o = operations; o < operations + OPERATIONS_AES; o++)
        operation_prepare(o, libctx);
}
