/* SPDX-License-Identifier: Apache-2.0 */
/* Shows counts to people, scripts and Prometheus. */
#ifndef ENVELOPE_TOOL_STATS_SHOW_H
#define ENVELOPE_TOOL_STATS_SHOW_H

#include <stdio.h>

#include "envelope/base/json.h"
#include "tools/stats/counts.h"

void tool_stats_show_text(FILE *out, const struct tool_counts *counts);

/* failed: the number of logs that could not be read to the end. */
void tool_stats_show_json(struct env_json *json, const struct tool_counts *counts, size_t failed);

/* For tool_write_file. The text format of Prometheus, for node_exporter's textfile collector. */
struct tool_stats_metrics {
    const struct tool_counts *counts;
    int64_t now;
    size_t failed;
};

void tool_stats_show_prometheus(FILE *out, const void *metrics);

#endif
