/* SPDX-License-Identifier: Apache-2.0 */
/* envelope verify: opens everything to its end, and writes no plaintext anywhere. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/kek_table.h"
#include "tools/look/open_body.h"
#include "tools/common/report.h"
#include "tools/common/tree.h"

enum verdict_state {
    VERDICT_OPENS,
    VERDICT_FAILS,
    VERDICT_SKIPPED, /* no file that could be one */
};

struct verdict {
    enum verdict_state state;
    uint64_t plain_len;
    struct tool_failure failure;
    size_t count; /* with --each-recipient */
    struct verdict_recipient {
        struct env_kek_id id;
        struct tool_recipient tried;
    } recipients[];
};

struct verify {
    struct tool_run *run;
    struct tool_kek_table table; /* with --each-recipient */
    uint64_t opens;
    uint64_t fails;
    uint64_t skipped;
    uint64_t leftovers;
    uint64_t bytes;
};

/* ---- in the workers ---- */

struct worker {
    struct tool_opener *opener;
    struct tool_message message;
    struct tool_recipients recipients;
};

static void *begin(void *arg)
{
    const struct verify *verify = arg;
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL)
        return NULL;
    worker->opener = tool_opener_new(verify->run->keys,
                                     tool_keys_context(verify->run->keys, &verify->run->options));
    if (worker->opener == NULL) {
        free(worker);
        return NULL;
    }
    return worker;
}

static void end(void *arg, void *mine)
{
    struct worker *worker = mine;

    (void)arg;
    if (worker != NULL)
        tool_opener_free(worker->opener);
    free(worker);
}

static struct verdict *verdict_new(enum verdict_state state, size_t count)
{
    struct verdict *verdict = calloc(1, sizeof(*verdict) + count * sizeof(verdict->recipients[0]));

    if (verdict != NULL) {
        verdict->state = state;
        verdict->count = count;
    }
    return verdict;
}

static struct verdict *fails(const char *why)
{
    struct verdict *verdict = verdict_new(VERDICT_FAILS, 0);

    if (verdict != NULL)
        tool_failure_set(&verdict->failure, "%s", why);
    return verdict;
}

static struct verdict *fails_by(ENV_RESULT r)
{
    struct verdict *verdict = verdict_new(VERDICT_FAILS, 0);

    if (verdict != NULL)
        tool_failure_take(r, &verdict->failure);
    return verdict;
}

/* Every recipient whose key is here has to open it; the body is the same for all of them. */
static struct verdict *try_each(const struct verify *verify, struct worker *worker)
{
    const struct env_header *header = &worker->message.header;
    struct tool_recipients *tried = &worker->recipients;
    struct verdict *verdict = verdict_new(VERDICT_OPENS, header->count);

    if (verdict == NULL)
        return NULL;
    tool_recipients_try(verify->run->keys, header, worker->message.der,
                        tool_opener_deks(worker->opener), tried);
    for (size_t i = 0; i < header->count; i++) {
        verdict->recipients[i].id = header->recipients[i].id;
        verdict->recipients[i].tried = tried->list[i];
        if (tried->list[i].state == TOOL_RECIPIENT_FAILS && verdict->state == VERDICT_OPENS) {
            verdict->state = VERDICT_FAILS;
            verdict->failure = tried->list[i].failure;
        }
    }
    return verdict;
}

/* What was read of it is in the worker's message; source has all of it. */
static struct verdict *judge(const struct verify *verify, struct worker *worker,
                             struct tool_source *source)
{
    struct verdict *verdict = verify->run->options.each_recipient ? try_each(verify, worker)
                                                                  : verdict_new(VERDICT_OPENS, 0);
    struct tool_failure failure;

    if (verdict == NULL || verdict->state != VERDICT_OPENS)
        return verdict;
    if (!tool_opener_run(worker->opener, &worker->message, source, &verdict->plain_len, &failure)) {
        verdict->state = VERDICT_FAILS;
        verdict->failure = failure;
    }
    return verdict;
}

