/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short messages, one after the other: they need no system call for memory, whichever thread seals
 * and opens them, and no secret of one is left for the next. The linker puts the calls that are
 * counted here (--wrap), and one in the middle of sealing.
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "child.h"
#include "fake_keyring.h"

#define PLAIN_LEN 100u
#define WARM 5 /* messages until everything that is kept is there */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len);
int __real_madvise(void *at, size_t len, int advice);
int __wrap_madvise(void *at, size_t len, int advice);
int __real_mprotect(void *at, size_t len, int protection);
int __wrap_mprotect(void *at, size_t len, int protection);
int __real_mlock(const void *at, size_t len);
int __wrap_mlock(const void *at, size_t len);
int __real_EVP_EncryptFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *len);
int __wrap_EVP_EncryptFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *len);

static _Thread_local unsigned kernel_calls;
static void (*in_the_middle)(void);

void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    kernel_calls++;
    return __real_mmap(at, len, protection, flags, fd, offset);
}

int __wrap_munmap(void *at, size_t len)
{
    kernel_calls++;
    return __real_munmap(at, len);
}

int __wrap_madvise(void *at, size_t len, int advice)
{
    kernel_calls++;
    return __real_madvise(at, len, advice);
}

int __wrap_mprotect(void *at, size_t len, int protection)
{
    kernel_calls++;
    return __real_mprotect(at, len, protection);
}

int __wrap_mlock(const void *at, size_t len)
{
    kernel_calls++;
    return __real_mlock(at, len);
}

/* Of the messages' AES-GCM: the test itself calls EVP_CipherFinal_ex. */
int __wrap_EVP_EncryptFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *len)
{
    if (in_the_middle != NULL)
        in_the_middle();
    return __real_EVP_EncryptFinal_ex(ctx, out, len);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER *ciphers[2];
static unsigned char plain[PLAIN_LEN];

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    ciphers[0] = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    ciphers[1] = EVP_CIPHER_fetch(libctx, "ENVELOPE-64K", NULL);
    ck_assert(ciphers[0] != NULL && ciphers[1] != NULL);
    memset(plain, 0x3C, sizeof(plain));
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++)
        EVP_CIPHER_free(ciphers[i]);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* One message through a context of its own; -1: it failed. */
static int message(const EVP_CIPHER *cipher, int sealing, const unsigned char *in, int len,
                   unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int first = 0;
    int last = 0;
    bool ok = ctx != NULL && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) == 1 &&
              EVP_CipherUpdate(ctx, out, &first, in, len) == 1 &&
              EVP_CipherFinal_ex(ctx, out + first, &last) == 1;

    EVP_CIPHER_CTX_free(ctx);
    return ok ? first + last : -1;
}

/* There and back; the calls of the kernel that it took, or -1. */
static int there_and_back(const EVP_CIPHER *cipher)
{
    unsigned char sealed[PLAIN_LEN + 2000];
    unsigned char opened[PLAIN_LEN + 2000];
    unsigned before = kernel_calls;
    int len = message(cipher, 1, plain, sizeof(plain), sealed);

    if (len < 0 || message(cipher, 0, sealed, len, opened) != (int)sizeof(plain) ||
        memcmp(opened, plain, sizeof(plain)) != 0)
        return -1;
    return (int)(kernel_calls - before);
}

START_TEST(a_message_takes_no_call_of_the_kernel_for_memory)
{
    const EVP_CIPHER *cipher = ciphers[_i];
    int first = there_and_back(cipher);

    ck_assert_int_gt(first, 0); /* or nothing would be counted here */
    for (int i = 0; i < WARM; i++)
        ck_assert_int_ge(there_and_back(cipher), 0);
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(there_and_back(cipher), 0);
}
END_TEST

/* Recipients and headers on other code paths: several KEKs, none of them known yet.
 */
START_TEST(nor_do_messages_of_several_keks)
{
    for (size_t keks = 1; keks <= 6; keks++) {
        fake_default_count = keks;
        for (int i = 0; i < WARM; i++)
            ck_assert_int_ge(there_and_back(ciphers[0]), 0);
        for (int i = 0; i < 50; i++)
            ck_assert_int_eq(there_and_back(ciphers[0]), 0);
    }
}
END_TEST

/* ---- threads ---- */

static pthread_barrier_t barrier;

