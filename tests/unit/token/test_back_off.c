/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token that is away while many threads need it: one retries after 1, 2, 4 and so on up to 30
 * seconds, and the others fail at once. Only clock_move moves the clock.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "keyring_case.h"
#include "stopped_clock.h"

#define THREADS 16
#define EACH 20 /* operations of each thread */

static struct env_kek *kek;
static enum env_reason also_expected;
static struct env_wrapped wrapped;

static ENV_RESULT use(void)
{
    uint8_t dek[ENV_DEK_LEN] = {1};

    return kek->vtable->unwrap(kek, &wrapped, NULL, dek);
}

/* What selecting does, where nothing is known of the KEK. */
static ENV_RESULT look_for(void)
{
    const struct env_kek_id id = {2, {1, 2}};
    struct env_kek *found = NULL;
    ENV_RESULT r = keyring->vtable->lookup(keyring, &id, wrapped.alg, &found, NULL);

    env_kek_free(found);
    return r;
}

static void begin(void)
{
    const uint8_t dek[ENV_DEK_LEN] = {1};

    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    ck_assert(env_ok(use()));
    shim_forget_counts();
}

static void end(void)
{
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}

/* ---- many at once ---- */

static pthread_barrier_t barrier;
static ENV_RESULT (*act)(void);
static atomic_uint worked;
static atomic_uint odd; /* failed for another reason than that the token is away */

static void *act_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++) {
        ENV_RESULT r;

        (void)pthread_barrier_wait(&barrier); /* so that nobody is alone for a while */
        r = act();
        if (env_ok(r))
            atomic_fetch_add(&worked, 1);
        else if (r.reason != ENV_R_NO_MODULE && r.reason != ENV_R_NO_TOKEN &&
                 r.reason != ENV_R_TOKEN_FAILED && r.reason != also_expected)
            atomic_fetch_add(&odd, 1);
    }
    return NULL;
}

/* How many of their operations worked. */
static unsigned all_act(ENV_RESULT (*what)(void))
{
    pthread_t threads[THREADS];

    act = what;
    atomic_store(&worked, 0);
    atomic_store(&odd, 0);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, act_often, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    (void)pthread_barrier_destroy(&barrier);
    ck_assert_uint_eq(odd, 0);
    return atomic_load(&worked);
}

/* The token is back: the thread that asks finds it, and others are refused meanwhile. */
static void all_but_those_beside_the_first(ENV_RESULT (*what)(void))
{
    ck_assert_uint_gt(all_act(what), THREADS * (EACH - 1));
}

static ENV_RESULT (*const actions[])(void) = {use, look_for};

/* Whoever asks does all that can be done about the loss, as often as one operation does at most. */
static unsigned most_starts;

static void measure_one(ENV_RESULT (*what)(void))
{
    shim_forget_counts();
    ck_assert(!env_ok(what()));
    most_starts = shim_count(SHIM_INITIALIZE);
    ck_assert_uint_gt(most_starts, 0);
}

static void one_asks(ENV_RESULT (*what)(void))
{
    shim_forget_counts();
    ck_assert_uint_eq(all_act(what), 0);
    ck_assert_uint_eq(shim_threads(), 1);
    ck_assert_uint_le(shim_count(SHIM_INITIALIZE), most_starts);
}

static void nobody_asks(ENV_RESULT (*what)(void))
{
    shim_forget_counts();
    ck_assert_uint_eq(all_act(what), 0);
    ck_assert_uint_eq(shim_total(), 0);
}

START_TEST(one_thread_asks_after_1_2_4_up_to_30_seconds)
{
    static const unsigned waits[] = {1, 2, 4, 8, 16, 30, 30, 30};
    ENV_RESULT (*what)(void) = actions[_i];

    begin();
    if (what == look_for) { /* nothing is kept that could be used */
        env_kek_free(kek);
        keyring_free(keyring);
        keyring = keyring_new();
    }
    softhsm_hide_tokens();
    measure_one(what);
    ck_assert_uint_eq(all_act(what), 0);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        nobody_asks(what);
        clock_move(waits[i] * 1000 - 1);
        nobody_asks(what);
        clock_move(1);
        one_asks(what);
    }
    softhsm_restore_tokens();
    nobody_asks(what);
    clock_move(30000);
    all_but_those_beside_the_first(what);
    ck_assert_uint_eq(all_act(what), THREADS * EACH);
    if (what == look_for)
        kek = keyring_select_one(keyring, "orders");
    end();
}
END_TEST

