/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/files_report.h"

#include <inttypes.h>
#include <string.h>

#include "tools/common/recipient.h"
#include "tools/common/report.h"
#include "tools/files/input.h"

static const char *shown_name(const struct tool_one_file *one)
{
    return tool_input_is_standard(one->path) ? "the standard input" : one->path;
}

static void one_json(struct tool_run *run, const struct tool_one_file *one,
                     const struct tool_failure *failure)
{
    struct env_json *json = &run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "file");
    env_json_path(json, "path", tool_input_is_standard(one->path) ? "-" : one->path);
    env_json_text(json, "state", failure != NULL ? "failed" : one->sealing ? "sealed" : "opened");
    if (failure == NULL || one->placed) {
        env_json_path(json, "output", one->output);
        env_json_number(json, "plaintext_length", one->plain_len);
        env_json_number(json, "sealed_length", one->sealed_len);
        if (!one->sealing || one->was_read_back)
            tool_message_id_json(json, tool_carrier_message_id(one->carrier));
        env_json_bool(json, "read_back", one->was_read_back);
        env_json_bool(json, "source_removed", one->removed);
    }
    if (failure != NULL) {
        env_json_number(json, "reason", failure->reason);
        env_json_text(json, "error", failure->text);
    }
    env_json_object_end(json);
}

/* Errors go to stderr, as with cat and gzip; --quiet suppresses them. */
static void one_text(const struct tool_files_report *report, const struct tool_one_file *one,
                     const struct tool_failure *failure)
{
    const struct tool_run *run = report->run;
    const bool streamed = report->streamed;

    if (run->options.quiet)
        return;
    (void)fprintf(stderr, "envelope %s: ", run->command->name);
    tool_report_text(stderr, shown_name(one));
    (void)fputs(": ", stderr);
    if (one->placed) {
        tool_report_text(stderr, one->output);
        (void)fputs(" was written, but: ", stderr);
    }
    tool_report_text(stderr, failure->text);
    if (streamed && !one->sealing && one->plain_len > 0)
        (void)fprintf(stderr, " (%" PRIu64 " bytes were output, which is incomplete: discard them)",
                      one->plain_len);
    (void)fputc('\n', stderr);
}

/* Reports a failure after the output was already written and visible. */
static void tell_of_reading_back(const struct tool_one_file *one, struct tool_failure *failure)
{
    const bool no_key = failure->reason == ENV_R_KEK_NOT_HERE || failure->reason == ENV_R_NO_TOKEN;
    struct tool_failure told = *failure;

    (void)snprintf(told.text, sizeof(told.text), "reading it back: %.900s%s", failure->text,
                   one->sealing && no_key ? " (--no-read-back skips this)" : "");
    *failure = told;
}

void tool_files_report_one(struct tool_files_report *report, const struct tool_one_file *one,
                           ENV_RESULT r)
{
    const bool ok = env_ok(r);
    struct tool_failure failure;

    if (!ok)
        tool_failure_take(r, &failure);
    if (!ok && one->reading_back)
        tell_of_reading_back(one, &failure);
    if (report->run->options.json)
        one_json(report->run, one, ok ? NULL : &failure);
    else if (!ok)
        one_text(report, one, &failure);
    report->failed += !ok;
    report->done += ok;
    report->plain_bytes += ok ? one->plain_len : 0;
    report->removed += one->removed;
}

void tool_files_report_sum(const struct tool_files_report *report)
{
    struct tool_run *run = report->run;
    struct env_json *json = &run->json;
    const bool sealing = strcmp(run->command->name, "seal") == 0;
    char size[TOOL_REPORT_SIZE];

    if (run->options.json) {
        env_json_object(json, NULL);
        env_json_text(json, "type", "summary");
        env_json_number(json, sealing ? "sealed" : "opened", report->done);
        env_json_number(json, "failed", report->failed);
        env_json_number(json, "plaintext_bytes", report->plain_bytes);
        env_json_number(json, "sources_removed", report->removed);
        env_json_object_end(json);
        return;
    }
    if (run->options.operand_count < 2) /* for one file, the exit status is enough */
        return;
    (void)fprintf(run->out, "%" PRIu64 " %s (%s of plaintext), %" PRIu64 " failed", report->done,
                  sealing ? "sealed" : "opened", tool_report_size(report->plain_bytes, size),
                  report->failed);
    if (run->options.remove_source)
        (void)fprintf(run->out, ", %" PRIu64 " source%s removed", report->removed,
                      tool_report_s(report->removed));
    (void)fputc('\n', run->out);
}
