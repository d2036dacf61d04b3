/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freed pages of secret memory: who gets them, and what a forked child sees of them.
 * The linker puts mlock and getrlimit here (--wrap).
 */
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "caller.h"
#include "child.h"
#include "envelope/base/secret.h"

#define PAGE 4096u
#define THREADS 100 /* more than have a place of their own */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __wrap_mlock(const void *p, size_t len);
int __real_getrlimit(int resource, struct rlimit *limit);
int __wrap_getrlimit(int resource, struct rlimit *limit);

static bool locking_fails;
static size_t may_lock; /* 0: what the process may */
static const void *last_locked;
static _Atomic(size_t) locked;

int __wrap_mlock(const void *p, size_t len)
{
    if (locking_fails) {
        errno = ENOMEM;
        return -1;
    }
    last_locked = p;
    locked += len;
    return 0;
}

int __wrap_getrlimit(int resource, struct rlimit *limit)
{
    int result = __real_getrlimit(resource, limit);

    if (resource == RLIMIT_MEMLOCK && may_lock > 0)
        limit->rlim_cur = may_lock;
    return result;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static bool is_mapped(void *p)
{
    unsigned char resident;
    void *start = (void *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1));

    return mincore(start, 1, &resident) == 0 || errno != ENOMEM;
}

/* Whether the kernel's flags of the page have that one: "dd" left out of dumps, "wf" wiped at fork.
 */
static bool has_flag(const void *p, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false;
    bool found = false;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        uintptr_t from = 0, to = 0;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            inside = (uintptr_t)p >= from && (uintptr_t)p < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = found || strstr(line, flag) != NULL;
    }
    (void)fclose(file);
    return found;
}

