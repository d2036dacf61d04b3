/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What envelope stats reads: audit logs, to which anybody may have written anything, and its own
 * state. The first byte of an input chooses. The result for any log is a state that reads back
 * unchanged, and metrics in which every line is one sample.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tools/stats/show.h"
#include "tools/stats/state.h"

static struct tool_stats_state state;
static struct tool_stats_state again;
static char room[TOOL_AUDIT_LINE_MAX];

static char *print(const struct tool_stats_state *of, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    FUZZ_DEMAND(out != NULL);
    tool_stats_state_print(out, of);
    FUZZ_DEMAND(fclose(out) == 0);
    return text;
}

static bool read_state(const char *text, size_t len, struct tool_stats_state *out)
{
    FILE *in = len > 0 ? fmemopen((void *)(uintptr_t)text, len, "r") : NULL;
    bool ok;

    FUZZ_DEMAND(in != NULL || len == 0);
    if (in == NULL)
        return false;
    ok = tool_stats_state_read(in, out);
    (void)fclose(in);
    return ok;
}

static void clear(struct tool_stats_state *of)
{
    tool_counts_clear(&of->counts);
    of->log_count = 0;
}

/* Printed and read, it is the same. */
static void check_state(void)
{
    size_t len;
    size_t len2;
    char *text = print(&state, &len);
    char *text2;

    FUZZ_DEMAND(read_state(text, len, &again));
    text2 = print(&again, &len2);
    FUZZ_DEMAND(len == len2 && memcmp(text, text2, len) == 0);
    free(text);
    free(text2);
    clear(&again);
}

/* NAME{label="value",...} number */
static void check_sample(const char *at, const char *end)
{
    bool inside = false;

    while (at < end && *at >= '_' && *at <= 'z')
        at++;
    if (at < end && *at == '{') {
        for (at++; at < end && (inside || *at != '}'); at++) {
            if (inside && *at == '\\')
                at++;
            else if (*at == '"')
                inside = !inside;
        }
        FUZZ_DEMAND(at < end);
        at++;
    }
    FUZZ_DEMAND(at < end && *at++ == ' ' && at < end);
    for (; at < end; at++)
        FUZZ_DEMAND(*at >= '0' && *at <= '9');
}

static void check_metrics(void)
{
    const struct tool_stats_metrics metrics = {&state.counts, 1, 0};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    char *at;
    char *end;

    FUZZ_DEMAND(out != NULL);
    tool_stats_show_prometheus(out, &metrics);
    FUZZ_DEMAND(fclose(out) == 0 && len > 0 && text[len - 1] == '\n');
    for (at = text; at < text + len; at = end + 1) {
        end = memchr(at, '\n', (size_t)(text + len - at));
        if (*at != '#')
            check_sample(at, end);
    }
    free(text);
}

static void read_line(const char *line, size_t len)
{
    static struct tool_audit_line read;
    char *exact = malloc(len > 0 ? len : 1);

    FUZZ_DEMAND(exact != NULL);
    memcpy(exact, line, len);
    if (tool_audit_line_read(exact, len, room, &read) == TOOL_AUDIT_USE) {
        FUZZ_DEMAND(read.operation < ENV_AUDIT_OPERATIONS && read.when >= 0);
        FUZZ_DEMAND(tool_counts_add(&state.counts, &read));
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data + 1;
    const char *end = (const char *)data + size;

    if (size < 1 || size > TOOL_AUDIT_LINE_MAX)
        return 0;
    if (data[0] % 2 == 0) {
        if (read_state(at, size - 1, &state))
            check_state();
        clear(&state);
        return 0;
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline != NULL ? newline : end) - at);

        read_line(at, len);
        at += len + 1;
    }
    check_state();
    check_metrics();
    clear(&state);
    return 0;
}
