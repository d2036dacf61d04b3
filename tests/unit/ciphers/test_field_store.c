/* SPDX-License-Identifier: Apache-2.0 */
/* Fields with the real store: key files in a folder, their versions, and revocations. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "envelope/named/field_memo.h"
#include "field_calls.h"
#include "named_case.h"
#include "stopped_clock.h"

static struct bytes value;

static void set_up(void)
{
    clock_stop();
    named_set_up();
    named_configure(&named_config->allow_keys, "users email tenants");
    value = bytes_of("JBSWY3DPEHPK3PXP", 16);
}

static void tear_down(void)
{
    bytes_free(&value);
    named_tear_down();
    clock_go();
}

/* The folder is looked at again. */
static void a_while_later(void)
{
    named_touch_folder();
    clock_move(named_config->keys_refresh_seconds * 1000 + ENV_FIELD_MEMO_MS);
}

static struct field_call with(const char *cipher, struct bytes key)
{
    return (struct field_call){
        .libctx = named_libctx, .cipher = cipher, .key = key, .context = "users.otp/17"};
}

static int unwraps(void)
{
    return atomic_load(&fake_keks[0].unwraps);
}

START_TEST(a_thousand_fields_cost_one_use_of_the_kek)
{
    const struct named_recipe recipes[] = {{.name = "users", .uses = FIELD},
                                           {.name = "email", .uses = DETERMINISTIC}};
    struct named_made made = named_put(&recipes[_i]);
    struct bytes key = field_key_text(made.stand_in);
    struct field_call call = with(recipes[_i].uses, key);

    ck_assert_int_eq(unwraps(), 0);
    for (int i = 0; i < 1000; i++) {
        struct bytes field = field_seal(&call, value);

        field_opens(&call, field, value);
        bytes_free(&field);
        clock_move(i % 10 == 0 ? ENV_FIELD_MEMO_MS : 1);
    }
    ck_assert_int_eq(unwraps(), 1);
    bytes_free(&key);
}
END_TEST

START_TEST(versions_come_and_go_while_a_context_is_kept)
{
    struct named_made first = named_put(&(struct named_recipe){.name = "users", .uses = FIELD});
    struct bytes key = field_key_text(first.stand_in), old, new, out;
    struct field_call call = with(FIELD, key), by_name = with(FIELD, (struct bytes){0});

    by_name.name = "users";
    old = field_seal(&call, value);
    /* rotating copies the stand-in; sealing changes when its time has come */
    named_put(&(struct named_recipe){.name = "users",
                                     .number = 2,
                                     .uses = FIELD,
                                     .fill = 50,
                                     .stand_in = first.stand_in,
                                     .seal_from = (int64_t)time(NULL) + 3600});
    a_while_later();
    new = field_seal(&call, value);
    ck_assert_mem_eq(new.data, old.data, 9);
    bytes_free(&new);
    named_remove("users", 2);
    named_put(&(struct named_recipe){
        .name = "users", .number = 2, .uses = FIELD, .fill = 50, .stand_in = first.stand_in});
    a_while_later();
    new = field_seal(&call, value);
    ck_assert_mem_ne(new.data, old.data, 9);
    field_opens(&call, old, value);
    field_opens(&by_name, old, value);
    field_opens(&by_name, new, value);
    named_remove("users", 1);
    a_while_later();
    field_refused(&call, old, ENV_R_FIELD_KEY_UNKNOWN);
    field_opens(&call, new, value);
    named_remove("users", 2);
    a_while_later();
    field_refused(&call, new, ENV_R_KEY_REFUSED);
    ck_refused(field_run(&call, 1, value, &out), ENV_R_KEY_REFUSED);
    bytes_free(&out);
    bytes_free(&old);
    bytes_free(&new);
    bytes_free(&key);
}
END_TEST

START_TEST(a_key_whose_time_is_over_opens_and_does_not_seal)
{
    struct named_made made = named_put(&(struct named_recipe){.name = "users", .uses = FIELD});
    struct bytes key = field_key_text(made.stand_in), field, out;
    struct field_call call = with(FIELD, key);

    field = field_seal(&call, value);
    named_remove("users", 1);
    named_put(&(struct named_recipe){.name = "users",
                                     .uses = FIELD,
                                     .stand_in = made.stand_in,
                                     .not_after = (int64_t)time(NULL) - 1});
    a_while_later();
    ck_refused(field_run(&call, 1, value, &out), ENV_R_KEY_SEALS_NOT);
    field_opens(&call, field, value);
    bytes_free(&out);
    bytes_free(&field);
    bytes_free(&key);
}
END_TEST

START_TEST(tenants_cost_no_use_of_the_kek)
{
    struct named_made made =
        named_put(&(struct named_recipe){.name = "tenants", .uses = "tenant-keys"});
    struct bytes key = field_key_text(made.stand_in), secret = bytes_plain(32, 5);
    struct field_call making = with(FIELD, key);

    for (int i = 0; i < 50; i++) {
        char context[40];
        struct field_call call = with(i % 2 == 0 ? FIELD : DETERMINISTIC, key);
        struct bytes sealed, field;

        (void)snprintf(context, sizeof(context), "tenant key v1:t%d", i);
        secret.data[0] = (unsigned char)i;
        making.context = context;
        sealed = field_seal(&making, secret);
        ck_assert_uint_eq(sealed.len, 81);
        call.tenant = context + 14;
        call.tenant_key = sealed;
        field = field_seal(&call, value);
        field_opens(&call, field, value);
        bytes_free(&sealed);
        bytes_free(&field);
    }
    ck_assert_int_eq(unwraps(), 1);
    bytes_free(&key);
    bytes_free(&secret);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: fields and key files");
    TCase *tcase = tcase_create("store");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_thousand_fields_cost_one_use_of_the_kek, 0, 2);
    tcase_add_test(tcase, versions_come_and_go_while_a_context_is_kept);
    tcase_add_test(tcase, a_key_whose_time_is_over_opens_and_does_not_seal);
    tcase_add_test(tcase, tenants_cost_no_use_of_the_kek);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
