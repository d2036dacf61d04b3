/* SPDX-License-Identifier: Apache-2.0 */
/* envelope stats: adds up the lines of audit logs. Needs neither a token nor a configuration. */
#include "tools/stats/cmd_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "tools/stats/read_lines.h"
#include "tools/stats/show.h"
#include "tools/stats/state.h"
#include "tools/stats/write_file.h"

#define METRICS_MODE 0644 /* node_exporter runs as another user, and the file has no secrets */
#define WHY 4608u

struct stats {
    struct tool_run *run;
    struct tool_stats_state *state;
    bool keeps;      /* --state was given */
    size_t failed;   /* number of logs */
    bool broken_off; /* the counts are incomplete and must not be saved */
    struct tool_audit_line line;
    char lines[TOOL_LINES_ROOM];
    char text[TOOL_AUDIT_LINE_MAX]; /* a member's text */
};

/* ---- lines ---- */

static bool count_line(void *arg, const char *line, size_t len)
{
    struct stats *stats = arg;
    struct tool_counts *counts = &stats->state->counts;

    if (line == NULL) {
        counts->broken++;
        return true;
    }
    switch (tool_audit_line_read(line, len, stats->text, &stats->line)) {
    case TOOL_AUDIT_USE:
        if (tool_counts_add(counts, &stats->line))
            return true;
        tool_complain(stats->run, "out of memory");
        stats->broken_off = true;
        return false;
    case TOOL_AUDIT_OTHER:
        counts->others += len > 0 ? 1 : 0; /* the log's repair of a cut line leaves empty lines */
        return true;
    case TOOL_AUDIT_BROKEN:
        counts->broken++;
        return true;
    }
    return true;
}

static void fail(struct stats *stats, const char *path, const char *why)
{
    stats->failed++;
    tool_complain(stats->run, "%s: %s", path, why);
}

/* ---- logs ---- */

static const char *compressed_by(int fd)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *hint;
    } kinds[] = {
        {"\x1f\x8b", 2, "it is compressed: zcat it to envelope stats -"},
        {"\x28\xb5\x2f\xfd", 4, "it is compressed: zstdcat it to envelope stats -"},
        {"\xfd"
         "7zXZ",
         5, "it is compressed: xzcat it to envelope stats -"},
        {"BZh", 3, "it is compressed: bzcat it to envelope stats -"},
        {"LPKSHHRH", 8, "it is a journal: journalctl -o cat writes its lines"},
    };
    char begin[8];
    ssize_t n = pread(fd, begin, sizeof(begin), 0);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (n >= (ssize_t)kinds[i].len && memcmp(begin, kinds[i].magic, kinds[i].len) == 0)
            return kinds[i].hint;
    }
    return NULL;
}

/* False: failed, which was reported. */
static bool read_lines(struct stats *stats, int fd, bool whole_alone, const char *path,
                       uint64_t *taken)
{
    struct tool_lines lines = {
        .fd = fd,
        .most = TOOL_AUDIT_LINE_MAX,
        .whole_alone = whole_alone,
        .each = count_line,
        .arg = stats,
        .room = stats->lines,
    };
    bool read = tool_lines_read(&lines);

    *taken = lines.taken;
    if (!read && lines.why != NULL)
        fail(stats, path, lines.why);
    return read;
}

/* Reads from where the last run ended, up to the last newline. */
static void read_on(struct stats *stats, int fd, const char *path, const struct stat *st)
{
    struct tool_log_seen *seen;
    uint64_t from;
    uint64_t taken = 0;

    if (!tool_stats_state_find(stats->state, fd, st, &seen)) {
        fail(stats, path, "it cannot be determined whether it was given before");
        return;
    }
    from = seen != NULL ? seen->offset : 0;

    if (seen != NULL && seen->here && seen->inode == st->st_ino)
        return; /* another name of the same log: someone is rotating it with ln and mv */
    if (seen != NULL && seen->here) {
        fail(stats, path, "it is a copy of a log that was given before");
        return;
    }
    if (from > (uint64_t)st->st_size) {
        fail(stats, path, "it is shorter than it was: lines are lost");
        from = (uint64_t)st->st_size;
    }
    if (lseek(fd, (off_t)from, SEEK_SET) < 0) {
        fail(stats, path, strerrordesc_np(errno));
        return;
    }
    (void)read_lines(stats, fd, true, path, &taken);
    if (tool_stats_state_note(stats->state, seen, fd, st, from + taken))
        return;
    fail(stats, path, "it could not be recognised again, so nothing is saved");
    stats->broken_off = true;
}

