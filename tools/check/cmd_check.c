/* SPDX-License-Identifier: Apache-2.0 */
/* envelope check: whether everything is there that sealing and opening need, step by step. */
#include <inttypes.h>
#include <stdarg.h>

#include "tools/check/check.h"
#include "tools/common/report.h"

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
        (void)fprintf(check->run->out, "\n        -> %s", way_out);
    (void)fputc('\n', check->run->out);
}

static void show_summary(const struct tool_check *check)
{
    struct env_json *json = &check->run->json;

    if (!check->run->options.json) {
        (void)fprintf(
            check->run->out, "%" PRIu64 " ok, %" PRIu64 " warning%s, %" PRIu64 " failed\n",
            check->said[TOOL_CHECK_OK], check->said[TOOL_CHECK_WARNING],
            tool_report_s(check->said[TOOL_CHECK_WARNING]), check->said[TOOL_CHECK_FAILED]);
        return;
    }
    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    env_json_number(json, "ok", check->said[TOOL_CHECK_OK]);
    env_json_number(json, "warnings", check->said[TOOL_CHECK_WARNING]);
    env_json_number(json, "failed", check->said[TOOL_CHECK_FAILED]);
    env_json_object_end(json);
}

static enum tool_status run_check(struct tool_run *run)
{
    struct tool_check check = {.run = run};
    bool strict = run->options.strict;

    if (run->options.operand_count > 0) {
        tool_complain(run, "there are no operands: %s", run->options.operands[0]);
        return TOOL_UNABLE;
    }
    if (tool_check_configuration(&check)) {
        tool_check_provider(&check);
        if (tool_check_tokens(&check))
            tool_check_keks(&check);
    }
    show_summary(&check);
    tool_settings_clear(&check.settings);
    return check.said[TOOL_CHECK_FAILED] > 0 || (strict && check.said[TOOL_CHECK_WARNING] > 0)
               ? TOOL_WRONG
               : TOOL_FINE;
}

static const struct tool_option options[] = {
    TOOL_FLAG("strict", strict, "warnings count as failures in the exit status"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_command_check = {
    .name = "check",
    .operands = "",
    .summary = "Looks whether the configuration is right: module, tokens, login, KEKs",
    .tables = tables,
    .needs_operands = false,
    .run = run_check,
};
