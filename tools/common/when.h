/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as the command's options have them and as it shows them. */
#ifndef ENVELOPE_TOOL_WHEN_H
#define ENVELOPE_TOOL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "now"; "+90m", "+24h", "+365d": that much from now on; a date-time of RFC 3339; a date alone,
 * whose day begins in UTC. False: it is none of these, or before 1970 or after 9999.
 */
bool tool_when_read(const char *text, int64_t now, int64_t *out);

/* Seconds since 1970 as RFC 3339 has them, in UTC: "2027-01-31T12:00:00Z". */
#define TOOL_WHEN_TEXT 32u
const char *tool_when_text(int64_t when, char text[TOOL_WHEN_TEXT]);

/* How long that is, in its largest whole unit: "3 days", "1 hour", "2 years". */
const char *tool_when_age(int64_t seconds, char text[TOOL_WHEN_TEXT]);

#endif
