/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the module with a libcrypto of its own, beside this program's: what the dynamic linker does
 * of itself when a module is built for another major version. Then seals, and says what came of it.
 *
 *     second_libcrypto MODULE     openssl.cnf from OPENSSL_CONF
 */
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    unsigned char in[1] = {0};
    unsigned char out[8192];
    void *module = argc == 2 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = module != NULL ? dlsym(module, "OSSL_provider_init") : NULL;
    EVP_CIPHER_CTX *ctx;
    EVP_CIPHER *cipher;
    int n = 0;

    if (symbol == NULL) {
        fprintf(stderr, "second_libcrypto: %s\n", dlerror());
        return 2;
    }
    if (OSSL_PROVIDER_add_builtin(NULL, "envelope", (OSSL_provider_init_fn *)symbol) != 1 ||
        OSSL_PROVIDER_load(NULL, "default") == NULL || OSSL_PROVIDER_load(NULL, "envelope") == NULL)
        return 2;
    ctx = EVP_CIPHER_CTX_new();
    cipher = EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    if (ctx == NULL || cipher == NULL)
        return 2;
    if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL) == 1 &&
        EVP_CipherUpdate(ctx, out, &n, in, 1) == 1) {
        printf("sealed\n");
        return 0;
    }
    ERR_print_errors_fp(stderr);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return 1;
}
