/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that seal and open at once through one library context, each with contexts of its own;
 * the first use of everything is made by all of them together. Meant for ThreadSanitizer as well.
 */
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "caller.h"
#include "fake_keyring.h"

#define THREADS 8
#define SECONDS 10
#define MOST_PLAIN 30000u

static OSSL_LIB_CTX *libctx;
static pthread_barrier_t barrier;
static struct timespec end;

struct worker {
    pthread_t thread;
    uint64_t state;
    unsigned messages;
    const char *failed; /* threads do not call Check */
};

static bool time_is_up(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec);
}

struct buffers {
    unsigned char plain[MOST_PLAIN];
    unsigned char sealed[MOST_PLAIN + 3 * SEGMENT];
    unsigned char opened[MOST_PLAIN + 3 * SEGMENT];
};

/* Runs all of in through ctx in pieces of `step`; false when a call fails. */
static bool run(EVP_CIPHER_CTX *ctx, const unsigned char *in, size_t len, size_t step,
                unsigned char *out, size_t *out_len)
{
    int n = 0;

    *out_len = 0;
    for (size_t done = 0; done < len; done += step) {
        size_t piece = len - done < step ? len - done : step;

        if (EVP_CipherUpdate(ctx, out + *out_len, &n, in + done, (int)piece) != 1)
            return false;
        *out_len += (size_t)n;
    }
    if (EVP_CipherFinal_ex(ctx, out + *out_len, &n) != 1)
        return false;
    *out_len += (size_t)n;
    return true;
}

static const char *one_message(struct worker *w, struct buffers *b, EVP_CIPHER_CTX *ctx)
{
    size_t len = random_between(&w->state, 0, MOST_PLAIN);
    size_t step = random_between(&w->state, 100, 8192);
    size_t sealed_len = 0, opened_len = 0;

    for (size_t i = 0; i < len; i++)
        b->plain[i] = (unsigned char)(w->state >> (i % 8));
    if (EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL) != 1 ||
        !run(ctx, b->plain, len, step, b->sealed, &sealed_len))
        return "sealing";
    if (w->messages % 4 == 3) { /* altered: the error is this thread's own */
        b->sealed[sealed_len - 1] ^= 1;
        ERR_clear_error();
        if (EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL) != 1 ||
            run(ctx, b->sealed, sealed_len, step, b->opened, &opened_len))
            return "an altered message opens";
        return caller_reason() == ENV_R_BAD_SEGMENT ? NULL : "another reason";
    }
    if (EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL) != 1 ||
        !run(ctx, b->sealed, sealed_len, step, b->opened, &opened_len))
        return "opening";
    if (opened_len != len || memcmp(b->opened, b->plain, len) != 0)
        return "the plaintext is another";
    return ERR_peek_error() == 0 ? NULL : "an error of somebody else";
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct buffers *b = OPENSSL_zalloc(sizeof(*b));
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    (void)pthread_barrier_wait(&barrier);
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    if (b == NULL || EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL) != 1)
        w->failed = "starting";
    while (w->failed == NULL && !time_is_up()) {
        w->failed = one_message(w, b, ctx);
        w->messages++;
    }
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    OPENSSL_free(b);
    return NULL;
}

START_TEST(threads_seal_and_open_at_once)
{
    struct worker workers[THREADS];

    fake_reset();
    fake_default_count = 2;
    libctx = fake_libctx_new();
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += SECONDS;
    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].state = i + 1;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_msg(workers[i].failed == NULL, "thread %u, message %u: %s", i,
                      workers[i].messages, workers[i].failed);
        ck_assert_uint_gt(workers[i].messages, 4);
    }
    ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: threads");
    TCase *tcase = tcase_create("threads");

    tcase_set_timeout(tcase, 200);
    tcase_add_test(tcase, threads_seal_and_open_at_once);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
