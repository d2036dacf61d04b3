/* SPDX-License-Identifier: Apache-2.0 */
/* The report of seal and open: a line for each failure, and the summary. */
#ifndef ENVELOPE_TOOL_FILES_REPORT_H
#define ENVELOPE_TOOL_FILES_REPORT_H

#include "tools/common/run.h"
#include "tools/files/one_file.h"

struct tool_files_report {
    struct tool_run *run;
    bool streamed; /* to standard output: report how many bytes were output before a failure */
    uint64_t done;
    uint64_t failed;
    uint64_t plain_bytes;
    uint64_t removed;
};

void tool_files_report_one(struct tool_files_report *report, const struct tool_one_file *one,
                           ENV_RESULT r);
void tool_files_report_sum(const struct tool_files_report *report);

#endif
