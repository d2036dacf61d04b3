/* SPDX-License-Identifier: Apache-2.0 */
/* What tokens lose, and how it is recovered: sessions, logins, handles, modules. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "keyring_case.h"
#include "stopped_clock.h"

static struct env_kek *kek;

static void begin_again(void)
{
    kek = keyring_select_one(keyring, "orders");
    assert_round_trip(kek, kek);
    shim_forget_counts();
}

static void begin(void)
{
    keyring = keyring_new();
    begin_again();
}

static void end(void)
{
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}

static CK_SLOT_ID slot(void)
{
    CK_SLOT_ID slots[4];
    CK_ULONG count = 4;

    ck_assert_uint_eq(shim_real()->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    return slots[0];
}

/* No memory is asked for by a number that cannot be meant, and no sum of it is taken. */
START_TEST(an_impossible_number_of_slots_is_refused)
{
    static const CK_ULONG counts[] = {(CK_ULONG)1 << 60, (CK_ULONG)-1, 65537};

    shim_slot_count(counts[_i]);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_TOKEN_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_GetSlotList"));
    shim_slot_count(0);
    begin_again();
    end();
}
END_TEST

START_TEST(closed_sessions_are_opened_again)
{
    begin();
    ck_assert_uint_eq(shim_real()->C_CloseAllSessions(slot()), CKR_OK);
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 1);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
    end();
}
END_TEST

START_TEST(a_lost_login_is_made_again)
{
    CK_SESSION_HANDLE session;

    begin();
    ck_assert_uint_eq(shim_real()->C_OpenSession(slot(), CKF_SERIAL_SESSION, NULL, NULL, &session),
                      CKR_OK);
    ck_assert_uint_eq(shim_real()->C_Logout(session), CKR_OK);
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
    /* and while a key is looked for, which then would not be seen */
    ck_assert_uint_eq(shim_real()->C_Logout(session), CKR_OK);
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW));
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 2);
    end();
}
END_TEST

START_TEST(a_finalised_module_is_initialised_again)
{
    begin();
    ck_assert_uint_eq(shim_real()->C_Finalize(NULL), CKR_OK);
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_INITIALIZE), 1);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    end();
}
END_TEST

static void check_code(enum shim_function function, CK_RV rv, unsigned logins, unsigned starts)
{
    shim_forget_counts();
    shim_fail(function, rv, 1);
    assert_round_trip(kek, kek);
    ck_assert_msg(shim_count(SHIM_LOGIN) == logins && shim_count(SHIM_INITIALIZE) == starts,
                  "0x%lx: %u logins, %u starts", rv, shim_count(SHIM_LOGIN),
                  shim_count(SHIM_INITIALIZE));
}

START_TEST(every_code_has_its_remedy)
{
    begin();
    check_code(SHIM_WRAP_KEY, CKR_KEY_HANDLE_INVALID, 0, 0);
    check_code(SHIM_WRAP_KEY, CKR_WRAPPING_KEY_HANDLE_INVALID, 0, 0);
    check_code(SHIM_UNWRAP_KEY, CKR_OBJECT_HANDLE_INVALID, 0, 0);
    check_code(SHIM_UNWRAP_KEY, CKR_UNWRAPPING_KEY_HANDLE_INVALID, 0, 0);
    check_code(SHIM_WRAP_KEY, CKR_SESSION_HANDLE_INVALID, 1, 0);
    check_code(SHIM_UNWRAP_KEY, CKR_SESSION_CLOSED, 1, 0);
    check_code(SHIM_UNWRAP_KEY, CKR_USER_NOT_LOGGED_IN, 1, 0);
    check_code(SHIM_WRAP_KEY, CKR_TOKEN_NOT_PRESENT, 1, 0);
    check_code(SHIM_WRAP_KEY, CKR_DEVICE_REMOVED, 1, 0);
    check_code(SHIM_CREATE_OBJECT, CKR_OPERATION_ACTIVE, 1, 0);
    check_code(SHIM_WRAP_KEY, CKR_CRYPTOKI_NOT_INITIALIZED, 1, 1);
    end();
}
END_TEST

START_TEST(a_handle_is_looked_up_once_more)
{
    begin();
    shim_fail(SHIM_WRAP_KEY, CKR_KEY_HANDLE_INVALID, 1);
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 1);
    end();
}
END_TEST

