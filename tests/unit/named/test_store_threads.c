/* SPDX-License-Identifier: Apache-2.0 */
/* The store: many threads, forks, and a thousand keys. */
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "stopped_clock.h"
#include "store_case.h"

#define THREADS 16u

static struct named_made shared;
static atomic_uint right;
static atomic_uint away;
static atomic_uint failed; /* tries that are over: the store has taken note of them */
static atomic_uint wrong;
static atomic_bool stop;

static void *asks_all_the_time(void *arg)
{
    const struct env_named_wish wish = store_wish("AES-256-GCM", true);
    const struct env_span stand_in = {(const uint8_t *)shared.stand_in, strlen(shared.stand_in)};

    while (!atomic_load(&stop)) {
        const struct env_named_ref *mine = NULL;
        ENV_RESULT r = store_keys->vtable->by_stand_in(store_keys, stand_in, &wish, &mine);

        if (env_ok(r) && mine->key.len == 32 && mine->key.data[0] == 1)
            atomic_fetch_add(&right, 1);
        else if (r.reason == ENV_R_KEY_AWAY)
            atomic_fetch_add(&away, 1);
        else if (r.reason == ENV_R_TOKEN_FAILED)
            atomic_fetch_add(&failed, 1);
        else
            atomic_fetch_add(&wrong, 1);
        store_keys->vtable->release(store_keys, mine);
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
        store_refresh();
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
        store_refresh();
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
    const struct env_named_wish wish = store_wish("AES-256-GCM", true);
    const struct env_named_ref *mine = NULL;

    (void)arg;
    fake_keks[0].fail_unwrap = true;
    child_demand(env_ok(store_keys->vtable->by_stand_in(
        store_keys, (struct env_span){(const uint8_t *)shared.stand_in, strlen(shared.stand_in)},
        &wish, &mine)));
    child_demand(memcmp(mine->key.data, shared.key, shared.key_len) == 0);
    store_keys->vtable->release(store_keys, mine);
    fake_keks[0].fail_unwrap = false;
    child_demand(env_ok(store_keys->vtable->by_stand_in(
        store_keys, (struct env_span){(const uint8_t *)closed.stand_in, strlen(closed.stand_in)},
        &wish, &mine)));
    child_demand(memcmp(mine->key.data, closed.key, closed.key_len) == 0);
    store_keys->vtable->release(store_keys, mine);
    return 0;
}

START_TEST(open_keys_go_on_in_a_child)
{
    shared = named_put(&(struct named_recipe){.fill = 1});
    closed = named_put(&(struct named_recipe){.number = 2, .fill = 60});
    ck_assert_int_eq(store_ask(&shared), ENV_R_NONE);
    store_let_go();
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
        store_refresh();
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
            ck_assert_int_eq(store_ask(&made[i]), ENV_R_NONE);
            store_gives(&made[i]);
            ck_assert_uint_eq(strtoul(store_ref->clear->name + 7, NULL, 10), i);
        }
        store_refresh();
    }
    ck_assert_int_eq(fake_keks[0].unwraps, 1000);
    store_let_go();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: threads");
    TCase *tcase = store_tests(suite, "threads");

    tcase_add_test(tcase, sixteen_threads_while_a_token_goes_and_comes_back);
    tcase_add_test(tcase, threads_while_keys_come_and_go);
    tcase = store_tests(suite, "fork");
    tcase_add_test(tcase, open_keys_go_on_in_a_child);
    tcase_add_test(tcase, forks_in_the_middle_of_openings);
    tcase = store_tests(suite, "many");
    tcase_add_test(tcase, a_thousand_keys);
    return caller_run(suite);
}