static struct verdict *judge_file(const struct verify *verify, struct worker *worker,
                                  const struct tool_entry *entry)
{
    const char *why = NULL;
    struct tool_source source = {.fd = tool_entry_open(entry, O_RDONLY, &why)};
    struct tool_failure failure;
    struct verdict *verdict;
    ENV_RESULT r;

    if (source.fd < 0)
        return fails(why);
    if (!tool_message_read(source.fd, &worker->message, &r, &failure))
        verdict = fails(failure.text);
    else if (!env_ok(r))
        verdict = fails_by(r);
    else
        verdict = judge(verify, worker, &source);
    (void)close(source.fd);
    return verdict;
}

static struct verdict *judge_line(const struct verify *verify, struct worker *worker,
                                  const struct tool_item *item)
{
    struct tool_source source = {-1, {item->bytes, item->len}};
    ENV_RESULT r = tool_message_parse(source.rest, item->len, &worker->message);

    return env_ok(r) ? judge(verify, worker, &source) : fails_by(r);
}

static void work(void *arg, void *mine, struct tool_item *item)
{
    const struct verify *verify = arg;

    if (mine == NULL)
        return;
    switch (item->kind) {
    case TOOL_ITEM_FILE:
        item->result = judge_file(verify, mine, &item->entry);
        break;
    case TOOL_ITEM_LINE:
        item->result = judge_line(verify, mine, item);
        break;
    case TOOL_ITEM_FAILURE:
    case TOOL_ITEM_BAD_LINE:
        item->result = fails(item->entry.what);
        break;
    case TOOL_ITEM_OTHER:
    case TOOL_ITEM_LEFTOVER:
    case TOOL_ITEM_EMPTY:
        item->result = verdict_new(VERDICT_SKIPPED, 0);
        break;
    }
}

/* ---- the results ---- */

static const char *skipped_because(const struct tool_item *item)
{
    if (item->kind == TOOL_ITEM_EMPTY)
        return "an empty line";
    return item->kind == TOOL_ITEM_LEFTOVER
               ? "left by a broken-off change of the file beside it: run that again"
               : item->entry.what;
}

static void show_json(const struct verify *verify, const struct tool_item *item,
                      const struct verdict *verdict)
{
    static const char *const words[] = {"opens", "fails", "skipped"};
    struct env_json *json = &verify->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", item->line > 0 ? "line" : "file");
    tool_item_json(json, item);
    env_json_text(json, "state", words[verdict->state]);
    if (verdict->state == VERDICT_OPENS)
        env_json_number(json, "plaintext_length", verdict->plain_len);
    if (verdict->state == VERDICT_FAILS) {
        env_json_number(json, "reason", verdict->failure.reason);
        env_json_text(json, "error", verdict->failure.text);
    }
    if (verdict->state == VERDICT_SKIPPED)
        env_json_text(json, "why", skipped_because(item));
    if (verdict->count > 0) {
        env_json_array(json, "recipients");
        for (size_t i = 0; i < verdict->count; i++) {
            env_json_object(json, NULL);
            env_json_hex(json, "kek", verdict->recipients[i].id.bytes,
                         verdict->recipients[i].id.len);
            tool_recipient_json(json, &verdict->recipients[i].tried);
            env_json_object_end(json);
        }
        env_json_array_end(json);
    }
    env_json_object_end(json);
}

/* A recipient that fails is named; the file's own failure is the first of them. */
static void show_recipients(FILE *out, const struct verdict *verdict)
{
    char id[TOOL_REPORT_ID];

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

static void show_text(const struct verify *verify, const struct tool_item *item,
                      const struct verdict *verdict)
{
    FILE *out = verify->run->out;
    char size[TOOL_REPORT_SIZE];

    tool_item_print(out, item);
    if (verdict->state == VERDICT_OPENS) {
        (void)fprintf(out, ": opens, %s", tool_report_size(verdict->plain_len, size));
    } else {
        (void)fputs(verdict->state == VERDICT_SKIPPED ? ": skipped: " : ": ", out);
        tool_report_text(out, verdict->state == VERDICT_SKIPPED ? skipped_because(item)
                                                                : verdict->failure.text);
    }
    (void)fputc('\n', out);
    show_recipients(out, verdict);
}

static void count_recipients(struct verify *verify, const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->count; i++) {
        struct tool_kek_counts *counts =
            tool_kek_table_get(&verify->table, &verdict->recipients[i].id);

        if (counts != NULL)
            counts->tried[verdict->recipients[i].tried.state]++;
    }
}

