/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/run.h"

#include <limits.h>
#include <stdarg.h>

#include "tools/common/open_words.h"
#include "tools/common/report.h"

void tool_complain(const struct tool_run *run, const char *fmt, ...)
{
    char text[PATH_MAX + 1024];
    va_list ap;

    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "envelope %s: ", run->command->name);
    tool_report_text(stderr, text);
    (void)fputc('\n', stderr);
}

void tool_run_report_to_stderr(struct tool_run *run)
{
    if (run->options.quiet)
        return;
    run->out = stderr;
    env_json_init(&run->json, run->out);
}

bool tool_run_open_keys(struct tool_run *run, struct tool_failure *failure)
{
    if (run->keys != NULL)
        return true;
    if (!tool_keys_open(&run->options, &run->keys_room, failure)) {
        tool_keys_close(&run->keys_room);
        return false;
    }
    run->keys = &run->keys_room;
    return true;
}

bool tool_run_keys(struct tool_run *run)
{
    struct tool_failure failure;

    if (run->keys != NULL)
        return true;
    if (tool_run_open_keys(run, &failure)) {
        ENV_RESULT r = tool_keys_state(run->keys);

        if (!env_ok(r))
            tool_failure_take(r, &failure);
        else if (tool_open_words_are_clear(run->keys, &failure))
            return true;
    }
    tool_complain(run, "%s", failure.text);
    return false;
}
