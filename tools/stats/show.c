/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stats/show.h"

#include <inttypes.h>
#include <string.h>

#include "tools/common/report.h"
#include "tools/common/when.h"

/* ---- text ---- */

struct text {
    FILE *out;
    const struct tool_count_row *before;
};

static bool is_of_same(const struct tool_count_row *a, const struct tool_count_row *b)
{
    return strcmp(a->kek, b->kek) == 0 && strcmp(a->token, b->token) == 0 &&
           strcmp(a->label, b->label) == 0 && strcmp(a->named_key, b->named_key) == 0;
}

static void head(FILE *out, const struct tool_count_row *row)
{
    if (row->kek[0] == '\0' && row->label[0] == '\0' && row->named_key[0] == '\0')
        (void)fputs("no KEK found", out);
    else if (row->kek[0] == '\0' && row->label[0] == '\0')
        (void)fputs("no KEK", out);
    else if (row->label[0] == '\0' && row->token[0] == '\0')
        (void)fputs("a KEK that is not here", out);
    else
        tool_report_key(out, row->label, row->token);
    if (row->kek[0] != '\0')
        (void)fprintf(out, ", id %s", row->kek);
    if (row->named_key[0] != '\0') {
        (void)fputs(", named key ", out);
        tool_report_text(out, row->named_key);
    }
    (void)fputs(":\n", out);
}

static void reasons(FILE *out, const struct tool_count_row *row)
{
    for (size_t i = 0; i < row->reason_count; i++) {
        (void)fprintf(out, "    %" PRIu64 " time%s %u: %s\n", row->reasons[i].count,
                      tool_report_s(row->reasons[i].count), row->reasons[i].reason,
                      env_reason_text((enum env_reason)row->reasons[i].reason));
    }
}

static void text_row(void *arg, const struct tool_count_row *row)
{
    struct text *text = arg;
    char when[TOOL_WHEN_TEXT];

    if (text->before == NULL || !is_of_same(text->before, row))
        head(text->out, row);
    text->before = row;
    (void)fprintf(text->out, "  %s: %" PRIu64 " ok, %" PRIu64 " failed, last %s\n",
                  env_audit_operation_word(row->operation), row->ok, row->failed,
                  tool_when_text(row->last, when));
    reasons(text->out, row);
}

static void text_wear(void *arg, const struct tool_wear *wear)
{
    FILE *out = arg;
    double percent = 100 * tool_wear_share(wear);
    bool gcm = wear->gcm > wear->seals;

    if (wear->row->kek[0] != '\0') {
        (void)fputs("KEK ", out);
        tool_report_text(out, wear->row->label[0] != '\0' ? wear->row->label : wear->row->kek);
    } else {
        (void)fputs("named key ", out);
        tool_report_text(out, wear->row->named_key);
    }
    (void)fprintf(out, ": %s %" PRIu64 " of 2^32 uses of AES-GCM (%.4g %%)%s\n",
                  gcm ? "about" : "at least", gcm ? wear->gcm : wear->seals, percent,
                  tool_wear_share(wear) >= TOOL_WEAR_WARNS ? ": ROTATE IT" : "");
}

void tool_stats_show_text(FILE *out, const struct tool_counts *counts)
{
    struct text text = {.out = out};

    tool_counts_each(counts, text_row, &text);
    tool_counts_wear(counts, text_wear, out);
    (void)fprintf(out,
                  "%" PRIu64 " line%s counted, %" PRIu64 " broken, %" PRIu64
                  " of something else, %" PRIu64 " beyond %u rows\n",
                  counts->uses, tool_report_s(counts->uses), counts->broken, counts->others,
                  counts->uncounted, TOOL_COUNTS_ROWS_MAX);
}

/* ---- JSON ---- */

static void text_or_null(struct env_json *json, const char *name, const char *text)
{
    env_json_text(json, name, text[0] != '\0' ? text : NULL);
}

static void json_row(void *arg, const struct tool_count_row *row)
{
    struct env_json *json = arg;
    char when[TOOL_WHEN_TEXT];

    env_json_object(json, NULL);
    env_json_text(json, "type", "uses");
    text_or_null(json, "kek", row->kek);
    text_or_null(json, "label", row->label);
    text_or_null(json, "token", row->token);
    text_or_null(json, "named_key", row->named_key);
    env_json_text(json, "operation", env_audit_operation_word(row->operation));
    env_json_number(json, "ok", row->ok);
    env_json_number(json, "failed", row->failed);
    env_json_array(json, "reasons");
    for (size_t i = 0; i < row->reason_count; i++) {
        env_json_object(json, NULL);
        env_json_number(json, "reason", row->reasons[i].reason);
        env_json_text(json, "error", env_reason_text((enum env_reason)row->reasons[i].reason));
        env_json_number(json, "count", row->reasons[i].count);
        env_json_object_end(json);
    }
    env_json_array_end(json);
    env_json_text(json, "last", tool_when_text(row->last, when));
    env_json_object_end(json);
}

static void json_wear(void *arg, const struct tool_wear *wear)
{
    struct env_json *json = arg;
    const struct tool_count_row *row = wear->row;

    env_json_object(json, NULL);
    env_json_text(json, "type", "wear");
    text_or_null(json, "kek", row->kek);
    if (row->kek[0] != '\0')
        text_or_null(json, "label", row->label);
    else
        text_or_null(json, "named_key", row->named_key);
    env_json_number(json, "gcm_wraps", wear->gcm);
    env_json_number(json, "seals", wear->seals);
    env_json_number(json, "limit", TOOL_GCM_LIMIT);
    env_json_bool(json, "rotate", tool_wear_share(wear) >= TOOL_WEAR_WARNS);
    env_json_object_end(json);
}

void tool_stats_show_json(struct env_json *json, const struct tool_counts *counts, size_t failed)
{
    tool_counts_each(counts, json_row, json);
    tool_counts_wear(counts, json_wear, json);
    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    env_json_number(json, "lines", counts->uses);
    env_json_number(json, "broken", counts->broken);
    env_json_number(json, "others", counts->others);
    env_json_number(json, "uncounted", counts->uncounted);
    env_json_number(json, "failed", failed);
    env_json_object_end(json);
}
