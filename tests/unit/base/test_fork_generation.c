/* SPDX-License-Identifier: Apache-2.0 */
/* A number for each process: the same in all its threads, and different in every child. */
#include <pthread.h>
#include <sys/mman.h>

#include "caller.h"
#include "child.h"
#include "envelope/base/fork_generation.h"

#define THREADS 16

/* What the processes of one test saw, in memory that they share. */
struct seen {
    uint64_t child;
    uint64_t child_again;
    uint64_t grandchild;
    uint64_t raw_grandchild;
};

static struct seen *seen;

static void set_up(void)
{
    seen = mmap(NULL, 2 * sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(seen, MAP_FAILED);
}

static void tear_down(void)
{
    ck_assert_int_eq(munmap(seen, 2 * sizeof(*seen)), 0);
}

START_TEST(the_generation_stays_in_one_process)
{
    uint64_t first = env_fork_generation();

    ck_assert_uint_ne(first, 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(env_fork_generation(), first);
}
END_TEST

static pthread_barrier_t barrier;

static void *see(void *arg)
{
    (void)pthread_barrier_wait(&barrier);
    *(uint64_t *)arg = env_fork_generation();
    return NULL;
}

static int threads_agree(void *arg)
{
    pthread_t threads[THREADS];
    uint64_t numbers[THREADS];

    (void)arg;
    child_demand(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++)
        child_demand(pthread_create(&threads[i], NULL, see, &numbers[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        child_demand(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        child_demand(numbers[i] == numbers[0] && numbers[i] != 0);
    child_demand(env_fork_generation() == numbers[0]);
    return 0;
}

/* The first call of a process made by all of its threads at once, again and again. */
START_TEST(all_threads_see_one_generation)
{
    for (int i = 0; i < 50; i++)
        ck_assert(in_child(threads_agree, NULL));
    ck_assert_int_eq(threads_agree(NULL), 0);
}
END_TEST

static int look(void *arg)
{
    *(uint64_t *)arg = env_fork_generation();
    return 0;
}

static int look_and_fork(void *arg)
{
    struct seen *to = arg;

    to->child = env_fork_generation();
    child_demand(in_child(look, &to->grandchild));
    child_demand(in_raw_child(look, &to->raw_grandchild));
    to->child_again = env_fork_generation();
    return 0;
}

static void all_differ(const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_ne(numbers[i], 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_ne(numbers[i], numbers[j]);
    }
}

/* However the child was made, and whether or not its parent asked before. */
START_TEST(every_child_has_another_generation)
{
    bool parent_first = (_i & 1) != 0;
    uint64_t parent = parent_first ? env_fork_generation() : 0;

    if ((_i & 2) != 0)
        ck_assert(in_child(look_and_fork, &seen[0]));
    else
        ck_assert(in_raw_child(look_and_fork, &seen[0]));
    ck_assert(in_child(look_and_fork, &seen[1]));
    if (parent_first)
        ck_assert_uint_eq(env_fork_generation(), parent);
    parent = env_fork_generation();
    for (size_t i = 0; i < 2; i++)
        ck_assert_uint_eq(seen[i].child_again, seen[i].child);
    all_differ((const uint64_t[]){parent, seen[0].child, seen[0].grandchild, seen[0].raw_grandchild,
                                  seen[1].child, seen[1].grandchild, seen[1].raw_grandchild},
               7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: fork generation");
    TCase *tcase = tcase_create("processes");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_generation_stays_in_one_process);
    tcase_add_test(tcase, all_threads_see_one_generation);
    tcase_add_loop_test(tcase, every_child_has_another_generation, 0, 4);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
