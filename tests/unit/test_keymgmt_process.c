/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and their keyrings: fork, the gate, signals, several keyrings, and the end of it all.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provider/gate.h"
#include "ring_case.h"

static struct env_kek *kek;
static atomic_bool stop;

static void setup(void)
{
    ring_setup_orders();
    atomic_store(&stop, false);
    ring = ring_new();
    kek = ring_select_one(ring, "orders");
}

static void teardown(void)
{
    env_kek_free(kek);
    ring_teardown();
}

static bool round_trip(struct env_kek *k)
{
    const uint8_t dek[ENV_DEK_LEN] = {3};
    uint8_t back[ENV_DEK_LEN];
    struct env_wrapped wrapped;

    return env_ok(k->vtable->wrap(k, dek, &wrapped)) &&
           env_ok(k->vtable->unwrap(k, &wrapped, NULL, back)) &&
           memcmp(dek, back, sizeof(dek)) == 0;
}

/* Runs in a child, which says by its exit status whether it went well. */
static void in_child(bool (*what)(void))
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)alarm(60);
        _exit(what() ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(status == 0, "status %d", status);
}

static bool use_inherited(void)
{
    return round_trip(kek) && round_trip(kek);
}

START_TEST(a_child_uses_what_it_inherited)
{
    for (int i = 0; i < 5; i++) {
        in_child(use_inherited);
        assert_round_trip(kek, kek);
    }
}
END_TEST

static bool select_and_look_up(void)
{
    struct env_kek *found = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);
    struct env_kek *selected = ring_select_one(ring, "orders");
    bool good = round_trip(found) && round_trip(selected);

    env_kek_free(found);
    env_kek_free(selected);
    return good;
}

START_TEST(a_child_finds_keys_itself)
{
    in_child(select_and_look_up);
    assert_round_trip(kek, kek);
}
END_TEST

static bool grandchild(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(use_inherited() ? 0 : 1);
    return waitpid(pid, &status, 0) == pid && status == 0 && use_inherited();
}

START_TEST(a_grandchild)
{
    in_child(grandchild);
    assert_round_trip(kek, kek);
}
END_TEST

/* Nothing of the parent's is touched: not even closed. */
static bool free_unused(void)
{
    shim_forget_counts();
    env_kek_free(kek);
    ring_free(ring);
    return shim_total() == 0;
}

START_TEST(a_child_that_only_frees)
{
    in_child(free_unused);
    assert_round_trip(kek, kek);
}
END_TEST

static bool use_and_free(void)
{
    bool good = use_inherited();

    env_kek_free(kek);
    ring_free(ring);
    return good;
}

START_TEST(a_child_that_uses_and_frees)
{
    in_child(use_and_free);
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
}
END_TEST

static bool fresh_sessions_of_its_own(void)
{
    shim_forget_counts();
    return use_inherited() && shim_count(SHIM_INITIALIZE) == 1 && shim_count(SHIM_LOGIN) == 1 &&
           shim_count(SHIM_OPEN_SESSION) == 1 && shim_count(SHIM_CLOSE_SESSION) == 0 &&
           shim_count(SHIM_FIND_OBJECTS_INIT) == 1;
}

START_TEST(a_child_starts_afresh)
{
    in_child(fresh_sessions_of_its_own);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
#define ASAN 1
#else
#define ASAN 0
#endif

static void *use_until_stopped(void *failed)
{
    while (!atomic_load(&stop)) {
        if (!round_trip(kek))
            *(bool *)failed = true;
    }
    return NULL;
}

/* Without the gate most of these children would wait for ever. */
START_TEST(forks_while_threads_are_inside)
{
    pthread_t threads[4];
    bool failed[4] = {false, false, false, false};

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_until_stopped, &failed[i]), 0);
    for (int i = 0; i < 30; i++)
        in_child(use_inherited);
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(!failed[i]);
    }
}
END_TEST

static atomic_int stage;

static void *stay_inside(void *arg)
{
    (void)arg;
    env_gate_enter();
    env_gate_enter();
    atomic_store(&stage, 1);
    (void)usleep(100000);
    env_gate_leave();
    (void)usleep(100000);
    atomic_store(&stage, 2);
    env_gate_leave();
    while (!atomic_load(&stop)) /* ThreadSanitizer takes one that ended for a leak in the child */
        (void)usleep(1000);
    return NULL;
}

static bool nothing(void)
{
    return true;
}

