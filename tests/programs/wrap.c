/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key wrap as any program does it, knowing nothing but EVP:
 *
 *     wrap -e|-d CIPHER KEY-HEX [PROPERTIES] <in >out
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(void)
{
    ERR_print_errors_fp(stderr);
    return 1;
}

int main(int argc, char **argv)
{
    static unsigned char in[8192], out[8192 + 64];
    int wrapping = argc > 1 && strcmp(argv[1], "-e") == 0;
    size_t len = fread(in, 1, sizeof(in), stdin);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher;
    unsigned char *key;
    long key_len = 0;
    int n = 0, rest = 0;

    if (argc < 4)
        return 2;
    cipher = EVP_CIPHER_fetch(NULL, argv[2], argc > 4 ? argv[4] : NULL);
    key = OPENSSL_hexstr2buf(argv[3], &key_len);
    if (cipher == NULL || key == NULL || key_len != EVP_CIPHER_get_key_length(cipher))
        return fail();
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_CipherInit_ex2(ctx, cipher, key, NULL, wrapping, NULL) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1 ||
        EVP_CipherFinal_ex(ctx, out + n, &rest) != 1)
        return fail();
    (void)fwrite(out, 1, (size_t)(n + rest), stdout);
    OPENSSL_free(key);
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(ctx);
    return 0;
}
