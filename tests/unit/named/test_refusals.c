/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals: the first ones in a minute get a line each, all are counted, and the number of lines
 * stays small.
 */
#include <string.h>

#include "caller.h"
#include "child.h"
#include "envelope/named/refusals.h"

static struct env_refusals refusals;
static struct env_refusal_line lines[2];
static int64_t now;

static void set_up(void)
{
    memset(&refusals, 0, sizeof(refusals));
    now = 1000000;
}

static size_t note(enum env_reason reason, const char *named_key)
{
    return env_refusals_note(&refusals, reason, named_key, now, lines);
}

/* Notes this many; returns the sum that the lines stand for, and the number of lines. */
static uint64_t flood(uint64_t times, enum env_reason reason, const char *named_key, size_t *made)
{
    uint64_t sum = 0;

    *made = 0;
    for (uint64_t i = 0; i < times; i++) {
        size_t count = note(reason, named_key);

        for (size_t j = 0; j < count; j++) {
            ck_demand(lines[j].reason == reason, "%d", (int)lines[j].reason);
            sum += lines[j].count;
        }
        *made += count;
    }
    return sum;
}

START_TEST(the_first_ones_have_lines_of_their_own)
{
    for (unsigned i = 0; i < ENV_REFUSALS_EACH; i++) {
        ck_assert_uint_eq(note(ENV_R_KEY_REVOKED, "orders@1"), 1);
        ck_assert_uint_eq(lines[0].count, 1);
        ck_assert_int_eq(lines[0].reason, ENV_R_KEY_REVOKED);
        ck_assert_str_eq(lines[0].named_key, "orders@1");
    }
    ck_assert_uint_eq(note(ENV_R_KEY_REVOKED, "orders@1"), 0);
}
END_TEST

START_TEST(what_follows_is_counted_in_doubles)
{
    static const uint64_t told[] = {10, 20, 40, 80, 160};
    uint64_t since = 0;
    size_t at = 0;
    size_t made;

    ck_assert_uint_eq(flood(ENV_REFUSALS_EACH, ENV_R_KEY_UNKNOWN, NULL, &made), 10);
    for (uint64_t i = 0; i < 310; i++) {
        since++;
        if (note(ENV_R_KEY_UNKNOWN, NULL) == 0)
            continue;
        ck_assert_uint_eq(lines[0].count, told[at]);
        ck_assert_uint_eq(since, told[at]);
        ck_assert_str_eq(lines[0].named_key, "");
        since = 0;
        at++;
    }
    ck_assert_uint_eq(at, 5);
}
END_TEST

START_TEST(a_million_make_few_lines_and_none_is_lost)
{
    struct env_refusal_line rest;
    size_t made;
    uint64_t sum = flood(1000000, ENV_R_KEY_UNKNOWN, NULL, &made);

    ck_assert_uint_le(made, 10 + 17);
    ck_assert(!env_refusals_rest(&refusals, now, &rest)); /* the minute is not over */
    now += ENV_REFUSALS_MINUTE;
    ck_assert(env_refusals_rest(&refusals, now, &rest));
    ck_assert_int_eq(rest.reason, ENV_R_KEY_UNKNOWN);
    ck_assert_uint_eq(sum + rest.count, 1000000);
    ck_assert(!env_refusals_rest(&refusals, now, &rest));
}
END_TEST

START_TEST(a_minute_later_they_have_lines_again)
{
    size_t made;
    uint64_t sum = flood(25, ENV_R_KEY_WRONG_USE, "orders@1", &made);

    ck_assert_uint_eq(sum, 20);
    now += ENV_REFUSALS_MINUTE - 1;
    ck_assert_uint_eq(note(ENV_R_KEY_WRONG_USE, "orders@1"), 0);
    now++;
    ck_assert_uint_eq(note(ENV_R_KEY_WRONG_USE, "orders@1"), 2); /* the rest, and this one */
    ck_assert_uint_eq(lines[0].count, 6);
    ck_assert_uint_eq(lines[1].count, 1);
    ck_assert_uint_eq(note(ENV_R_KEY_WRONG_USE, "orders@1"), 1);
    ck_assert_uint_eq(lines[0].count, 1);
}
END_TEST

/* A flood of one kind hides no other; what the caller may choose is one kind. */
START_TEST(kinds_are_counted_apart)
{
    size_t made;

    (void)flood(1000, ENV_R_KEY_UNKNOWN, "guessed", &made);
    ck_assert_uint_eq(note(ENV_R_KEY_UNKNOWN, "another"), 0);
    ck_assert_uint_eq(note(ENV_R_KEY_REVOKED, "orders@1"), 1);
    (void)flood(1000, ENV_R_KEY_REVOKED, "orders@1", &made);
    ck_assert_uint_eq(note(ENV_R_KEY_REVOKED, "orders@2"), 1);
    ck_assert_str_eq(lines[0].named_key, "orders@2");
    ck_assert_uint_eq(note(ENV_R_KEY_DISABLED, "orders@1"), 1);
}
END_TEST

START_TEST(more_kinds_than_there_is_room_for_are_counted_by_reason)
{
    struct env_refusal_line rest;
    char name[32];
    uint64_t sum = 0;
    size_t made;

    for (unsigned i = 0; i < 2 * ENV_REFUSALS_KINDS; i++) {
        (void)snprintf(name, sizeof(name), "key-%u@1", i);
        sum += flood(50, ENV_R_KEY_NOT_ALLOWED, name, &made);
    }
    ck_assert_uint_eq(note(ENV_R_KEY_DISABLED, "another@1"), 1);
    ck_assert_int_eq(lines[0].reason, ENV_R_KEY_DISABLED);
    now += ENV_REFUSALS_MINUTE;
    while (env_refusals_rest(&refusals, now, &rest)) {
        ck_assert_int_eq(rest.reason, ENV_R_KEY_NOT_ALLOWED);
        sum += rest.count;
    }
    ck_assert_uint_eq(sum, 50 * 2 * ENV_REFUSALS_KINDS);
    /* and there is room again */
    ck_assert_uint_eq(note(ENV_R_KEY_NOT_ALLOWED, "key-127@1"), 1);
    ck_assert_str_eq(lines[0].named_key, "key-127@1");
}
END_TEST

static int of_the_child(void *arg)
{
    struct env_refusal_line rest;

    (void)arg;
    now += ENV_REFUSALS_MINUTE;
    return env_refusals_rest(&refusals, now, &rest) || note(ENV_R_KEY_UNKNOWN, NULL) != 1 ||
           lines[0].count != 1;
}

START_TEST(a_child_does_not_tell_what_its_parent_counted)
{
    size_t made;

    (void)flood(15, ENV_R_KEY_UNKNOWN, NULL, &made);
    ck_assert(in_child(of_the_child, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("named keys: refusals");
    TCase *tcase = tcase_create("refusals");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, the_first_ones_have_lines_of_their_own);
    tcase_add_test(tcase, what_follows_is_counted_in_doubles);
    tcase_add_test(tcase, a_million_make_few_lines_and_none_is_lost);
    tcase_add_test(tcase, a_minute_later_they_have_lines_again);
    tcase_add_test(tcase, kinds_are_counted_apart);
    tcase_add_test(tcase, more_kinds_than_there_is_room_for_are_counted_by_reason);
    tcase_add_test(tcase, a_child_does_not_tell_what_its_parent_counted);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
