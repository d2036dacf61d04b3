/* SPDX-License-Identifier: Apache-2.0 */
/* The store: who gets which key, which steps use a KEK, and changes while it runs.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "envelope/base/secret.h"
#include "envelope/named/store.h"
#include "named_case.h"
#include "provider/common/named.h"
#include "stopped_clock.h"

#define SECOND 1000u

static struct env_state_watch *states;
static struct env_named_keys *keys;
static const struct env_named_ref *ref;
static char log_path[TEMPORARY_PATH];
static char state_path[TEMPORARY_PATH];

static void open_store(void)
{
    states = env_state_watch_new(named_config, named_context->keyring->audit, named_context->errors,
                                 NULL);
    keys = env_store_new(named_config, named_context, states);
    ck_assert(states != NULL && keys != NULL);
}

static void close_store(void)
{
    keys->vtable->free(keys);
    env_state_watch_free(states);
}

static void set_up(void)
{
    char log[TEMPORARY_PATH + 8];

    clock_stop();
    named_set_up();
    (void)close(temporary_file(log_path));
    (void)close(temporary_file(state_path));
    (void)snprintf(log, sizeof(log), "file:%s", log_path);
    named_configure(&named_config->audit_log, log);
    named_configure(&named_config->allow_keys, "orders");
    ref = NULL;
    open_store();
}

static void tear_down(void)
{
    close_store();
    named_tear_down();
    ck_assert_int_eq(unlink(log_path), 0);
    ck_assert_int_eq(unlink(state_path), 0);
}

/* ---- asking ---- */

static int told(ENV_RESULT r)
{
    int on_stack = caller_reason();

    if (r.raised)
        ck_assert_int_eq(on_stack, (int)r.reason);
    else
        ck_assert_int_eq(on_stack, ENV_R_NONE);
    return (int)r.reason;
}

static struct env_named_wish wish_for(const char *use, bool seals)
{
    return (struct env_named_wish){env_use_number(use), seals};
}

static void let_go(void)
{
    keys->vtable->release(keys, ref);
    ref = NULL;
}

static int ask_for(const char *stand_in, const char *use, bool seals)
{
    const struct env_named_wish wish = wish_for(use, seals);

    let_go();
    return told(keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)stand_in, strlen(stand_in)}, &wish, &ref));
}

static int ask(const struct named_made *made)
{
    return ask_for(made->stand_in, "AES-256-GCM", true);
}

static int name(const char *text, const char *use, bool seals)
{
    const struct env_named_wish wish = wish_for(use, seals);

    let_go();
    return told(keys->vtable->by_name(keys, text, &wish, &ref));
}

static void gives(const struct named_made *made)
{
    ck_assert_ptr_nonnull(ref);
    ck_assert_uint_eq(ref->key.len, made->key_len);
    ck_assert_mem_eq(ref->key.data, made->key, made->key_len);
}

/* Lines of the audit log that have all three; NULL: whichever. */
static unsigned lines(const char *operation, const char *named_key, const char *rest)
{
    FILE *in = fopen(log_path, "r");
    char *line = NULL;
    size_t size = 0;
    unsigned count = 0;
    char wanted[3][128];

    (void)snprintf(wanted[0], sizeof(wanted[0]), "\"operation\":\"%s\"", operation);
    (void)snprintf(wanted[1], sizeof(wanted[1]), "\"named_key\":\"%s\"",
                   named_key != NULL ? named_key : "");
    (void)snprintf(wanted[2], sizeof(wanted[2]), "%s", rest != NULL ? rest : "");
    ck_assert_ptr_nonnull(in);
    while (getline(&line, &size, in) > 0) {
        if (strstr(line, wanted[0]) != NULL &&
            (named_key == NULL || strstr(line, wanted[1]) != NULL) &&
            strstr(line, wanted[2]) != NULL)
            count++;
        ck_assert_ptr_null(strstr(line, "key:")); /* never a stand-in */
    }
    free(line);
    (void)fclose(in);
    return count;
}

static unsigned refusals(const char *named_key, int reason)
{
    char rest[32];

    (void)snprintf(rest, sizeof(rest), "\"reason\":%d,", reason);
    return lines("open", named_key, rest);
}

