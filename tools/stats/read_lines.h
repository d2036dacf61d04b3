/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a descriptor, however long somebody made them, in memory of one size. */
#ifndef ENVELOPE_TOOL_READ_LINES_H
#define ENVELOPE_TOOL_READ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_LINES_ROOM 131072u /* a line of TOOL_AUDIT_LINE_MAX, and as much again */

/*
 * line is without its newline. NULL: it has more bytes than the caller's most, whatever they are.
 * False ends the reading.
 */
typedef bool tool_line_fn(void *arg, const char *line, size_t len);

struct tool_lines {
    int fd;
    size_t most;      /* bytes of a line */
    bool whole_alone; /* what has no newline behind it yet is left for another time */
    tool_line_fn *each;
    void *arg;
    char *room;      /* of TOOL_LINES_ROOM bytes */
    uint64_t taken;  /* bytes up to the end of the last line that was given to each */
    const char *why; /* words for what went wrong */
};

/* Reads to the end. False: why has words, unless it was each that ended it. */
bool tool_lines_read(struct tool_lines *lines);

#endif
