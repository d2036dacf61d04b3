/* SPDX-License-Identifier: Apache-2.0 */
/* Days in UTC: reading, writing, and what two keys' days are together. */
#include <string.h>

#include "caller.h"
#include "envelope/base/dates.h"
#include "stopped_clock.h"

static int64_t day(const char *text)
{
    int64_t out = 0;

    ck_assert_msg(env_date_read(text, strlen(text), strlen(text) == 10, &out), "%s", text);
    return out;
}

START_TEST(a_day_is_read_and_written_in_both_forms)
{
    static const struct {
        const char *text;
        const char *digits;
        int64_t day;
    } days[] = {
        {"1970-01-01", "19700101", 0},     {"1970-01-02", "19700102", 1},
        {"2000-02-29", "20000229", 11016}, {"2027-01-31", "20270131", 20849},
        {"2100-03-01", "21000301", 47541}, {"9999-12-31", "99991231", 2932896},
    };

    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        char text[ENV_DATE_TEXT];
        char digits[9] = "";

        ck_assert_int_eq(day(days[i].text), days[i].day);
        ck_assert_int_eq(day(days[i].digits), days[i].day);
        ck_assert_str_eq(env_date_text(days[i].day, text), days[i].text);
        env_date_digits(days[i].day, digits);
        ck_assert_str_eq(digits, days[i].digits);
    }
}
END_TEST

START_TEST(what_is_no_day_is_refused)
{
    static const char *const separated[] = {"",           "2027-02-29", "2027-00-10", "2027-13-01",
                                            "2027-01-00", "2027-01-32", "2027-1-31",  "1969-12-31",
                                            "2027/01/31", "2027-01-3x", "+027-01-31", "20270131"};
    static const char *const digits[] = {"",         "2027013",  "202701311", "20270230",
                                         "2027-1-1", "19691231", "2027013x"};
    int64_t out;

    for (size_t i = 0; i < sizeof(separated) / sizeof(separated[0]); i++)
        ck_assert_msg(!env_date_read(separated[i], strlen(separated[i]), true, &out), "%s",
                      separated[i]);
    for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
        ck_assert_msg(!env_date_read(digits[i], strlen(digits[i]), false, &out), "%s", digits[i]);
}
END_TEST

START_TEST(today_changes_at_midnight_in_utc)
{
    clock_set(day("2027-01-31") * ENV_DAY_SECONDS);
    ck_assert_int_eq(env_date_today(), day("2027-01-31"));
    clock_set(day("2027-02-01") * ENV_DAY_SECONDS - 1);
    ck_assert_int_eq(env_date_today(), day("2027-01-31"));
    clock_set(0);
}
END_TEST

static void both_are(struct env_dates a, struct env_dates b, int64_t first, int64_t last)
{
    struct env_dates one = env_dates_both(&a, &b);
    struct env_dates other = env_dates_both(&b, &a);

    ck_assert_int_eq(one.first, first);
    ck_assert_int_eq(one.last, last);
    ck_assert_int_eq(other.first, first);
    ck_assert_int_eq(other.last, last);
}

START_TEST(of_two_copies_the_narrower_days_count)
{
    both_are((struct env_dates){0}, (struct env_dates){0}, 0, 0);
    both_are((struct env_dates){0}, (struct env_dates){.first = 5, .last = 9}, 5, 9);
    both_are((struct env_dates){.first = 3, .last = 7}, (struct env_dates){.first = 5, .last = 9},
             5, 7);
    ck_assert(env_dates_both(&(struct env_dates){.unread = true}, &(struct env_dates){0}).unread);
}
END_TEST

START_TEST(days_are_told_as_far_as_there_are_any)
{
    char text[ENV_DATES_TEXT];

    ck_assert_str_eq(env_dates_text(&(struct env_dates){0}, text), "");
    ck_assert_str_eq(env_dates_text(&(struct env_dates){.first = 20849}, text), "from 2027-01-31");
    ck_assert_str_eq(env_dates_text(&(struct env_dates){.last = 20849}, text), "to 2027-01-31");
    ck_assert_str_eq(env_dates_text(&(struct env_dates){.first = 1, .last = 2932896}, text),
                     "from 1970-01-02 to 9999-12-31");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dates");
    TCase *tcase = tcase_create("dates");

    tcase_add_test(tcase, a_day_is_read_and_written_in_both_forms);
    tcase_add_test(tcase, what_is_no_day_is_refused);
    tcase_add_test(tcase, today_changes_at_midnight_in_utc);
    tcase_add_test(tcase, of_two_copies_the_narrower_days_count);
    tcase_add_test(tcase, days_are_told_as_far_as_there_are_any);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
