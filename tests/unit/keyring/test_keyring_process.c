/* SPDX-License-Identifier: Apache-2.0 */
/* A process and its keyrings: modules that call back, signals, several keyrings, and exit. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/base/fork_gate.h"
#include "keymgmt/token/module_call.h"
#include "keyring_process.h"

static enum env_reason reason_inside;

static void select_inside(void)
{
    ck_assert(env_token_inside_call());
    reason_inside = keyring_select_reason(keyring, "orders");
    if (reason_inside == ENV_R_NONE)
        reason_inside = round_trip(kek) ? ENV_R_NONE : raised_reason();
}

/* A module that comes back to us: refused, and no lock is waited for. */
START_TEST(a_module_that_asks_for_its_own_keys_is_refused)
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
    keyring_free(keyring);
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    other = keyring_new();
    its = keyring_select_one(other, "orders");
    ck_assert_ptr_ne(its, kek);
    assert_round_trip(its, kek);
    env_kek_free(its);
    keyring_free(other);
    assert_round_trip(kek, kek);
}
END_TEST

START_TEST(a_kek_outlives_its_keyring)
{
    keyring_free(keyring);
    keyring = NULL;
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
}
END_TEST

START_TEST(freeing_ends_the_use_of_the_module)
{
    unsigned opened = shim_count(SHIM_OPEN_SESSION);

    env_kek_free(kek);
    keyring_free(keyring);
    ck_assert_uint_eq(shim_count(SHIM_CLOSE_SESSION), opened);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
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
    keyring_free(keyring);
    return shim_total() == 0;
}

START_TEST(nothing_is_called_when_the_process_ends)
{
    assert_in_child(end_process);
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
    assert_in_child(come_late);
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
    assert_in_child(end_while_one_is_inside);
}
END_TEST

static void *never_leave(void *arg)
{
    env_fork_gate_enter();
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
    return time(NULL) - start >= 2 && time(NULL) - start < 200;
}

START_TEST(the_end_does_not_wait_for_ever)
{
    assert_in_child(end_while_one_never_leaves);
}
END_TEST

START_TEST(a_new_keyring_touches_nothing)
{
    struct env_keyring *other;

    shim_forget_counts();
    keyring_set(&keyring_config()->module_path, "/nowhere/module.so");
    other = keyring_new();
    keyring_free(other);
    ck_assert_uint_eq(shim_total(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyring: life of the process");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_process_setup, keyring_kek_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_module_that_asks_for_its_own_keys_is_refused);
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
    return caller_run(suite);
}
