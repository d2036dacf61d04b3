/* SPDX-License-Identifier: Apache-2.0 */
/* stock_inits CIPHER QUERY COUNT: COUNT inits with a key, by the provider that the query selects.
 */
#include <openssl/evp.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static unsigned char key[64] = {1}, iv[16];
    EVP_CIPHER *cipher = argc == 4 ? EVP_CIPHER_fetch(NULL, argv[1], argv[2]) : NULL;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (cipher == NULL || EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) != 1)
        return 1;
    for (long i = strtol(argv[3], NULL, 10); i > 0; i--) {
        key[0]++;
        if (EVP_EncryptInit_ex2(ctx, NULL, key, iv, NULL) != 1)
            return 1;
    }
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return 0;
}
