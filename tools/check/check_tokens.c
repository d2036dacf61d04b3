/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/survey.h"
#include "tools/check/check.h"

static void take(void *arg, const struct env_survey_item *item)
{
    static const char *const steps[] = {
        [ENV_SURVEY_MODULE] = "PKCS#11 module",
        [ENV_SURVEY_TOKEN] = "token",
        [ENV_SURVEY_LOGIN] = "login",
    };
    enum tool_check_level level = item->reason == ENV_R_NONE ? TOOL_CHECK_OK
                                  : item->other_modules      ? TOOL_CHECK_WARNING
                                                             : TOOL_CHECK_FAILED;

    if (level == TOOL_CHECK_OK)
        tool_check_say(arg, level, steps[item->part], NULL, "%s", item->text);
    else
        tool_check_say(arg, level, steps[item->part], NULL, "%s%s%s", env_reason_text(item->reason),
                       *item->text != '\0' ? ": " : "", item->text);
}

bool tool_check_tokens(struct tool_check *check)
{
    return env_survey(&check->settings.config, tool_ask_pin, NULL, take, check);
}
