/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days in UTC, as PKCS#11 uses them: the days on which a KEK may seal, including the first and the
 * last. Days are counted from 1970; 0 means not set, so a struct of zeros sets no limits.
 */
#ifndef ENVELOPE_DATES_H
#define ENVELOPE_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENV_DAY_SECONDS INT64_C(86400)
#define ENV_DATE_TEXT 16u              /* room for "2027-01-31" */
#define ENV_DATE_LAST INT64_C(2932896) /* 9999-12-31: PKCS#11 has four digits for the year */

struct env_dates {
    int64_t first; /* CKA_START_DATE; 0: no limit */
    int64_t last;  /* CKA_END_DATE, the last day; 0: no limit */
    bool unread;   /* one of the dates is invalid */
};

/* Today. */
int64_t env_date_today(void);

/*
 * Reads "2027-01-31" (separated), or "20270131" as in PKCS#11. False: it is not a valid date since
 * 1970.
 */
bool env_date_read(const char *text, size_t len, bool separated, int64_t *day);
const char *env_date_text(int64_t day, char text[ENV_DATE_TEXT]);
void env_date_digits(int64_t day, char digits[8]);

/* The dates that satisfy both: the copies of a KEK on two tokens may have different ones. */
struct env_dates env_dates_both(const struct env_dates *a, const struct env_dates *b);

/* "from 2027-01-01 to 2027-12-31", "to ...", "from ...", or "". */
#define ENV_DATES_TEXT 48u
const char *env_dates_text(const struct env_dates *dates, char text[ENV_DATES_TEXT]);

#endif
