/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed key and back, with the EVP interface alone. KEY is whatever OSSL_STORE loads: a file or
 * a URI. The secret is written in hex, to show what came of it.
 *
 *     kek_kem encapsulate KEY SEALED [CONTEXT]    makes the file SEALED, writes the secret to
 * stdout kek_kem decapsulate KEY SEALED [CONTEXT]    writes the secret to stdout
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 20000u

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "kek_kem: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static EVP_PKEY *load(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *pkey = NULL;

    if (store == NULL || OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) != 1)
        fail("cannot look for the key");
    while (pkey == NULL && !OSSL_STORE_eof(store)) {
        info = OSSL_STORE_load(store);
        if (info == NULL)
            break;
        pkey = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(store);
    if (pkey == NULL)
        fail("no key");
    return pkey;
}

static void encapsulate(EVP_PKEY_CTX *ctx, const OSSL_PARAM params[], const char *path,
                        unsigned char *secret, size_t *secret_len)
{
    unsigned char *sealed;
    size_t len;
    FILE *file;

    if (EVP_PKEY_encapsulate_init(ctx, params) != 1 ||
        EVP_PKEY_encapsulate(ctx, NULL, &len, NULL, secret_len) != 1)
        fail("cannot begin");
    sealed = malloc(len);
    if (sealed == NULL || EVP_PKEY_encapsulate(ctx, sealed, &len, secret, secret_len) != 1)
        fail("cannot encapsulate");
    file = fopen(path, "wb");
    if (file == NULL || fwrite(sealed, 1, len, file) != len || fclose(file) != 0)
        fail("cannot write");
    free(sealed);
}

static void decapsulate(EVP_PKEY_CTX *ctx, const OSSL_PARAM params[], const char *path,
                        unsigned char *secret, size_t *secret_len)
{
    static unsigned char sealed[LONGEST];
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(sealed, 1, sizeof(sealed), file) : 0;

    if (len == 0 || fclose(file) != 0)
        fail("cannot read");
    if (EVP_PKEY_decapsulate_init(ctx, params) != 1 ||
        EVP_PKEY_decapsulate(ctx, secret, secret_len, sealed, len) != 1)
        fail("cannot decapsulate");
}

int main(int argc, char **argv)
{
    OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};
    unsigned char secret[32];
    size_t secret_len = sizeof(secret);
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *ctx;

    if (argc < 4 || argc > 5)
        fail("encapsulate|decapsulate KEY SEALED [CONTEXT]");
    if (argc == 5)
        params[0] = OSSL_PARAM_construct_octet_string("context", argv[4], strlen(argv[4]));
    pkey = load(argv[2]);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (ctx == NULL)
        fail("no context");
    if (strcmp(argv[1], "encapsulate") == 0)
        encapsulate(ctx, params, argv[3], secret, &secret_len);
    else
        decapsulate(ctx, params, argv[3], secret, &secret_len);
    for (size_t i = 0; i < secret_len; i++)
        printf("%02x", secret[i]);
    printf("\n");
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return 0;
}
