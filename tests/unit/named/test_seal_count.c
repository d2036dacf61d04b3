/* SPDX-License-Identifier: Apache-2.0 */
/* How often a process seals with a key of AES-GCM is counted and written to the audit log. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/named/store.h"
#include "envelope/named/store_inside.h"
#include "named_case.h"
#include "stopped_clock.h"

static struct env_state_watch *states;
static struct env_named_keys *keys;
static const struct env_named_ref *ref;
static char log_path[TEMPORARY_PATH];

static void set_up(void)
{
    char log[TEMPORARY_PATH + 8];

    clock_stop();
    named_set_up();
    (void)close(temporary_file(log_path));
    (void)snprintf(log, sizeof(log), "file:%s", log_path);
    named_configure(&named_config->audit_log, log);
    named_configure(&named_config->allow_keys, "orders");
    ref = NULL;
    states = env_state_watch_new(named_config, named_context->keyring->audit, named_context->errors,
                                 NULL);
    keys = env_store_new(named_config, named_context, states);
    ck_assert(states != NULL && keys != NULL);
}

static void tear_down(void)
{
    keys->vtable->release(keys, ref);
    keys->vtable->free(keys);
    env_state_watch_free(states);
    named_tear_down();
    ck_assert_int_eq(unlink(log_path), 0);
}

static void ask_for(const struct named_made *made, const char *use, bool seals)
{
    const struct env_named_wish wish = {env_use_number(use), seals};

    keys->vtable->release(keys, ref);
    ref = NULL;
    ck_assert(env_ok(keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)made->stand_in, strlen(made->stand_in)}, &wish,
        &ref)));
}

static void seal(const struct named_made *made)
{
    ask_for(made, "AES-256-GCM", true);
}

/* As if the process had sealed so often. */
static void sealed_before(uint64_t count)
{
    atomic_store(&env_open_key_of(ref)->seals, count);
}

/* Lines that say it, with this in them. */
static unsigned lines(const char *text)
{
    FILE *in = fopen(log_path, "r");
    char *line = NULL;
    size_t size = 0;
    unsigned count = 0;

    ck_assert_ptr_nonnull(in);
    while (getline(&line, &size, in) > 0)
        count += strstr(line, "\"operation\":\"seal-count\"") != NULL && strstr(line, text) != NULL;
    free(line);
    (void)fclose(in);
    return count;
}

START_TEST(the_log_has_a_line_at_each_doubling)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    seal(&made);
    for (unsigned power = 20; power <= 34; power++) {
        sealed_before((UINT64_C(1) << power) - 2);
        seal(&made);
        ck_assert_uint_eq(lines(""), power - 20);
        seal(&made);
        seal(&made);
        ck_assert_uint_eq(lines(""), power - 20 + 1);
    }
    ck_assert_uint_eq(lines("\"named_key\":\"orders@1\",\"count\":1048576,\"result\":\"ok\""), 1);
    ck_assert_uint_eq(lines("\"count\":17179869184,"), 1);
    ck_assert_uint_eq(lines("key:"), 0); /* never a stand-in */
}
END_TEST

START_TEST(fewer_are_not_told)
{
    struct named_made made = named_put(&(struct named_recipe){0});

    seal(&made);
    sealed_before((ENV_STORE_SEALS_TOLD >> 1) - 1);
    seal(&made);
    ck_assert_uint_eq(lines(""), 0);
}
END_TEST

START_TEST(opening_and_other_modes_are_not_counted)
{
    struct named_made made =
        named_put(&(struct named_recipe){.uses = "AES-256-GCM AES-256-CBC", .mixed = true});

    seal(&made);
    sealed_before(ENV_STORE_SEALS_TOLD - 1);
    ask_for(&made, "AES-256-GCM", false);
    ask_for(&made, "AES-256-CBC", true);
    ck_assert_uint_eq(lines(""), 0);
    seal(&made);
    ck_assert_uint_eq(lines(""), 1);
}
END_TEST

/* A file that was sealed again holds the same key. */
START_TEST(the_count_goes_on_when_the_file_changes)
{
    struct named_made made = named_put(&(struct named_recipe){0});
    const struct env_named_ref *before;

    seal(&made);
    sealed_before(ENV_STORE_SEALS_TOLD - 2);
    before = ref;
    ref = NULL;
    (void)named_put(&(struct named_recipe){.stand_in = made.stand_in});
    clock_move(61000);
    seal(&made);
    ck_assert_ptr_ne(ref, before);
    ck_assert_uint_eq(lines(""), 0);
    seal(&made);
    ck_assert_uint_eq(lines(""), 1);
    keys->vtable->release(keys, before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("named: seal count");
    TCase *tcase = tcase_create("seal count");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_log_has_a_line_at_each_doubling);
    tcase_add_test(tcase, fewer_are_not_told);
    tcase_add_test(tcase, opening_and_other_modes_are_not_counted);
    tcase_add_test(tcase, the_count_goes_on_when_the_file_changes);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