static void deliver(void *arg, struct tool_item *item)
{
    static const struct verdict no_memory = {
        .state = VERDICT_FAILS,
        .failure = {ENV_R_NO_MEMORY, "out of memory"},
    };
    struct verify *verify = arg;
    const struct verdict *verdict = item->result != NULL ? item->result : &no_memory;
    bool told = verdict->state == VERDICT_FAILS || verify->run->options.verbose ||
                (verdict->state == VERDICT_SKIPPED && item->kind != TOOL_ITEM_EMPTY);

    verify->opens += verdict->state == VERDICT_OPENS;
    verify->fails += verdict->state == VERDICT_FAILS;
    verify->skipped += verdict->state == VERDICT_SKIPPED;
    verify->leftovers += item->kind == TOOL_ITEM_LEFTOVER;
    verify->bytes += verdict->plain_len;
    count_recipients(verify, verdict);
    if (verify->run->options.json) {
        show_json(verify, item, verdict);
    } else if (told) {
        tool_progress_hide(&verify->run->progress);
        show_text(verify, item, verdict);
    }
    free(item->result);
}

static void show_counts(void *arg, const struct tool_kek_counts *counts)
{
    const struct verify *verify = arg;
    struct env_json *json = &verify->run->json;
    const uint64_t *tried = counts->tried;
    char id[TOOL_REPORT_ID];

    if (!verify->run->options.json) {
        (void)fprintf(verify->run->out,
                      "KEK %s: %" PRIu64 " opened, %" PRIu64 " failed, %" PRIu64
                      " for want of the key not tried\n",
                      tool_report_id(&counts->id, id), tried[TOOL_RECIPIENT_OPENS],
                      tried[TOOL_RECIPIENT_FAILS], tried[TOOL_RECIPIENT_NOT_HERE]);
        return;
    }
    env_json_object(json, NULL);
    env_json_hex(json, "kek", counts->id.bytes, counts->id.len);
    env_json_number(json, "opens", tried[TOOL_RECIPIENT_OPENS]);
    env_json_number(json, "fails", tried[TOOL_RECIPIENT_FAILS]);
    env_json_number(json, "not_here", tried[TOOL_RECIPIENT_NOT_HERE]);
    env_json_object_end(json);
}

static void show_summary(struct verify *verify)
{
    struct env_json *json = &verify->run->json;
    char size[TOOL_REPORT_SIZE];

    if (!verify->run->options.json) {
        tool_kek_table_each(&verify->table, show_counts, verify);
        (void)fprintf(
            verify->run->out,
            "%" PRIu64 " opened (%s of plaintext), %" PRIu64 " failed, %" PRIu64 " skipped\n",
            verify->opens, tool_report_size(verify->bytes, size), verify->fails, verify->skipped);
        return;
    }
    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    env_json_number(json, "opened", verify->opens);
    env_json_number(json, "plaintext_bytes", verify->bytes);
    env_json_number(json, "failed", verify->fails);
    env_json_number(json, "skipped", verify->skipped);
    env_json_number(json, "leftovers", verify->leftovers);
    if (verify->run->options.each_recipient) {
        env_json_array(json, "keks");
        tool_kek_table_each(&verify->table, show_counts, verify);
        env_json_array_end(json);
    }
    env_json_object_end(json);
}

static enum tool_status run_verify(struct tool_run *run)
{
    static const struct tool_tree_ops ops = {begin, end, work, deliver};
    struct verify verify = {.run = run};
    enum tool_status status;

    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    status = tool_tree_run(run, &ops, &verify);
    show_summary(&verify);
    tool_kek_table_clear(&verify.table);
    if (verify.table.incomplete) {
        tool_complain(run, "out of memory: the counts of the KEKs are not whole");
        return TOOL_UNABLE;
    }
    return tool_worse(status, verify.fails > 0 ? TOOL_WRONG : TOOL_FINE);
}

static const struct tool_option options[] = {
    TOOL_FLAG("each-recipient", each_recipient,
              "through every recipient whose key is here, not only the first that opens"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "the context that messages were sealed with (else the configuration's)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_verify = {
    .name = "verify",
    .operands = "PATH...",
    .summary = "Opens every file to its end, without writing plaintext, and says which fail",
    .tables = tables,
    .needs_operands = true,
    .run = run_verify,
};
