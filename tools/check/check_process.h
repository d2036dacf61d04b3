/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_PROCESS_STEPS_H
#define ENVELOPE_TOOL_CHECK_PROCESS_STEPS_H

#include "tools/check/check_say.h"

/*
 * Checks that the running process of --pid uses our provider: what it has mapped, which
 * configuration it started with, and that the file has not changed since. False: it cannot be
 * inspected, which was reported on stderr.
 */
bool tool_check_process(struct tool_check *check);

#endif
