/* SPDX-License-Identifier: Apache-2.0 */
/* envelope verify: opens everything to its end, and writes no plaintext. */
#include "tools/look/cmd_verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/kek_table.h"
#include "tools/common/read_item.h"
#include "tools/common/report.h"
#include "tools/look/open_body.h"

enum verdict_state { OPENS, FAILS, SKIPPED };

struct verdict {
    struct tool_finding finding;
    uint64_t plain_len;
    char key_name[ENV_NAMED_FULL_NAME]; /* for a named key */
    uint8_t message_id[ENV_AUDIT_MESSAGE_ID_LEN];
    size_t count; /* with --each-recipient */
    struct verdict_recipient {
        struct env_kek_id id;
        struct tool_recipient tried;
    } * recipients;
};

struct verify {
    struct tool_run *run;
    struct env_span context;     /* for messages without one of their own */
    struct tool_kek_table table; /* with --each-recipient */
    uint64_t counts[3];          /* by enum verdict_state */
    uint64_t sidecars;
    uint64_t bytes;
};

/* ---- in the workers ---- */

struct worker {
    struct tool_opener *opener;
    struct tool_source source;
    struct tool_message message;
    struct tool_recipients recipients;
};

static void *begin(void *arg)
{
    const struct verify *verify = arg;
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL)
        return NULL;
    worker->opener = tool_opener_new(verify->run->keys);
    if (worker->opener != NULL)
        return worker;
    free(worker);
    return NULL;
}

static void end(void *arg, void *mine)
{
    struct worker *worker = mine;

    (void)arg;
    if (worker != NULL)
        tool_opener_free(worker->opener);
    free(worker);
}

/* Every recipient whose key is here must open it; the body is the same for all of them. */
static void try_each(const struct verify *verify, struct worker *worker, struct verdict *verdict)
{
    const struct env_header *header = &worker->message.header;
    struct tool_recipients *tried = &worker->recipients;

    verdict->recipients = calloc(header->count, sizeof(*verdict->recipients));
    if (verdict->recipients == NULL) {
        tool_finding_fails(&verdict->finding, FAILS, ENV_FAIL(ENV_R_NO_MEMORY));
        return;
    }
    verdict->count = header->count;
    tool_recipients_try(verify->run->keys, header, worker->message.der,
                        tool_opener_deks(worker->opener), tried);
    for (size_t i = 0; i < header->count; i++) {
        verdict->recipients[i].id = header->recipients[i].id;
        verdict->recipients[i].tried = tried->list[i];
        if (tried->list[i].state == TOOL_RECIPIENT_FAILS && verdict->finding.state == OPENS) {
            verdict->finding.state = FAILS;
            verdict->finding.failure = tried->list[i].failure;
        }
    }
}

/* The tombstone of a destroyed key is not a damaged message. */
static bool is_tombstone(const struct tool_item *item, ENV_RESULT r)
{
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;

    return item->kind == TOOL_ITEM_FILE &&
           (r.reason == ENV_R_NOT_A_MESSAGE || item->entry.size == 0) &&
           env_named_tombstone_name_read(item->entry.name, name, &number);
}

static void work(void *arg, void *mine, const struct tool_item *item, struct tool_finding *finding)
{
    const struct verify *verify = arg;
    struct worker *worker = mine;
    struct verdict *verdict = (struct verdict *)finding;
    struct tool_failure failure;
    ENV_RESULT r = ENV_OK;
    bool ok = tool_item_read(item, &worker->source, &worker->message, &r, &failure);

    if (ok && is_tombstone(item, r)) {
        finding->state = SKIPPED;
    } else if (ok && !env_ok(r)) {
        tool_finding_fails(finding, FAILS, r);
    } else if (ok) {
        if (verify->run->options.each_recipient)
            try_each(verify, worker, verdict);
        if (finding->state == OPENS)
            ok = tool_opener_run(worker->opener, &worker->message, &worker->source,
                                 tool_item_context(item, verify->context), &verdict->plain_len,
                                 &failure);
    }
    if (ok && env_ok(r))
        (void)tool_message_key_name(&worker->message, verdict->key_name);
    if (ok && finding->state == OPENS)
        memcpy(verdict->message_id, tool_opener_message_id(worker->opener),
               sizeof(verdict->message_id));
    if (!ok) {
        finding->state = FAILS;
        finding->failure = failure;
    }
    finding->told = finding->state == FAILS;
    tool_item_close(&worker->source);
}

static void clear(struct tool_finding *finding)
{
    free(((struct verdict *)finding)->recipients);
}

/* ---- the results ---- */

static void add_up(void *arg, const struct tool_item *item, struct tool_finding *finding)
{
    struct verify *verify = arg;
    const struct verdict *verdict = (const struct verdict *)finding;

    verify->counts[finding->state]++;
    verify->sidecars += item->kind == TOOL_ITEM_SIDECAR;
    verify->bytes += verdict->plain_len;
    for (size_t i = 0; i < verdict->count; i++) {
        struct tool_kek_counts *counts =
            tool_kek_table_get(&verify->table, &verdict->recipients[i].id);

        if (counts != NULL)
            counts->tried[verdict->recipients[i].tried.state]++;
    }
}

