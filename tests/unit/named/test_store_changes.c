/* SPDX-License-Identifier: Apache-2.0 */
/* The store: files, tokens and the state file that change while it runs, and its start. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/common/named.h"
#include "stopped_clock.h"
#include "store_case.h"

/* ---- while it runs ---- */

START_TEST(a_new_file_is_seen_at_the_next_look)
{
    struct named_made one = named_put(&(struct named_recipe){0});
    struct named_made two;

    ck_assert_int_eq(store_ask(&one), ENV_R_NONE);
    two = named_put(&(struct named_recipe){.number = 2});
    ck_assert_int_eq(store_ask(&two), ENV_R_KEY_REFUSED);
    store_refresh();
    ck_assert_int_eq(store_ask(&two), ENV_R_NONE);
    ck_assert_int_eq(store_ask(&one), ENV_R_NONE);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    store_let_go();
}
END_TEST

START_TEST(a_key_whose_file_is_gone_goes)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_ref *kept;
    const uint8_t *key;

    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    kept = store_ref;
    key = store_ref->key.data;
    store_ref = NULL;
    named_remove("orders", 1);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_log_lines("state-change", "orders@1", "\"reason\":351,"), 1);
    /* a holder keeps the key until it releases it */
    ck_assert_mem_eq(kept->key.data, made.key, made.key_len);
    store_keys->vtable->release(store_keys, kept);
#if !defined(__SANITIZE_ADDRESS__)
    ck_assert_int_eq(key[0] | key[1] | key[31], 0);
#else
    (void)key;
#endif
}
END_TEST

START_TEST(a_folder_that_is_gone_takes_all_along)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
    named_configure(&named_config->keys_directory, "/nonexistent/keys");
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    named_configure(&named_config->keys_directory, named_folder);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
}
END_TEST

START_TEST(a_folder_that_cannot_be_judged_changes_nothing)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_int_eq(chmod(named_folder, 0777), 0);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_int_eq(chmod(named_folder, 0700), 0);
    store_let_go();
}
END_TEST

START_TEST(a_changed_file_is_opened_again)
{
    struct named_recipe recipe = {.fill = 1};
    struct named_made old = named_put(&recipe);
    struct named_made made;

    recipe.stand_in = old.stand_in;
    recipe.fill = 77;
    ck_assert_int_eq(store_ask(&old), ENV_R_NONE);
    made = named_put(&recipe);
    ck_assert_int_eq(store_ask(&old), ENV_R_NONE);
    store_gives(&old);
    store_refresh();
    ck_assert_int_eq(store_ask(&old), ENV_R_NONE);
    store_gives(&made);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    store_let_go();
}
END_TEST

START_TEST(while_the_token_is_away_the_old_key_stays)
{
    struct named_recipe recipe = {.fill = 1};
    struct named_made old = named_put(&recipe);
    struct named_made made;

    recipe.stand_in = old.stand_in;
    recipe.fill = 77;
    ck_assert_int_eq(store_ask(&old), ENV_R_NONE);
    made = named_put(&recipe);
    fake_keks[0].fail_unwrap = true;
    store_refresh();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(store_ask(&old), ENV_R_NONE);
        store_gives(&old);
    }
    ck_assert_uint_eq(store_log_lines("open", "orders@1", "\"result\":\"failed\""), 1);
    fake_keks[0].fail_unwrap = false;
    store_refresh();
    ck_assert_int_eq(store_ask(&old), ENV_R_NONE);
    store_gives(&made);
    store_let_go();
}
END_TEST

START_TEST(a_file_that_is_being_copied_changes_nothing)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other;
    struct bytes whole;
    struct bytes half;

    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    whole = named_bytes(&(struct named_recipe){.fill = 8, .stand_in = made.stand_in}, &other);
    half = bytes_of(whole.data, whole.len / 2);
    named_put_file("orders@1.envkey", &half);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(store_ref->key.data[0], 1);
    ck_assert_uint_eq(store_refusals("orders@1", ENV_R_KEY_FILE_BAD), 1);
    named_put_file("orders@1.envkey", &whole);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(store_ref->key.data[0], 8);
    bytes_free(&whole);
    bytes_free(&half);
    store_let_go();
}
END_TEST

/* ---- a token that is away ---- */

START_TEST(a_failure_is_remembered_for_1_2_4_seconds_and_no_more_than_30)
{
    static const unsigned waits[] = {1, 2, 4, 8, 16, 30, 30, 30};
    struct named_made made = named_put(&(struct named_recipe){0});
    int tries = 1;

    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(store_ask(&made), ENV_R_TOKEN_FAILED);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        for (int j = 0; j < 3; j++)
            ck_assert_int_eq(store_ask(&made), ENV_R_KEY_AWAY);
        clock_move(waits[i] * SECOND - 1);
        ck_assert_int_eq(store_ask(&made), ENV_R_KEY_AWAY);
        ck_assert_int_eq(fake_keks[0].unwraps, tries);
        clock_move(1);
        ck_assert_int_eq(store_ask(&made), ENV_R_TOKEN_FAILED);
        tries++;
        ck_assert_int_eq(fake_keks[0].unwraps, tries);
    }
    fake_keks[0].fail_unwrap = false;
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_AWAY);
    clock_move(30 * SECOND);
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_gives(&made);
    store_let_go();
}
END_TEST

