/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_tokens.h"

#include "keymgmt/token/token_probe.h"

static void take(void *arg, const struct env_token_probe_item *item)
{
    static const char *const steps[] = {
        [ENV_TOKEN_PROBE_MODULE] = "PKCS#11 module",
        [ENV_TOKEN_PROBE_TOKEN] = "token",
        [ENV_TOKEN_PROBE_LOGIN] = "login",
    };
    enum tool_check_level level = item->reason == ENV_R_NONE              ? TOOL_CHECK_OK
                                  : item->other_modules || item->optional ? TOOL_CHECK_WARNING
                                                                          : TOOL_CHECK_FAILED;

    if (item->absent && item->optional)
        tool_check_say_loudly(arg, steps[item->part], "%s: %s", env_reason_text(item->reason),
                              item->text);
    else if (level == TOOL_CHECK_OK)
        tool_check_say(arg, level, steps[item->part], NULL, "%s", item->text);
    else
        tool_check_say(arg, level, steps[item->part], NULL, "%s%s%s", env_reason_text(item->reason),
                       *item->text != '\0' ? ": " : "", item->text);
}

bool tool_check_tokens(struct tool_check *check)
{
    return env_token_probe(&check->settings.config, tool_ask_pin, NULL, take, check);
}
