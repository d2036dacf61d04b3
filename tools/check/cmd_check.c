/* SPDX-License-Identifier: Apache-2.0 */
/* envelope check: tests, step by step, everything that sealing and opening need. */
#include "tools/check/cmd_check.h"

#include <inttypes.h>

#include "tools/check/check_configuration.h"
#include "tools/check/check_keks.h"
#include "tools/check/check_named.h"
#include "tools/check/check_pin_memory.h"
#include "tools/check/check_process.h"
#include "tools/check/check_provider.h"
#include "tools/check/check_tokens.h"
#include "tools/common/report.h"

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

static void check_all(struct tool_check *check)
{
    if (!tool_check_configuration(check))
        return;
    tool_check_provider(check);
    tool_check_pin_memory(check);
    if (check->run->options.no_token) {
        tool_check_named(check);
    } else if (tool_check_tokens(check)) {
        tool_check_named(check);
        tool_check_keks(check);
    }
}

static enum tool_status run_check(struct tool_run *run)
{
    struct tool_check check = {.run = run};
    bool strict = run->options.strict;

    if (run->options.operand_count > 0 && (run->options.pid != NULL || run->options.no_token)) {
        tool_complain(run, "a path cannot be combined with --pid or --no-token: %s",
                      run->options.operands[0]);
        return TOOL_UNABLE;
    }
    if (run->options.pid == NULL) {
        check_all(&check);
    } else if (!tool_check_process(&check)) {
        tool_settings_clear(&check.settings);
        return TOOL_UNABLE;
    }
    show_summary(&check);
    tool_settings_clear(&check.settings);
    return check.said[TOOL_CHECK_FAILED] > 0 || (strict && check.said[TOOL_CHECK_WARNING] > 0)
               ? TOOL_WRONG
               : TOOL_FINE;
}

static const struct tool_option options[] = {
    TOOL_FLAG("strict", strict, "warnings count as failures in the exit status"),
    TOOL_FLAG("no-token", no_token,
              "use no token: check only the file, the module and key files (for probes)"),
    TOOL_TEXT("pid", pid, "PID", "check only whether this running program uses the provider"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_command_check = {
    .name = "check",
    .operands = "[PATH...]",
    .summary = "Checks the configuration: module, tokens, login, KEKs, keys",
    .tables = tables,
    .needs_operands = false,
    .run = run_check,
};
