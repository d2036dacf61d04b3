/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time on the command line: RFC 3339, and relative to now. */
#include "caller.h"
#include "tools/common/when.h"

#define NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static void means(const char *text, int64_t wanted)
{
    int64_t when = -1;

    ck_assert_msg(tool_when_read(text, NOW, &when), "%s", text);
    ck_assert_msg(when == wanted, "%s is %lld", text, (long long)when);
}

static void refused(const char *text)
{
    int64_t when = -1;

    ck_assert_msg(!tool_when_read(text, NOW, &when), "%s is %lld", text, (long long)when);
}

START_TEST(a_time_from_now_on_has_a_unit)
{
    means("now", NOW);
    means("+0h", NOW);
    means("+90m", NOW + 5400);
    means("+24h", NOW + 86400);
    means("+365d", NOW + 31536000);
    refused("+24");
    refused("+h");
    refused("+-1h");
    refused("+ 1h");
    refused("+1.5h");
    refused("+1hh");
    refused("+24H");
    refused("+1w");
    refused("+99999999d");
    refused("24h");
    refused("-1h");
    refused("");
    refused("NOW");
    refused("now ");
}
END_TEST

/* The examples of RFC 3339 section 5.8, and what date(1) makes of them. */
START_TEST(a_date_is_one_of_rfc_3339)
{
    means("1985-04-12T23:20:50.52Z", 482196050);
    means("1996-12-19T16:39:57-08:00", 851042397);
    means("1990-12-31T23:59:60Z", 662688000);
    means("1990-12-31T15:59:60-08:00", 662688000);
    means("1970-01-01T00:00:00Z", 0);
    means("1970-01-01T00:20:00+00:20", 0);
    means("2026-01-01t00:00:00z", NOW);
    means("2026-01-01 00:00:00Z", NOW);
    means("2026-01-01", NOW);
    means("2028-02-29", 1835395200);
    means("9999-12-31T23:59:59Z", INT64_C(253402300799));
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
    static const char *const texts[] = {
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        "2026-1-1",
        "2026-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-32",
        "2026-01-00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+01:60",
        "20260101",
        "2026-01-01T",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-00:01",
        "tomorrow",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refused(texts[i]);
}
END_TEST

START_TEST(a_time_is_shown_in_utc)
{
    char text[TOOL_WHEN_TEXT];

    ck_assert_str_eq(tool_when_text(0, text), "1970-01-01T00:00:00Z");
    ck_assert_str_eq(tool_when_text(NOW, text), "2026-01-01T00:00:00Z");
    ck_assert_str_eq(tool_when_text(INT64_C(253402300799), text), "9999-12-31T23:59:59Z");
}
END_TEST

START_TEST(an_age_has_its_largest_whole_unit)
{
    char text[TOOL_WHEN_TEXT];

    ck_assert_str_eq(tool_when_age(-5, text), "0 seconds");
    ck_assert_str_eq(tool_when_age(1, text), "1 second");
    ck_assert_str_eq(tool_when_age(119, text), "119 seconds");
    ck_assert_str_eq(tool_when_age(120, text), "2 minutes");
    ck_assert_str_eq(tool_when_age(7199, text), "119 minutes");
    ck_assert_str_eq(tool_when_age(7200, text), "2 hours");
    ck_assert_str_eq(tool_when_age(86400, text), "24 hours");
    ck_assert_str_eq(tool_when_age(3 * 86400, text), "3 days");
    ck_assert_str_eq(tool_when_age(400 * 86400, text), "400 days");
    ck_assert_str_eq(tool_when_age(800 * 86400, text), "2 years");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: points in time");
    TCase *tcase = tcase_create("when");

    tcase_add_test(tcase, a_time_from_now_on_has_a_unit);
    tcase_add_test(tcase, a_date_is_one_of_rfc_3339);
    tcase_add_test(tcase, what_is_no_date_is_refused);
    tcase_add_test(tcase, a_time_is_shown_in_utc);
    tcase_add_test(tcase, an_age_has_its_largest_whole_unit);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
