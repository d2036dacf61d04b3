/* SPDX-License-Identifier: Apache-2.0 */
/* The store: who gets which key and which version, and which steps use a KEK. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

#include "envelope/base/secret.h"
#include "stopped_clock.h"
#include "store_case.h"

/* ---- what it costs ---- */

START_TEST(a_key_is_opened_once)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
        store_gives(&made);
    }
    ck_assert_str_eq(store_ref->clear->name, "orders");
    ck_assert_mem_eq(store_ref->id, store_ref->clear->id, ENV_NAMED_ID_LEN);
    ck_assert_mem_ne(store_ref->id, store_ref->field_id, ENV_NAMED_ID_LEN);
    ck_assert_int_eq(fake_keks[0].unwraps, 1);
    ck_assert_uint_eq(store_log_lines("open", "orders@1", "\"result\":\"ok\""), 1);
    ck_assert_uint_eq(store_log_lines("unwrap", NULL, NULL), 0);
    store_let_go();
}
END_TEST

START_TEST(padded_with_zeros_it_is_the_same_stand_in)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_wish wish = store_wish("AES-256-GCM", false);
    uint8_t padded[80] = {0};

    memcpy(padded, made.stand_in, strlen(made.stand_in));
    ck_assert_int_eq(store_told(store_keys->vtable->by_stand_in(
                         store_keys, (struct env_span){padded, 80}, &wish, &store_ref)),
                     ENV_R_NONE);
    store_gives(&made);
    store_let_go();
}
END_TEST

START_TEST(nothing_is_read_before_the_first_question)
{
    named_configure(&named_config->keys_directory, "/nonexistent/keys");
    store_close();
    store_open();
    named_configure(&named_config->keys_directory, named_folder);
}
END_TEST

/* ---- who gets none ---- */

START_TEST(refusals_are_one_reason_and_the_log_tells_them_apart)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other = named_put(&(struct named_recipe){.name = "archive"});
    struct named_made off = named_put(&(struct named_recipe){.number = 2, .fill = 9});
    const char *const unknown = "key:0123456789abcdefghijklmnopqr";
    uint8_t hash[ENV_STAND_IN_HASH_LEN];
    char text[128];

    ck_assert_int_eq(store_ask_for(unknown, "AES-256-GCM", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals(NULL, ENV_R_KEY_UNKNOWN), 1);
    ck_assert_int_eq(store_ask(&other), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals("archive@1", ENV_R_KEY_NOT_ALLOWED), 1);
    ck_assert_int_eq(store_ask_for(made.stand_in, "AES-256-CBC", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals("orders@1", ENV_R_KEY_WRONG_USE), 1);
    ck_assert(env_ok(env_stand_in_hash(
        named_context->crypto,
        (struct env_span){(const uint8_t *)made.stand_in, strlen(made.stand_in)}, hash)));
    (void)snprintf(text, sizeof(text),
                   "revoked-stand-in = %02x%02x%02x%02x%02x%02x%02x%02x\ndisabled-key = orders@2\n",
                   hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);
    store_with_state(text);
    store_refresh();
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals("orders@1", ENV_R_KEY_REVOKED), 1);
    ck_assert_int_eq(store_ask(&off), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals("orders@2", ENV_R_KEY_DISABLED), 1);
    ck_assert_int_eq(fake_keks[0].unwraps, 0);
}
END_TEST

/* Who may hand key bytes in does not fill the disk, and hides nothing but his own guesses. */
START_TEST(guesses_do_not_flood_the_log)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const char *const unknown = "key:0123456789abcdefghijklmnopqr";

    for (int i = 0; i < 1000; i++)
        ck_demand(store_ask_for(unknown, "AES-256-GCM", true) == ENV_R_KEY_REFUSED, "%d", i);
    /* ten, then 10, 20, 40 ... 320 in one; 360 are counted */
    ck_assert_uint_eq(store_refusals(NULL, ENV_R_KEY_UNKNOWN), 16);
    ck_assert_uint_eq(store_log_lines("open", NULL, "\"count\":320,"), 1);
    ck_assert_int_eq(store_ask_for(made.stand_in, "AES-256-CBC", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals("orders@1", ENV_R_KEY_WRONG_USE), 1);
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(store_log_lines("open", NULL, "\"count\":360,"), 0);
    store_refresh(); /* a minute later the next request reports the rest */
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(store_log_lines("open", NULL, "\"count\":360,"), 1);
    ck_assert_uint_eq(store_refusals(NULL, ENV_R_KEY_UNKNOWN), 17);
    ck_assert_int_eq(store_ask_for(unknown, "AES-256-GCM", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals(NULL, ENV_R_KEY_UNKNOWN), 18);
}
END_TEST

/* Everybody can read the first eight bytes of its hash in the file: they open nothing. */
START_TEST(what_has_the_same_hint_is_another_stand_in)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct env_named_clear clear;
    struct env_named_sealed *sealed = named_parts(&recipe, &clear, &made);
    static const struct env_selector configured;
    struct bytes bytes;
    uint8_t *file = NULL;
    size_t len = 0;

    sealed->hashes[0][31] ^= 1;
    ck_assert(env_ok(env_named_seal(named_context, &configured, &clear, sealed, &file, &len)));
    env_secret_free(sealed, sizeof(*sealed));
    bytes = bytes_of(file, len);
    OPENSSL_free(file);
    named_put_file("orders@1.envkey", &bytes);
    bytes_free(&bytes);
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals(NULL, ENV_R_KEY_UNKNOWN), 1);
}
END_TEST

