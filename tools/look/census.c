/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/look/census.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "tools/common/mechanism.h"
#include "tools/common/message.h"
#include "tools/common/report.h"

/* What one item came to. */
struct finding {
    enum tool_census_kind kind;
    uint64_t size;
    struct tool_failure failure; /* DAMAGED, UNREADABLE, or what failed to verify */
    bool opens;                  /* --verify */
    bool fails;
    size_t count;
    struct finding_kek {
        struct env_kek_id id;
        enum env_wrap_alg alg;
        enum tool_recipient_state state; /* --verify */
    } keks[];
};

const char *tool_census_name(enum tool_census_kind kind)
{
    static const char *const names[] = {
        [TOOL_CENSUS_MESSAGE] = "messages",      [TOOL_CENSUS_SEALED_KEY] = "sealed_keys",
        [TOOL_CENSUS_OTHER] = "not_messages",    [TOOL_CENSUS_DAMAGED] = "damaged",
        [TOOL_CENSUS_UNREADABLE] = "unreadable", [TOOL_CENSUS_SKIPPED] = "skipped",
        [TOOL_CENSUS_LEFTOVER] = "leftovers",
    };

    return names[kind];
}

/* ---- in the workers ---- */

struct worker {
    struct tool_message message;
    struct tool_recipients recipients;
    uint8_t *deks; /* in secret memory */
};

static void end(void *arg, void *mine)
{
    struct worker *worker = mine;

    (void)arg;
    if (worker != NULL)
        env_secret_free(worker->deks, TOOL_TRY_ROOM);
    free(worker);
}

static void *begin(void *arg)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL)
        return NULL;
    worker->deks = env_secret_alloc(TOOL_TRY_ROOM);
    if (worker->deks != NULL)
        return worker;
    end(arg, worker);
    return NULL;
}

static struct finding *finding_new(enum tool_census_kind kind, size_t count)
{
    struct finding *finding = calloc(1, sizeof(*finding) + count * sizeof(finding->keks[0]));

    if (finding != NULL) {
        finding->kind = kind;
        finding->count = count;
    }
    return finding;
}

static struct finding *unreadable(const char *why)
{
    struct finding *finding = finding_new(TOOL_CENSUS_UNREADABLE, 0);

    if (finding != NULL)
        tool_failure_set(&finding->failure, "%s", why);
    return finding;
}

static void verify(const struct tool_census *census, struct worker *worker, struct finding *finding)
{
    struct tool_recipients *tried = &worker->recipients;

    tool_recipients_try(census->run->keys, &worker->message.header, worker->message.der,
                        worker->deks, tried);
    finding->opens = tried->opens;
    finding->fails = tried->fails;
    for (size_t i = 0; i < tried->count; i++) {
        finding->keks[i].state = tried->list[i].state;
        if (tried->list[i].state == TOOL_RECIPIENT_FAILS && finding->failure.text[0] == '\0')
            finding->failure = tried->list[i].failure;
    }
}

/* r is what reading the message in the worker came to. */
static struct finding *judge(const struct tool_census *census, struct worker *worker, ENV_RESULT r)
{
    const struct tool_message *message = &worker->message;
    const struct env_header *header = &message->header;
    struct finding *finding;
    /* too short for any header: what it begins with means nothing */
    bool tiny = r.reason == ENV_R_TRUNCATED && message->size < ENV_HEADER_PEEK;

    if (!env_ok(r)) {
        finding = finding_new(
            tiny || r.reason == ENV_R_NOT_A_MESSAGE ? TOOL_CENSUS_OTHER : TOOL_CENSUS_DAMAGED, 0);
        if (finding != NULL)
            tool_failure_take(r, &finding->failure);
        return finding;
    }
    finding = finding_new(header->content == ENV_CONTENT_SEALED_KEY ? TOOL_CENSUS_SEALED_KEY
                                                                    : TOOL_CENSUS_MESSAGE,
                          header->count);
    if (finding == NULL)
        return NULL;
    finding->size = message->size;
    for (size_t i = 0; i < header->count; i++) {
        finding->keks[i].id = header->recipients[i].id;
        finding->keks[i].alg = header->recipients[i].wrapped.alg;
    }
    if (header->content == ENV_CONTENT_MESSAGE && !message->plain_known) {
        finding->kind = TOOL_CENSUS_DAMAGED;
        tool_failure_take(ENV_FAIL(ENV_R_TRUNCATED), &finding->failure);
    } else if (census->run->options.verify) {
        verify(census, worker, finding);
    }
    return finding;
}

