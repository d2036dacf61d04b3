/* SPDX-License-Identifier: Apache-2.0 */
/* What envelope seal and envelope open share: processing the operands, and reporting. */
#ifndef ENVELOPE_TOOL_FILES_RUN_H
#define ENVELOPE_TOOL_FILES_RUN_H

#include "tools/common/run.h"

extern const struct tool_option tool_options_files[]; /* options of both */

enum tool_status tool_files_run(struct tool_run *run, bool sealing);

#endif
