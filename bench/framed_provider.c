/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider only for measuring. The cipher BENCH-FRAMED does in `openssl enc` what the benchmark
 * in one process calls framed: AES-256-GCM over each 4 KiB with its own IV and tag, and nothing
 * else. It has no header, no KEK and a fixed key, discards the tags, and its input and output have
 * the same length, so that nothing is ever copied or held. BENCH-COPY only copies. The time that
 * envelope takes beyond these is its own cost; the time that these take beyond aes-256-ctr is the
 * cost of any segmented cipher. Neither protects anything.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#define PIECE 4096u

struct framed {
    EVP_CIPHER_CTX *gcm; /* NULL: only copies */
    uint64_t number;
};

static void *new_with(const char *name)
{
    static const unsigned char key[32] = {1};
    struct framed *f = OPENSSL_zalloc(sizeof(*f));
    EVP_CIPHER *cipher = name != NULL ? EVP_CIPHER_fetch(NULL, name, NULL) : NULL;

    if (f != NULL && cipher != NULL) {
        f->gcm = EVP_CIPHER_CTX_new();
        if (f->gcm == NULL || EVP_EncryptInit_ex2(f->gcm, cipher, key, NULL, NULL) != 1) {
            EVP_CIPHER_CTX_free(f->gcm);
            OPENSSL_free(f);
            f = NULL;
        }
    }
    EVP_CIPHER_free(cipher);
    return f;
}

static OSSL_FUNC_cipher_newctx_fn new_framed;
static OSSL_FUNC_cipher_newctx_fn new_copy;
static OSSL_FUNC_cipher_freectx_fn free_ctx;
static OSSL_FUNC_cipher_encrypt_init_fn init;
static OSSL_FUNC_cipher_update_fn update;
static OSSL_FUNC_cipher_final_fn final;
static OSSL_FUNC_cipher_get_params_fn get_params;
static OSSL_FUNC_provider_query_operation_fn query;
OSSL_provider_init_fn OSSL_provider_init;

static void *new_framed(void *provctx)
{
    (void)provctx;
    return new_with("AES-256-GCM");
}

static void *new_copy(void *provctx)
{
    (void)provctx;
    return new_with(NULL);
}

static void free_ctx(void *ctx)
{
    struct framed *f = ctx;

    EVP_CIPHER_CTX_free(f->gcm);
    OPENSSL_free(f);
}

static int init(void *ctx, const unsigned char *key, size_t key_len, const unsigned char *iv,
                size_t iv_len, const OSSL_PARAM params[])
{
    (void)ctx, (void)key, (void)key_len, (void)iv, (void)iv_len, (void)params;
    return 1;
}

static int piece(struct framed *f, unsigned char *out, const unsigned char *in, int len)
{
    unsigned char iv[12] = {0};
    unsigned char aad[9] = {0};
    unsigned char tag[16];
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, sizeof(tag)),
                           OSSL_PARAM_END};
    int n = 0;

    memcpy(iv, &f->number, sizeof(f->number));
    memcpy(aad, &f->number, sizeof(f->number));
    f->number++;
    return EVP_EncryptInit_ex2(f->gcm, NULL, NULL, iv, NULL) == 1 &&
           EVP_EncryptUpdate(f->gcm, NULL, &n, aad, sizeof(aad)) == 1 &&
           EVP_EncryptUpdate(f->gcm, out, &n, in, len) == 1 &&
           EVP_EncryptFinal_ex(f->gcm, out + n, &n) == 1 &&
           EVP_CIPHER_CTX_get_params(f->gcm, params) == 1;
}

static int update(void *ctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    struct framed *f = ctx;

    (void)out_size;
    *out_len = in_len;
    if (f->gcm == NULL)
        memcpy(out, in, in_len);
    for (size_t done = 0; f->gcm != NULL && done < in_len; done += PIECE) {
        size_t len = in_len - done < PIECE ? in_len - done : PIECE;

        if (!piece(f, out + done, in + done, (int)len))
            return 0;
    }
    return 1;
}

static int final(void *ctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    (void)ctx, (void)out, (void)out_size;
    *out_len = 0;
    return 1;
}

static int get_params(OSSL_PARAM params[])
{
    static const struct {
        const char *key;
        size_t value;
    } sizes[] = {{OSSL_CIPHER_PARAM_KEYLEN, 32},
                 {OSSL_CIPHER_PARAM_IVLEN, 0},
                 {OSSL_CIPHER_PARAM_BLOCK_SIZE, 1}};
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);

    if (p != NULL && !OSSL_PARAM_set_uint(p, EVP_CIPH_STREAM_CIPHER))
        return 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        p = OSSL_PARAM_locate(params, sizes[i].key);
        if (p != NULL && !OSSL_PARAM_set_size_t(p, sizes[i].value))
            return 0;
    }
    return 1;
}

/* clang-format off */
#define FUNCTIONS(new_ctx) {                                                                       \
    {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))(new_ctx)},                                          \
    {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))free_ctx},                                          \
    {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))init},                                         \
    {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))init},                                         \
    {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},                                             \
    {OSSL_FUNC_CIPHER_FINAL, (void (*)(void))final},                                               \
    {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params},                                     \
    {0, NULL}                                                                                      \
}
/* clang-format on */

static const OSSL_DISPATCH framed_functions[] = FUNCTIONS(new_framed);
static const OSSL_DISPATCH copy_functions[] = FUNCTIONS(new_copy);

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    static const OSSL_ALGORITHM ciphers[] = {
        {"BENCH-FRAMED", "provider=bench", framed_functions, NULL},
        {"BENCH-COPY", "provider=bench", copy_functions, NULL},
        {NULL, NULL, NULL, NULL},
    };

    (void)provctx;
    *no_cache = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {0, NULL},
};

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out,
                                                              void **provctx)
{
    static int nothing;

    (void)handle, (void)in;
    *provctx = &nothing;
    *out = provider_functions;
    return 1;
}
