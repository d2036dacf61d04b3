/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/dates.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "envelope/base/clock.h"

int64_t env_date_today(void)
{
    return env_clock_seconds() / ENV_DAY_SECONDS;
}

static bool digits(const char *text, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = 10 * *out + (text[i] - '0');
    }
    return true;
}

/* timegm would accept 31 February as a day in March. */
static bool to_day(struct tm *tm, int64_t *day)
{
    struct tm copy = *tm;
    int64_t seconds = (int64_t)timegm(&copy);

    *day = seconds / ENV_DAY_SECONDS;
    return seconds >= 0 && copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon;
}

bool env_date_read(const char *text, size_t len, bool separated, int64_t *day)
{
    const size_t gap = separated ? 1 : 0;
    struct tm tm = {0};

    if (len != 8 + 2 * gap || (separated && (text[4] != '-' || text[7] != '-')) ||
        !digits(text, 4, &tm.tm_year) || !digits(text + 4 + gap, 2, &tm.tm_mon) ||
        !digits(text + 6 + 2 * gap, 2, &tm.tm_mday))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return to_day(&tm, day);
}

static struct tm day_of(int64_t day)
{
    const time_t seconds = (time_t)(day * ENV_DAY_SECONDS);
    struct tm tm = {0};

    (void)gmtime_r(&seconds, &tm);
    return tm;
}

const char *env_date_text(int64_t day, char text[ENV_DATE_TEXT])
{
    const struct tm tm = day_of(day);

    if (strftime(text, ENV_DATE_TEXT, "%F", &tm) == 0)
        (void)snprintf(text, ENV_DATE_TEXT, "?");
    return text;
}

void env_date_digits(int64_t day, char out[8])
{
    const struct tm tm = day_of(day);
    char text[ENV_DATE_TEXT] = "";

    (void)strftime(text, sizeof(text), "%Y%m%d", &tm);
    memcpy(out, text, 8);
}

struct env_dates env_dates_both(const struct env_dates *a, const struct env_dates *b)
{
    return (struct env_dates){
        .first = a->first > b->first ? a->first : b->first,
        .last = a->last == 0 || (b->last != 0 && b->last < a->last) ? b->last : a->last,
        .unread = a->unread || b->unread,
    };
}

const char *env_dates_text(const struct env_dates *dates, char text[ENV_DATES_TEXT])
{
    char first[ENV_DATE_TEXT];
    char last[ENV_DATE_TEXT];

    (void)snprintf(text, ENV_DATES_TEXT, "%s%s%s%s%s", dates->first != 0 ? "from " : "",
                   dates->first != 0 ? env_date_text(dates->first, first) : "",
                   dates->first != 0 && dates->last != 0 ? " " : "", dates->last != 0 ? "to " : "",
                   dates->last != 0 ? env_date_text(dates->last, last) : "");
    return text;
}
