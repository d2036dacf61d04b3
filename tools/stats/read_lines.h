/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a descriptor line by line in constant memory, however long the lines are. */
#ifndef ENVELOPE_TOOL_READ_LINES_H
#define ENVELOPE_TOOL_READ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_LINES_ROOM 131072u /* a line of TOOL_AUDIT_LINE_MAX, and as much again */

/*
 * line is without its newline, or NULL if it is longer than the caller's maximum. Returning false
 * ends the reading.
 */
typedef bool tool_line_fn(void *arg, const char *line, size_t len);

struct tool_lines {
    int fd;
    size_t most;      /* maximum length of a line */
    bool whole_alone; /* leave a last line without a newline for another time */
    tool_line_fn *each;
    void *arg;
    char *room;      /* of TOOL_LINES_ROOM bytes */
    uint64_t taken;  /* bytes up to the end of the last line passed to each */
    const char *why; /* what went wrong */
};

/* Reads to the end. False: why has the reason, unless each ended it. */
bool tool_lines_read(struct tool_lines *lines);

#endif