START_TEST(every_remedy_is_tried_once)
{
    const uint8_t dek[ENV_DEK_LEN] = {1};
    struct env_wrapped wrapped;
    ENV_RESULT r;

    begin();
    shim_fail(SHIM_WRAP_KEY, CKR_KEY_HANDLE_INVALID, 1000);
    r = kek->vtable->wrap(kek, dek, &wrapped);
    ck_assert_int_eq(r.reason, ENV_R_WRAP_FAILED);
    ck_assert_uint_eq(r.ckr, CKR_KEY_HANDLE_INVALID); /* for the audit log */
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKR_KEY_HANDLE_INVALID"));
    ck_assert_uint_eq(shim_count(SHIM_WRAP_KEY), 5);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 2);
    shim_fail(SHIM_WRAP_KEY, CKR_OK, 0);
    end();
}
END_TEST

START_TEST(a_token_that_is_gone_is_found_when_it_comes_back)
{
    const uint8_t dek[ENV_DEK_LEN] = {1};
    struct env_wrapped wrapped;
    ENV_RESULT r;

    begin();
    softhsm_hide_tokens();
    for (int i = 0; i < 2; i++) {
        r = kek->vtable->wrap(kek, dek, &wrapped);
        ck_assert(!env_ok(r) && r.raised);
        ck_assert_msg(r.reason == ENV_R_NO_TOKEN || r.reason == ENV_R_NO_MODULE ||
                          r.reason == ENV_R_TOKEN_FAILED || r.reason == ENV_R_KEK_NOT_FOUND,
                      "%d %s", r.reason, raised_text());
    }
    softhsm_restore_tokens();
    end();
}
END_TEST

START_TEST(a_deleted_key_is_reported)
{
    const uint8_t dek[ENV_DEK_LEN] = {1};
    struct env_wrapped wrapped;
    ENV_RESULT r;

    begin();
    softhsm_delete_key("kek", "orders");
    r = kek->vtable->wrap(kek, dek, &wrapped);
    ck_assert_int_eq(r.reason, ENV_R_KEK_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(raised_text(), "key 'orders' (id 0102) of token 'kek' is gone"));
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_HERE);
    /* its successor is found */
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0304"});
    env_kek_free(keyring_select_one(keyring, "orders"));
    env_kek_free(kek);
}
END_TEST

START_TEST(a_key_replaced_by_a_weaker_one_is_refused)
{
    static const uint8_t value[32] = {7};
    const uint8_t dek[ENV_DEK_LEN] = {1};
    struct env_wrapped wrapped;

    begin();
    softhsm_delete_key("kek", "orders");
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102", .value = value});
    ck_assert_int_eq(kek->vtable->wrap(kek, dek, &wrapped).reason, ENV_R_KEK_IMPORTED);
    env_kek_free(kek);
}
END_TEST

START_TEST(searching_recovers_too)
{
    begin();
    softhsm_make_key(&(struct softhsm_key){.label = "mail", .id = "0304"});
    ck_assert_uint_eq(shim_real()->C_CloseAllSessions(slot()), CKR_OK);
    env_kek_free(keyring_select_one(keyring, "mail"));
    shim_fail(SHIM_FIND_OBJECTS_INIT, CKR_DEVICE_ERROR, 1);
    env_kek_free(keyring_lookup_one(keyring, "0304", ENV_WRAP_AES256_KW));
    end();
}
END_TEST

START_TEST(a_failing_search_is_reported)
{
    keyring = keyring_new();
    shim_fail(SHIM_FIND_OBJECTS_INIT, CKR_DEVICE_MEMORY, 1);
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_TOKEN_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKR_DEVICE_MEMORY (0x31), token 'kek'"));
    kek = keyring_select_one(keyring, "orders");
    end();
}
END_TEST

static atomic_bool stop;

struct user {
    pthread_t thread;
    bool until_stopped;
    atomic_bool failed;
    atomic_uint done;
};

static bool round_trip(void)
{
    const uint8_t dek[ENV_DEK_LEN] = {3};
    uint8_t back[ENV_DEK_LEN];
    struct env_wrapped wrapped;

    return env_ok(kek->vtable->wrap(kek, dek, &wrapped)) &&
           env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)) &&
           memcmp(dek, back, sizeof(dek)) == 0;
}

