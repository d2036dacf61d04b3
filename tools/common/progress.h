/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar: one line on a terminal, redrawn a few times a second. */
#ifndef ENVELOPE_TOOL_PROGRESS_H
#define ENVELOPE_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct tool_progress {
    FILE *out; /* NULL: no bar */
    uint64_t total_files;
    uint64_t total_bytes;
    uint64_t files;
    uint64_t bytes;
    int64_t began; /* ms */
    int64_t drawn;
    bool visible;
};

/* Whether a bar would be visible: standard error is a terminal. */
bool tool_progress_wanted(void);

/*
 * out may be NULL. total_bytes 0: progress is by the number of files alone. If total_files is 0
 * too, the total is unknown (a stream), and the line shows the amount done and the rate.
 */
void tool_progress_begin(struct tool_progress *progress, FILE *out, uint64_t total_files,
                         uint64_t total_bytes);
void tool_progress_add(struct tool_progress *progress, uint64_t files, uint64_t bytes);

/*
 * Removes the line. To be called before anything else is written to the terminal, and at the end.
 */
void tool_progress_hide(struct tool_progress *progress);

/* The line without control characters, for tests. now is in ms since the beginning. */
#define TOOL_PROGRESS_LINE 128u
void tool_progress_line(const struct tool_progress *progress, int64_t now,
                        char line[TOOL_PROGRESS_LINE]);

#endif