static void read_log(struct stats *stats, const char *path)
{
    const char *compressed;
    struct stat st;
    uint64_t taken;
    int fd;

    if (strcmp(path, "-") == 0) {
        (void)read_lines(stats, STDIN_FILENO, false, "the standard input", &taken);
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        fail(stats, path, strerrordesc_np(errno));
    } else if (S_ISREG(st.st_mode) && (compressed = compressed_by(fd)) != NULL) {
        fail(stats, path, compressed);
    } else if (!S_ISREG(st.st_mode) && stats->keeps) {
        fail(stats, path,
             "it is not a regular file: with --state it would be counted again each time");
    } else if (stats->keeps) {
        read_on(stats, fd, path, &st);
    } else {
        (void)read_lines(stats, fd, false, path, &taken);
    }
    if (fd >= 0)
        (void)close(fd);
}

/* ---- the whole ---- */

/*
 * Reports a log that was still growing in the last run and was not given this time: it was probably
 * renamed.
 */
static void tell_of_lost(struct stats *stats)
{
    struct tool_stats_state *state = stats->state;

    for (size_t i = 0; i < state->log_count; i++) {
        struct tool_log_seen *log = &state->logs[i];

        if (!log->here && log->grew) {
            stats->failed++;
            tool_complain(
                stats->run,
                "a log that grew until the last run is not among these: give its new "
                "name as well (audit.log.1 audit.log), or its last lines are not counted");
            log->grew = false;
        }
    }
}

/* Saves the state first: the metrics follow from it. */
static bool keep(struct stats *stats)
{
    const struct tool_options *options = &stats->run->options;
    const struct tool_stats_metrics metrics = {&stats->state->counts, env_clock_seconds(),
                                               stats->failed};
    char why[WHY];

    if (tool_stats_state_write(options->state, stats->state, why, sizeof(why)) &&
        (options->prometheus == NULL ||
         tool_write_file(options->prometheus, METRICS_MODE, tool_stats_show_prometheus, &metrics,
                         why, sizeof(why))))
        return true;
    tool_complain(stats->run, "%s", why);
    return false;
}

static void judge_wear(void *arg, const struct tool_wear *wear)
{
    enum tool_status *status = arg;

    if (tool_wear_share(wear) >= TOOL_WEAR_WARNS)
        *status = TOOL_WRONG;
}

static enum tool_status read_all(struct stats *stats)
{
    const struct tool_options *options = &stats->run->options;
    struct tool_counts *counts = &stats->state->counts;
    enum tool_status status;

    for (size_t i = 0; i < options->operand_count && !stats->broken_off; i++)
        read_log(stats, options->operands[i]);
    if (stats->broken_off)
        return TOOL_UNABLE;
    if (stats->keeps) {
        tell_of_lost(stats);
        if (!keep(stats))
            return TOOL_UNABLE;
    }
    if (options->json)
        tool_stats_show_json(&stats->run->json, counts, stats->failed);
    else
        tool_stats_show_text(stats->run->out, counts);
    status = stats->failed > 0 || counts->uncounted > 0 ? TOOL_WRONG : TOOL_FINE;
    tool_counts_wear(counts, judge_wear, &status);
    return status;
}

static enum tool_status run_stats(struct tool_run *run)
{
    struct stats *stats = calloc(1, sizeof(*stats));
    struct tool_stats_state *state = calloc(1, sizeof(*state));
    enum tool_status status = TOOL_UNABLE;
    char why[WHY];

    if (stats == NULL || state == NULL) {
        tool_complain(run, "out of memory");
    } else if (run->options.prometheus != NULL && run->options.state == NULL) {
        tool_complain(run, "--prometheus needs --state: its counters would fall when logs rotate");
    } else {
        state->fd = -1;
        stats->run = run;
        stats->state = state;
        stats->keeps = run->options.state != NULL;
        if (stats->keeps && !tool_stats_state_begin(run->options.state, state, why, sizeof(why)))
            tool_complain(run, "%s", why);
        else
            status = read_all(stats);
        tool_stats_state_end(state);
    }
    free(state);
    free(stats);
    return status;
}

static const struct tool_option options[] = {
    TOOL_TEXT("state", state, "FILE",
              "read on from where the last run with FILE ended, and add to its counts"),
    TOOL_TEXT("prometheus", prometheus, "FILE",
              "write FILE for node_exporter's textfile collector; with --state"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, NULL};

const struct tool_command tool_command_stats = {
    .name = "stats",
    .operands = "LOG...",
    .summary = "Counts the uses of KEKs and named keys in audit logs",
    .tables = tables,
    .needs_operands = true,
    .run = run_stats,
};
