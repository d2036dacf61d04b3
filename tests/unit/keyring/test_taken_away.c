/* SPDX-License-Identifier: Apache-2.0 */
/* KEKs that disabled-kek and the state file disable, with every way to name them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/named/state_watch.h"
#include "keyring_kek.h"
#include "stopped_clock.h"
#include "temporary.h"

static char state_path[TEMPORARY_PATH];
static struct env_state_watch *states;
static struct env_wrapped wrapped;

static void write_state(const char *text)
{
    FILE *out = fopen(state_path, "w");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    temporary_close(out, state_path);
}

static void set_up(void)
{
    clock_stop();
    keyring_setup_orders();
    (void)close(temporary_file(state_path));
    keyring_set(&keyring_config()->state_file, state_path);
    keyring = keyring_new();
    states = env_state_watch_new(keyring_config(), NULL, raised_errors(), keyring);
    ck_assert_ptr_nonnull(states);
    keyring->states = states;
    kek = keyring_select_one(keyring, "orders");
    wrapped = wrap();
    assert_opens(&wrapped);
}

static void tear_down(void)
{
    keyring_kek_teardown();
    env_state_watch_free(states);
    ck_assert_int_eq(unlink(state_path), 0);
}

static void becomes(const char *state)
{
    write_state(state);
    clock_move(61000);
}

START_TEST(a_disabled_kek_opens_and_seals_nothing)
{
    static const char *const names[] = {"orders",
                                        "other orders",
                                        "0102",
                                        "01:02",
                                        "pkcs11:object=orders",
                                        "pkcs11:token=kek;id=%01%02",
                                        "pkcs11:token=kek;object=orders;type=secret-key"};
    char text[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(text, sizeof(text), "disabled-kek = %s\n", names[i]);
        becomes(text);
        ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
        assert_says("key 'orders'");
        ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_KEK_DISABLED);
        becomes("");
        assert_opens(&wrapped);
    }
}
END_TEST

START_TEST(other_names_disable_others)
{
    becomes("disabled-kek = orders2 010203 pkcs11:token=other;object=orders "
            "pkcs11:object=orders;type=private\n");
    assert_opens(&wrapped);
    ck_assert_int_eq(wrap_reason(), ENV_R_NONE);
}
END_TEST

START_TEST(one_that_opens_only_does_not_seal)
{
    becomes("open-only-kek = orders\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_OPENS_ONLY);
    assert_opens(&wrapped);
    becomes("open-only-kek = other\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_NONE);
}
END_TEST

START_TEST(what_was_taken_stays_taken_when_the_state_breaks)
{
    becomes("disabled-kek = orders\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
    becomes("disabled-kek\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
    /* a name that no KEK can have is seen when the file is read */
    becomes("disabled-kek = pkcs11:frobnicate\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
    becomes("open-only-kek = %zz\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
    becomes("");
    assert_opens(&wrapped);
}
END_TEST

/* How often the text is in the file. */
static unsigned times_in(const char *path, const char *text)
{
    static char all[65536];
    FILE *in = fopen(path, "r");
    unsigned times = 0;
    size_t len;

    ck_assert_ptr_nonnull(in);
    len = fread(all, 1, sizeof(all) - 1, in);
    ck_assert_uint_lt(len, sizeof(all) - 1);
    all[len] = '\0';
    ck_assert_int_eq(fclose(in), 0);
    for (const char *at = all; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

START_TEST(the_audit_log_says_that_a_word_is_no_name)
{
    const struct env_audit audit = {.config = keyring_config(), .errors = raised_errors()};
    char path[TEMPORARY_PATH];
    char to[TEMPORARY_PATH + 8];

    (void)close(temporary_file(path));
    (void)snprintf(to, sizeof(to), "file:%s", path);
    keyring_set(&keyring_config()->audit_log, to);
    env_state_watch_free(states);
    states = env_state_watch_new(keyring_config(), &audit, raised_errors(), keyring);
    ck_assert_ptr_nonnull(states);
    keyring->states = states;
    assert_opens(&wrapped);
    becomes("disabled-kek = orders\n");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
    ck_assert_uint_eq(times_in(path, "\"reason\":364"), 0);
    for (int again = 0; again < 3; again++) { /* reported once, not at each look */
        becomes("disabled-kek = pkcs11:frobnicate\n");
        ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
        ck_assert_uint_eq(times_in(path, "\"operation\":\"state-change\""), 2);
        ck_assert_uint_eq(times_in(path, "\"reason\":364"), 1);
    }
    becomes("disabled-kek = other\n");
    assert_opens(&wrapped);
    ck_assert_uint_eq(times_in(path, "\"operation\":\"state-change\""), 3);
    keyring_set(&keyring_config()->audit_log, NULL);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(the_configuration_disables_too)
{
    env_kek_free(kek);
    kek = NULL;
    keyring_free(keyring);
    keyring_set(&keyring_config()->state_file, NULL);
    keyring_set(&keyring_config()->disabled_kek, "orders");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_DISABLED);
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DISABLED);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_KEK_DISABLED);
}
END_TEST

START_TEST(without_a_good_state_no_kek_is_used)
{
    const struct env_selector orders = {.name = "orders"};
    struct env_kek_list list;

    env_kek_free(kek);
    kek = NULL;
    keyring_free(keyring);
    env_state_watch_free(states);
    write_state("nonsense\n");
    keyring = keyring_new();
    states = env_state_watch_new(keyring_config(), NULL, raised_errors(), keyring);
    keyring->states = states;
    /* (what reading it raised is not taken back here, as libcrypto would do) */
    ck_assert_int_eq(keyring->vtable->select(keyring, &orders, &list).reason, ENV_R_STATE_FILE);
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    ck_assert_int_eq(wrap_reason(), ENV_R_STATE_FILE);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_STATE_FILE);
    write_state("");
    assert_opens(&wrapped);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyring: what is taken away");
    TCase *tcase = tcase_create("taken away");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_disabled_kek_opens_and_seals_nothing);
    tcase_add_test(tcase, other_names_disable_others);
    tcase_add_test(tcase, one_that_opens_only_does_not_seal);
    tcase_add_test(tcase, what_was_taken_stays_taken_when_the_state_breaks);
    tcase_add_test(tcase, the_audit_log_says_that_a_word_is_no_name);
    tcase_add_test(tcase, the_configuration_disables_too);
    tcase_add_test(tcase, without_a_good_state_no_kek_is_used);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