static void refresh(void)
{
    clock_move(61 * SECOND);
}

static void write_state(const char *text)
{
    FILE *out = fopen(state_path, "w");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    temporary_close(out, state_path);
}

static void with_state(const char *text)
{
    write_state(text);
    named_configure(&named_config->state_file, state_path);
}

/* ---- what it costs ---- */

START_TEST(a_key_is_opened_once)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(ask(&made), ENV_R_NONE);
        gives(&made);
    }
    ck_assert_str_eq(ref->clear->name, "orders");
    ck_assert_mem_eq(ref->id, ref->clear->id, ENV_NAMED_ID_LEN);
    ck_assert_mem_ne(ref->id, ref->field_id, ENV_NAMED_ID_LEN);
    ck_assert_int_eq(fake_keks[0].unwraps, 1);
    ck_assert_uint_eq(lines("open", "orders@1", "\"result\":\"ok\""), 1);
    ck_assert_uint_eq(lines("unwrap", NULL, NULL), 0);
    let_go();
}
END_TEST

START_TEST(padded_with_zeros_it_is_the_same_stand_in)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_wish wish = wish_for("AES-256-GCM", false);
    uint8_t padded[80] = {0};

    memcpy(padded, made.stand_in, strlen(made.stand_in));
    ck_assert_int_eq(
        told(keys->vtable->by_stand_in(keys, (struct env_span){padded, 80}, &wish, &ref)),
        ENV_R_NONE);
    gives(&made);
    let_go();
}
END_TEST

START_TEST(nothing_is_read_before_the_first_question)
{
    named_configure(&named_config->keys_directory, "/nonexistent/keys");
    close_store();
    open_store();
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

    ck_assert_int_eq(ask_for(unknown, "AES-256-GCM", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals(NULL, ENV_R_KEY_UNKNOWN), 1);
    ck_assert_int_eq(ask(&other), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals("archive@1", ENV_R_KEY_NOT_ALLOWED), 1);
    ck_assert_int_eq(ask_for(made.stand_in, "AES-256-CBC", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals("orders@1", ENV_R_KEY_WRONG_USE), 1);
    ck_assert(env_ok(env_stand_in_hash(
        named_context->crypto,
        (struct env_span){(const uint8_t *)made.stand_in, strlen(made.stand_in)}, hash)));
    (void)snprintf(text, sizeof(text),
                   "revoked-stand-in = %02x%02x%02x%02x%02x%02x%02x%02x\ndisabled-key = orders@2\n",
                   hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);
    with_state(text);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals("orders@1", ENV_R_KEY_REVOKED), 1);
    ck_assert_int_eq(ask(&off), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals("orders@2", ENV_R_KEY_DISABLED), 1);
    ck_assert_int_eq(fake_keks[0].unwraps, 0);
}
END_TEST

/* Who may hand key bytes in does not fill the disk, and hides nothing but his own guesses. */
START_TEST(guesses_do_not_flood_the_log)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const char *const unknown = "key:0123456789abcdefghijklmnopqr";

    for (int i = 0; i < 1000; i++)
        ck_demand(ask_for(unknown, "AES-256-GCM", true) == ENV_R_KEY_REFUSED, "%d", i);
    /* ten, then 10, 20, 40 ... 320 in one; 360 are counted */
    ck_assert_uint_eq(refusals(NULL, ENV_R_KEY_UNKNOWN), 16);
    ck_assert_uint_eq(lines("open", NULL, "\"count\":320,"), 1);
    ck_assert_int_eq(ask_for(made.stand_in, "AES-256-CBC", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals("orders@1", ENV_R_KEY_WRONG_USE), 1);
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(lines("open", NULL, "\"count\":360,"), 0);
    refresh(); /* a minute later the next request reports the rest */
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(lines("open", NULL, "\"count\":360,"), 1);
    ck_assert_uint_eq(refusals(NULL, ENV_R_KEY_UNKNOWN), 17);
    ck_assert_int_eq(ask_for(unknown, "AES-256-GCM", true), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals(NULL, ENV_R_KEY_UNKNOWN), 18);
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
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals(NULL, ENV_R_KEY_UNKNOWN), 1);
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
        refresh();
        ck_assert_int_eq(ask(&made), cases[i].allowed ? ENV_R_NONE : ENV_R_KEY_REFUSED);
        let_go();
        named_remove(cases[i].name, cases[i].number);
    }
}
END_TEST

