/* SPDX-License-Identifier: Apache-2.0 */
/*
 * by_name NAME -e|-d [-f | -K HEX]: stdin to stdout through EVP_get_cipherbyname, as programs do
 * that were written before there were providers: with buffers of the input's length and 32 for an
 * update, and of a block for final. -f: the configuration is loaded once more before. -K: the key
 * bytes (zeros). Prints what the cipher is called to stderr.
 */
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX 65536

static int fail(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    return 1;
}

/* With nothing behind what the program has room for. */
static int piece(EVP_CIPHER_CTX *ctx, const unsigned char *in, int len)
{
    unsigned char *out = malloc((size_t)len + 32);
    int n = 0;
    int ok = out != NULL && EVP_CipherUpdate(ctx, out, &n, in, len) == 1 && n <= len + 32 &&
             fwrite(out, 1, (size_t)n, stdout) == (size_t)n;

    free(out);
    return ok;
}

static int last(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher)
{
    int room = EVP_CIPHER_get_block_size(cipher);
    unsigned char *out = malloc((size_t)room);
    int n = 0;
    int ok = out != NULL && EVP_CipherFinal_ex(ctx, out, &n) == 1 && n <= room &&
             fwrite(out, 1, (size_t)n, stdout) == (size_t)n;

    free(out);
    return ok;
}

int main(int argc, char **argv)
{
    static unsigned char zeros[64], in[PIECE_MAX];
    unsigned char *key = zeros;
    long key_len = 0;
    const EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t len, size;

    if (argc < 3 || ctx == NULL)
        return 2;
    if (argc > 4)
        key = OPENSSL_hexstr2buf(argv[4], &key_len);
    if (key == NULL)
        return fail("no hexadecimal digits");
    if (argc == 4 && CONF_modules_load_file(getenv("OPENSSL_CONF"), NULL, 0) != 1)
        return fail("the configuration does not load");
    cipher = EVP_get_cipherbyname(argv[1]);
    if (cipher == NULL)
        return fail("no such cipher");
    (void)fprintf(stderr, "%s, key %d, iv %d, block %d\n", EVP_CIPHER_get0_name(cipher),
                  EVP_CIPHER_get_key_length(cipher), EVP_CIPHER_get_iv_length(cipher),
                  EVP_CIPHER_get_block_size(cipher));
    if (EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, strcmp(argv[2], "-e") == 0) != 1 ||
        EVP_CIPHER_CTX_get_key_length(ctx) != EVP_CIPHER_get_key_length(cipher) ||
        EVP_CIPHER_CTX_get_iv_length(ctx) != EVP_CIPHER_get_iv_length(cipher) ||
        (key_len > 0 && EVP_CIPHER_CTX_set_key_length(ctx, (int)key_len) != 1) ||
        EVP_CipherInit_ex(ctx, NULL, NULL, key, NULL, -1) != 1)
        return fail("init");
    size = EVP_CIPHER_get_block_size(cipher) > PIECE_MAX ? PIECE_MAX : 4096;
    if (EVP_CIPHER_get_block_size(cipher) == 64) /* a field, which opens in one piece */
        size = PIECE_MAX;
    while ((len = fread(in, 1, size, stdin)) > 0) {
        if (!piece(ctx, in, (int)len))
            return fail("update");
    }
    if (!last(ctx, cipher) || fflush(stdout) != 0)
        return fail("final");
    EVP_CIPHER_CTX_free(ctx);
    if (key != zeros)
        OPENSSL_free(key);
    return 0;
}
