/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stats/read_lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Input that was read but not passed on yet is at the beginning of the room. */
struct reading {
    struct tool_lines *lines;
    size_t held;
    uint64_t passed; /* bytes of an overlong line that were dropped */
};

/* Passes on a line whose last len bytes are in the room. */
static bool give(struct reading *r, const char *line, size_t len)
{
    struct tool_lines *lines = r->lines;
    bool too_long = r->passed > 0 || len > lines->most;

    lines->taken += r->passed + len;
    r->passed = 0;
    return too_long ? lines->each(lines->arg, NULL, 0) : lines->each(lines->arg, line, len);
}

static bool give_lines(struct reading *r)
{
    struct tool_lines *lines = r->lines;
    const char *at = lines->room;
    const char *end = at + r->held;
    const char *newline;

    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        lines->taken++; /* the newline */
        if (!give(r, at, (size_t)(newline - at)))
            return false;
        at = newline + 1;
    }
    r->held = (size_t)(end - at);
    memmove(lines->room, at, r->held);
    if (r->held > lines->most) {
        r->passed += r->held;
        r->held = 0;
    }
    return true;
}

static bool give_rest(struct reading *r)
{
    if (r->lines->whole_alone || r->passed + r->held == 0)
        return true;
    return give(r, r->lines->room, r->held);
}

bool tool_lines_read(struct tool_lines *lines)
{
    struct reading r = {.lines = lines};

    lines->taken = 0;
    lines->why = NULL;
    for (;;) {
        ssize_t n =
            TEMP_FAILURE_RETRY(read(lines->fd, lines->room + r.held, TOOL_LINES_ROOM - r.held));

        if (n < 0) {
            lines->why = strerrordesc_np(errno);
            return false;
        }
        if (n == 0)
            return give_rest(&r);
        r.held += (size_t)n;
        if (!give_lines(&r))
            return false;
    }
}