START_TEST(allow_keys_has_names_versions_and_patterns)
{
    static const struct {
        const char *allow;
        const char *name;
        uint32_t number;
        bool allowed;
    } cases[] = {
        {"orders", "orders", 1, true},
        {"orders", "orders2", 1, false},
        {"orders@2", "orders", 1, false},
        {"orders@2", "orders", 2, true},
        {"tenant-*", "tenant-7", 1, true},
        {"tenant-*", "tenants", 1, false},
        {"*", "anything", 1, true},
        {NULL, "orders", 1, false},
        {"archive orders", "orders", 3, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct named_made made =
            named_put(&(struct named_recipe){.name = cases[i].name, .number = cases[i].number});

        named_configure(&named_config->allow_keys, cases[i].allow);
        store_refresh();
        ck_assert_int_eq(store_ask(&made), cases[i].allowed ? ENV_R_NONE : ENV_R_KEY_REFUSED);
        store_let_go();
        named_remove(cases[i].name, cases[i].number);
    }
}
END_TEST

START_TEST(a_folder_that_is_not_there_or_not_safe_gives_none)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    ck_assert_int_eq(chmod(named_folder, 0777), 0);
    ck_assert_int_eq(store_ask(&made), ENV_R_KEYS_FOLDER);
    ck_assert_int_eq(chmod(named_folder, 0700), 0);
    ck_assert_int_eq(store_ask(&made), ENV_R_NONE);
    store_let_go();
}
END_TEST