static void *use_kek(void *arg)
{
    struct user *user = arg;

    for (int i = 0; (i < 200 || user->until_stopped) && !atomic_load(&stop); i++) {
        if (!round_trip()) {
            atomic_store(&user->failed, true);
            break;
        }
        atomic_fetch_add(&user->done, 1);
    }
    return NULL;
}

static void start_users(struct user *users, size_t count, bool until_stopped)
{
    for (size_t i = 0; i < count; i++) {
        atomic_init(&users[i].failed, false);
        atomic_init(&users[i].done, 0);
        users[i].until_stopped = until_stopped;
        ck_assert_int_eq(pthread_create(&users[i].thread, NULL, use_kek, &users[i]), 0);
    }
}

static void join_users(struct user *users, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_join(users[i].thread, NULL), 0);
        ck_assert_msg(!atomic_load(&users[i].failed), "%s", raised_text());
    }
}

START_TEST(eight_threads_share_one_login)
{
    struct user users[8];

    begin();
    start_users(users, 8, false);
    join_users(users, 8);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 0);
    ck_assert_uint_le(shim_count(SHIM_OPEN_SESSION), 8);
    end();
}
END_TEST

START_TEST(eight_threads_share_two_sessions)
{
    struct user users[8];

    shim_session_limit(2);
    begin();
    start_users(users, 8, false);
    join_users(users, 8);
    end();
}
END_TEST

/* The failure has happened, and every user has recovered: an operation starts afresh only once. */
static void fail_and_recover(struct user *users, size_t count, enum shim_function function,
                             CK_RV rv, unsigned times)
{
    shim_fail(function, rv, times);
    while (shim_failures_left(function) > 0)
        (void)usleep(500);
    for (size_t i = 0; i < count; i++) {
        unsigned then = atomic_load(&users[i].done);

        while (atomic_load(&users[i].done) < then + 2 && !atomic_load(&users[i].failed))
            (void)usleep(500);
    }
}

START_TEST(threads_recover_while_the_token_forgets)
{
    struct user users[6];

    begin();
    start_users(users, 6, true);
    for (int i = 0; i < 5; i++) {
        fail_and_recover(users, 6, SHIM_WRAP_KEY, CKR_SESSION_HANDLE_INVALID, 2);
        fail_and_recover(users, 6, SHIM_UNWRAP_KEY, CKR_CRYPTOKI_NOT_INITIALIZED, 1);
        fail_and_recover(users, 6, SHIM_WRAP_KEY, CKR_KEY_HANDLE_INVALID, 1);
    }
    atomic_store(&stop, true);
    join_users(users, 6);
    end();
}
END_TEST

START_TEST(exhausted_sessions_are_reported)
{
    const uint8_t dek[ENV_DEK_LEN] = {1};
    struct env_wrapped wrapped;

    keyring_set(&keyring_config()->session_wait, "1");
    begin();
    clock_go(); /* or the wait would not end */
    ck_assert_uint_eq(shim_real()->C_CloseAllSessions(slot()), CKR_OK);
    shim_fail(SHIM_OPEN_SESSION, CKR_SESSION_COUNT, 1000000);
    ck_assert_int_eq(kek->vtable->wrap(kek, dek, &wrapped).reason, ENV_R_SESSIONS_EXHAUSTED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "token 'kek'"));
    shim_fail(SHIM_OPEN_SESSION, CKR_OK, 0);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: recovery");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup_orders, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_loop_test(tc, an_impossible_number_of_slots_is_refused, 0, 3);
    tcase_add_test(tc, closed_sessions_are_opened_again);
    tcase_add_test(tc, a_lost_login_is_made_again);
    tcase_add_test(tc, a_finalised_module_is_initialised_again);
    tcase_add_test(tc, every_code_has_its_remedy);
    tcase_add_test(tc, a_handle_is_looked_up_once_more);
    tcase_add_test(tc, every_remedy_is_tried_once);
    tcase_add_test(tc, a_token_that_is_gone_is_found_when_it_comes_back);
    tcase_add_test(tc, a_deleted_key_is_reported);
    tcase_add_test(tc, a_key_replaced_by_a_weaker_one_is_refused);
    tcase_add_test(tc, searching_recovers_too);
    tcase_add_test(tc, a_failing_search_is_reported);
    tcase_add_test(tc, eight_threads_share_one_login);
    tcase_add_test(tc, eight_threads_share_two_sessions);
    tcase_add_test(tc, threads_recover_while_the_token_forgets);
    tcase_add_test(tc, exhausted_sessions_are_reported);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