static bool is_zero(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

/* The same past AddressSanitizer, which lets nobody look at what was freed. */
static bool stands_zero(const void *p, size_t len)
{
    static unsigned char copy[20 * PAGE];
    FILE *memory = fopen("/proc/self/mem", "r");
    bool zero = memory != NULL && len <= sizeof(copy) &&
                fseek(memory, (long)(uintptr_t)p, SEEK_SET) == 0 &&
                fread(copy, 1, len, memory) == len && is_zero(copy, len);

    if (memory != NULL)
        (void)fclose(memory);
    return zero;
}

static void free_bound(unsigned char *p, size_t len)
{
    OPENSSL_cleanse(p, len);
    env_secret_free_bound_wiped(p, len);
}

START_TEST(freed_pages_are_zero_and_come_back)
{
    for (size_t pages = 1; pages <= 16; pages += 5) {
        size_t len = PAGE * pages - 7;
        unsigned char *first = env_secret_alloc(len);
        unsigned char *second;

        ck_assert_ptr_nonnull(first);
        memset(first, 0x5A, len);
        env_secret_free(first, len);
        ck_assert(stands_zero(first, len));
        second = env_secret_alloc(len - 100);
        ck_assert_ptr_eq(second, first);
        ck_assert(is_zero(second, len - 100));
        env_secret_free(second, len - 100);
    }
}
END_TEST

START_TEST(only_so_many_are_kept)
{
    unsigned char *pieces[40];
    size_t kept = 0;

    for (size_t i = 0; i < 40; i++) {
        pieces[i] = env_secret_alloc(3 * PAGE);
        ck_assert_ptr_nonnull(pieces[i]);
    }
    for (size_t i = 0; i < 40; i++)
        env_secret_free_wiped(pieces[i], 3 * PAGE);
    for (size_t i = 0; i < 40; i++)
        kept += is_mapped(pieces[i]) ? 1 : 0;
    ck_assert_uint_eq(kept, 7);
    ck_assert_ptr_eq(env_secret_alloc(3 * PAGE), pieces[39]); /* the latest ones */
    env_secret_free_wiped(pieces[39], 3 * PAGE);
}
END_TEST

/* Of the lengths that a long update needs one piece is kept. */
START_TEST(of_long_ones_one_is_kept)
{
    unsigned char *first = env_secret_alloc(50 * PAGE);
    unsigned char *second = env_secret_alloc(50 * PAGE);
    unsigned char *huge = env_secret_alloc(65 * PAGE);

    ck_assert(first != NULL && second != NULL && huge != NULL);
    env_secret_free_wiped(first, 50 * PAGE);
    ck_assert(is_mapped(first));
    env_secret_free_wiped(second, 50 * PAGE);
    ck_assert(!is_mapped(first) && is_mapped(second));
    env_secret_free_wiped(huge, 65 * PAGE);
    ck_assert(!is_mapped(huge));
    ck_assert_ptr_eq(env_secret_alloc(50 * PAGE), second);
    env_secret_free_wiped(second, 50 * PAGE);
}
END_TEST

START_TEST(the_two_kinds_never_meet_on_a_page)
{
    void *seen[2][20];

    for (size_t round = 0; round < 20; round++) {
        unsigned char *ordinary = env_secret_alloc(2 * PAGE);
        unsigned char *bound = env_secret_alloc_bound(2 * PAGE);

        ck_assert(ordinary != NULL && bound != NULL);
        ck_assert(has_flag(ordinary, " dd") && has_flag(bound, " dd"));
        ck_assert(!has_flag(ordinary, " wf") && !has_flag(ordinary + PAGE, " wf"));
        ck_assert(has_flag(bound, " wf") && has_flag(bound + PAGE, " wf"));
        seen[0][round] = ordinary;
        seen[1][round] = bound;
        for (size_t i = 0; i <= round; i++)
            ck_assert(seen[0][i] != bound && seen[1][i] != ordinary);
        if (round % 2 == 0)
            env_secret_free_wiped(ordinary, 2 * PAGE);
        env_secret_free_bound_wiped(bound, 2 * PAGE);
        if (round % 2 != 0)
            env_secret_free_wiped(ordinary, 2 * PAGE);
    }
    ck_assert(env_secret_bound_is_wiped());
}
END_TEST

/* ---- forks ---- */

struct pieces {
    unsigned char *ordinary;
    unsigned char *bound;
    unsigned char *freed;
};

static int look_at_pieces(void *arg)
{
    struct pieces *pieces = arg;
    unsigned char *again;

    child_demand(pieces->ordinary[0] == 0x5A && pieces->ordinary[PAGE - 1] == 0x5A);
    child_demand(is_zero(pieces->bound, 3 * PAGE));
    memset(pieces->bound, 0x6B, 3 * PAGE); /* it is the child's own now */
    free_bound(pieces->bound, 3 * PAGE);
    child_demand(env_secret_alloc_bound(3 * PAGE) == pieces->bound);
    env_secret_free(pieces->ordinary, PAGE);
    again = env_secret_alloc(PAGE);
    child_demand(again == pieces->ordinary && is_zero(again, PAGE));
    again = env_secret_alloc(5 * PAGE);
    child_demand(again == pieces->freed && is_zero(again, 5 * PAGE));
    return 0;
}

START_TEST(a_child_has_nothing_of_what_is_bound)
{
    for (int raw = 0; raw <= 1; raw++) {
        struct pieces pieces = {env_secret_alloc(PAGE), env_secret_alloc_bound(3 * PAGE),
                                env_secret_alloc(5 * PAGE)};

        memset(pieces.ordinary, 0x5A, PAGE);
        memset(pieces.bound, 0x5B, 3 * PAGE);
        memset(pieces.freed, 0x5C, 5 * PAGE);
        env_secret_free(pieces.freed, 5 * PAGE);
        ck_assert(raw ? in_raw_child(look_at_pieces, &pieces) : in_child(look_at_pieces, &pieces));
        ck_assert(pieces.bound[0] == 0x5B && pieces.bound[3 * PAGE - 1] == 0x5B);
        env_secret_free(pieces.ordinary, PAGE);
        free_bound(pieces.bound, 3 * PAGE);
    }
}
END_TEST

/* ---- threads ---- */

static pthread_barrier_t barrier;

/* Each writes its own pattern, and finds it again. */
static void *use_pieces(void *arg)
{
    unsigned char pattern = (unsigned char)(uintptr_t)arg;
    void *wrong = NULL;

    (void)pthread_barrier_wait(&barrier);
    for (size_t round = 0; round < 300; round++) {
        size_t len = 100 + round % 5 * PAGE;
        unsigned char *a = env_secret_alloc(len);
        unsigned char *b = env_secret_alloc_bound(len);

        if (a == NULL || b == NULL || !is_zero(a, len) || !is_zero(b, len))
            return arg;
        memset(a, pattern, len);
        memset(b, pattern, len);
        if (round % 16 == 0)
            (void)sched_yield();
        for (size_t i = 0; i < len; i++) {
            if (a[i] != pattern || b[i] != pattern)
                wrong = arg;
        }
        env_secret_free(a, len);
        free_bound(b, len);
    }
    return wrong;
}

START_TEST(no_two_threads_have_one_piece)
{
    pthread_t threads[THREADS];

    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_pieces, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;

        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    (void)pthread_barrier_destroy(&barrier);
}
END_TEST

/* ---- swap ---- */

/* Half of the lockable memory is left to the program; pages from the pool are still locked. */
START_TEST(pages_are_locked_once)
{
    unsigned char *p[4];

    may_lock = 6 * PAGE;
    for (unsigned i = 0; i < 4; i++) {
        p[i] = env_secret_alloc(1);
        ck_assert_ptr_nonnull(p[i]);
        ck_assert_uint_eq(locked, (i < 3 ? i + 1 : 3) * PAGE);
        ck_assert_ptr_eq(last_locked, p[i < 3 ? i : 2]);
    }
    for (int i = 0; i < 4; i++)
        env_secret_free(p[i], 1);
    may_lock = RLIM_INFINITY;
    for (int i = 0; i < 100; i++)
        env_secret_free(env_secret_alloc(1), 1);
    ck_assert_uint_eq(locked, 3 * PAGE);
    free_bound(env_secret_alloc_bound(PAGE), PAGE);
    ck_assert_uint_eq(locked, 4 * PAGE);
    env_secret_free(env_secret_alloc(64 * PAGE), 64 * PAGE);
    ck_assert_uint_eq(locked, 68 * PAGE);
    env_secret_free(env_secret_alloc(65 * PAGE), 65 * PAGE); /* is not kept */
    ck_assert_uint_eq(locked, 68 * PAGE);
}
END_TEST

START_TEST(what_cannot_be_locked_serves_as_well)
{
    unsigned char *p;

    may_lock = 1;
    p = env_secret_alloc(PAGE);
    ck_assert(p != NULL && is_zero(p, PAGE));
    may_lock = RLIM_INFINITY;
    locking_fails = true;
    p = env_secret_alloc_bound(PAGE);
    ck_assert(p != NULL && is_zero(p, PAGE));
    ck_assert_uint_eq(locked, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages of secret memory");
    TCase *tcase = tcase_create("pages");

    tcase_set_timeout(tcase, 200);
    tcase_add_test(tcase, freed_pages_are_zero_and_come_back);
    tcase_add_test(tcase, only_so_many_are_kept);
    tcase_add_test(tcase, of_long_ones_one_is_kept);
    tcase_add_test(tcase, the_two_kinds_never_meet_on_a_page);
    tcase_add_test(tcase, a_child_has_nothing_of_what_is_bound);
    tcase_add_test(tcase, no_two_threads_have_one_piece);
    tcase_add_test(tcase, pages_are_locked_once);
    tcase_add_test(tcase, what_cannot_be_locked_serves_as_well);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