START_TEST(a_folder_that_is_not_there_or_not_safe_gives_none)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    ck_assert_int_eq(chmod(named_folder, 0777), 0);
    ck_assert_int_eq(ask(&made), ENV_R_KEYS_FOLDER);
    ck_assert_int_eq(chmod(named_folder, 0700), 0);
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
}
END_TEST

START_TEST(a_broken_file_is_said_by_name_and_unknown_by_stand_in)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct bytes nonsense = bytes_plain(100, 3);

    named_put_file("orders@1.envkey", &nonsense);
    ck_assert_int_eq(name("orders", "AES-256-GCM", false), ENV_R_KEY_FILE_BAD);
    ck_assert_int_eq(name("orders@1", "AES-256-GCM", false), ENV_R_KEY_FILE_BAD);
    ck_assert_int_eq(name("orders@2", "AES-256-GCM", false), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(name("no such name", "AES-256-GCM", false), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(refusals("orders@1", ENV_R_KEY_FILE_BAD), 1);
    bytes_free(&nonsense);
}
END_TEST

/* The operator gets a message, and somebody who guesses learns nothing about stand-ins. */
static void refused_with(const char *stand_in, const char *use, const char *words)
{
    const struct env_named_wish wish = wish_for(use, false);
    const char *data = NULL;
    ENV_RESULT r;

    let_go();
    r = keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)stand_in, strlen(stand_in)}, &wish, &ref);
    (void)ERR_peek_last_error_all(NULL, NULL, NULL, &data, NULL);
    ck_assert_ptr_nonnull(data);
    ck_assert_str_eq(data, words);
    ck_assert_int_eq(told(r), ENV_R_KEY_REFUSED);
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

    ck_assert_int_eq(ask(&one), ENV_R_NONE);
    gives(&one);
    ck_assert_int_eq(ask(&two), ENV_R_NONE);
    gives(&two);
    let_go();
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
    return ask_for("key:0123456789abcdefghijklmnopqr", "ENVELOPE-FIELD", seals);
}

START_TEST(fields_are_sealed_by_the_newest_version_whose_time_has_come)
{
    struct named_made one = field(1, LONG_AGO, 0);
    struct named_made two = field(2, LONG_AGO, 0);
    struct named_made three = field(3, FAR_OFF, 0);

    ck_assert_int_eq(ask_field(true), ENV_R_NONE);
    gives(&two);
    ck_assert_int_eq(name("orders", "ENVELOPE-FIELD", true), ENV_R_NONE);
    gives(&two);
    ck_assert_int_eq(name("orders", "ENVELOPE-FIELD", false), ENV_R_NONE);
    gives(&three);
    ck_assert_int_eq(name("orders@1", "ENVELOPE-FIELD", true), ENV_R_NONE);
    gives(&one);
    ck_assert_int_eq(name("orders@3", "ENVELOPE-FIELD", true), ENV_R_KEY_SEALS_NOT);
    let_go();
}
END_TEST

START_TEST(after_its_time_a_version_opens_and_does_not_seal)
{
    struct named_made one = field(1, LONG_AGO, LONG_AGO + 1);

    ck_assert_int_eq(ask_field(true), ENV_R_KEY_SEALS_NOT);
    ck_assert_int_eq(name("orders", "ENVELOPE-FIELD", true), ENV_R_KEY_SEALS_NOT);
    ck_assert_int_eq(fake_keks[0].unwraps, 0);
    ck_assert_int_eq(ask_field(false), ENV_R_NONE);
    gives(&one);
    let_go();
}
END_TEST

