/* SPDX-License-Identifier: Apache-2.0 */
/* No thread is inside the gate while another one forks, and nobody waits for ever. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "child.h"
#include "envelope/base/fork_gate.h"

#define THREADS 6
#define MANY 80 /* more than have a count of their own */
#define FORKS 200

static atomic_int inside; /* threads that say that they are */
static atomic_bool enough;

static void *come_and_go(void *arg)
{
    unsigned long *times = arg;

    while (!atomic_load(&enough)) {
        env_fork_gate_enter();
        (void)atomic_fetch_add(&inside, 1);
        if (*times % 64 == 0)
            (void)sched_yield();
        env_fork_gate_enter(); /* they nest */
        env_fork_gate_leave();
        (void)atomic_fetch_sub(&inside, 1);
        env_fork_gate_leave();
        (*times)++;
    }
    return NULL;
}

/* In the child: nobody was inside, and the gate works. */
static int look_inside(void *arg)
{
    (void)arg;
    child_demand(atomic_load(&inside) == 0);
    child_demand(!env_fork_gate_is_orphan());
    env_fork_gate_enter();
    child_demand(!env_fork_gate_is_late());
    env_fork_gate_leave();
    return 0;
}

static int fork_again(void *arg)
{
    child_demand(look_inside(arg) == 0);
    child_demand(in_child(look_inside, arg));
    return 0;
}

/* The work is done in a child of Check's, since threads of its own would fork there as well. */
static int forks_among_threads(void *arg)
{
    int count = *(const int *)arg;
    pthread_t threads[MANY];
    unsigned long times[MANY] = {0};

    child_demand(env_ok(env_fork_gate_prepare()));
    for (int i = 0; i < count; i++)
        child_demand(pthread_create(&threads[i], NULL, come_and_go, &times[i]) == 0);
    for (int i = 0; i < FORKS; i++)
        child_demand(in_child(i % 10 == 0 ? fork_again : look_inside, NULL));
    atomic_store(&enough, true);
    for (int i = 0; i < count; i++) {
        child_demand(pthread_join(threads[i], NULL) == 0);
        child_demand(times[i] > 0);
    }
    return 0;
}

START_TEST(nobody_is_inside_when_a_child_is_made)
{
    int count = THREADS;

    ck_assert(in_child(forks_among_threads, &count));
}
END_TEST

START_TEST(threads_may_share_a_count)
{
    int count = MANY;

    ck_assert(in_child(forks_among_threads, &count));
}
END_TEST

/* Counts itself and takes that back, whenever a fork waits: almost never is it inside. */
static void *knock(void *arg)
{
    (void)arg;
    while (!atomic_load(&enough)) {
        env_fork_gate_enter();
        env_fork_gate_leave();
    }
    return NULL;
}

static int forks_among_newcomers(void *arg)
{
    pthread_t threads[THREADS];

    (void)arg;
    child_demand(env_ok(env_fork_gate_prepare()));
    for (int i = 0; i < THREADS; i++)
        child_demand(pthread_create(&threads[i], NULL, knock, NULL) == 0);
    for (int i = 0; i < 2 * FORKS; i++)
        child_demand(in_child(look_inside, NULL));
    atomic_store(&enough, true);
    for (int i = 0; i < THREADS; i++)
        child_demand(pthread_join(threads[i], NULL) == 0);
    return 0;
}

START_TEST(who_takes_his_count_back_is_not_inside)
{
    ck_assert(in_child(forks_among_newcomers, NULL));
}
END_TEST

/* ---- two that fork at once ---- */

static void *fork_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < FORKS / 4; i++) {
        if (!in_child(look_inside, NULL))
            return &enough;
    }
    return NULL;
}

static int forks_at_once(void *arg)
{
    pthread_t forking[3];
    pthread_t threads[THREADS];
    unsigned long times[THREADS] = {0};
    void *failed = NULL;

    (void)arg;
    child_demand(env_ok(env_fork_gate_prepare()));
    for (int i = 0; i < THREADS; i++)
        child_demand(pthread_create(&threads[i], NULL, come_and_go, &times[i]) == 0);
    for (int i = 0; i < 3; i++)
        child_demand(pthread_create(&forking[i], NULL, fork_often, NULL) == 0);
    for (int i = 0; i < 3; i++)
        child_demand(pthread_join(forking[i], &failed) == 0 && failed == NULL);
    atomic_store(&enough, true);
    for (int i = 0; i < THREADS; i++)
        child_demand(pthread_join(threads[i], NULL) == 0);
    return 0;
}

START_TEST(several_threads_may_fork_at_once)
{
    ck_assert(in_child(forks_at_once, NULL));
}
END_TEST

/* ---- one that does not come out ---- */

static pthread_barrier_t entered;

static void *stay(void *arg)
{
    (void)arg;
    env_fork_gate_enter();
    (void)pthread_barrier_wait(&entered);
    while (!atomic_load(&enough))
        (void)usleep(1000);
    env_fork_gate_leave();
    return NULL;
}

static int is_orphan(void *arg)
{
    (void)arg;
    child_demand(env_fork_gate_is_orphan());
    return 0;
}

static int is_no_orphan(void *arg)
{
    (void)arg;
    child_demand(!env_fork_gate_is_orphan());
    return 0;
}

