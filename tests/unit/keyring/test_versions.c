/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a KEK in a running program: when the newest one is used, and when no longer.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/message/dek.h"
#include "envelope/named/state_watch.h"
#include "keymgmt/token/versions.h"
#include "keyring_kek.h"
#include "stopped_clock.h"
#include "temporary.h"

#define ALL "orders/*"
#define REFRESH 61000 /* milliseconds, more than state-refresh */
#define TODAY (INT64_C(22000) * ENV_DAY_SECONDS)

static struct env_crypto *crypto;
static struct env_dek_context context;

static void make(const char *token, const char *label, const char *id)
{
    softhsm_make_key(&(struct softhsm_key){.token = token, .label = label, .id = id});
}

static void begin(void)
{
    if (keyring != NULL)
        keyring_free(keyring);
    keyring = keyring_new();
    context =
        (struct env_dek_context){.crypto = crypto, .keyring = keyring, .errors = raised_errors()};
    raised_forget();
}

static void set_up(void)
{
    clock_stop();
    clock_set(TODAY);
    keyring_setup();
    make(NULL, "orders/1", "a1a1a1a1");
    keyring_set(&keyring_config()->kek, ALL);
    crypto = env_crypto_new(NULL, NULL);
    ck_assert(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    begin();
}

static void tear_down(void)
{
    clock_set(0);
    keyring_teardown();
    env_crypto_free(crypto);
}

static ENV_RESULT seal(uint8_t **der, size_t *len)
{
    const struct env_selector configured = {0};
    uint8_t dek[ENV_DEK_LEN];

    return env_dek_seal(&context, &configured, ENV_CONTENT_SEALED_KEY, dek, der, len);
}

/* A new message is for the KEK of this reference, of 4 bytes. */
static void seals_with(const char *hex)
{
    const struct env_kek_id id = id_from_hex(hex);
    uint8_t dek[ENV_DEK_LEN];
    uint8_t *der = NULL;
    size_t len = 0;
    ENV_RESULT r = seal(&der, &len);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_msg(memmem(der, len, id.bytes, id.len) != NULL, "%s does not seal", hex);
    r = env_dek_open(&context, (struct env_span){der, len}, ENV_CONTENT_SEALED_KEY, dek);
    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    OPENSSL_free(der);
}

static enum env_reason refused(void)
{
    uint8_t *der = NULL;
    size_t len = 0;
    ENV_RESULT r = seal(&der, &len);

    ck_assert(!env_ok(r) && r.raised);
    return r.reason;
}

/* A version that seals from today on, for this many days; 0: for ever. */
static void make_dated(const char *label, const char *id, int64_t from, int64_t days)
{
    const int64_t first = TODAY / ENV_DAY_SECONDS + from;
    const struct env_kek_request request = {
        .type = ENV_KEK_AES,
        .bits = 256,
        .label = label,
        .id = id_from_hex(id),
        .dates = {.first = first, .last = days > 0 ? first + days - 1 : 0},
    };
    struct env_kek *made = NULL;
    ENV_RESULT r = keyring->vtable->generate(keyring, &request, &made);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    env_kek_free(made);
}

/* ---- a new one ---- */

START_TEST(a_new_version_is_taken_up_within_state_refresh_seconds)
{
    seals_with("a1a1a1a1");
    make(NULL, "orders/2", "a2a2a2a2");
    seals_with("a1a1a1a1");
    clock_move(REFRESH / 2);
    seals_with("a1a1a1a1");
    clock_move(REFRESH / 2 + 1000);
    seals_with("a2a2a2a2");
}
END_TEST

START_TEST(in_between_the_token_is_not_asked_which_there_are)
{
    seals_with("a1a1a1a1");
    shim_forget_counts();
    for (unsigned i = 0; i < 10; i++)
        seals_with("a1a1a1a1");
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 0);
}
END_TEST

START_TEST(one_whose_day_comes_is_taken_up_on_that_day)
{
    make_dated("orders/2", "a2a2a2a2", 2, 0);
    seals_with("a1a1a1a1");
    clock_set(TODAY + 2 * ENV_DAY_SECONDS - 1);
    seals_with("a1a1a1a1");
    clock_set(TODAY + 2 * ENV_DAY_SECONDS);
    seals_with("a2a2a2a2");
}
END_TEST

START_TEST(a_start_date_counts_where_dates_are_not_looked_at_as_well)
{
    make_dated("orders/2", "a2a2a2a2", 2, 3);
    keyring_set(&keyring_config()->allow_expired_kek, "yes");
    begin();
    seals_with("a1a1a1a1");
    clock_set(TODAY + 9 * ENV_DAY_SECONDS);
    seals_with("a2a2a2a2");
}
END_TEST