static int by_field_id(const uint8_t *id)
{
    const struct env_named_wish wish = wish_for("ENVELOPE-FIELD", false);

    let_go();
    return told(keys->vtable->by_field_id(keys, "orders", id, &wish, &ref));
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
    gives(&two);
    ck_assert_int_eq(fake_keks[0].unwraps, 1);
    ck_assert_int_eq(by_field_id(ids[0]), ENV_R_NONE);
    gives(&one);
    ck_assert_int_eq(by_field_id((const uint8_t *)"unknown!"), ENV_R_KEY_UNKNOWN);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    let_go();
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

/* ---- while it runs ---- */

START_TEST(a_new_file_is_seen_at_the_next_look)
{
    struct named_made one = named_put(&(struct named_recipe){0});
    struct named_made two;

    ck_assert_int_eq(ask(&one), ENV_R_NONE);
    two = named_put(&(struct named_recipe){.number = 2});
    ck_assert_int_eq(ask(&two), ENV_R_KEY_REFUSED);
    refresh();
    ck_assert_int_eq(ask(&two), ENV_R_NONE);
    ck_assert_int_eq(ask(&one), ENV_R_NONE);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    let_go();
}
END_TEST

START_TEST(a_key_whose_file_is_gone_goes)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_ref *kept;
    const uint8_t *key;

    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    kept = ref;
    key = ref->key.data;
    ref = NULL;
    named_remove("orders", 1);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(lines("state-change", "orders@1", "\"reason\":351,"), 1);
    /* a holder keeps the key until it releases it */
    ck_assert_mem_eq(kept->key.data, made.key, made.key_len);
    keys->vtable->release(keys, kept);
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

    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
    named_configure(&named_config->keys_directory, "/nonexistent/keys");
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    named_configure(&named_config->keys_directory, named_folder);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
}
END_TEST

START_TEST(a_folder_that_cannot_be_judged_changes_nothing)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_int_eq(chmod(named_folder, 0777), 0);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_int_eq(chmod(named_folder, 0700), 0);
    let_go();
}
END_TEST

START_TEST(a_changed_file_is_opened_again)
{
    struct named_recipe recipe = {.fill = 1};
    struct named_made old = named_put(&recipe);
    struct named_made made;

    recipe.stand_in = old.stand_in;
    recipe.fill = 77;
    ck_assert_int_eq(ask(&old), ENV_R_NONE);
    made = named_put(&recipe);
    ck_assert_int_eq(ask(&old), ENV_R_NONE);
    gives(&old);
    refresh();
    ck_assert_int_eq(ask(&old), ENV_R_NONE);
    gives(&made);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    let_go();
}
END_TEST

START_TEST(while_the_token_is_away_the_old_key_stays)
{
    struct named_recipe recipe = {.fill = 1};
    struct named_made old = named_put(&recipe);
    struct named_made made;

    recipe.stand_in = old.stand_in;
    recipe.fill = 77;
    ck_assert_int_eq(ask(&old), ENV_R_NONE);
    made = named_put(&recipe);
    fake_keks[0].fail_unwrap = true;
    refresh();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(ask(&old), ENV_R_NONE);
        gives(&old);
    }
    ck_assert_uint_eq(lines("open", "orders@1", "\"result\":\"failed\""), 1);
    fake_keks[0].fail_unwrap = false;
    refresh();
    ck_assert_int_eq(ask(&old), ENV_R_NONE);
    gives(&made);
    let_go();
}
END_TEST

START_TEST(a_file_that_is_being_copied_changes_nothing)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other;
    struct bytes whole;
    struct bytes half;

    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    whole = named_bytes(&(struct named_recipe){.fill = 8, .stand_in = made.stand_in}, &other);
    half = bytes_of(whole.data, whole.len / 2);
    named_put_file("orders@1.envkey", &half);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(ref->key.data[0], 1);
    ck_assert_uint_eq(refusals("orders@1", ENV_R_KEY_FILE_BAD), 1);
    named_put_file("orders@1.envkey", &whole);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(ref->key.data[0], 8);
    bytes_free(&whole);
    bytes_free(&half);
    let_go();
}
END_TEST

/* ---- a token that is away ---- */

