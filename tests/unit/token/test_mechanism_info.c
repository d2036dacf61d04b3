/* SPDX-License-Identifier: Apache-2.0 */
/* A token is asked for its mechanisms once, for all threads. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "caller.h"
#include "keymgmt/token/mechanism_info.h"

#define FLAGS (CKF_WRAP | CKF_UNWRAP)
/* Of two threads; or fewer, on a machine so loaded that each waits long for the other. */
#define ROUNDS 500000u
#define SECONDS 10

static CK_RV answer;
static atomic_uint asked;

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    (void)slot;
    (void)type;
    atomic_fetch_add(&asked, 1);
    info->flags |= FLAGS;
    return answer;
}

static CK_FUNCTION_LIST functions;
static struct env_token *token;

static void set_up(void)
{
    answer = CKR_OK;
    asked = 0;
    functions.C_GetMechanismInfo = get_mechanism_info;
    token = calloc(1, sizeof(*token));
    ck_assert_ptr_nonnull(token);
    token->fn = &functions;
}

static void tear_down(void)
{
    free(token);
}

static CK_FLAGS flags_now(void)
{
    CK_FLAGS flags = 1;

    ck_assert_uint_eq(env_mechanism_flags(token, 0, CKM_AES_KEY_WRAP, &flags), CKR_OK);
    return flags;
}

START_TEST(a_mechanism_is_asked_for_once)
{
    ck_assert_uint_eq(flags_now(), FLAGS);
    ck_assert_uint_eq(flags_now(), FLAGS);
    ck_assert_uint_eq(asked, 1);
    env_mechanisms_forget(token);
    ck_assert_uint_eq(flags_now(), FLAGS);
    ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(a_missing_mechanism_is_asked_for_again)
{
    answer = CKR_MECHANISM_INVALID;
    ck_assert_uint_eq(flags_now(), 0);
    answer = CKR_OK;
    ck_assert_uint_eq(flags_now(), FLAGS);
    ck_assert_uint_eq(asked, 2);
}
END_TEST

/* ---- two threads that need a token's answer first ---- */

#define OVER 0u /* instead of a round's number */
static atomic_uint begun = 1;
static atomic_uint done = 1;
static atomic_uint wrong;

static void ask(void)
{
    CK_FLAGS flags = 0;

    if (env_mechanism_flags(token, 0, CKM_AES_KEY_WRAP, &flags) != CKR_OK || flags != FLAGS)
        atomic_fetch_add(&wrong, 1);
}

/* False when it is over instead. */
static bool wait_for(atomic_uint *count, unsigned value)
{
    unsigned is;

    for (unsigned i = 1; (is = atomic_load(count)) != value && is != OVER; i++) {
        if (i % 1000 == 0)
            (void)sched_yield();
    }
    return is == value;
}

static void *second_thread(void *arg)
{
    (void)arg;
    for (unsigned i = 2; wait_for(&begun, i); i++) {
        ask();
        atomic_store(&done, i);
    }
    return NULL;
}

/* Neither sees an answer before it is there. */
START_TEST(no_thread_sees_an_answer_before_it_is_there)
{
    time_t end = time(NULL) + SECONDS;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, second_thread, NULL), 0);
    for (unsigned i = 2; i < ROUNDS && (i % 1000 != 0 || time(NULL) < end); i++) {
        memset(token->mechanisms, 0, sizeof(token->mechanisms));
        atomic_store(&begun, i);
        ask();
        (void)wait_for(&done, i);
    }
    atomic_store(&begun, OVER);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: mechanism flags");
    TCase *tcase = tcase_create("flags");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_mechanism_is_asked_for_once);
    tcase_add_test(tcase, a_missing_mechanism_is_asked_for_again);
    tcase_add_test(tcase, no_thread_sees_an_answer_before_it_is_there);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
