/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE INT64_C(60)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define LAST INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static bool digits(const char **at, unsigned count, int *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = 10 * *out + (**at - '0');
    }
    return true;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool relative(const char *at, int64_t *out)
{
    int64_t count = 0;
    const char *first = at;

    for (; *at >= '0' && *at <= '9' && at - first < 7; at++)
        count = 10 * count + (*at - '0');
    if (at == first || at[0] == '\0' || at[1] != '\0')
        return false;
    switch (*at) {
    case 'm':
        *out = count * MINUTE;
        return true;
    case 'h':
        *out = count * HOUR;
        return true;
    case 'd':
        *out = count * DAY;
        return true;
    default:
        return false;
    }
}

static bool read_day(const char **at, struct tm *tm)
{
    if (!digits(at, 4, &tm->tm_year) || !take(at, '-') || !digits(at, 2, &tm->tm_mon) ||
        !take(at, '-') || !digits(at, 2, &tm->tm_mday))
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

/*
 * A leap second counts as the first second of the next minute. Fractions of a second are dropped.
 */
static bool read_clock(const char **at, struct tm *tm)
{
    if (!digits(at, 2, &tm->tm_hour) || !take(at, ':') || !digits(at, 2, &tm->tm_min) ||
        !take(at, ':') || !digits(at, 2, &tm->tm_sec) || tm->tm_hour > 23 || tm->tm_min > 59 ||
        tm->tm_sec > 60)
        return false;
    if (take(at, '.')) {
        if (**at < '0' || **at > '9')
            return false;
        while (**at >= '0' && **at <= '9')
            (*at)++;
    }
    return true;
}

static bool read_offset(const char **at, int64_t *seconds)
{
    int hours;
    int minutes;
    bool behind;

    *seconds = 0;
    if (take(at, 'Z') || take(at, 'z'))
        return true;
    behind = **at == '-';
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!digits(at, 2, &hours) || !take(at, ':') || !digits(at, 2, &minutes) || hours > 23 ||
        minutes > 59)
        return false;
    *seconds = (hours * HOUR + minutes * MINUTE) * (behind ? -1 : 1);
    return true;
}

/* timegm would accept 31 February as a day in March. */
static bool is_a_day(const struct tm *tm)
{
    struct tm copy = *tm;

    return tm->tm_mon >= 0 && tm->tm_mon < 12 && timegm(&copy) != (time_t)-1 &&
           copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon;
}

static bool absolute(const char *at, int64_t *out)
{
    struct tm day = {0};
    struct tm tm;
    int64_t offset = 0;

    if (!read_day(&at, &day) || !is_a_day(&day))
        return false;
    tm = day;
    if (*at != '\0') {
        if (*at != 'T' && *at != 't' && *at != ' ')
            return false;
        at++;
        if (!read_clock(&at, &tm) || !read_offset(&at, &offset))
            return false;
    }
    *out = (int64_t)timegm(&tm) - offset;
    return *at == '\0';
}

bool tool_when_read(const char *text, int64_t now, int64_t *out)
{
    bool ok = true;

    if (strcmp(text, "now") == 0) {
        *out = now;
    } else if (text[0] == '+') {
        ok = relative(text + 1, out);
        *out = ok ? *out + now : 0;
    } else {
        ok = absolute(text, out);
    }
    return ok && *out >= 0 && *out <= LAST;
}

const char *tool_when_text(int64_t when, char text[TOOL_WHEN_TEXT])
{
    const time_t seconds = (time_t)when;
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL || strftime(text, TOOL_WHEN_TEXT, "%FT%TZ", &tm) == 0)
        (void)snprintf(text, TOOL_WHEN_TEXT, "?");
    return text;
}

const char *tool_when_age(int64_t seconds, char text[TOOL_WHEN_TEXT])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{YEAR, "year"}, {DAY, "day"}, {HOUR, "hour"}, {MINUTE, "minute"}, {1, "second"}};
    size_t i = 0;
    int64_t count;

    seconds = seconds < 0 ? 0 : seconds;
    while (units[i].seconds > 1 && seconds < 2 * units[i].seconds)
        i++;
    count = seconds / units[i].seconds;
    (void)snprintf(text, TOOL_WHEN_TEXT, "%" PRId64 " %s%s", count, units[i].name,
                   count == 1 ? "" : "s");
    return text;
}