static struct finding *judge_file(const struct tool_census *census, struct worker *worker,
                                  const struct tool_entry *entry)
{
    const char *why = NULL;
    int fd = tool_entry_open(entry, O_RDONLY, &why);
    struct tool_failure failure;
    struct finding *finding;
    ENV_RESULT r;

    if (fd < 0)
        return unreadable(why);
    finding = tool_message_read(fd, &worker->message, &r, &failure) ? judge(census, worker, r)
                                                                    : unreadable(failure.text);
    (void)close(fd);
    return finding;
}

static void work(void *arg, void *mine, struct tool_item *item)
{
    const struct tool_census *census = arg;
    struct worker *worker = mine;

    if (worker == NULL)
        return;
    switch (item->kind) {
    case TOOL_ITEM_FILE:
        item->result = judge_file(census, worker, &item->entry);
        break;
    case TOOL_ITEM_LINE:
        item->result = judge(census, worker,
                             tool_message_parse((struct env_span){item->bytes, item->len},
                                                item->len, &worker->message));
        break;
    case TOOL_ITEM_FAILURE:
    case TOOL_ITEM_BAD_LINE:
        item->result = unreadable(item->entry.what);
        break;
    case TOOL_ITEM_LEFTOVER:
        item->result = finding_new(TOOL_CENSUS_LEFTOVER, 0);
        break;
    case TOOL_ITEM_OTHER:
    case TOOL_ITEM_EMPTY:
        item->result = finding_new(TOOL_CENSUS_SKIPPED, 0);
        break;
    }
}

/* ---- adding up ---- */

static bool same_id(const struct env_kek_id *a, const struct env_kek_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool is_wanted(const struct tool_census *census, const struct env_kek_id *id)
{
    return census->wanted.len == 0 || same_id(&census->wanted, id);
}

static bool has_wanted(const struct tool_census *census, const struct finding *finding)
{
    for (size_t i = 0; i < finding->count; i++) {
        if (is_wanted(census, &finding->keks[i].id))
            return true;
    }
    return false;
}

/* Whether a recipient before this one has the same reference: a KEK counts once a file. */
static bool seen_before(const struct finding *finding, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (same_id(&finding->keks[i].id, &finding->keks[number].id))
            return true;
    }
    return false;
}

static void count_kek(struct tool_census *census, const struct finding *finding, size_t number,
                      bool sole)
{
    const struct finding_kek *kek = &finding->keks[number];
    struct tool_kek_counts *counts = tool_kek_table_get(&census->table, &kek->id);

    if (counts == NULL)
        return;
    if (census->run->options.verify)
        counts->tried[kek->state]++;
    if (seen_before(finding, number))
        return;
    counts->type = tool_mechanism(kek->alg)->type;
    counts->files++;
    counts->bytes += finding->size;
    counts->sole_files += sole;
    counts->sole_bytes += sole ? finding->size : 0;
}

static void count_keks(struct tool_census *census, const struct finding *finding)
{
    bool sole = true;

    for (size_t i = 1; i < finding->count; i++)
        sole = sole && seen_before(finding, i);
    for (size_t i = 0; i < finding->count; i++) {
        if (is_wanted(census, &finding->keks[i].id))
            count_kek(census, finding, i, sole);
    }
}

static bool is_message(const struct finding *finding)
{
    return finding->kind == TOOL_CENSUS_MESSAGE || finding->kind == TOOL_CENSUS_SEALED_KEY;
}

static void add_up(struct tool_census *census, const struct finding *finding)
{
    census->kinds[finding->kind]++;
    count_keks(census, finding); /* a truncated message is still somebody's */
    if (!is_message(finding))
        return;
    census->bytes += finding->size;
    if (census->run->options.verify) {
        census->opened += finding->opens && !finding->fails;
        census->failed += finding->fails;
        census->no_key_here += !finding->opens && !finding->fails;
    }
}

