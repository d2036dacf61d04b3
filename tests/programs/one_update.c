/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals N zero bytes in one EVP_EncryptUpdate and writes the message to stdout.
 *
 *     one_update BYTES [CIPHER]
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "one_update: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

int main(int argc, char **argv)
{
    int size = argc > 1 ? atoi(argv[1]) : 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, argc > 2 ? argv[2] : "ENVELOPE", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char *in = calloc(1, (size_t)size + 1);
    unsigned char *out;
    int len = 0, last = 0;

    if (cipher == NULL || ctx == NULL || in == NULL)
        fail("no cipher");
    out = malloc((size_t)(size + 2 * EVP_CIPHER_get_block_size(cipher)));
    if (out == NULL || EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) != 1)
        fail("cannot begin");
    if (EVP_EncryptUpdate(ctx, out, &len, in, size) != 1) {
        /* an update that fails says that it wrote nothing */
        fail(len == 0 ? "the update failed" : "the update failed with a length");
    }
    if (EVP_EncryptFinal_ex(ctx, out + len, &last) != 1)
        fail("the final failed");
    if (fwrite(out, 1, (size_t)(len + last), stdout) != (size_t)(len + last) || fflush(stdout) != 0)
        fail("cannot write");
    free(out);
    free(in);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return 0;
}