static void *seal_and_open(void *arg)
{
    (void)arg;
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 100; i++) {
        int calls = there_and_back(ciphers[i % 2]);

        if (calls < 0 || (i >= 2 * WARM && calls > 0))
            return &barrier;
    }
    return NULL;
}

START_TEST(each_thread_has_what_it_needs)
{
    pthread_t threads[8];

    for (int round = 0; round < 3; round++) { /* those who come later find what others left */
        ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 8), 0);
        for (int i = 0; i < 8; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, seal_and_open, NULL), 0);
        for (int i = 0; i < 8; i++) {
            void *wrong = NULL;

            ck_assert(pthread_join(threads[i], &wrong) == 0 && wrong == NULL);
        }
        (void)pthread_barrier_destroy(&barrier);
    }
}
END_TEST

static void *seal_once(void *arg)
{
    return there_and_back(arg) >= 0 ? NULL : arg;
}

START_TEST(more_threads_than_have_a_place)
{
    for (int i = 0; i < 150; i++) {
        pthread_t thread;
        void *wrong = NULL;

        ck_assert_int_eq(pthread_create(&thread, NULL, seal_once, ciphers[0]), 0);
        ck_assert(pthread_join(thread, &wrong) == 0 && wrong == NULL);
    }
}
END_TEST

/* ---- providers that come and go ---- */

START_TEST(what_is_kept_goes_with_its_provider)
{
    for (int i = 0; i < 5; i++) {
        OSSL_LIB_CTX *other = fake_libctx_new();
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(other, "ENVELOPE", NULL);

        for (int j = 0; j < WARM; j++)
            ck_assert_int_ge(there_and_back(cipher), 0);
        ck_assert_int_ge(there_and_back(ciphers[0]), 0);
        EVP_CIPHER_free(cipher);
        fake_libctx_free(other);
        ck_assert_int_ge(there_and_back(ciphers[0]), 0);
    }
}
END_TEST

/* ---- a signal handler that forks ---- */

static pid_t forked;

static void fork_once(void)
{
    in_the_middle = NULL;
    forked = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/*
 * The child goes on in the middle of sealing, with memory that was emptied under its hands: it
 * gives out nothing, and its next message is good. The parent does not notice.
 */
START_TEST(a_child_forked_in_the_middle_gives_out_nothing)
{
    for (int whole = 0; whole <= 1; whole++) {
        size_t len = whole ? 2 * SEGMENT_PLAIN : PLAIN_LEN; /* in an update, in final */
        struct bytes in = bytes_plain(len, 3);
        struct bytes out = bytes_new(len + 2 * SEGMENT);
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
        int first = 0;
        int last = 0;
        int status = -1;
        bool ok;

        memset(out.data, 0xA5, out.len);
        forked = -1;
        in_the_middle = fork_once;
        ok = EVP_CipherUpdate(ctx, out.data, &first, in.data, (int)in.len) == 1 &&
             EVP_CipherFinal_ex(ctx, out.data + first, &last) == 1;
        if (forked == 0) {
            int reason = caller_reason();

            for (size_t i = (size_t)first; i < out.len; i++) {
                if (out.data[i] != 0 && out.data[i] != 0xA5)
                    _exit(2);
            }
            EVP_CIPHER_CTX_free(ctx);
            _exit(!ok && reason == ENV_R_FORKED_WHILE_SEALING && there_and_back(ciphers[0]) >= 0
                      ? 0
                      : 1);
        }
        ck_assert(ok && forked > 0);
        ck_assert_int_eq(waitpid(forked, &status, 0), forked);
        ck_assert_int_eq(status, 0);
        out.len = (size_t)(first + last);
        {
            struct bytes opened = caller_open(libctx, out);

            ck_assert_uint_eq(opened.len, in.len);
            ck_assert_mem_eq(opened.data, in.data, in.len);
            bytes_free(&opened);
        }
        EVP_CIPHER_CTX_free(ctx);
        bytes_free(&in);
        bytes_free(&out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("short messages");
    TCase *tcase = tcase_create("messages");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_message_takes_no_call_of_the_kernel_for_memory, 0, 2);
    tcase_add_test(tcase, nor_do_messages_of_several_keks);
    tcase_add_test(tcase, each_thread_has_what_it_needs);
    tcase_add_test(tcase, more_threads_than_have_a_place);
    tcase_add_test(tcase, what_is_kept_goes_with_its_provider);
    tcase_add_test(tcase, a_child_forked_in_the_middle_gives_out_nothing);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
