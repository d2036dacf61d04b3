/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals or opens a file in one update, which ENVELOPE-64K is for.
 *
 *     whole_message seal|open CIPHER IN OUT
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST (16u * 1024u * 1024u)

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "whole_message: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static size_t read_file(const char *path, unsigned char *to)
{
    FILE *in = fopen(path, "rb");
    size_t len = in != NULL ? fread(to, 1, LONGEST, in) : LONGEST;

    if (len == LONGEST || fclose(in) != 0)
        fail(path);
    return len;
}

static void write_file(const char *path, const unsigned char *from, size_t len)
{
    FILE *out = fopen(path, "wb");

    if (out == NULL || fwrite(from, 1, len, out) != len || fclose(out) != 0)
        fail(path);
}

int main(int argc, char **argv)
{
    unsigned char *in = malloc(LONGEST);
    unsigned char *out = malloc(2 * (size_t)LONGEST);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher;
    size_t in_len;
    int len = 0;
    int last = 0;

    if (argc != 5 || in == NULL || out == NULL || ctx == NULL)
        fail("seal|open CIPHER IN OUT");
    cipher = EVP_CIPHER_fetch(NULL, argv[2], NULL);
    in_len = read_file(argv[3], in);
    if (cipher == NULL ||
        EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, strcmp(argv[1], "seal") == 0, NULL) != 1 ||
        EVP_CipherUpdate(ctx, out, &len, in, (int)in_len) != 1 ||
        EVP_CipherFinal_ex(ctx, out + len, &last) != 1)
        fail(argv[1]);
    write_file(argv[4], out, (size_t)len + (size_t)last);
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(ctx);
    free(in);
    free(out);
    return 0;
}
