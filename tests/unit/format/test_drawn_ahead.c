/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes that were drawn ahead: no two requests get the same, in no process, however it was
 * forked and whatever was left of a batch. The linker puts madvise and RAND_bytes_ex here (--wrap).
 */
#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "child.h"
#include "envelope/base/secret.h"
#include "envelope/format/drawn_ahead.h"
#include "envelope/format/random.h"

#define LEN 24u
#define BATCH 2048u
#define SEEN 64u

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_madvise(void *p, size_t len, int advice);
int __wrap_madvise(void *p, size_t len, int advice);
int __real_RAND_bytes_ex(OSSL_LIB_CTX *ctx, unsigned char *out, size_t len, unsigned strength);
int __wrap_RAND_bytes_ex(OSSL_LIB_CTX *ctx, unsigned char *out, size_t len, unsigned strength);

static bool kernel_is_old;
static atomic_uint draws;
static bool draws_fail;

int __wrap_madvise(void *p, size_t len, int advice)
{
    if (kernel_is_old && advice == MADV_WIPEONFORK) {
        errno = EINVAL;
        return -1;
    }
    return __real_madvise(p, len, advice);
}

int __wrap_RAND_bytes_ex(OSSL_LIB_CTX *ctx, unsigned char *out, size_t len, unsigned strength)
{
    draws++;
    return draws_fail ? 0 : __real_RAND_bytes_ex(ctx, out, len, strength);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct env_crypto *crypto;
static ENV_RESULT (*request)(const struct env_crypto *crypto, uint8_t *out, size_t len);

/* What all processes of a test were given. */
static struct shared {
    unsigned count;
    uint8_t seen[SEEN][LEN];
} * shared;

static void set_up(void)
{
    request = env_random_public;
    crypto = env_crypto_new(NULL, NULL);
    ck_assert(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    draws = 0;
}

static void set_up_keys(void)
{
    set_up();
    request = env_random_dek;
}

static void tear_down(void)
{
    env_crypto_free(crypto);
    ck_assert_int_eq(munmap(shared, sizeof(*shared)), 0);
}

/* Draws once, and says whether nobody was given that. */
static bool draws_new(void)
{
    uint8_t *to = shared->seen[shared->count];
    static const uint8_t zeros[LEN];

    if (!env_ok(request(crypto, to, LEN)) || memcmp(to, zeros, LEN) == 0)
        return false;
    for (unsigned i = 0; i < shared->count; i++) {
        if (memcmp(to, shared->seen[i], LEN) == 0)
            return false;
    }
    shared->count++;
    return true;
}

START_TEST(a_batch_serves_many)
{
    for (unsigned i = 0; i < SEEN; i++)
        ck_assert(draws_new());
    ck_assert_uint_eq(draws, 1 + (SEEN - 1) / (BATCH / LEN));
}
END_TEST

START_TEST(long_requests_are_drawn_for_themselves)
{
    uint8_t out[ENV_AHEAD_LONGEST + 1] = {0};

    for (unsigned i = 1; i <= 5; i++) {
        ck_assert(env_ok(env_random_public(crypto, out, sizeof(out))));
        ck_assert_uint_eq(draws, i);
    }
    ck_assert(env_ok(env_random_public(crypto, out, 0)));
    ck_assert(env_ok(env_random_public(crypto, out, ENV_AHEAD_LONGEST)));
}
END_TEST

static int draw_in_child(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        child_demand(draws_new());
    return 0;
}

static bool in_bare_fork(int (*work)(void *arg), void *arg)
{
    pid_t child = _Fork();
    int status = -1;

    if (child == 0)
        _exit(work(arg));
    return waitpid(child, &status, 0) == child && status == 0;
}

START_TEST(no_child_is_given_what_its_parent_is)
{
    static bool (*const ways[])(int (*work)(void *arg), void *arg) = {in_child, in_bare_fork,
                                                                      in_raw_child};

    ck_assert(env_secret_bound_is_wiped());
    ck_assert(draws_new());
    for (size_t i = 0; i < 3; i++) {
        ck_assert(ways[i](draw_in_child, NULL));
        ck_assert(draws_new());
        ck_assert(draws_new());
    }
    ck_assert(request == env_random_dek || draws == 1); /* the parent's batch goes on */
}
END_TEST

static int fork_in_child(void *arg)
{
    child_demand(draw_in_child(arg) == 0);
    child_demand(in_raw_child(draw_in_child, arg));
    return draw_in_child(arg);
}

START_TEST(nor_is_a_grandchild)
{
    ck_assert(draws_new());
    ck_assert(in_child(fork_in_child, NULL));
    ck_assert(in_raw_child(fork_in_child, NULL));
    ck_assert(draws_new());
}
END_TEST

/* ---- a fork in the middle of taking ---- */

static pid_t forked = -1;

/* As a signal handler would, between drawing and taking. */
static ENV_RESULT draw_and_fork(const void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    draws++;
    if (__real_RAND_bytes_ex(NULL, out, len, 0) != 1)
        return ENV_FAIL(ENV_R_RANDOM_FAILED);
    if (forked < 0)
        forked = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    return ENV_OK;
}

START_TEST(a_fork_while_bytes_are_drawn)
{
    struct env_ahead *ahead = env_ahead_new();
    uint8_t out[LEN] = {0};
    int status = -1;
    bool ok;

    ck_assert_ptr_nonnull(ahead);
    forked = -1;
    if (request == env_random_dek)
        ok = env_ok(env_ahead_take_fresh(ahead, draw_and_fork, NULL, 1, out, LEN));
    else
        ok = env_ok(env_ahead_take(ahead, draw_and_fork, NULL, out, LEN));
    memcpy(shared->seen[forked == 0 ? 1 : 0], out, LEN);
    if (forked == 0)
        _exit(ok && draws == 2 ? 0 : 1); /* it has drawn again */
    ck_assert(ok);
    ck_assert_int_eq(waitpid(forked, &status, 0), forked);
    ck_assert_int_eq(status, 0);
    ck_assert_mem_ne(shared->seen[0], shared->seen[1], LEN);
    ck_assert_uint_eq(draws, 1);
    env_ahead_free(ahead);
}
END_TEST

/* ---- where the kernel does not do it ---- */

static int draw_on_an_old_kernel(void *arg)
{
    (void)arg;
    kernel_is_old = true;
    child_demand(!env_secret_bound_is_wiped());
    child_demand(env_ahead_new() == NULL);
    for (unsigned i = 1; i <= 10; i++) {
        child_demand(draws_new());
        child_demand(draws == i);
    }
    child_demand(in_raw_child(draw_in_child, NULL));
    child_demand(draws_new());
    return 0;
}

START_TEST(an_old_kernel_has_nothing_drawn_ahead)
{
    ck_assert(in_child(draw_on_an_old_kernel, NULL));
}
END_TEST

/* ---- taken bytes are wiped, and failures ---- */

static uint8_t known[BATCH];

static ENV_RESULT draw_known(const void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    ck_assert_uint_eq(len, sizeof(known));
    for (size_t i = 0; i < len; i++)
        known[i] = out[i] = (uint8_t)((uint32_t)(i + 1) * 2654435761u >> 24);
    return ENV_OK;
}

START_TEST(what_was_taken_is_wiped)
{
    struct env_ahead *ahead = env_ahead_new();
    uint8_t out[LEN];

    ck_assert_ptr_nonnull(ahead);
    for (size_t taken = LEN; taken <= 10 * LEN; taken += LEN) {
        ck_assert(env_ok(env_ahead_take(ahead, draw_known, NULL, out, LEN)));
        ck_assert_mem_eq(out, known + taken - LEN, LEN);
        ck_assert_ptr_null(memmem(ahead, 4096, out, LEN));
        ck_assert_ptr_nonnull(memmem(ahead, 4096, known + taken, LEN)); /* the next ones */
    }
    ck_assert_int_eq(env_ahead_take(ahead, draw_known, NULL, out, 0).reason, ENV_R_INTERNAL);
    ck_assert_int_eq(env_ahead_take(ahead, draw_known, NULL, known, ENV_AHEAD_LONGEST + 1).reason,
                     ENV_R_INTERNAL);
    env_ahead_free(ahead);
    env_ahead_free(NULL);
}
END_TEST

/* ---- keys ---- */

#define KEY 32u
#define BUSY_BATCH 1024u

static size_t drawn_len; /* by the last draw */
static uint8_t drawn_bytes[BATCH];

static ENV_RESULT draw_for_keys(const void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    draws++;
    drawn_len = len;
    if (__real_RAND_bytes_ex(NULL, out, len, 0) != 1)
        return ENV_FAIL(ENV_R_RANDOM_FAILED);
    memcpy(drawn_bytes, out, len);
    return ENV_OK;
}

static bool takes_key(struct env_ahead *ahead, int64_t now)
{
    uint8_t key[KEY];
    size_t wanted_draws = draws;

    if (!env_ok(env_ahead_take_fresh(ahead, draw_for_keys, NULL, now, key, KEY)))
        return false;
    return wanted_draws == draws || memcmp(key, drawn_bytes, KEY) == 0;
}

START_TEST(only_a_busy_program_draws_keys_ahead)
{
    static const size_t batches[] = {KEY, 4 * KEY, 16 * KEY, BUSY_BATCH, BUSY_BATCH};
    struct env_ahead *ahead = env_ahead_new();

    ck_assert_ptr_nonnull(ahead);
    for (unsigned i = 0; i < 5; i++) {
        for (size_t left = batches[i]; left > 0; left -= KEY) {
            ck_assert(takes_key(ahead, 1000));
            ck_assert_uint_eq(draws, i + 1);
            ck_assert_uint_eq(drawn_len, batches[i]);
        }
    }
    env_ahead_free(ahead);
    ahead = env_ahead_new();
    ck_assert_ptr_nonnull(ahead);
    for (int64_t i = 1; i <= 5; i++) { /* one that seals now and then has nothing ahead */
        ck_assert(takes_key(ahead, 1000 * i));
        ck_assert_int_eq(draws, 5 + i);
        ck_assert_uint_eq(drawn_len, KEY);
    }
    env_ahead_free(ahead);
}
END_TEST

START_TEST(no_key_is_made_of_old_bytes)
{
    struct env_ahead *ahead = env_ahead_new();
    uint8_t old[KEY];

    ck_assert_ptr_nonnull(ahead);
    for (int i = 0; i < 3; i++)
        ck_assert(takes_key(ahead, 1000));
    ck_assert_uint_eq(drawn_len, 4 * KEY);
    ck_assert(takes_key(ahead, 1000 + ENV_AHEAD_FRESH_MS - 1));
    ck_assert_uint_eq(draws, 2);
    memcpy(old, drawn_bytes + 3 * KEY, KEY); /* the one that is left */
    ck_assert_ptr_nonnull(memmem(ahead, 4096, old, KEY));
    ck_assert(takes_key(ahead, 1000 + ENV_AHEAD_FRESH_MS));
    ck_assert_uint_eq(draws, 3);
    ck_assert_uint_eq(drawn_len, KEY);
    ck_assert_ptr_null(memmem(ahead, 4096, old, KEY));
    env_ahead_free(ahead);
}
END_TEST

START_TEST(a_failed_draw_leaves_nothing)
{
    uint8_t out[LEN] = {0};

    draws_fail = true;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(env_random_public(crypto, out, LEN).reason, ENV_R_RANDOM_FAILED);
    draws_fail = false;
    ck_assert(draws_new());
}
END_TEST

/* ---- threads ---- */

#define THREADS 70
#define TIMES 30

static uint8_t drawn[THREADS * TIMES][LEN];
static pthread_barrier_t barrier;

static void *draw_in_thread(void *arg)
{
    uint8_t(*to)[LEN] = arg;

    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < TIMES; i++) {
        if (!env_ok(request(crypto, to[i], LEN)))
            return arg;
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, LEN);
}

START_TEST(no_two_threads_are_given_the_same)
{
    pthread_t threads[THREADS];

    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, draw_in_thread, drawn + (size_t)i * TIMES), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;

        ck_assert(pthread_join(threads[i], &failed) == 0 && failed == NULL);
    }
    qsort(drawn, (size_t)THREADS * TIMES, LEN, compare);
    for (size_t i = 1; i < (size_t)THREADS * TIMES; i++)
        ck_assert_mem_ne(drawn[i - 1], drawn[i], LEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random bytes drawn ahead");
    TCase *tcase = tcase_create("ahead");

    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_batch_serves_many);
    tcase_add_test(tcase, long_requests_are_drawn_for_themselves);
    tcase_add_test(tcase, no_child_is_given_what_its_parent_is);
    tcase_add_test(tcase, nor_is_a_grandchild);
    tcase_add_test(tcase, a_fork_while_bytes_are_drawn);
    tcase_add_test(tcase, an_old_kernel_has_nothing_drawn_ahead);
    tcase_add_test(tcase, what_was_taken_is_wiped);
    tcase_add_test(tcase, a_failed_draw_leaves_nothing);
    tcase_add_test(tcase, no_two_threads_are_given_the_same);
    tcase_add_test(tcase, only_a_busy_program_draws_keys_ahead);
    tcase_add_test(tcase, no_key_is_made_of_old_bytes);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("keys");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up_keys, tear_down);
    tcase_add_test(tcase, no_child_is_given_what_its_parent_is);
    tcase_add_test(tcase, nor_is_a_grandchild);
    tcase_add_test(tcase, a_fork_while_bytes_are_drawn);
    tcase_add_test(tcase, no_two_threads_are_given_the_same);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