START_TEST(a_failure_is_remembered_for_1_2_4_seconds_and_no_more_than_30)
{
    static const unsigned waits[] = {1, 2, 4, 8, 16, 30, 30, 30};
    struct named_made made = named_put(&(struct named_recipe){0});
    int tries = 1;

    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(ask(&made), ENV_R_TOKEN_FAILED);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        for (int j = 0; j < 3; j++)
            ck_assert_int_eq(ask(&made), ENV_R_KEY_AWAY);
        clock_move(waits[i] * SECOND - 1);
        ck_assert_int_eq(ask(&made), ENV_R_KEY_AWAY);
        ck_assert_int_eq(fake_keks[0].unwraps, tries);
        clock_move(1);
        ck_assert_int_eq(ask(&made), ENV_R_TOKEN_FAILED);
        tries++;
        ck_assert_int_eq(fake_keks[0].unwraps, tries);
    }
    fake_keks[0].fail_unwrap = false;
    ck_assert_int_eq(ask(&made), ENV_R_KEY_AWAY);
    clock_move(30 * SECOND);
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    gives(&made);
    let_go();
}
END_TEST

#define THREADS 16u

static struct named_made shared;
static atomic_uint right;
static atomic_uint away;
static atomic_uint failed; /* tries that are over: the store has taken note of them */
static atomic_uint wrong;
static atomic_bool stop;

static void *asks_all_the_time(void *arg)
{
    const struct env_named_wish wish = wish_for("AES-256-GCM", true);
    const struct env_span stand_in = {(const uint8_t *)shared.stand_in, strlen(shared.stand_in)};

    while (!atomic_load(&stop)) {
        const struct env_named_ref *mine = NULL;
        ENV_RESULT r = keys->vtable->by_stand_in(keys, stand_in, &wish, &mine);

        if (env_ok(r) && mine->key.len == 32 && mine->key.data[0] == 1)
            atomic_fetch_add(&right, 1);
        else if (r.reason == ENV_R_KEY_AWAY)
            atomic_fetch_add(&away, 1);
        else if (r.reason == ENV_R_TOKEN_FAILED)
            atomic_fetch_add(&failed, 1);
        else
            atomic_fetch_add(&wrong, 1);
        keys->vtable->release(keys, mine);
        ERR_clear_error();
    }
    return arg;
}

static void until(atomic_uint *count, unsigned wanted)
{
    while (atomic_load(count) < wanted && atomic_load(&wrong) == 0)
        (void)usleep(100);
}

static void until_more(atomic_uint *count, unsigned more)
{
    until(count, atomic_load(count) + more);
}

START_TEST(sixteen_threads_while_a_token_goes_and_comes_back)
{
    pthread_t threads[THREADS];

    shared = named_put(&(struct named_recipe){0});
    fake_keks[0].fail_unwrap = true;
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, asks_all_the_time, NULL), 0);
    until(&failed, 1);
    until_more(&away, 200);
    ck_assert_int_eq(fake_keks[0].unwraps, 1);
    clock_move(SECOND);
    until(&failed, 2);
    until_more(&away, 200);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    ck_assert_uint_eq(atomic_load(&failed), 2);
    ck_assert_uint_eq(atomic_load(&right), 0);
    fake_keks[0].fail_unwrap = false;
    clock_move(2 * SECOND);
    until_more(&right, 2000);
    ck_assert_int_eq(fake_keks[0].unwraps, 3);
    fake_keks[0].fail_unwrap = true; /* which an open key does not mind */
    for (int i = 0; i < 20; i++) {
        named_touch_folder();
        refresh();
        until_more(&right, 50);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(atomic_load(&wrong), 0);
    ck_assert_int_eq(fake_keks[0].unwraps, 3);
}
END_TEST

START_TEST(threads_while_keys_come_and_go)
{
    pthread_t threads[THREADS];
    struct named_recipe recipe = {.fill = 1};

    shared = named_put(&recipe);
    recipe.stand_in = shared.stand_in;
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, asks_all_the_time, NULL), 0);
    for (int i = 0; i < 50; i++) {
        until_more(&right, 20);
        (void)named_put(&recipe); /* sealed again */
        (void)named_put(&(struct named_recipe){.number = 2 + (uint32_t)(i % 3)});
        refresh();
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(atomic_load(&wrong), 0);
    ck_assert_uint_eq(atomic_load(&away), 0);
}
END_TEST

/* ---- fork ---- */

