/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/census.h"

#include <stdlib.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "tools/common/mechanism.h"
#include "tools/common/read_item.h"
#include "tools/common/report.h"

/* The result for one item. */
struct found {
    struct tool_finding finding; /* state: enum tool_census_kind */
    uint64_t size;
    bool base64;
    bool tried; /* --verify */
    bool opens;
    bool fails;
    uint8_t message_id[ENV_AUDIT_MESSAGE_ID_LEN]; /* from the header that opens */
    char key_name[ENV_NAMED_FULL_NAME];           /* for a named key */
    size_t count;
    struct found_kek {
        struct env_kek_id id;
        enum env_wrap_alg alg;
        enum tool_recipient_state state; /* --verify */
    } * keks;
};

static const char *const names[] = {
    [TOOL_CENSUS_MESSAGE] = "messages",     [TOOL_CENSUS_SEALED_KEY] = "sealed_keys",
    [TOOL_CENSUS_NAMED_KEY] = "named_keys", [TOOL_CENSUS_OTHER] = "not_messages",
    [TOOL_CENSUS_DAMAGED] = "damaged",      [TOOL_CENSUS_UNREADABLE] = "unreadable",
    [TOOL_CENSUS_SKIPPED] = "skipped",      [TOOL_CENSUS_SIDECAR] = "sidecars",
};

const char *tool_census_name(enum tool_census_kind kind)
{
    return names[kind];
}

/* ---- in the workers ---- */

struct worker {
    struct tool_source source;
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

static void verify(const struct tool_census *census, struct worker *worker, struct found *found)
{
    struct tool_recipients *tried = &worker->recipients;

    tool_recipients_try(census->run->keys, &worker->message.header, worker->message.der,
                        worker->deks, tried);
    found->tried = true;
    found->opens = tried->opens;
    found->fails = tried->fails;
    memcpy(found->message_id, tried->message_id, sizeof(found->message_id));
    found->finding.told = tried->fails || !tried->opens;
    for (size_t i = 0; i < tried->count; i++) {
        found->keks[i].state = tried->list[i].state;
        if (tried->list[i].state == TOOL_RECIPIENT_FAILS && found->finding.failure.text[0] == '\0')
            found->finding.failure = tried->list[i].failure;
    }
}

static bool take_keks(const struct tool_message *message, struct found *found)
{
    const struct env_header *header = &message->header;

    found->keks = calloc(header->count, sizeof(*found->keks));
    if (found->keks == NULL)
        return false;
    found->count = header->count;
    found->size = message->size;
    found->base64 = message->base64;
    for (size_t i = 0; i < header->count; i++) {
        found->keks[i].id = header->recipients[i].id;
        found->keks[i].alg = header->recipients[i].wrapped.alg;
    }
    return true;
}

static void judge(const struct tool_census *census, struct worker *worker, struct found *found)
{
    const struct tool_message *message = &worker->message;
    static const enum tool_census_kind kinds[] = {
        [ENV_CONTENT_MESSAGE] = TOOL_CENSUS_MESSAGE,
        [ENV_CONTENT_SEALED_KEY] = TOOL_CENSUS_SEALED_KEY,
        [ENV_CONTENT_NAMED_KEY] = TOOL_CENSUS_NAMED_KEY,
    };

    if (!take_keks(message, found)) {
        tool_finding_fails(&found->finding, TOOL_CENSUS_UNREADABLE, ENV_FAIL(ENV_R_NO_MEMORY));
        return;
    }
    found->finding.state = kinds[message->header.content];
    (void)tool_message_key_name(message, found->key_name);
    if (tool_message_has_body(message) && message->end != ENV_R_NONE)
        tool_finding_fails(&found->finding, TOOL_CENSUS_DAMAGED, ENV_FAIL(message->end));
    else if (census->run->options.verify)
        verify(census, worker, found);
}

static void work(void *arg, void *mine, const struct tool_item *item, struct tool_finding *finding)
{
    const struct tool_census *census = arg;
    struct worker *worker = mine;
    ENV_RESULT r = ENV_OK;
    bool other;

    if (!tool_item_read(item, &worker->source, &worker->message, &r, &finding->failure)) {
        finding->state = worker->source.base64 ? TOOL_CENSUS_DAMAGED : TOOL_CENSUS_UNREADABLE;
        finding->told = true;
    } else if (env_ok(r)) {
        judge(census, worker, (struct found *)finding);
    } else {
        /* too short to hold a header: its first bytes mean nothing */
        other = r.reason == ENV_R_NOT_A_MESSAGE ||
                (r.reason == ENV_R_TRUNCATED && worker->message.size < ENV_HEADER_PEEK);
        tool_finding_fails(finding, other ? TOOL_CENSUS_OTHER : TOOL_CENSUS_DAMAGED, r);
        finding->told = !other;
    }
    tool_item_close(&worker->source);
}

static void clear(struct tool_finding *finding)
{
    free(((struct found *)finding)->keks);
}

/* ---- adding up ---- */

static bool is_wanted(const struct tool_census *census, const struct env_kek_id *id)
{
    return census->wanted == NULL || env_kek_id_equal(&census->wanted->reference, id) ||
           env_kek_id_equal(&census->wanted->labelled, id);
}

static bool has_wanted(const struct tool_census *census, const struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        if (is_wanted(census, &found->keks[i].id))
            return true;
    }
    return false;
}