START_TEST(a_fork_waits_for_who_is_inside)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, stay_inside, NULL), 0);
    while (atomic_load(&stage) == 0)
        (void)usleep(1000);
    in_child(nothing);
    ck_assert_int_eq(atomic_load(&stage), 2);
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void fork_inside(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

/* As a module does that starts a program. */
START_TEST(a_fork_from_inside_does_not_wait)
{
    pthread_t thread;
    bool failed = false;

    ck_assert_int_eq(pthread_create(&thread, NULL, use_until_stopped, &failed), 0);
    for (int i = 0; i < 20; i++) {
        shim_do_inside(fork_inside);
        assert_round_trip(kek, kek);
    }
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!failed);
}
END_TEST

/* A module that does not answer. */
static void do_not_answer(void)
{
    atomic_store(&stage, 1);
    while (!atomic_load(&stop))
        (void)usleep(1000);
}

static void *use_once(void *failed)
{
    if (!round_trip(kek))
        *(bool *)failed = true;
    atomic_store(&stage, 2);
    return NULL;
}

static bool no_token_is_used(void)
{
    const struct env_selector selector = {.name = "orders"};
    struct env_kek_list list = {0};

    shim_forget_counts();
    return !round_trip(kek) && raised_reason() == ENV_R_FORKED_INSIDE_TOKEN &&
           ring->vtable->select(ring, &selector, &list).reason == ENV_R_FORKED_INSIDE_TOKEN &&
           shim_total() == 0;
}

static bool an_orphan_and_its_child(void)
{
    int status;
    pid_t pid;

    if (!no_token_is_used())
        return false;
    pid = fork();
    if (pid == 0)
        _exit(no_token_is_used() ? 0 : 1);
    return waitpid(pid, &status, 0) == pid && status == 0 && free_unused();
}

static long fork_takes(bool (*in)(void))
{
    struct timespec start;
    struct timespec end;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    in_child(in);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    return (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
}

START_TEST(a_fork_does_not_wait_for_ever)
{
    pthread_t thread;
    bool failed = false;
    long ms;

    env_gate_forking_seconds = 4;
    shim_do_inside(do_not_answer);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_once, &failed), 0);
    while (atomic_load(&stage) != 1)
        (void)usleep(1000);
    ms = fork_takes(an_orphan_and_its_child);
    ck_assert_msg(ms >= 3900, "%ld ms", ms);
    ms = fork_takes(an_orphan_and_its_child);
    ck_assert_msg(ms >= 900 && ms < 3900, "%ld ms", ms);
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!failed);
    in_child(use_inherited);
    assert_round_trip(kek, kek);
}
END_TEST

static enum env_reason reason_inside;

static void select_inside(void)
{
    ck_assert(env_token_inside_call());
    reason_inside = ring_select_reason(ring, "orders");
    if (reason_inside == ENV_R_NONE)
        reason_inside = round_trip(kek) ? ENV_R_NONE : raised_reason();
}

/* A module that comes back to us: refused, and no lock is waited for. */
START_TEST(a_module_that_asks_for_its_own_keys)
{
    shim_do_inside(select_inside);
    assert_round_trip(kek, kek);
    ck_assert_int_eq(reason_inside, ENV_R_TOKEN_FAILED);
}
END_TEST

static void broken_pipe(void)
{
    ck_assert_int_eq(pthread_kill(pthread_self(), SIGPIPE), 0);
}

START_TEST(a_broken_pipe_does_not_kill)
{
    sigset_t pending;

    shim_do_inside(broken_pipe);
    assert_round_trip(kek, kek);
    ck_assert_int_eq(sigpending(&pending), 0);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
}
END_TEST

