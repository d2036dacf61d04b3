/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread remembers of the keys that it found: for one second, and only for the same request.
 */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include "caller.h"
#include "envelope/named/field_memo.h"
#include "stopped_clock.h"

static struct env_field_memo *memo;
static const uint8_t ids[2][ENV_FIELD_ID_LEN] = {{1}, {2}};

static void set_up(void)
{
    clock_stop();
    memo = env_field_memo_new();
    ck_assert_ptr_nonnull(memo);
}

static void tear_down(void)
{
    env_field_memo_free(memo);
    clock_go();
}

static struct env_field_question by(const char *name, const char *stand_in, unsigned use,
                                    const uint8_t *id)
{
    return (struct env_field_question){
        use, name, {(const uint8_t *)stand_in, stand_in != NULL ? strlen(stand_in) : 0}, id};
}

static struct env_field_key key_of(int fill)
{
    struct env_field_key key;

    memset(&key, fill, sizeof(key));
    return key;
}

static void put(struct env_field_question question, int fill)
{
    struct env_field_key key = key_of(fill);

    env_field_memo_put(memo, &question, &key);
}

/* What it was filled with; 0: nothing is remembered. */
static int get(struct env_field_question question)
{
    struct env_field_key key = key_of(0), expected;

    if (!env_field_memo_get(memo, &question, &key))
        return 0;
    expected = key_of(key.id[0]);
    ck_assert_mem_eq(&key, &expected, sizeof(key));
    return key.id[0];
}

START_TEST(it_answers_the_same_question_alone)
{
    put(by(NULL, "key:ABCDEFGHIJKL", 3, NULL), 7);
    ck_assert_int_eq(get(by(NULL, "key:ABCDEFGHIJKL", 3, NULL)), 7);
    ck_assert_int_eq(get(by(NULL, "key:ABCDEFGHIJKM", 3, NULL)), 0);
    ck_assert_int_eq(get(by(NULL, "key:ABCDEFGHIJK", 3, NULL)), 0);
    ck_assert_int_eq(get(by("key:ABCDEFGHIJKL", NULL, 3, NULL)), 0);
    ck_assert_int_eq(get(by(NULL, "key:ABCDEFGHIJKL", 4, NULL)), 0);
    ck_assert_int_eq(get(by(NULL, "key:ABCDEFGHIJKL", 3, ids[0])), 0);
    put(by("users", NULL, 3, ids[0]), 8);
    ck_assert_int_eq(get(by("users", NULL, 3, ids[0])), 8);
    ck_assert_int_eq(get(by("users", NULL, 3, ids[1])), 0);
    ck_assert_int_eq(get(by("users", NULL, 3, NULL)), 0);
    ck_assert_int_eq(get(by(NULL, "key:ABCDEFGHIJKL", 3, NULL)), 7);
}
END_TEST

START_TEST(every_bit_of_a_stand_in_counts)
{
    for (size_t len = 1; len <= 33; len++) {
        uint8_t words[33];
        const struct env_field_question question = {3, NULL, {words, len}, NULL};

        memset(words, 'x', sizeof(words));
        put(question, 7);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            words[bit / 8] ^= (uint8_t)(1u << bit % 8);
            ck_demand(get(question) == 0, "bit %zu of %zu bytes", bit, len);
            words[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        ck_demand(get(question) == 7, "%zu bytes", len);
    }
}
END_TEST

START_TEST(it_remembers_for_a_second)
{
    put(by("users", NULL, 3, NULL), 7);
    clock_move(ENV_FIELD_MEMO_MS - 1);
    ck_assert_int_eq(get(by("users", NULL, 3, NULL)), 7);
    clock_move(1);
    ck_assert_int_eq(get(by("users", NULL, 3, NULL)), 0);
}
END_TEST

START_TEST(it_remembers_four)
{
    static const char *const names[] = {"aaa", "bbb", "ccc", "ddd", "eee"};

    for (int i = 0; i < 5; i++)
        put(by(names[i], NULL, 3, NULL), i + 1);
    ck_assert_int_eq(get(by(names[0], NULL, 3, NULL)), 0);
    for (int i = 1; i < 5; i++)
        ck_assert_int_eq(get(by(names[i], NULL, 3, NULL)), i + 1);
}
END_TEST

START_TEST(what_is_too_long_is_not_remembered)
{
    char name[100];

    memset(name, 'x', sizeof(name));
    name[81] = '\0';
    put(by(name, NULL, 3, NULL), 7);
    ck_assert_int_eq(get(by(name, NULL, 3, NULL)), 0);
    name[80] = '\0';
    put(by(name, NULL, 3, NULL), 7);
    ck_assert_int_eq(get(by(name, NULL, 3, NULL)), 7);
}
END_TEST

static void *another(void *arg)
{
    (void)arg;
    ck_assert_int_eq(get(by("users", NULL, 3, NULL)), 0);
    put(by("users", NULL, 3, NULL), 8);
    ck_assert_int_eq(get(by("users", NULL, 3, NULL)), 8);
    return NULL;
}

START_TEST(each_thread_has_its_own)
{
    pthread_t thread;

    put(by("users", NULL, 3, NULL), 7);
    ck_assert_int_eq(pthread_create(&thread, NULL, another, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(get(by("users", NULL, 3, NULL)), 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("named: keys that were just found");
    TCase *tcase = tcase_create("field memo");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, it_answers_the_same_question_alone);
    tcase_add_test(tcase, every_bit_of_a_stand_in_counts);
    tcase_add_test(tcase, it_remembers_for_a_second);
    tcase_add_test(tcase, it_remembers_four);
    tcase_add_test(tcase, what_is_too_long_is_not_remembered);
    tcase_add_test(tcase, each_thread_has_its_own);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
