/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of opened tenant keys: the least recently used one is dropped, and every part of a name
 * counts. */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include "caller.h"
#include "envelope/named/tenant_cache.h"

#define MOST 40u

static struct env_tenant_cache *cache;

/* A name that is like no other, and what the cache has for it. */
struct made {
    uint8_t above[8], sealed[ENV_TENANT_SEALED_LEN], tenant[ENV_TENANT_ID_MAX];
    struct env_tenant_name name;
    struct env_field_key key;
};

/* All of them lie in few places: of the tag only its last bytes are hashed. */
static struct made *make(unsigned n)
{
    struct made *made = calloc(1, sizeof(*made));

    ck_demand(made != NULL, "memory");
    memset(made->above, 1, sizeof(made->above));
    made->sealed[0] = 1;
    made->sealed[40] = (uint8_t)n;
    made->sealed[41] = (uint8_t)(n >> 8);
    made->sealed[ENV_TENANT_SEALED_LEN - 8] = (uint8_t)(n % 3);
    made->tenant[0] = (uint8_t)n;
    made->name = (struct env_tenant_name){
        made->above, {made->sealed, sizeof(made->sealed)}, {made->tenant, 1 + n % 255}};
    memset(&made->key, (int)(n + 1), sizeof(made->key));
    return made;
}

static bool has(const struct made *made)
{
    struct env_field_key out;

    memset(&out, 0, sizeof(out));
    if (!env_tenant_cache_get(cache, &made->name, &out))
        return false;
    ck_demand(memcmp(&out, &made->key, sizeof(out)) == 0, "another key");
    return true;
}

static void put(const struct made *made)
{
    env_tenant_cache_put(cache, &made->name, &made->key);
}

static struct made *all[200];

static void set_up(void)
{
    for (unsigned i = 0; i < 200; i++)
        all[i] = make(i);
    cache = env_tenant_cache_new(MOST);
    ck_assert_ptr_nonnull(cache);
}

static void tear_down(void)
{
    env_tenant_cache_free(cache);
    for (unsigned i = 0; i < 200; i++)
        free(all[i]);
}

START_TEST(what_was_used_longest_ago_goes_first)
{
    ck_assert(!has(all[0]));
    for (unsigned i = 0; i < MOST; i++)
        put(all[i]);
    for (unsigned i = 0; i < MOST; i++)
        ck_assert(has(all[i]));
    ck_assert(has(all[0])); /* 1 is the oldest now */
    put(all[MOST]);
    ck_assert(!has(all[1]));
    ck_assert(has(all[0]));
    for (unsigned i = MOST + 1; i < 2 * MOST - 1; i++)
        put(all[i]);
    ck_assert(has(all[0]) && has(all[MOST]));
    ck_assert(!has(all[MOST - 1]));
}
END_TEST

/* Against a list that is searched from end to end. */
START_TEST(a_random_course_agrees_with_a_list)
{
    unsigned order[200], count = 0;
    uint64_t state = 7;

    for (int step = 0; step < 20000; step++) {
        unsigned n = (unsigned)random_between(&state, 0, 79), at = 0;

        while (at < count && order[at] != n)
            at++;
        ck_demand(has(all[n]) == (at < count), "step %d", step);
        if (at == count) {
            put(all[n]);
            put(all[n]); /* twice is once */
            count = count < MOST ? count + 1 : count;
            at = count - 1;
        }
        memmove(order + 1, order, at * sizeof(order[0]));
        order[0] = n;
    }
}
END_TEST

START_TEST(every_part_of_the_name_counts)
{
    struct made *other = make(5);

    put(all[5]);
    ck_assert(has(other));
    other->above[7] ^= 1;
    ck_assert(!has(other));
    other->above[7] ^= 1;
    for (size_t i = 0; i < sizeof(other->sealed); i++) {
        other->sealed[i] ^= 1;
        ck_assert(!has(other));
        other->sealed[i] ^= 1;
    }
    other->name.tenant.len--;
    ck_assert(!has(other));
    other->name.tenant.len++;
    other->tenant[2] ^= 1;
    ck_assert(!has(other));
    free(other);
}
END_TEST

static void *elsewhere(void *arg)
{
    (void)arg;
    for (unsigned i = 1; i <= MOST; i++)
        put(all[i]);
    return NULL;
}

/* What a thread used last it keeps, and no more than that. */
START_TEST(each_thread_keeps_its_last)
{
    pthread_t thread;

    put(all[100]);
    put(all[0]);
    ck_assert_int_eq(pthread_create(&thread, NULL, elsewhere, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(has(all[0]));
    ck_assert(!has(all[100]));
    ck_assert(has(all[0]));
    ck_assert(has(all[MOST]));
    ck_assert(!has(all[0]));
}
END_TEST

START_TEST(a_cache_of_one_and_of_none)
{
    env_tenant_cache_free(cache);
    cache = env_tenant_cache_new(1);
    put(all[0]);
    ck_assert(has(all[0]));
    put(all[1]);
    ck_assert(has(all[1]) && !has(all[0]));
    env_tenant_cache_free(cache);
    cache = env_tenant_cache_new(0);
    put(all[0]);
    ck_assert(!has(all[0]));
}
END_TEST

static void *use_it(void *arg)
{
    uint64_t state = (uint64_t)(uintptr_t)arg;

    for (int i = 0; i < 20000; i++) {
        const struct made *made = all[random_between(&state, 0, 79)];

        if (!has(made))
            put(made);
    }
    return NULL;
}

START_TEST(threads_share_it)
{
    pthread_t threads[4];

    for (uintptr_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_it, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("named: tenant keys that are open");
    TCase *tcase = tcase_create("tenant cache");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_was_used_longest_ago_goes_first);
    tcase_add_test(tcase, a_random_course_agrees_with_a_list);
    tcase_add_test(tcase, every_part_of_the_name_counts);
    tcase_add_test(tcase, each_thread_keeps_its_last);
    tcase_add_test(tcase, a_cache_of_one_and_of_none);
    tcase_add_test(tcase, threads_share_it);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
