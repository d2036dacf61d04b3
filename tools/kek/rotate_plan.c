/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/rotate_plan.h"

#define YEAR 365
#define DAYS_MAX 36500

bool tool_cryptoperiod_read(const char *text, int64_t *days)
{
    int64_t n = 0;

    if (*text < '1' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9' && n <= DAYS_MAX; text++)
        n = 10 * n + (*text - '0');
    if (*text == 'y')
        n *= YEAR;
    if (*text == 'y' || *text == 'd')
        text++;
    *days = n;
    return *text == '\0' && n <= DAYS_MAX;
}

int64_t tool_start_day(int64_t when, int64_t now)
{
    int64_t day = when / ENV_DAY_SECONDS;

    if (when <= now || when % ENV_DAY_SECONDS == 0)
        return day;
    return day + 1;
}

ENV_RESULT tool_next_dates(const struct env_errors *errors, const struct env_dates *before,
                           int64_t covered, int64_t start, int64_t period, int64_t today,
                           struct env_dates *out)
{
    char text[2][ENV_DATE_TEXT];

    if (period == 0 && before->first != 0 && before->last >= before->first)
        period = before->last - before->first + 1;
    *out = (struct env_dates){.first = start, .last = period > 0 ? start + period - 1 : 0};
    if (out->first > ENV_DATE_LAST || out->last > ENV_DATE_LAST)
        return ENV_RAISE(errors, ENV_R_KEK_DATES, "the last date that there is is %s",
                         env_date_text(ENV_DATE_LAST, text[0]));
    if (out->last != 0 && out->last < today)
        return ENV_RAISE(errors, ENV_R_KEK_DATES, "it would end on %s",
                         env_date_text(out->last, text[0]));
    if (covered == 1 && start > today)
        return ENV_RAISE(errors, ENV_R_KEK_GAP, "no version seals, and it would start on %s",
                         env_date_text(start, text[1]));
    if (covered != 0 && start > today && start > covered + 1)
        return ENV_RAISE(errors, ENV_R_KEK_GAP, "the last day is %s, and it would start on %s",
                         env_date_text(covered, text[0]), env_date_text(start, text[1]));
    return ENV_OK;
}