static struct named_made closed;

static int child_has_the_open_one_and_opens_the_other(void *arg)
{
    const struct env_named_wish wish = wish_for("AES-256-GCM", true);
    const struct env_named_ref *mine = NULL;

    (void)arg;
    fake_keks[0].fail_unwrap = true;
    child_demand(env_ok(keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)shared.stand_in, strlen(shared.stand_in)}, &wish,
        &mine)));
    child_demand(memcmp(mine->key.data, shared.key, shared.key_len) == 0);
    keys->vtable->release(keys, mine);
    fake_keks[0].fail_unwrap = false;
    child_demand(env_ok(keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)closed.stand_in, strlen(closed.stand_in)}, &wish,
        &mine)));
    child_demand(memcmp(mine->key.data, closed.key, closed.key_len) == 0);
    keys->vtable->release(keys, mine);
    return 0;
}

START_TEST(open_keys_go_on_in_a_child)
{
    shared = named_put(&(struct named_recipe){.fill = 1});
    closed = named_put(&(struct named_recipe){.number = 2, .fill = 60});
    ck_assert_int_eq(ask(&shared), ENV_R_NONE);
    let_go();
    ck_assert(in_child(child_has_the_open_one_and_opens_the_other, NULL));
}
END_TEST

START_TEST(forks_in_the_middle_of_openings)
{
    pthread_t threads[4];
    struct named_recipe recipe = {.fill = 1};

    shared = named_put(&recipe);
    recipe.stand_in = shared.stand_in;
    closed = named_put(&(struct named_recipe){.number = 2, .fill = 60});
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, asks_all_the_time, NULL), 0);
    until_more(&right, 4);
    for (int i = 0; i < 10; i++) {
        (void)named_put(&recipe);
        refresh();
        ck_assert(in_child(child_has_the_open_one_and_opens_the_other, NULL));
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(atomic_load(&wrong), 0);
}
END_TEST

/* ---- many ---- */

START_TEST(a_thousand_keys)
{
    static struct named_made made[1000];
    char name_of[32];

    named_configure(&named_config->allow_keys, "tenant-*");
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name_of, sizeof(name_of), "tenant-%u", i);
        made[i] =
            named_put(&(struct named_recipe){.name = name_of, .fill = (uint8_t)(i % 200 + 1)});
    }
    for (int twice = 0; twice < 2; twice++) {
        for (unsigned i = 0; i < 1000; i++) {
            ck_assert_int_eq(ask(&made[i]), ENV_R_NONE);
            gives(&made[i]);
            ck_assert_uint_eq(strtoul(ref->clear->name + 7, NULL, 10), i);
        }
        refresh();
    }
    ck_assert_int_eq(fake_keks[0].unwraps, 1000);
    let_go();
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
    ck_assert_int_eq(ask_for("key:0123456789abcdefghijklmnopqr", "AES-256-GCM", true),
                     ENV_R_KEY_REFUSED);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    let_go();
}
END_TEST

START_TEST(what_does_not_open_at_the_start_is_told_when_it_is_asked_for)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other = named_put(&(struct named_recipe){.number = 2});

    named_config->keys_open_at_start_on = true;
    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(ask(&made), ENV_R_KEY_AWAY);
    ck_assert_int_eq(ask(&other), ENV_R_KEY_AWAY);
    fake_keks[0].fail_unwrap = false;
    clock_move(SECOND);
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
}
END_TEST

/* ---- by RSA, and state ---- */

START_TEST(what_rsa_alone_opens_is_opened_only_where_that_is_wanted)
{
    struct named_made made;

    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    made = named_put(&(struct named_recipe){0});
    ck_assert_int_eq(ask(&made), ENV_R_KEY_BY_RSA);
    ck_assert_uint_eq(refusals("orders@1", ENV_R_KEY_BY_RSA), 1);
    named_config->keys_by_rsa_on = true;
    clock_move(SECOND);
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
}
END_TEST

START_TEST(a_disabled_key_goes_at_the_next_look)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    with_state("# nothing yet\n");
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    write_state("disabled-key = orders\n");
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_uint_eq(lines("state-change", "orders@1", "\"reason\":355,"), 1);
    write_state("");
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_int_eq(fake_keks[0].unwraps, 2);
    let_go();
}
END_TEST