/* ---- a version that disappears ---- */

START_TEST(one_that_expires_is_left_at_once)
{
    make_dated("orders/2", "a2a2a2a2", 0, 1);
    seals_with("a2a2a2a2");
    clock_set(TODAY + ENV_DAY_SECONDS);
    seals_with("a1a1a1a1");
}
END_TEST

START_TEST(one_that_is_gone_is_left_at_once)
{
    make(NULL, "orders/2", "a2a2a2a2");
    seals_with("a2a2a2a2");
    softhsm_delete_key("kek", "orders/2");
    seals_with("a1a1a1a1");
}
END_TEST

START_TEST(one_that_was_made_anew_is_another)
{
    make(NULL, "orders/2", "a2a2a2a2");
    seals_with("a2a2a2a2");
    softhsm_delete_key("kek", "orders/2");
    make(NULL, "orders/2", "b2b2b2b2");
    seals_with("b2b2b2b2");
}
END_TEST

START_TEST(the_last_one_that_is_gone_is_missed)
{
    seals_with("a1a1a1a1");
    softhsm_delete_key("kek", "orders/1");
    ck_assert_int_eq(refused(), ENV_R_KEK_NOT_FOUND);
    assert_says(ALL);
    make(NULL, "orders/1", "c1c1c1c1");
    clock_move(REFRESH);
    seals_with("c1c1c1c1");
}
END_TEST

/* The state file of a program that runs says it. */
static void taken_away(const char *state, enum env_reason opening)
{
    char path[TEMPORARY_PATH];
    struct env_state_watch *states;
    uint8_t dek[ENV_DEK_LEN];
    uint8_t *der = NULL;
    size_t len = 0;
    ENV_RESULT r;
    FILE *file;

    (void)close(temporary_file(path));
    make(NULL, "orders/2", "a2a2a2a2");
    keyring_set(&keyring_config()->state_file, path);
    begin();
    states = env_state_watch_new(keyring_config(), NULL, raised_errors(), keyring);
    keyring->states = states;
    seals_with("a2a2a2a2");
    ck_assert(env_ok(seal(&der, &len)));
    file = fopen(path, "w");
    ck_assert(file != NULL && fputs(state, file) >= 0);
    temporary_close(file, path);
    seals_with("a2a2a2a2"); /* until it is looked at */
    clock_move(REFRESH);
    seals_with("a1a1a1a1");
    r = env_dek_open(&context, (struct env_span){der, len}, ENV_CONTENT_SEALED_KEY, dek);
    ck_assert_int_eq(r.reason, opening);
    OPENSSL_free(der);
    keyring_free(keyring);
    keyring = keyring_new();
    env_state_watch_free(states);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(one_that_is_disabled_is_left_and_opens_nothing)
{
    taken_away("disabled-kek = orders/2\n", ENV_R_KEK_DISABLED);
}
END_TEST

START_TEST(one_that_is_retired_is_left_and_opens)
{
    taken_away("open-only-kek = orders/2\n", ENV_R_NONE);
}
END_TEST

/* ---- what is passed over ---- */

START_TEST(two_keys_of_one_label_do_not_seal_until_one_of_them_goes)
{
    make(NULL, "orders/2", "a2a2a2a2");
    make(NULL, "orders/2", "b2b2b2b2");
    seals_with("a1a1a1a1");
    softhsm_delete_key("kek", "orders/2"); /* one, and the other */
    softhsm_delete_key("kek", "orders/2");
    make(NULL, "orders/2", "b2b2b2b2");
    clock_move(REFRESH);
    seals_with("b2b2b2b2");
}
END_TEST

START_TEST(what_the_policy_refuses_is_passed_over_and_told_where_nothing_is_left)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders/2", .id = "a2a2a2a2", .extractable = true});
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders/3", .id = "a3a3a3a3", .public_object = true});
    seals_with("a1a1a1a1");
    softhsm_delete_key("kek", "orders/1");
    ck_assert_int_eq(refused(), ENV_R_KEK_NO_VERSION);
    assert_says("'orders/3'");
}
END_TEST

/* ---- tokens ---- */

START_TEST(a_version_stays_known_while_its_token_is_away)
{
    softhsm_add_token("second");
    make("second", "orders/2", "a2a2a2a2");
    keyring_set(&keyring_config()->token, "pkcs11:");
    begin();
    seals_with("a2a2a2a2");
    shim_fail(SHIM_FIND_OBJECTS_INIT, CKR_DEVICE_REMOVED, 1); /* of the first token */
    clock_move(REFRESH);
    seals_with("a2a2a2a2");
}
END_TEST

