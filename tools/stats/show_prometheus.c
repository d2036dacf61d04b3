/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus's text format: families of metrics, each with HELP and TYPE before its samples. No two
 * samples of a family have the same labels, because no two rows have the same names.
 */
#include <inttypes.h>
#include <string.h>

#include "tools/stats/show.h"

/* Writes a label's value: only backslash, quotation mark and newline are escaped. */
static void label(FILE *out, const char *name, const char *value, char before)
{
    (void)fprintf(out, "%c%s=\"", before, name);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            (void)fputs("\\n", out);
        else
            (void)fprintf(out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    }
    (void)fputc('"', out);
}

static void names(FILE *out, const struct tool_count_row *row)
{
    label(out, "kek", row->kek, '{');
    label(out, "label", row->label, ',');
    label(out, "token", row->token, ',');
    label(out, "named_key", row->named_key, ',');
    label(out, "operation", env_audit_operation_word(row->operation), ',');
}

static void family(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void uses(void *arg, const struct tool_count_row *row)
{
    FILE *out = arg;

    (void)fputs("envelope_audit_uses_total", out);
    names(out, row);
    (void)fprintf(out, ",result=\"ok\"} %" PRIu64 "\n", row->ok);
    (void)fputs("envelope_audit_uses_total", out);
    names(out, row);
    (void)fprintf(out, ",result=\"failed\"} %" PRIu64 "\n", row->failed);
}

static void failures(void *arg, const struct tool_count_row *row)
{
    FILE *out = arg;

    for (size_t i = 0; i < row->reason_count; i++) {
        (void)fputs("envelope_audit_failures_total", out);
        names(out, row);
        (void)fprintf(out, ",reason=\"%u\"} %" PRIu64 "\n", row->reasons[i].reason,
                      row->reasons[i].count);
    }
}

static void last_use(void *arg, const struct tool_count_row *row)
{
    FILE *out = arg;

    (void)fputs("envelope_audit_last_use_timestamp_seconds", out);
    names(out, row);
    (void)fprintf(out, "} %" PRId64 "\n", row->last);
}

static void gcm(void *arg, const struct tool_wear *wear)
{
    FILE *out = arg;

    if (wear->gcm == 0)
        return;
    (void)fputs("envelope_kek_gcm_wraps_total", out);
    label(out, "kek", wear->row->kek, '{');
    (void)fprintf(out, "} %" PRIu64 "\n", wear->gcm);
}

static void seals(void *arg, const struct tool_wear *wear)
{
    FILE *out = arg;

    if (wear->seals == 0)
        return;
    (void)fputs("envelope_named_key_gcm_seals_total", out);
    label(out, "named_key", wear->row->named_key, '{');
    (void)fprintf(out, "} %" PRIu64 "\n", wear->seals);
}

static void lines(FILE *out, const struct tool_counts *counts)
{
    const struct {
        const char *what;
        uint64_t count;
    } kinds[] = {{"counted", counts->uses},
                 {"broken", counts->broken},
                 {"other", counts->others},
                 {"uncounted", counts->uncounted}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        (void)fprintf(out, "envelope_audit_lines_total{kind=\"%s\"} %" PRIu64 "\n", kinds[i].what,
                      kinds[i].count);
}

void tool_stats_show_prometheus(FILE *out, const void *arg)
{
    const struct tool_stats_metrics *metrics = arg;
    const struct tool_counts *counts = metrics->counts;

    if (counts->row_count > 0) {
        family(out, "envelope_audit_uses_total", "counter",
               "Uses of KEKs and named keys in the audit logs.");
        tool_counts_each(counts, uses, out);
        family(out, "envelope_audit_failures_total", "counter",
               "Uses that failed, by the reason's number (envelope(7)).");
        tool_counts_each(counts, failures, out);
        family(out, "envelope_audit_last_use_timestamp_seconds", "gauge",
               "When the last use was, including failed ones.");
        tool_counts_each(counts, last_use, out);
        family(out, "envelope_kek_gcm_wraps_total", "counter",
               "Data keys wrapped by AES-GCM under a KEK, an estimate; 2^32 is the limit.");
        tool_counts_wear(counts, gcm, out);
        family(out, "envelope_named_key_gcm_seals_total", "counter",
               "Messages sealed under a named key by its stand-in, at least; 2^32 is the limit.");
        tool_counts_wear(counts, seals, out);
    }
    family(out, "envelope_audit_lines_total", "counter", "Lines of the audit logs.");
    lines(out, counts);
    family(out, "envelope_audit_logs_failed", "gauge",
           "Logs that the last run could not read to their end.");
    (void)fprintf(out, "envelope_audit_logs_failed %zu\n", metrics->failed);
    family(out, "envelope_audit_stats_timestamp_seconds", "gauge", "When the logs were read.");
    (void)fprintf(out, "envelope_audit_stats_timestamp_seconds %" PRId64 "\n", metrics->now);
}
