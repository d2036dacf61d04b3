/* SPDX-License-Identifier: Apache-2.0 */
/* Computes when the next version of a KEK seals. */
#ifndef ENVELOPE_TOOL_ROTATE_PLAN_H
#define ENVELOPE_TOOL_ROTATE_PLAN_H

#include "envelope/base/dates.h"
#include "envelope/base/error.h"

/* Reads "365", "365d" or "2y" as days; a year has 365. */
bool tool_cryptoperiod_read(const char *text, int64_t *days);

/*
 * The first day that begins at `when` or later; today if `when` is now. A date without a time is
 * that day.
 */
int64_t tool_start_day(int64_t when, int64_t now);

/*
 * The next version's dates: from `start`, for `period` days. With a period of 0 it lasts as long as
 * the one before it, if that has an end. covered: the last day on which a version seals; 0 if there
 * is no last day, 1 if no version seals. Raises KEK_GAP if no version would seal on some day before
 * the new one starts.
 */
ENV_RESULT tool_next_dates(const struct env_errors *errors, const struct env_dates *before,
                           int64_t covered, int64_t start, int64_t period, int64_t today,
                           struct env_dates *out);

#endif