static int fork_beside_one_that_stays(void *arg)
{
    pthread_t thread;

    (void)arg;
    child_demand(env_ok(env_fork_gate_prepare()));
    env_fork_gate_forking_seconds = 1;
    child_demand(pthread_barrier_init(&entered, NULL, 2) == 0);
    child_demand(pthread_create(&thread, NULL, stay, NULL) == 0);
    (void)pthread_barrier_wait(&entered);
    child_demand(in_child(is_orphan, NULL));
    env_fork_gate_enter(); /* newcomers do not wait for it */
    env_fork_gate_leave();
    child_demand(in_child(is_orphan, NULL));
    atomic_store(&enough, true);
    child_demand(pthread_join(thread, NULL) == 0);
    child_demand(in_child(is_no_orphan, NULL));
    return 0;
}

START_TEST(a_fork_does_not_wait_for_ever)
{
    ck_assert(in_child(fork_beside_one_that_stays, NULL));
}
END_TEST

/* A fork from inside does not wait, and its child is inside as its parent was. */
static int leave_as_a_child(void *arg)
{
    (void)arg;
    child_demand(!env_fork_gate_is_orphan());
    env_fork_gate_leave();
    return look_inside(NULL);
}

static int fork_inside(void *arg)
{
    (void)arg;
    child_demand(env_ok(env_fork_gate_prepare()));
    env_fork_gate_enter();
    child_demand(in_child(leave_as_a_child, NULL));
    env_fork_gate_leave();
    return look_inside(NULL);
}

START_TEST(a_fork_from_inside_does_not_wait)
{
    ck_assert(in_child(fork_inside, NULL));
}
END_TEST

/* ---- the end ---- */

static void *come_late(void *arg)
{
    bool *late = arg;

    env_fork_gate_enter();
    *late = env_fork_gate_is_late();
    env_fork_gate_leave();
    return NULL;
}

static int close_the_gate(void *arg)
{
    pthread_t thread;
    bool late = false;

    (void)arg;
    child_demand(env_ok(env_fork_gate_prepare()));
    env_fork_gate_enter();
    env_fork_gate_close(); /* does not wait for the caller */
    child_demand(!env_fork_gate_is_late());
    child_demand(pthread_create(&thread, NULL, come_late, &late) == 0);
    child_demand(pthread_join(thread, NULL) == 0 && late);
    env_fork_gate_leave();
    env_fork_gate_enter();
    child_demand(env_fork_gate_is_late());
    env_fork_gate_leave();
    return 0;
}

START_TEST(whoever_comes_after_the_end_is_late)
{
    ck_assert(in_child(close_the_gate, NULL));
}
END_TEST

static atomic_bool in;
static atomic_bool done;

/* Longer than a token that does nothing is waited for. */
static void *be_busy_inside(void *arg)
{
    const time_t end = time(NULL) + 4;

    (void)arg;
    env_fork_gate_enter();
    atomic_store(&in, true);
    while (time(NULL) < end)
        continue;
    atomic_store(&done, true);
    env_fork_gate_leave();
    return NULL;
}

static void *stay_inside(void *arg)
{
    (void)arg;
    env_fork_gate_enter();
    atomic_store(&in, true);
    for (;;)
        (void)pause();
    return NULL;
}

static pthread_t thread;

static int start_inside(void *(*run)(void *))
{
    child_demand(env_ok(env_fork_gate_prepare()));
    env_fork_gate_closing_seconds = 1;
    child_demand(pthread_create(&thread, NULL, run, NULL) == 0);
    while (!atomic_load(&in))
        (void)sched_yield();
    return 0;
}

static int close_on_the_busy(void *arg)
{
    (void)arg;
    child_demand(start_inside(be_busy_inside) == 0);
    env_fork_gate_close();
    child_demand(atomic_load(&done));
    child_demand(pthread_join(thread, NULL) == 0);
    return 0;
}

/* The destructor of its module would run under a thread that has been given no processor. */
START_TEST(who_is_busy_inside_is_waited_for)
{
    ck_assert(in_child(close_on_the_busy, NULL));
}
END_TEST

static int close_on_the_idle(void *arg)
{
    (void)arg;
    child_demand(start_inside(stay_inside) == 0);
    env_fork_gate_close();
    env_fork_gate_close(); /* once is enough */
    return 0;
}

START_TEST(who_does_nothing_inside_is_not_waited_for_for_ever)
{
    ck_assert(in_child(close_on_the_idle, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fork gate");
    TCase *tcase = tcase_create("gate");

    tcase_set_timeout(tcase, 200);
    tcase_add_test(tcase, nobody_is_inside_when_a_child_is_made);
    tcase_add_test(tcase, threads_may_share_a_count);
    tcase_add_test(tcase, who_takes_his_count_back_is_not_inside);
    tcase_add_test(tcase, several_threads_may_fork_at_once);
    tcase_add_test(tcase, a_fork_does_not_wait_for_ever);
    tcase_add_test(tcase, a_fork_from_inside_does_not_wait);
    tcase_add_test(tcase, whoever_comes_after_the_end_is_late);
    tcase_add_test(tcase, who_is_busy_inside_is_waited_for);
    tcase_add_test(tcase, who_does_nothing_inside_is_not_waited_for_for_ever);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
