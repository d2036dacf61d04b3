/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation in operations with named keys fails in turn, alone and with all that follow:
 * sealing, opening, reading the folder, the state file. The operation succeeds correctly anyway or
 * reports a lack of memory; open keys stay open; and the next time it works.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "envelope/named/folder.h"
#include "envelope/named/store.h"
#include "failing_alloc.h"
#include "named_case.h"
#include "stopped_clock.h"

#define RUNS_MAX 5000u
#define STATE "disabled-key = archive other@3\nrevoked-stand-in = 0011223344556677\n"

static const ENV_RESULT wrong = {.reason = ENV_R_INTERNAL};

static struct named_made made;
static struct env_named_clear clear;
static struct env_named_sealed *sealed;
static struct env_state_watch *states;
static struct env_named_keys *keys;
static char state_path[TEMPORARY_PATH];

/* ---- what is tried ---- */

static ENV_RESULT open_bytes(struct env_span bytes)
{
    struct env_named_sealed *opened = env_secret_alloc(sizeof(*opened));
    struct env_key_file *file = NULL;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (opened == NULL)
        return r;
    r = env_key_file_parse(named_context->errors, named_context->crypto, "a file", bytes, &file);
    if (env_ok(r))
        r = env_named_open(named_context, file, false, opened);
    if (env_ok(r) && (opened->key_len != sealed->key_len ||
                      memcmp(opened->key, sealed->key, sealed->key_len) != 0))
        r = wrong;
    env_key_file_free(file);
    env_secret_free(opened, sizeof(*opened));
    return r;
}

static ENV_RESULT seal_and_open(void)
{
    static const struct env_selector configured;
    struct env_named_clear copy = clear;
    uint8_t *file = NULL;
    size_t len = 0;
    ENV_RESULT r;

    ENV_TRY(env_named_seal(named_context, &configured, &copy, sealed, &file, &len));
    r = open_bytes((struct env_span){file, len});
    OPENSSL_free(file);
    return r;
}

static ENV_RESULT ask(void)
{
    const struct env_named_wish wish = {env_use_number("AES-256-GCM"), true};
    const struct env_named_ref *ref = NULL;
    ENV_RESULT r;

    r = keys->vtable->by_stand_in(
        keys, (struct env_span){(const uint8_t *)made.stand_in, strlen(made.stand_in)}, &wish,
        &ref);
    if (env_ok(r) && (ref->key.len != made.key_len || memcmp(ref->key.data, made.key, 32) != 0))
        r = wrong;
    keys->vtable->release(keys, ref);
    return r;
}

static ENV_RESULT new_store(void)
{
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    states = env_state_watch_new(named_config, NULL, named_context->errors, NULL);
    if (states != NULL)
        keys = env_store_new(named_config, named_context, states);
    if (keys != NULL)
        r = ask();
    if (keys != NULL)
        keys->vtable->free(keys);
    env_state_watch_free(states);
    keys = NULL;
    states = NULL;
    return r;
}

static struct bytes versions[2]; /* one key, sealed twice */

/* The key is open, its file has changed, and the folder is looked at once more. */
static ENV_RESULT look_again(void)
{
    static unsigned i;

    failing_alloc_pause();
    clock_move(61000);
    named_put_file("orders@1.envkey", &versions[i++ % 2]);
    failing_alloc_go_on();
    return ask();
}

static ENV_RESULT list(void)
{
    struct env_key_names names;
    struct stat st;
    int folder = -1;
    ENV_RESULT r;

    ENV_TRY(env_key_folder_open(named_context->errors, named_folder, &folder, &st));
    r = env_key_folder_list(named_context->errors, named_folder, folder, &names);
    if (env_ok(r) && names.count != 2)
        r = wrong;
    env_key_names_clear(&names);
    (void)close(folder);
    return r;
}

/* ---- the runs ---- */

static bool is_memory(enum env_reason reason)
{
    return reason == ENV_R_NO_MEMORY || reason == ENV_R_CRYPTO_FAILED ||
           reason == ENV_R_RANDOM_FAILED || reason == ENV_R_NO_AES_GCM;
}

static bool run_without(const char *name, ENV_RESULT (*run)(void), unsigned nth, bool and_on)
{
    unsigned count;
    ENV_RESULT r;

    ERR_clear_error();
    failing_alloc_arm(nth, and_on);
    r = run();
    count = failing_alloc_disarm();
    ck_assert_msg(env_ok(r) || (count >= nth && is_memory(r.reason)),
                  "%s without allocation %u: reason %d", name, nth, (int)r.reason);
    ERR_clear_error();
    clock_move(31000); /* what is remembered of a failure is over */
    r = run();
    ck_assert_msg(env_ok(r), "%s after allocation %u: reason %d", name, nth, (int)r.reason);
    ck_assert_int_eq(fake_references(), 0);
    return count >= nth;
}

static void run_all(const char *name, ENV_RESULT (*run)(void))
{
    ck_assert(env_ok(run())); /* libcrypto fetches what it needs */
    for (int and_on = 0; and_on <= 1; and_on++) {
        unsigned nth = 1;

        while (run_without(name, run, nth, and_on != 0))
            ck_assert_uint_lt(++nth, RUNS_MAX);
        (void)fprintf(stderr, "%s: %u allocations%s\n", name, nth - 1,
                      and_on ? ", each with all that follow" : "");
    }
}

static void set_up(void)
{
    struct bytes text = bytes_of(STATE, sizeof(STATE) - 1);
    FILE *out;

    clock_stop();
    named_set_up();
    named_configure(&named_config->allow_keys, "orders");
    (void)close(temporary_file(state_path));
    out = fopen(state_path, "w");
    ck_assert_uint_eq(fwrite(text.data, 1, text.len, out), text.len);
    temporary_close(out, state_path);
    bytes_free(&text);
    named_configure(&named_config->state_file, state_path);
    made = named_put(&(struct named_recipe){0});
    (void)named_put(&(struct named_recipe){.name = "archive"});
    sealed = named_parts(&(struct named_recipe){0}, &clear, &(struct named_made){0});
}

static void tear_down(void)
{
    env_secret_free(sealed, sizeof(*sealed));
    ck_assert_int_eq(unlink(state_path), 0);
    named_tear_down();
}

START_TEST(sealing_and_opening)
{
    run_all("sealing and opening", seal_and_open);
}
END_TEST

START_TEST(the_first_key_of_a_store)
{
    run_all("a new store", new_store);
}
END_TEST

START_TEST(a_look_at_a_folder)
{
    states = env_state_watch_new(named_config, NULL, named_context->errors, NULL);
    keys = env_store_new(named_config, named_context, states);
    ck_assert(states != NULL && keys != NULL);
    for (size_t i = 0; i < 2; i++)
        versions[i] =
            named_bytes(&(struct named_recipe){.stand_in = made.stand_in}, &(struct named_made){0});
    run_all("another look", look_again);
    for (size_t i = 0; i < 2; i++)
        bytes_free(&versions[i]);
    keys->vtable->free(keys);
    env_state_watch_free(states);
}
END_TEST

START_TEST(listing_a_folder)
{
    run_all("listing", list);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation: named keys");
    TCase *tcase = tcase_create("failures");

    failing_alloc_install();
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, sealing_and_opening);
    tcase_add_test(tcase, the_first_key_of_a_store);
    tcase_add_test(tcase, a_look_at_a_folder);
    tcase_add_test(tcase, listing_a_folder);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