/* ---- at the start ---- */

START_TEST(those_with_a_whole_name_are_opened_at_the_start)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    (void)named_put(&(struct named_recipe){.number = 2});
    (void)named_put(&(struct named_recipe){.name = "tenant-1"});
    (void)named_put(&(struct named_recipe){.name = "archive"});
    named_configure(&named_config->allow_keys, "orders tenant-*");
    named_config->keys_open_at_start_on = true;
    ck_assert_int_eq(store_ask_for("key:0123456789abcdefghijklmnopqr", "AES-256-GCM", true),
                     ENV_R_KEY_REFUSED);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    store_let_go();
}
END_TEST

START_TEST(what_does_not_open_at_the_start_is_told_when_it_is_asked_for)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other = named_put(&(struct named_recipe){.number = 2});

    named_config->keys_open_at_start_on = true;
    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_AWAY);
    ck_assert_int_eq(store_ask(&other), ENV_R_KEY_AWAY);
    fake_keks[0].fail_unwrap = false;
    clock_move(SECOND);
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
}
END_TEST

/* ---- by RSA, and state ---- */

START_TEST(what_rsa_alone_opens_is_opened_only_where_that_is_wanted)
{
    struct named_made made;

    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    made = named_put(&(struct named_recipe){0});
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_BY_RSA);
    ck_assert_uint_eq(store_refusals("orders@1", ENV_R_KEY_BY_RSA), 1);
    named_config->keys_by_rsa_on = true;
    clock_move(SECOND);
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
}
END_TEST

START_TEST(a_disabled_key_goes_at_the_next_look)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    store_with_state("# nothing yet\n");
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_write_state("disabled-key = orders\n");
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_log_lines("state-change", "orders@1", "\"reason\":355,"), 1);
    store_write_state("");
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    store_let_go();
}
END_TEST

START_TEST(a_broken_state_leaves_the_last_good_one)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other = named_put(&(struct named_recipe){.number = 2});

    store_with_state("disabled-key = orders@2\n");
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_write_state("disable-key = orders\n");
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_int_eq(store_ask(&other), ENV_R_KEY_REFUSED);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(store_log_lines("state-change", NULL, "\"reason\":364,"), 1);
    ck_assert_int_eq(unlink(store_state_path), 0);
    store_refresh();
    ck_assert_int_eq(store_ask(&other), ENV_R_KEY_REFUSED);
    store_write_state("disabled-key = orders@1\n");
    ck_assert_int_eq(chmod(store_state_path, 0600), 0);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(store_ask(&other), ENV_R_NONE);
    store_let_go();
}
END_TEST

START_TEST(without_a_good_state_nothing_is_used)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    store_with_state("no state\n");
    ck_assert_int_eq(store_ask(&made), ENV_R_STATE_FILE);
    ck_assert_int_eq(store_ask(&made), ENV_R_STATE_FILE);
    store_write_state("");
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
}
END_TEST

/* ---- the instance's ---- */

START_TEST(an_instance_has_one_store_and_frees_it)
{
    struct env_provctx *provctx =
        (struct env_provctx *)(void *)((char *)named_config - offsetof(struct env_provctx, config));
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_wish wish = store_wish("AES-256-GCM", true);
    const struct env_named_ref *mine = NULL;
    struct env_named_keys *first = NULL;
    struct env_named_keys *second = NULL;

    ck_assert(env_ok(env_provctx_named_keys(provctx, &first)));
    ck_assert(env_ok(env_provctx_named_keys(provctx, &second)));
    ck_assert_ptr_eq(first, second);
    ck_assert(env_ok(first->vtable->by_stand_in(
        first, (struct env_span){(const uint8_t *)made.stand_in, strlen(made.stand_in)}, &wish,
        &mine)));
    ck_assert_mem_eq(mine->key.data, made.key, made.key_len);
    first->vtable->release(first, mine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: changes");
    TCase *tcase = store_tests(suite, "while it runs");

    tcase_add_test(tcase, a_new_file_is_seen_at_the_next_look);
    tcase_add_test(tcase, a_key_whose_file_is_gone_goes);
    tcase_add_test(tcase, a_folder_that_is_gone_takes_all_along);
    tcase_add_test(tcase, a_folder_that_cannot_be_judged_changes_nothing);
    tcase_add_test(tcase, a_changed_file_is_opened_again);
    tcase_add_test(tcase, while_the_token_is_away_the_old_key_stays);
    tcase_add_test(tcase, a_file_that_is_being_copied_changes_nothing);
    tcase_add_test(tcase, a_failure_is_remembered_for_1_2_4_seconds_and_no_more_than_30);
    tcase = store_tests(suite, "start, rsa, state");
    tcase_add_test(tcase, those_with_a_whole_name_are_opened_at_the_start);
    tcase_add_test(tcase, what_does_not_open_at_the_start_is_told_when_it_is_asked_for);
    tcase_add_test(tcase, what_rsa_alone_opens_is_opened_only_where_that_is_wanted);
    tcase_add_test(tcase, a_disabled_key_goes_at_the_next_look);
    tcase_add_test(tcase, a_broken_state_leaves_the_last_good_one);
    tcase_add_test(tcase, without_a_good_state_nothing_is_used);
    tcase_add_test(tcase, an_instance_has_one_store_and_frees_it);
    return caller_run(suite);
}