/* ---- one line an item ---- */

/* Why an item is told whatever the options; NULL: it is not. */
static const char *complaint(const struct tool_item *item, const struct finding *finding)
{
    if (finding->kind == TOOL_CENSUS_LEFTOVER)
        return "left by a broken-off change of the file beside it: run that again";
    if (finding->kind == TOOL_CENSUS_SKIPPED)
        return item->kind == TOOL_ITEM_OTHER ? item->entry.what : NULL;
    if (finding->kind == TOOL_CENSUS_DAMAGED || finding->kind == TOOL_CENSUS_UNREADABLE ||
        finding->fails)
        return finding->failure.text;
    return NULL;
}

static void show_text(const struct tool_census *census, const struct tool_item *item,
                      const struct finding *finding, const char *why)
{
    static const char *const names[] = {"a message", "a sealed key", "not a message"};
    FILE *out = census->run->out;
    char id[TOOL_REPORT_ID];

    tool_item_print(out, item);
    (void)fputs(": ", out);
    tool_report_text(out, why != NULL                          ? why
                          : finding->kind <= TOOL_CENSUS_OTHER ? names[finding->kind]
                                                               : "skipped");
    if (why == NULL && finding->count > 0)
        (void)fprintf(out, " for");
    for (size_t i = 0; why == NULL && i < finding->count; i++)
        (void)fprintf(out, " %s", tool_report_id(&finding->keks[i].id, id));
    if (why == NULL && is_message(finding) && census->run->options.verify && !finding->opens)
        (void)fputs(", no key of which is here", out);
    (void)fputc('\n', out);
}

static void show_json(const struct tool_census *census, const struct tool_item *item,
                      const struct finding *finding, const char *why)
{
    struct env_json *json = &census->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", item->line > 0 ? "line" : "file");
    tool_item_json(json, item);
    env_json_text(json, "counted_as", tool_census_name(finding->kind));
    if (finding->failure.text[0] != '\0')
        env_json_number(json, "reason", finding->failure.reason);
    if (finding->failure.text[0] != '\0' || why != NULL)
        env_json_text(json, "error", why != NULL ? why : finding->failure.text);
    if (finding->count > 0) {
        env_json_number(json, "size", finding->size);
        env_json_array(json, "keks");
        for (size_t i = 0; i < finding->count; i++) {
            env_json_object(json, NULL);
            env_json_hex(json, "kek", finding->keks[i].id.bytes, finding->keks[i].id.len);
            env_json_text(json, "mechanism", tool_mechanism(finding->keks[i].alg)->words);
            if (census->run->options.verify && is_message(finding))
                env_json_text(json, "state", tool_recipient_word(finding->keks[i].state));
            env_json_object_end(json);
        }
        env_json_array_end(json);
    }
    env_json_object_end(json);
}

/* Files are listed when asked for; what is wrong is always told. */
static void show(struct tool_census *census, const struct tool_item *item,
                 const struct finding *finding)
{
    const struct tool_options *options = &census->run->options;
    const char *why = complaint(item, finding);
    bool unverified = options->verify && is_message(finding) && !finding->opens && !finding->fails;
    bool listed = options->verbose || (options->files && has_wanted(census, finding));

    if (!listed && !unverified && why == NULL)
        return;
    if (options->json) {
        show_json(census, item, finding, why);
    } else {
        tool_progress_hide(&census->run->progress);
        show_text(census, item, finding, why);
    }
}

static void deliver(void *arg, struct tool_item *item)
{
    static const struct finding no_memory = {
        .kind = TOOL_CENSUS_UNREADABLE,
        .failure = {ENV_R_NO_MEMORY, "out of memory"},
    };
    struct tool_census *census = arg;
    const struct finding *finding = item->result != NULL ? item->result : &no_memory;

    add_up(census, finding);
    show(census, item, finding);
    free(item->result);
}

const struct tool_tree_ops tool_census_ops = {begin, end, work, deliver};
