/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_say.h"

#include <stdarg.h>
#include <string.h>

#include "tools/common/report.h"

/* Lines meant for a file go below one another. */
static void show_way_out(FILE *out, const char *way_out)
{
    char line[TOOL_FAILURE_TEXT];

    (void)fputs("\n        -> ", out);
    for (;;) {
        size_t len = strcspn(way_out, "\n");

        (void)snprintf(line, sizeof(line), "%.*s", (int)len, way_out);
        tool_report_text(out, line);
        if (way_out[len] == '\0')
            return;
        (void)fputs("\n           ", out);
        way_out += len + 1;
    }
}

void tool_check_say(struct tool_check *check, enum tool_check_level level, const char *step,
                    const char *way_out, const char *fmt, ...)
{
    static const char *const shown[] = {"ok     ", "warning", "FAILED "};
    static const char *const words[] = {"ok", "warning", "failed"};
    struct env_json *json = &check->run->json;
    char text[TOOL_FAILURE_TEXT];
    va_list ap;

    check->said[level]++;
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (check->run->options.json) {
        env_json_object(json, NULL);
        env_json_text(json, "type", "step");
        env_json_text(json, "step", step);
        env_json_text(json, "state", words[level]);
        env_json_text(json, "text", text);
        if (way_out != NULL)
            env_json_text(json, "way_out", way_out);
        env_json_object_end(json);
        return;
    }
    (void)fprintf(check->run->out, "%s %s: ", shown[level], step);
    tool_report_text(check->run->out, text);
    if (way_out != NULL)
        show_way_out(check->run->out, way_out);
    (void)fputc('\n', check->run->out);
}

void tool_check_say_loudly(struct tool_check *check, const char *step, const char *fmt, ...)
{
    char text[TOOL_FAILURE_TEXT];
    va_list ap;

    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    tool_check_say(check, TOOL_CHECK_WARNING, step, NULL, "%s", text);
    if (check->run->options.quiet)
        tool_complain(check->run, "warning: %s: %s", step, text);
}
