/* SPDX-License-Identifier: Apache-2.0 */
/* When the next version of a KEK seals. */
#ifndef ENVELOPE_TOOL_ROTATE_PLAN_H
#define ENVELOPE_TOOL_ROTATE_PLAN_H

#include "envelope/base/dates.h"
#include "envelope/base/error.h"

/* "365", "365d" or "2y": days; a year has 365. */
bool tool_cryptoperiod_read(const char *text, int64_t *days);

/*
 * The first day that begins at that moment or behind it; today, when that is now. What is said as
 * a date alone is that day.
 */
int64_t tool_start_day(int64_t when, int64_t now);

/*
 * The next one's days: from `start` on, for `period` days, or where that is 0 for as many as the
 * one before it had, if it had an end. covered: the last day on which a version seals; 0: there is
 * no such day, and 1: none does. KEK_GAP, raised: a day before it would have no version.
 */
ENV_RESULT tool_next_dates(const struct env_errors *errors, const struct env_dates *before,
                           int64_t covered, int64_t start, int64_t period, int64_t today,
                           struct env_dates *out);

#endif
