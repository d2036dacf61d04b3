/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/run.h"

#include <stdarg.h>

void tool_complain(const struct tool_run *run, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "envelope %s: ", run->command->name);
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
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

    if (tool_run_open_keys(run, &failure))
        return true;
    tool_complain(run, "%s", failure.text);
    return false;
}
