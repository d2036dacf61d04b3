/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "tools/common/report.h"

#define REDRAW_MS 200
#define BAR_CELLS 20u

bool tool_progress_wanted(void)
{
    return isatty(STDERR_FILENO) == 1;
}

void tool_progress_begin(struct tool_progress *progress, FILE *out, uint64_t total_files,
                         uint64_t total_bytes)
{
    memset(progress, 0, sizeof(*progress));
    progress->out = out;
    progress->total_files = total_files;
    progress->total_bytes = total_bytes;
    progress->began = env_clock_ms();
}

/*
 * Files and bytes count equally, so that progress never stands still, with many small files or few
 * large ones. For a single file only bytes count.
 */
static double share_done(const struct tool_progress *progress)
{
    double files =
        progress->total_files > 0 ? (double)progress->files / (double)progress->total_files : 0;
    double bytes =
        progress->total_bytes > 0 ? (double)progress->bytes / (double)progress->total_bytes : files;
    double share = progress->total_files == 1 ? bytes : (files + bytes) / 2;

    return share > 1 ? 1 : share;
}

void tool_progress_line(const struct tool_progress *progress, int64_t now,
                        char line[TOOL_PROGRESS_LINE])
{
    double share = share_done(progress);
    double seconds = (double)now / 1000;
    double left = share > 0 ? seconds / share - seconds : 0;
    uint64_t rate = seconds > 0 ? (uint64_t)((double)progress->bytes / seconds) : 0;
    char bar[BAR_CELLS + 1];
    char rate_text[TOOL_REPORT_SIZE];
    char done_text[TOOL_REPORT_SIZE];

    if (progress->total_files == 0 && progress->bytes > 0) {
        (void)snprintf(line, TOOL_PROGRESS_LINE, "%s, %s/s",
                       tool_report_size(progress->bytes, done_text),
                       tool_report_size(rate, rate_text));
        return;
    }

    for (unsigned i = 0; i < BAR_CELLS; i++)
        bar[i] = (double)i < share * BAR_CELLS ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    (void)snprintf(line, TOOL_PROGRESS_LINE,
                   "[%s] %3.0f%% %" PRIu64 "/%" PRIu64 " files, %s/s, %.0f:%02.0f left", bar,
                   share * 100, progress->files, progress->total_files,
                   tool_report_size(rate, rate_text), (double)(int64_t)(left / 60),
                   (double)((int64_t)left % 60));
}

void tool_progress_add(struct tool_progress *progress, uint64_t files, uint64_t bytes)
{
    char line[TOOL_PROGRESS_LINE];
    int64_t now;

    progress->files += files;
    progress->bytes += bytes;
    if (progress->out == NULL)
        return;
    now = env_clock_ms();
    if (now - progress->drawn < REDRAW_MS)
        return;
    progress->drawn = now;
    tool_progress_line(progress, now - progress->began, line);
    (void)fprintf(progress->out, "\r%s\x1b[K", line);
    (void)fflush(progress->out);
    progress->visible = true;
}

void tool_progress_hide(struct tool_progress *progress)
{
    if (!progress->visible)
        return;
    (void)fputs("\r\x1b[K", progress->out);
    (void)fflush(progress->out);
    progress->visible = false;
}
