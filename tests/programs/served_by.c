/* SPDX-License-Identifier: Apache-2.0 */
/* served_by CIPHER ...: the provider that serves each to a program that gives no property query. */
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, argv[i], NULL);

        puts(cipher != NULL ? OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)) : "nobody");
        EVP_CIPHER_free(cipher);
    }
    return 0;
}
