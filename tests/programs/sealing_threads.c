/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that seal and open at once, with the EVP interface alone: ENVELOPE as openssl.cnf says.
 *
 *     sealing_threads THREADS MESSAGES
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN 1000
#define ROOM 20000
#define THREADS_MAX 64

static atomic_int bad;
static long messages;

static int through(int sealing, const unsigned char *in, int len, unsigned char *out)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int rest = 0;
    int ok = cipher != NULL && ctx != NULL &&
             EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) == 1 &&
             EVP_CipherUpdate(ctx, out, &n, in, len) == 1 &&
             EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;

    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok ? n + rest : -1;
}

static void *work(void *arg)
{
    unsigned char plain[PLAIN];
    unsigned char sealed[ROOM];
    unsigned char opened[ROOM];

    memset(plain, *(const int *)arg, sizeof(plain));
    for (long i = 0; i < messages; i++) {
        int n = through(1, plain, PLAIN, sealed);

        if (n < 0 || through(0, sealed, n, opened) != PLAIN || memcmp(opened, plain, PLAIN) != 0) {
            (void)atomic_fetch_add(&bad, 1);
            ERR_print_errors_fp(stderr);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    pthread_t threads[THREADS_MAX];
    int numbers[THREADS_MAX];

    messages = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (count < 1 || count > THREADS_MAX || messages < 1) {
        fprintf(stderr, "sealing_threads THREADS MESSAGES\n");
        return 2;
    }
    for (long i = 0; i < count; i++) {
        numbers[i] = (int)i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
            return 2;
    }
    for (long i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%d bad\n", atomic_load(&bad));
    return atomic_load(&bad) == 0 ? 0 : 1;
}