/* Whether an earlier recipient has the same reference: a KEK counts once per file. */
static bool seen_before(const struct found *found, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (env_kek_id_equal(&found->keks[i].id, &found->keks[number].id))
            return true;
    }
    return false;
}

static void count_kek(struct tool_census *census, const struct found *found, size_t number,
                      bool sole)
{
    const struct found_kek *kek = &found->keks[number];
    struct tool_kek_counts *counts = tool_kek_table_get(&census->table, &kek->id);

    if (counts == NULL)
        return;
    if (found->tried)
        counts->tried[kek->state]++;
    if (seen_before(found, number))
        return;
    counts->type = tool_mechanism(kek->alg).type;
    counts->files++;
    counts->bytes += found->size;
    counts->sole_files += sole;
    counts->sole_bytes += sole ? found->size : 0;
}

static void count_keks(struct tool_census *census, const struct found *found)
{
    bool sole = true;

    for (size_t i = 1; i < found->count; i++)
        sole = sole && seen_before(found, i);
    for (size_t i = 0; i < found->count; i++) {
        if (is_wanted(census, &found->keks[i].id))
            count_kek(census, found, i, sole);
    }
}

static bool is_message(const struct found *found)
{
    return found->finding.state == TOOL_CENSUS_MESSAGE ||
           found->finding.state == TOOL_CENSUS_SEALED_KEY ||
           found->finding.state == TOOL_CENSUS_NAMED_KEY;
}

static void add_up(void *arg, const struct tool_item *item, struct tool_finding *finding)
{
    struct tool_census *census = arg;
    const struct found *found = (const struct found *)finding;

    (void)item;
    census->kinds[finding->state]++;
    count_keks(census, found); /* a truncated message still needs its KEKs */
    if (census->run->options.files && has_wanted(census, found))
        finding->told = true;
    if (!is_message(found))
        return;
    census->bytes += found->size;
    census->base64 += found->base64;
    if (found->tried) {
        census->opened += found->opens && !found->fails;
        census->failed += found->fails;
        census->no_key_here += !found->opens && !found->fails;
    }
}

/* ---- one line per item ---- */

static void show_text(void *arg, FILE *out, const struct tool_finding *finding)
{
    const struct found *found = (const struct found *)finding;
    char id[TOOL_REPORT_ID];

    (void)arg;
    (void)fprintf(out, ": %s%s%s for",
                  finding->state == TOOL_CENSUS_SEALED_KEY  ? "a sealed key"
                  : finding->state == TOOL_CENSUS_NAMED_KEY ? "the named key "
                                                            : "a message",
                  found->key_name, found->base64 ? " in base64" : "");
    for (size_t i = 0; i < found->count; i++)
        (void)fprintf(out, " %s", tool_report_id(&found->keks[i].id, id));
    if (found->tried && !found->opens)
        (void)fputs(", whose keys are not here", out);
}

static void show_json(void *arg, struct env_json *json, const struct tool_finding *finding)
{
    const struct found *found = (const struct found *)finding;

    (void)arg;
    if (found->count == 0)
        return;
    env_json_number(json, "size", found->size);
    env_json_bool(json, "base64", found->base64);
    if (found->key_name[0] != '\0')
        env_json_text(json, "named_key", found->key_name);
    if (found->opens)
        tool_message_id_json(json, found->message_id);
    env_json_array(json, "keks");
    for (size_t i = 0; i < found->count; i++) {
        env_json_object(json, NULL);
        env_json_hex(json, "kek", found->keks[i].id.bytes, found->keks[i].id.len);
        env_json_text(json, "mechanism", tool_mechanism(found->keks[i].alg).words);
        if (found->tried)
            env_json_text(json, "state", tool_recipient_word(found->keks[i].state));
        env_json_object_end(json);
    }
    env_json_array_end(json);
}

const struct tool_tree_ops tool_census_ops = {
    .size = sizeof(struct found),
    .member = "counted_as",
    .words = names,
    .failed = TOOL_CENSUS_UNREADABLE,
    .skipped = TOOL_CENSUS_SKIPPED,
    .sidecar = TOOL_CENSUS_SIDECAR,
    .begin = begin,
    .end = end,
    .work = work,
    .add_up = add_up,
    .text = show_text,
    .json = show_json,
    .clear = clear,
};
