/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for secrets, from pages of our own and from OpenSSL's secure heap. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "caller.h"
#include "child.h"
#include "envelope/base/secret.h"

#define SECURE_HEAP 65536u
#define KEPT                                                                                       \
    (256u << 10) /* the longest piece that is kept; test_secret_pages.c has more of that           \
                  */

static const size_t sizes[] = {1, 15, 32, 100, 4095, 4096, 4097, 20000, 3u << 20};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Whether /proc/self/smaps shows that the page at p stays out of core dumps. */
static bool left_out_of_dumps(const void *p)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false;
    bool found = false;

    if (file == NULL)
        return false;
    while (fgets(line, sizeof(line), file) != NULL) {
        uintptr_t from = 0, to = 0;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            inside = (uintptr_t)p >= from && (uintptr_t)p < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = found || strstr(line, " dd") != NULL;
    }
    (void)fclose(file);
    return found;
}

static bool is_mapped(void *p)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char resident;
    void *start = (void *)((uintptr_t)p & ~(uintptr_t)(page - 1));

    return mincore(start, 1, &resident) == 0 || errno != ENOMEM;
}

static bool is_zero(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

static int from_pages(void *arg)
{
    (void)arg;
    child_demand(!CRYPTO_secure_malloc_initialized());
    for (size_t i = 0; i < SIZES; i++) {
        for (int again = 0; again < 3; again++) {
            unsigned char *p = env_secret_alloc(sizes[i]);

            child_demand(p != NULL && is_zero(p, sizes[i]));
            child_demand((uintptr_t)p % alignof(max_align_t) == 0);
            memset(p, 0x5A, sizes[i]);
            child_demand(left_out_of_dumps(p));
            child_demand(left_out_of_dumps(p + sizes[i] - 1));
            if (again == 2) {
                OPENSSL_cleanse(p, sizes[i]);
                env_secret_free_wiped(p, sizes[i]);
            } else {
                env_secret_free(p, sizes[i]);
            }
            /* short ones are kept for the next one who asks, long ones are not */
            child_demand(is_mapped(p) == (sizes[i] <= KEPT));
            child_demand(is_mapped(p + sizes[i] - 1) == (sizes[i] <= KEPT));
        }
    }
    return 0;
}

/* Freed memory of the secure heap stays mapped: what stood there can be looked for. */
static int from_secure_heap(void *arg)
{
    (void)arg;
    child_demand(CRYPTO_secure_malloc_init(SECURE_HEAP, 32) > 0);
    for (size_t i = 0; i < SIZES; i++) {
        for (int wiped = 0; wiped <= 1; wiped++) {
            unsigned char *p = env_secret_alloc(sizes[i]);
            bool secure = CRYPTO_secure_allocated(p) == 1;

            child_demand(p != NULL && is_zero(p, sizes[i]));
            child_demand((uintptr_t)p % alignof(max_align_t) == 0);
            child_demand(secure == (sizes[i] <= 4096));
            child_demand(left_out_of_dumps(p));
            memset(p, 0x5A, sizes[i]);
            if (wiped) {
                OPENSSL_cleanse(p, sizes[i]);
                env_secret_free_wiped(p, sizes[i]);
            } else {
                env_secret_free(p, sizes[i]);
            }
            child_demand(is_mapped(p) == (secure || sizes[i] <= KEPT));
            /* the heap's list of free pieces begins in the piece itself */
            if (secure && sizes[i] > 64)
                child_demand(is_zero(p + 64, sizes[i] - 64));
            child_demand(CRYPTO_secure_used() == 0);
        }
    }
    return 0;
}

/* A full secure heap is no reason to fail: then it is pages, and each is freed as what it is. */
static int from_full_secure_heap(void *arg)
{
    unsigned char *pieces[40];
    size_t secure = 0;

    (void)arg;
    child_demand(CRYPTO_secure_malloc_init(SECURE_HEAP, 32) > 0);
    for (size_t i = 0; i < 40; i++) {
        pieces[i] = env_secret_alloc(4096);
        child_demand(pieces[i] != NULL && is_zero(pieces[i], 4096));
        child_demand(left_out_of_dumps(pieces[i]));
        memset(pieces[i], (int)i, 4096);
        secure += CRYPTO_secure_allocated(pieces[i]) == 1 ? 1 : 0;
    }
    child_demand(secure > 0 && secure < 40);
    for (size_t i = 0; i < 40; i++) {
        child_demand(pieces[i][0] == i && pieces[i][4095] == i);
        env_secret_free(pieces[i], 4096);
    }
    child_demand(CRYPTO_secure_used() == 0);
    return 0;
}

/* Switched on after something was handed out: that is still freed as what it was. */
static int heap_switched_on_later(void *arg)
{
    unsigned char *before = env_secret_alloc(100);
    unsigned char *after;

    (void)arg;
    child_demand(before != NULL);
    child_demand(CRYPTO_secure_malloc_init(SECURE_HEAP, 32) > 0);
    after = env_secret_alloc(100);
    child_demand(CRYPTO_secure_allocated(before) == 0 && CRYPTO_secure_allocated(after) == 1);
    env_secret_free(before, 100);
    child_demand(is_mapped(before)); /* kept as the page that it is */
    env_secret_free(after, 100);
    child_demand(CRYPTO_secure_used() == 0);
    return 0;
}

START_TEST(without_a_secure_heap_secrets_have_pages_of_their_own)
{
    ck_assert(in_child(from_pages, NULL));
}
END_TEST

START_TEST(the_secure_heap_is_used_where_it_is_on)
{
    ck_assert(in_child(from_secure_heap, NULL));
    ck_assert(in_child(from_full_secure_heap, NULL));
    ck_assert(in_child(heap_switched_on_later, NULL));
}
END_TEST

START_TEST(impossible_lengths_give_no_memory)
{
    ck_assert_ptr_null(env_secret_alloc(0));
    ck_assert_ptr_null(env_secret_alloc(SIZE_MAX));
    ck_assert_ptr_null(env_secret_alloc(SIZE_MAX - 4096));
    ck_assert_ptr_null(env_secret_alloc(SIZE_MAX / 2));
    env_secret_free(NULL, 0);
    env_secret_free(NULL, 100);
    env_secret_free_wiped(NULL, 100);
    ck_assert_ptr_null(env_secret_alloc_bound(0));
    ck_assert_ptr_null(env_secret_alloc_bound(SIZE_MAX));
    env_secret_free_bound_wiped(NULL, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: secret memory");
    TCase *tcase = tcase_create("memory");

    tcase_set_timeout(tcase, 200);
    tcase_add_test(tcase, without_a_secure_heap_secrets_have_pages_of_their_own);
    tcase_add_test(tcase, the_secure_heap_is_used_where_it_is_on);
    tcase_add_test(tcase, impossible_lengths_give_no_memory);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
