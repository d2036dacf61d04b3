/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_PROCESS_STEPS_H
#define ENVELOPE_TOOL_CHECK_PROCESS_STEPS_H

#include "tools/check/check_say.h"

/*
 * Whether the running process of --pid is served by us: what it has mapped, which configuration it
 * was started with, and that this was there before it. False with words on stderr: nobody can look.
 */
bool tool_check_process(struct tool_check *check);

#endif