START_TEST(a_token_that_fails_is_no_reason_to_seal_with_an_older_one)
{
    make(NULL, "orders/2", "a2a2a2a2");
    seals_with("a2a2a2a2");
    softhsm_hide_tokens();
    shim_fail(SHIM_WRAP_KEY, CKR_DEVICE_REMOVED, 100);
    shim_fail(SHIM_ENCRYPT_INIT, CKR_DEVICE_REMOVED, 100);
    ck_assert(env_kek_out_of_reach(refused()));
    softhsm_restore_tokens();
}
END_TEST

/* ---- labels ---- */

START_TEST(a_number_is_written_in_one_way)
{
    static const char *const good[] = {"orders/1", "orders/10", "orders/999999999"};
    static const char *const bad[] = {"orders/",   "orders/0",   "orders/01", "orders/1a",
                                      "orders/ 1", "orders/-1",  "orders",    "order/1",
                                      "Orders/1",  "orders/1/2", "xorders/1", "orders/1000000000",
                                      "orders/1 ", "orders/*"};
    uint32_t number;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert(env_version_read(good[i], strlen(good[i]), "orders/", 7, &number));
    ck_assert_uint_eq(number, ENV_VERSION_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!env_version_read(bad[i], strlen(bad[i]), "orders/", 7, &number), "%s",
                      bad[i]);
    ck_assert(env_versions_named(ALL, strlen(ALL)));
    ck_assert(!env_versions_named("/*", 2));
    ck_assert(!env_versions_named("orders*", 7));
    ck_assert(!env_versions_named("orders/1", 8));
}
END_TEST

START_TEST(a_list_is_sorted_and_has_each_number_once)
{
    const struct env_version found[] = {
        {.number = 2, .id = {.len = 1, .bytes = {2}}},
        {.number = 10, .id = {.len = 1, .bytes = {10}}},
        {.number = 2, .id = {.len = 1, .bytes = {2}}},               /* a copy */
        {.number = 3, .rsa = true, .id = {.len = 1, .bytes = {30}}}, /* beside an AES KEK */
        {.number = 3, .id = {.len = 1, .bytes = {3}}},
        {.number = 4, .id = {.len = 1, .bytes = {4}}},
        {.number = 4, .id = {.len = 1, .bytes = {5}}},
    };
    struct env_versions *list = env_versions_new(found, sizeof(found) / sizeof(found[0]));

    ck_assert_uint_eq(list->count, 4);
    ck_assert(list->list[0].number == 10 && !list->list[0].ambiguous);
    ck_assert(list->list[1].number == 4 && list->list[1].ambiguous);
    ck_assert(list->list[2].number == 3 && !list->list[2].rsa && !list->list[2].ambiguous);
    ck_assert(list->list[3].number == 2 && !list->list[3].ambiguous);
    env_versions_free(list);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyring: versions");
    TCase *tcase = tcase_create("versions");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_new_version_is_taken_up_within_state_refresh_seconds);
    tcase_add_test(tcase, in_between_the_token_is_not_asked_which_there_are);
    tcase_add_test(tcase, one_whose_day_comes_is_taken_up_on_that_day);
    tcase_add_test(tcase, a_start_date_counts_where_dates_are_not_looked_at_as_well);
    tcase_add_test(tcase, one_that_expires_is_left_at_once);
    tcase_add_test(tcase, one_that_is_gone_is_left_at_once);
    tcase_add_test(tcase, one_that_was_made_anew_is_another);
    tcase_add_test(tcase, the_last_one_that_is_gone_is_missed);
    tcase_add_test(tcase, one_that_is_disabled_is_left_and_opens_nothing);
    tcase_add_test(tcase, one_that_is_retired_is_left_and_opens);
    tcase_add_test(tcase, two_keys_of_one_label_do_not_seal_until_one_of_them_goes);
    tcase_add_test(tcase, what_the_policy_refuses_is_passed_over_and_told_where_nothing_is_left);
    tcase_add_test(tcase, a_version_stays_known_while_its_token_is_away);
    tcase_add_test(tcase, a_token_that_fails_is_no_reason_to_seal_with_an_older_one);
    tcase_add_test(tcase, a_number_is_written_in_one_way);
    tcase_add_test(tcase, a_list_is_sorted_and_has_each_number_once);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
