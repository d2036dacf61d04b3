/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenant_rows FILE COUNT: keys of tenants 1 to COUNT, made under the stand-in in FILE by one
 * process, as the JSON Lines that envelope rewrap --list --tenant-keys takes.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEALED 81

static int row(EVP_CIPHER_CTX *ctx, int tenant)
{
    unsigned char key[32], sealed[32 + 64], text[SEALED / 3 * 4 + 1];
    char context[64];
    int n = 0, last = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string("context", context, 0), OSSL_PARAM_END};

    params[0].data_size = (size_t)snprintf(context, sizeof(context), "tenant key v1:%d", tenant);
    if (RAND_priv_bytes(key, sizeof(key)) != 1 ||
        EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, params) != 1 ||
        EVP_CipherUpdate(ctx, sealed, &n, key, sizeof(key)) != 1 ||
        EVP_CipherFinal_ex(ctx, sealed + n, &last) != 1 || n + last != SEALED)
        return 0;
    (void)EVP_EncodeBlock(text, sealed, SEALED);
    return printf("{\"id\": %d, \"tenant\": \"%d\", \"message\": \"%s\"}\n", 5000 + tenant, tenant,
                  (char *)text) > 0;
}

int main(int argc, char **argv)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ENVELOPE-FIELD", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char stand_in[32];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    int ok = file != NULL && fread(stand_in, 1, sizeof(stand_in), file) == sizeof(stand_in) &&
             EVP_CipherInit_ex2(ctx, cipher, stand_in, NULL, 1, NULL) == 1;

    for (int i = 1; ok && i <= atoi(argv[2]); i++)
        ok = row(ctx, i);
    if (!ok)
        ERR_print_errors_fp(stderr);
    if (file != NULL)
        (void)fclose(file);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok ? 0 : 1;
}