START_TEST(a_broken_state_leaves_the_last_good_one)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    struct named_made other = named_put(&(struct named_recipe){.number = 2});

    with_state("disabled-key = orders@2\n");
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    write_state("disable-key = orders\n");
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_int_eq(ask(&other), ENV_R_KEY_REFUSED);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    ck_assert_uint_eq(lines("state-change", NULL, "\"reason\":364,"), 1);
    ck_assert_int_eq(unlink(state_path), 0);
    refresh();
    ck_assert_int_eq(ask(&other), ENV_R_KEY_REFUSED);
    write_state("disabled-key = orders@1\n");
    ck_assert_int_eq(chmod(state_path, 0600), 0);
    refresh();
    ck_assert_int_eq(ask(&made), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(ask(&other), ENV_R_NONE);
    let_go();
}
END_TEST

START_TEST(without_a_good_state_nothing_is_used)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    with_state("no state\n");
    ck_assert_int_eq(ask(&made), ENV_R_STATE_FILE);
    ck_assert_int_eq(ask(&made), ENV_R_STATE_FILE);
    write_state("");
    ck_assert_int_eq(ask(&made), ENV_R_NONE);
    let_go();
}
END_TEST

/* ---- the instance's ---- */

START_TEST(an_instance_has_one_store_and_frees_it)
{
    struct env_provctx *provctx =
        (struct env_provctx *)(void *)((char *)named_config - offsetof(struct env_provctx, config));
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_wish wish = wish_for("AES-256-GCM", true);
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

static TCase *with(Suite *suite, const char *title)
{
    TCase *tcase = tcase_create(title);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = with(suite, "asking");

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
    tcase = with(suite, "versions");
    tcase_add_test(tcase, under_a_stock_name_a_stand_in_never_moves);
    tcase_add_test(tcase, fields_are_sealed_by_the_newest_version_whose_time_has_come);
    tcase_add_test(tcase, after_its_time_a_version_opens_and_does_not_seal);
    tcase_add_test(tcase, a_field_names_its_version);
    tcase_add_test(tcase, a_version_that_cannot_be_opened_may_be_the_one);
    tcase = with(suite, "while it runs");
    tcase_add_test(tcase, a_new_file_is_seen_at_the_next_look);
    tcase_add_test(tcase, a_key_whose_file_is_gone_goes);
    tcase_add_test(tcase, a_folder_that_is_gone_takes_all_along);
    tcase_add_test(tcase, a_folder_that_cannot_be_judged_changes_nothing);
    tcase_add_test(tcase, a_changed_file_is_opened_again);
    tcase_add_test(tcase, while_the_token_is_away_the_old_key_stays);
    tcase_add_test(tcase, a_file_that_is_being_copied_changes_nothing);
    tcase = with(suite, "a token that is away");
    tcase_add_test(tcase, a_failure_is_remembered_for_1_2_4_seconds_and_no_more_than_30);
    tcase_add_test(tcase, sixteen_threads_while_a_token_goes_and_comes_back);
    tcase_add_test(tcase, threads_while_keys_come_and_go);
    tcase = with(suite, "fork and many");
    tcase_add_test(tcase, open_keys_go_on_in_a_child);
    tcase_add_test(tcase, forks_in_the_middle_of_openings);
    tcase_add_test(tcase, a_thousand_keys);
    tcase = with(suite, "start, rsa, state");
    tcase_add_test(tcase, those_with_a_whole_name_are_opened_at_the_start);
    tcase_add_test(tcase, what_does_not_open_at_the_start_is_told_when_it_is_asked_for);
    tcase_add_test(tcase, what_rsa_alone_opens_is_opened_only_where_that_is_wanted);
    tcase_add_test(tcase, a_disabled_key_goes_at_the_next_look);
    tcase_add_test(tcase, a_broken_state_leaves_the_last_good_one);
    tcase_add_test(tcase, without_a_good_state_nothing_is_used);
    tcase_add_test(tcase, an_instance_has_one_store_and_frees_it);
    return caller_run(suite);
}
