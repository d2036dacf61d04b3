/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time, as the command's options accept and its reports show them. */
#ifndef ENVELOPE_TOOL_WHEN_H
#define ENVELOPE_TOOL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads "now"; "+90m", "+24h" or "+365d", relative to now; an RFC 3339 date-time; or a date, which
 * means the beginning of that day in UTC. False: it is none of these, or before 1970 or after 9999.
 */
bool tool_when_read(const char *text, int64_t now, int64_t *out);

/* Seconds since 1970 in the form of RFC 3339, in UTC: "2027-01-31T12:00:00Z". */
#define TOOL_WHEN_TEXT 32u
const char *tool_when_text(int64_t when, char text[TOOL_WHEN_TEXT]);

/* The duration in its largest whole unit: "3 days", "1 hour", "2 years". */
const char *tool_when_age(int64_t seconds, char text[TOOL_WHEN_TEXT]);

#endif