START_TEST(a_broken_file_is_said_by_name_and_unknown_by_stand_in)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct bytes nonsense = bytes_plain(100, 3);

    named_put_file("orders@1.envkey", &nonsense);
    ck_assert_int_eq(store_ask_by_name("orders", "AES-256-GCM", false), ENV_R_KEY_FILE_BAD);
    ck_assert_int_eq(store_ask_by_name("orders@1", "AES-256-GCM", false), ENV_R_KEY_FILE_BAD);
    ck_assert_int_eq(store_ask_by_name("orders@2", "AES-256-GCM", false), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(store_ask_by_name("no such name", "AES-256-GCM", false), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(store_ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(store_refusals("orders@1", ENV_R_KEY_FILE_BAD), 1);
    bytes_free(&nonsense);
}
END_TEST

/* The operator gets a message, and somebody who guesses learns nothing about stand-ins. */
static void refused_with(const char *stand_in, const char *use, const char *words)
{
    const struct env_named_wish wish = store_wish(use, false);
    const char *data = NULL;
    ENV_RESULT r;

    store_let_go();
    r = store_keys->vtable->by_stand_in(
        store_keys, (struct env_span){(const uint8_t *)stand_in, strlen(stand_in)}, &wish,
        &store_ref);
    (void)ERR_peek_last_error_all(NULL, NULL, NULL, &data, NULL);
    ck_assert_ptr_nonnull(data);
    ck_assert_str_eq(data, words);
    ck_assert_int_eq(store_told(r), ENV_R_KEY_REFUSED);
}

START_TEST(a_refusal_says_how_many_files_cannot_be_used)
{
    static const char words[] = "key files that cannot be used: 1 (envelope check says which)";
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other = named_put(&(struct named_recipe){.number = 2, .fill = 50});
    struct bytes nonsense = bytes_plain(100, 3);

    named_put_file("orders@1.envkey", &nonsense);
    refused_with(made.stand_in, "AES-256-GCM", words);
    refused_with("key:0123456789AB", "AES-256-GCM", words);
    refused_with(other.stand_in, "AES-256-CBC", words);
    named_put(&(struct named_recipe){0});
    clock_move(61 * SECOND);
    refused_with(other.stand_in, "AES-256-CBC", "");
    bytes_free(&nonsense);
}
END_TEST

/* ---- versions ---- */

START_TEST(under_a_stock_name_a_stand_in_never_moves)
{
    struct named_made one = named_put(&(struct named_recipe){.number = 1, .fill = 1});
    struct named_made two = named_put(&(struct named_recipe){.number = 2, .fill = 50});

    ck_assert_int_eq(store_ask(&one), ENV_R_NONE);
    store_gives(&one);
    ck_assert_int_eq(store_ask(&two), ENV_R_NONE);
    store_gives(&two);
    store_let_go();
}
END_TEST

static struct named_made field(uint32_t number, int64_t seal_from, int64_t not_after)
{
    return named_put(&(struct named_recipe){.number = number,
                                            .fill = (uint8_t)(10 * number),
                                            .uses = "ENVELOPE-FIELD",
                                            .seal_from = seal_from,
                                            .not_after = not_after,
                                            .stand_in = "key:0123456789abcdefghijklmnopqr"});
}

#define LONG_AGO 1000000000
#define FAR_OFF 250000000000

static int ask_field(bool seals)
{
    return store_ask_for("key:0123456789abcdefghijklmnopqr", "ENVELOPE-FIELD", seals);
}

START_TEST(fields_are_sealed_by_the_newest_version_whose_time_has_come)
{
    struct named_made one = field(1, LONG_AGO, 0);
    struct named_made two = field(2, LONG_AGO, 0);
    struct named_made three = field(3, FAR_OFF, 0);

    ck_assert_int_eq(ask_field(true), ENV_R_NONE);
    store_gives(&two);
    ck_assert_int_eq(store_ask_by_name("orders", "ENVELOPE-FIELD", true), ENV_R_NONE);
    store_gives(&two);
    ck_assert_int_eq(store_ask_by_name("orders", "ENVELOPE-FIELD", false), ENV_R_NONE);
    store_gives(&three);
    ck_assert_int_eq(store_ask_by_name("orders@1", "ENVELOPE-FIELD", true), ENV_R_NONE);
    store_gives(&one);
    ck_assert_int_eq(store_ask_by_name("orders@3", "ENVELOPE-FIELD", true), ENV_R_KEY_SEALS_NOT);
    store_let_go();
}
END_TEST

START_TEST(after_its_time_a_version_opens_and_does_not_seal)
{
    struct named_made one = field(1, LONG_AGO, LONG_AGO + 1);

    ck_assert_int_eq(ask_field(true), ENV_R_KEY_SEALS_NOT);
    ck_assert_int_eq(store_ask_by_name("orders", "ENVELOPE-FIELD", true), ENV_R_KEY_SEALS_NOT);
    ck_assert_int_eq(fake_keks[0].unwraps, 0);
    ck_assert_int_eq(ask_field(false), ENV_R_NONE);
    store_gives(&one);
    store_let_go();
}
END_TEST

static int by_field_id(const uint8_t *id)
{
    const struct env_named_wish wish = store_wish("ENVELOPE-FIELD", false);

    store_let_go();
    return store_told(store_keys->vtable->by_field_id(store_keys, "orders", id, &wish, &store_ref));
}

START_TEST(a_field_names_its_version)
{
    struct named_made one = field(1, LONG_AGO, 0);
    struct named_made two = field(2, LONG_AGO, 0);
    uint8_t ids[2][ENV_NAMED_ID_LEN];

    ck_assert(env_ok(env_named_field_id(named_context->crypto,
                                        (struct env_span){one.key, one.key_len}, ids[0])));
    ck_assert(env_ok(env_named_field_id(named_context->crypto,
                                        (struct env_span){two.key, two.key_len}, ids[1])));
    ck_assert_int_eq(by_field_id(ids[1]), ENV_R_NONE);
    store_gives(&two);
    ck_assert_int_eq(fake_keks[0].unwraps, 1);
    ck_assert_int_eq(by_field_id(ids[0]), ENV_R_NONE);
    store_gives(&one);
    ck_assert_int_eq(by_field_id((const uint8_t *)"unknown!"), ENV_R_KEY_UNKNOWN);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    store_let_go();
}
END_TEST

START_TEST(a_version_that_cannot_be_opened_may_be_the_one)
{
    (void)field(1, LONG_AGO, 0);
    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(by_field_id((const uint8_t *)"unknown!"), ENV_R_TOKEN_FAILED);
    ck_assert_int_eq(by_field_id((const uint8_t *)"unknown!"), ENV_R_KEY_AWAY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: asking");
    TCase *tcase = store_tests(suite, "asking");

    tcase_add_test(tcase, a_key_is_opened_once);
    tcase_add_test(tcase, padded_with_zeros_it_is_the_same_stand_in);
    tcase_add_test(tcase, nothing_is_read_before_the_first_question);
    tcase_add_test(tcase, refusals_are_one_reason_and_the_log_tells_them_apart);
    tcase_add_test(tcase, guesses_do_not_flood_the_log);
    tcase_add_test(tcase, what_has_the_same_hint_is_another_stand_in);
    tcase_add_test(tcase, allow_keys_has_names_versions_and_patterns);
    tcase_add_test(tcase, a_folder_that_is_not_there_or_not_safe_gives_none);
    tcase_add_test(tcase, a_broken_file_is_said_by_name_and_unknown_by_stand_in);
    tcase_add_test(tcase, a_refusal_says_how_many_files_cannot_be_used);
    tcase = store_tests(suite, "versions");
    tcase_add_test(tcase, under_a_stock_name_a_stand_in_never_moves);
    tcase_add_test(tcase, fields_are_sealed_by_the_newest_version_whose_time_has_come);
    tcase_add_test(tcase, after_its_time_a_version_opens_and_does_not_seal);
    tcase_add_test(tcase, a_field_names_its_version);
    tcase_add_test(tcase, a_version_that_cannot_be_opened_may_be_the_one);
    return caller_run(suite);
}