static void show_json(void *arg, struct env_json *json, const struct tool_finding *finding)
{
    const struct verdict *verdict = (const struct verdict *)finding;

    (void)arg;
    if (verdict->key_name[0] != '\0')
        env_json_text(json, "named_key", verdict->key_name);
    if (finding->state == OPENS) {
        env_json_number(json, "plaintext_length", verdict->plain_len);
        tool_message_id_json(json, verdict->message_id);
    }
    if (verdict->count == 0)
        return;
    env_json_array(json, "recipients");
    for (size_t i = 0; i < verdict->count; i++) {
        env_json_object(json, NULL);
        env_json_hex(json, "kek", verdict->recipients[i].id.bytes, verdict->recipients[i].id.len);
        tool_recipient_json(json, &verdict->recipients[i].tried);
        env_json_object_end(json);
    }
    env_json_array_end(json);
}

static void show_text(void *arg, FILE *out, const struct tool_finding *finding)
{
    const struct verdict *verdict = (const struct verdict *)finding;
    char size[TOOL_REPORT_SIZE];

    (void)arg;
    if (verdict->key_name[0] != '\0')
        (void)fprintf(out, ": the named key %s opens", verdict->key_name);
    else
        (void)fprintf(out, ": opens, %s", tool_report_size(verdict->plain_len, size));
}

/* Names the recipients that fail; the first of their failures is the file's. */
static void show_recipients(void *arg, FILE *out, const struct tool_finding *finding)
{
    const struct verdict *verdict = (const struct verdict *)finding;
    char id[TOOL_REPORT_ID];

    (void)arg;
    for (size_t i = 0; i < verdict->count; i++) {
        const struct tool_recipient *tried = &verdict->recipients[i].tried;

        (void)fprintf(out, "  KEK %s %s", tool_report_id(&verdict->recipients[i].id, id),
                      tool_recipient_word(tried->state));
        if (tried->state == TOOL_RECIPIENT_FAILS) {
            (void)fputs(": ", out);
            tool_report_text(out, tried->failure.text);
        }
        (void)fputc('\n', out);
    }
}

/* ---- the summary ---- */

static void show_counts(void *arg, const struct tool_kek_counts *counts)
{
    const struct verify *verify = arg;
    struct env_json *json = &verify->run->json;
    char id[TOOL_REPORT_ID];

    if (!verify->run->options.json) {
        (void)fprintf(verify->run->out, "KEK %s: ", tool_report_id(&counts->id, id));
        tool_kek_tried_print(verify->run->out, counts);
        return;
    }
    env_json_object(json, NULL);
    env_json_hex(json, "kek", counts->id.bytes, counts->id.len);
    tool_kek_tried_json(json, counts);
    env_json_object_end(json);
}

static void sum_up_json(struct verify *verify)
{
    struct env_json *json = &verify->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    env_json_number(json, "opened", verify->counts[OPENS]);
    env_json_number(json, "plaintext_bytes", verify->bytes);
    env_json_number(json, "failed", verify->counts[FAILS]);
    env_json_number(json, "skipped", verify->counts[SKIPPED]);
    env_json_number(json, "sidecars", verify->sidecars);
    if (verify->run->options.each_recipient) {
        env_json_array(json, "keks");
        tool_kek_table_each(&verify->table, show_counts, verify);
        env_json_array_end(json);
    }
    env_json_object_end(json);
}

static void sum_up(struct verify *verify)
{
    const uint64_t *counts = verify->counts;
    char size[TOOL_REPORT_SIZE];

    if (verify->run->options.json) {
        sum_up_json(verify);
        return;
    }
    tool_kek_table_each(&verify->table, show_counts, verify);
    (void)fprintf(verify->run->out,
                  "%" PRIu64 " opened (%s of plaintext), %" PRIu64 " failed, %" PRIu64 " skipped\n",
                  counts[OPENS], tool_report_size(verify->bytes, size), counts[FAILS],
                  counts[SKIPPED]);
}

static const char *const words[] = {[OPENS] = "opens", [FAILS] = "fails", [SKIPPED] = "skipped"};

static const struct tool_tree_ops ops = {
    .size = sizeof(struct verdict),
    .member = "state",
    .words = words,
    .failed = FAILS,
    .skipped = SKIPPED,
    .sidecar = SKIPPED,
    .all_in_json = true,
    .begin = begin,
    .end = end,
    .work = work,
    .add_up = add_up,
    .text = show_text,
    .text_below = show_recipients,
    .json = show_json,
    .clear = clear,
};

static enum tool_status run_verify(struct tool_run *run)
{
    struct verify verify = {.run = run};
    enum tool_status status;

    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    verify.context = tool_keys_context(run->keys, &run->options);
    status = tool_tree_run(run, &ops, &verify);
    sum_up(&verify);
    if (!tool_kek_table_end(&verify.table, run))
        return TOOL_UNABLE;
    return tool_worse(status, verify.counts[FAILS] > 0 ? TOOL_WRONG : TOOL_FINE);
}

static const struct tool_option options[] = {
    TOOL_FLAG("each-recipient", each_recipient,
              "with every recipient whose key is here, not only the first that opens"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "the context that messages were sealed with (default: the configuration's)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_verify = {
    .name = "verify",
    .operands = "PATH...",
    .summary = "Opens every file to its end, without writing plaintext, and reports which fail",
    .tables = tables,
    .needs_operands = true,
    .run = run_verify,
};
