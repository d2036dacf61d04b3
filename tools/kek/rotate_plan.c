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

/* The last day on which one of them seals; 0: no version ends. */
static int64_t covered_to(const struct tool_versions *versions)
{
    int64_t last = 1;

    for (size_t i = 0; i < versions->count; i++) {
        const struct env_dates *dates = &versions->list[i].info.dates;

        if (dates->last == 0 && !dates->unread)
            return 0;
        if (dates->last > last)
            last = dates->last;
    }
    return last;
}

ENV_RESULT tool_next_dates(const struct env_errors *errors, const struct tool_versions *versions,
                           int64_t start, int64_t period, int64_t today, struct env_dates *out)
{
    const struct env_dates *before = &versions->list[0].info.dates;
    int64_t covered = covered_to(versions);
    char text[2][ENV_DATE_TEXT];

    if (period == 0 && before->first != 0 && before->last != 0)
        period = before->last - before->first + 1;
    *out = (struct env_dates){.first = start, .last = period > 0 ? start + period - 1 : 0};
    if (out->last != 0 && out->last < today)
        return ENV_RAISE(errors, ENV_R_KEK_DATES, "it would end on %s",
                         env_date_text(out->last, text[0]));
    if (covered != 0 && start > today && start > covered + 1)
        return ENV_RAISE(errors, ENV_R_KEK_GAP, "the last day is %s, and it would start on %s",
                         env_date_text(covered, text[0]), env_date_text(start, text[1]));
    return ENV_OK;
}
