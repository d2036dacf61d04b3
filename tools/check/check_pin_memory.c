/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_pin_memory.h"

#include "keymgmt/token/pin_folder.h"

/* Logins work without it, so nobody would notice a problem until a token is locked. */
void tool_check_pin_memory(struct tool_check *check)
{
    const char *folder = check->settings.config.pin_failure_memory;
    const char *why;

    if (folder == NULL)
        return;
    why = env_pin_folder_unusable(folder);
    if (why == NULL)
        tool_check_say(check, TOOL_CHECK_OK, "PINs", NULL, "pin-failure-memory = %s", folder);
    else
        tool_check_say(check, TOOL_CHECK_FAILED, "PINs",
                       "a folder of the program's own user, mode 0700, for each user",
                       "pin-failure-memory = %s: %s", folder, why);
}
