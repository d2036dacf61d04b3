/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages a second, as a database with sealed fields would have them: each call makes a context,
 * seals (or opens) one short message with the KEK of openssl.cnf, and frees it. Knows nothing but
 * EVP. Usage: bench_messages [threads [bytes]]
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS 3.0
#define BLOCK 4096

struct job {
    pthread_t thread;
    int sealing;
    unsigned char *in;
    int in_len;
    long done;
};

static EVP_CIPHER *cipher;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int once(int sealing, const unsigned char *in, int in_len, unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int total = 0;

    if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) != 1 ||
        EVP_CipherUpdate(ctx, out, &n, in, in_len) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    total = n;
    if (EVP_CipherFinal_ex(ctx, out + total, &n) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    EVP_CIPHER_CTX_free(ctx);
    return total + n;
}

static void *work(void *arg)
{
    struct job *job = arg;
    unsigned char *out = malloc((size_t)job->in_len + 3 * BLOCK);
    double end = now() + SECONDS;

    while (now() < end) {
        for (int i = 0; i < 50; i++)
            (void)once(job->sealing, job->in, job->in_len, out);
        job->done += 50;
    }
    free(out);
    return NULL;
}

static void measure(int threads, int sealing, unsigned char *in, int in_len)
{
    struct job *jobs = calloc((size_t)threads, sizeof(*jobs));
    long done = 0;

    for (int i = 0; i < threads; i++) {
        jobs[i] = (struct job){.sealing = sealing, .in = in, .in_len = in_len};
        pthread_create(&jobs[i].thread, NULL, work, &jobs[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(jobs[i].thread, NULL);
        done += jobs[i].done;
    }
    printf("%d thread%s, %d bytes: %s %7.0f messages/s\n", threads, threads == 1 ? "" : "s", in_len,
           sealing ? "sealed" : "opened", (double)done / SECONDS);
    free(jobs);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    int bytes = argc > 2 ? atoi(argv[2]) : 100;
    unsigned char *plain = calloc(1, (size_t)bytes + 1);
    unsigned char *sealed = malloc((size_t)bytes + 3 * BLOCK);
    int sealed_len;

    cipher = EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    if (cipher == NULL) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    sealed_len = once(1, plain, bytes, sealed);
    measure(threads, 1, plain, bytes);
    measure(threads, 0, sealed, sealed_len);
    EVP_CIPHER_free(cipher);
    free(plain);
    free(sealed);
    return 0;
}