START_TEST(the_callers_own_sigpipe_stays)
{
    sigset_t set;
    sigset_t now;
    int caught = 0;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    ck_assert_int_eq(pthread_kill(pthread_self(), SIGPIPE), 0);
    assert_round_trip(kek, kek);
    ck_assert_int_eq(sigpending(&now), 0);
    ck_assert_int_eq(sigismember(&now, SIGPIPE), 1);
    ck_assert_int_eq(sigwait(&set, &caught), 0);
    ck_assert_int_eq(caught, SIGPIPE);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    ck_assert_int_eq(sigismember(&now, SIGPIPE), 1);
    ck_assert_int_eq(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}
END_TEST

START_TEST(two_keyrings_do_not_disturb_each_other)
{
    struct env_keyring *other;
    struct env_kek *its;

    shim_reset(); /* the shim knows only one at a time */
    env_kek_free(kek);
    ring_free(ring);
    ring = ring_new();
    kek = ring_select_one(ring, "orders");
    other = ring_new();
    its = ring_select_one(other, "orders");
    ck_assert_ptr_ne(its, kek);
    assert_round_trip(its, kek);
    env_kek_free(its);
    ring_free(other);
    assert_round_trip(kek, kek);
}
END_TEST

START_TEST(a_kek_outlives_its_keyring)
{
    ring_free(ring);
    ring = NULL;
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
}
END_TEST

START_TEST(freeing_ends_the_use_of_the_module)
{
    unsigned opened = shim_count(SHIM_OPEN_SESSION);

    env_kek_free(kek);
    ring_free(ring);
    ck_assert_uint_eq(shim_count(SHIM_CLOSE_SESSION), opened);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    ring = ring_new();
    kek = ring_select_one(ring, "orders");
    assert_round_trip(kek, kek);
}
END_TEST

static bool end_process(void)
{
    if (!use_inherited())
        return false;
    shim_forget_counts();
    env_token_process_is_ending();
    env_kek_free(kek);
    ring_free(ring);
    return shim_total() == 0;
}

START_TEST(nothing_is_called_when_the_process_ends)
{
    in_child(end_process);
}
END_TEST

static bool come_late(void)
{
    if (!use_inherited())
        return false;
    shim_forget_counts();
    env_token_process_is_ending();
    return !round_trip(kek) && raised_reason() == ENV_R_TOKEN_FAILED &&
           strcmp(raised_text(), "the process is ending") == 0 && !round_trip(kek) &&
           shim_total() == 0;
}

START_TEST(no_operation_begins_when_the_process_ends)
{
    in_child(come_late);
}
END_TEST

static bool end_while_one_is_inside(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, stay_inside, NULL) != 0)
        return false;
    while (atomic_load(&stage) == 0)
        (void)usleep(1000);
    env_token_process_is_ending();
    return atomic_load(&stage) == 2;
}

START_TEST(the_end_waits_for_who_is_inside)
{
    in_child(end_while_one_is_inside);
}
END_TEST

static void *never_leave(void *arg)
{
    env_gate_enter();
    atomic_store(&stage, 1);
    for (;;)
        (void)pause();
    return arg;
}

static bool end_while_one_never_leaves(void)
{
    time_t start = time(NULL);
    pthread_t thread;

    if (pthread_create(&thread, NULL, never_leave, NULL) != 0)
        return false;
    while (atomic_load(&stage) == 0)
        (void)usleep(1000);
    env_token_process_is_ending();
    return time(NULL) - start >= 2 && time(NULL) - start < 30;
}

START_TEST(the_end_does_not_wait_for_ever)
{
    in_child(end_while_one_never_leaves);
}
END_TEST

START_TEST(a_new_keyring_touches_nothing)
{
    struct env_keyring *other;

    shim_forget_counts();
    ring_set(&ring_config()->module_path, "/nowhere/module.so");
    other = ring_new();
    ring_free(other);
    ck_assert_uint_eq(shim_total(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt process");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_child_uses_what_it_inherited);
    tcase_add_test(tc, a_child_finds_keys_itself);
    tcase_add_test(tc, a_grandchild);
    tcase_add_test(tc, a_child_that_only_frees);
    tcase_add_test(tc, a_child_that_uses_and_frees);
    tcase_add_test(tc, a_child_starts_afresh);
    if (!ASAN) /* its allocator, in gcc 12, is left locked in the child of a threaded process */
        tcase_add_test(tc, forks_while_threads_are_inside);
    tcase_add_test(tc, a_fork_waits_for_who_is_inside);
    tcase_add_test(tc, a_fork_does_not_wait_for_ever);
    tcase_add_test(tc, a_fork_from_inside_does_not_wait);
    tcase_add_test(tc, a_module_that_asks_for_its_own_keys);
    tcase_add_test(tc, a_broken_pipe_does_not_kill);
    tcase_add_test(tc, the_callers_own_sigpipe_stays);
    tcase_add_test(tc, two_keyrings_do_not_disturb_each_other);
    tcase_add_test(tc, a_kek_outlives_its_keyring);
    tcase_add_test(tc, freeing_ends_the_use_of_the_module);
    tcase_add_test(tc, nothing_is_called_when_the_process_ends);
    tcase_add_test(tc, no_operation_begins_when_the_process_ends);
    tcase_add_test(tc, the_end_waits_for_who_is_inside);
    tcase_add_test(tc, the_end_does_not_wait_for_ever);
    tcase_add_test(tc, a_new_keyring_touches_nothing);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