/* After an absence that is over the next one begins with a second again. */
START_TEST(what_was_long_ago_does_not_count)
{
    begin();
    for (int i = 0; i < 2; i++) {
        softhsm_hide_tokens();
        ck_assert_uint_eq(all_act(use), 0);
        clock_move(1000);
        ck_assert_uint_eq(all_act(use), 0);
        softhsm_restore_tokens();
        clock_move(2000);
        all_but_those_beside_the_first(use);
        ck_assert_uint_eq(all_act(use), THREADS * EACH);
        clock_move(60000); /* or an empty token is believed: the module was started a moment ago */
    }
    end();
}
END_TEST

START_TEST(a_thread_alone_asks_whenever_it_likes)
{
    begin();
    softhsm_hide_tokens();
    for (int i = 0; i < 5; i++) {
        shim_forget_counts();
        ck_assert(!env_ok(use()));
        ck_assert_uint_gt(shim_total(), 0);
    }
    softhsm_restore_tokens();
    ck_assert(env_ok(use()));
    end();
}
END_TEST

START_TEST(who_is_turned_away_hears_why_and_until_when)
{
    begin();
    softhsm_hide_tokens();
    (void)all_act(use);
    nobody_asks(use);
    ck_assert(!env_ok(use()));
    ck_assert_msg(strstr(raised_text(), "; next attempt in 1 s") != NULL, "%s", raised_text());
    ck_assert_msg(strstr(raised_text(), "orders") != NULL || strstr(raised_text(), "token") != NULL,
                  "%s", raised_text());
    softhsm_restore_tokens();
    clock_move(1000);
    end();
}
END_TEST

START_TEST(a_forked_child_asks_at_once)
{
    int status = -1;
    pid_t child;

    begin();
    softhsm_hide_tokens();
    (void)all_act(use);
    softhsm_restore_tokens();
    nobody_asks(use);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(env_ok(use()) ? 0 : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    nobody_asks(use); /* it is another process */
    clock_move(1000);
    end();
}
END_TEST

/* A failure that says nothing of the token makes nobody else wait. */
START_TEST(a_passing_failure_turns_nobody_away)
{
    begin();
    also_expected = ENV_R_UNWRAP_FAILED;
    shim_fail(SHIM_UNWRAP_KEY, CKR_DEVICE_MEMORY, 1);
    ck_assert_uint_eq(all_act(use), THREADS * EACH - 1);
    end();
}
END_TEST

/* The PIN was changed while the token was away: it refuses ours once, however many ask. */
START_TEST(a_wrong_pin_is_tried_once_when_the_token_is_back)
{
    begin();
    softhsm_hide_tokens();
    (void)all_act(use);
    (void)setenv("TEST_PIN", "9999", 1);
    softhsm_restore_tokens();
    clock_move(1000);
    shim_forget_counts();
    also_expected = ENV_R_PIN_WRONG;
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(all_act(use), 0);
        clock_move(60000);
    }
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    ck_assert_int_eq(use().reason, ENV_R_PIN_WRONG);
    env_kek_free(kek);
}
END_TEST

/* ---- where another token has the KEK ---- */

START_TEST(with_a_replica_nobody_is_turned_away)
{
    static const uint8_t value[32] = {1, 2, 3};

    softhsm_add_token("second");
    softhsm_make_key(&(struct softhsm_key){.label = "both", .id = "0303", .value = value});
    softhsm_make_key(
        &(struct softhsm_key){.token = "second", .label = "both", .id = "0303", .value = value});
    keyring_set(&keyring_config()->token, NULL);
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "both");
    ck_assert(env_ok(kek->vtable->wrap(kek, (uint8_t[ENV_DEK_LEN]){1}, &wrapped)));
    softhsm_hide_token("kek");
    ck_assert_uint_eq(all_act(use), THREADS * EACH);
    softhsm_hide_token("second");
    ck_assert_uint_eq(all_act(use), 0);
    nobody_asks(use);
    softhsm_restore_token("second");
    clock_move(1000);
    all_but_those_beside_the_first(use);
    ck_assert_uint_eq(all_act(use), THREADS * EACH);
    softhsm_restore_token("kek");
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: back-off");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup_orders, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_loop_test(tc, one_thread_asks_after_1_2_4_up_to_30_seconds, 0, 2);
    tcase_add_test(tc, what_was_long_ago_does_not_count);
    tcase_add_test(tc, a_thread_alone_asks_whenever_it_likes);
    tcase_add_test(tc, who_is_turned_away_hears_why_and_until_when);
    tcase_add_test(tc, a_forked_child_asks_at_once);
    tcase_add_test(tc, a_passing_failure_turns_nobody_away);
    tcase_add_test(tc, a_wrong_pin_is_tried_once_when_the_token_is_back);
    tcase_add_test(tc, with_a_replica_nobody_is_turned_away);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
