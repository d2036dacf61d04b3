/* SPDX-License-Identifier: Apache-2.0 */
/* envelope census: which KEKs protect how much. Headers alone are read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "tools/look/census.h"
#include "tools/common/mechanism.h"
#include "tools/common/report.h"
#include "tools/common/tree.h"

/* ---- which KEK is asked for ---- */

/* Hex is a reference; anything else is a label, which a token has to know. */
static bool find_wanted(struct tool_run *run, struct env_kek_id *wanted)
{
    const char *text = run->options.kek;
    struct tool_failure failure;
    struct env_kek *kek = NULL;
    ENV_RESULT r;

    if (env_word_hex(&(struct env_word){text, strlen(text)}, wanted->bytes, sizeof(wanted->bytes),
                     &wanted->len))
        return true;
    if (!tool_run_keys(run))
        return false;
    r = run->keys->dek.keyring->vtable->find(run->keys->dek.keyring, text, &kek);
    if (!env_ok(r)) {
        tool_failure_take(r, &failure);
        tool_complain(run, "--kek: %s", failure.text);
        return false;
    }
    *wanted = *kek->vtable->id(kek);
    env_kek_free(kek);
    if (wanted->len == 0)
        tool_complain(run, "--kek: the key has no reference");
    return wanted->len > 0;
}

/* ---- the report ---- */

/* A KEK that a token has: its names go to the entry of its reference, if there is one. */
static ENV_RESULT take_label(void *arg, struct env_kek *kek)
{
    struct tool_census *census = arg;
    struct tool_kek_counts *counts;
    struct env_kek_facts facts;

    kek->vtable->describe(kek, &facts);
    counts = facts.id.len > 0 ? tool_kek_table_find(&census->table, &facts.id) : NULL;
    if (counts != NULL && counts->token[0] == '\0') {
        memcpy(counts->label, facts.label, sizeof(counts->label));
        memcpy(counts->token, facts.token, sizeof(counts->token));
    }
    return ENV_OK;
}

/* A token that can not be asked leaves its keys without labels; that is said, and no more. */
static void find_labels(struct tool_census *census)
{
    struct env_keyring *ring = census->run->keys->dek.keyring;
    struct tool_failure failure;
    ENV_RESULT r = ring->vtable->list(ring, NULL, take_label, census);

    if (env_ok(r))
        return;
    tool_failure_take(r, &failure);
    tool_complain(census->run, "--labels: %s", failure.text);
}

static void kek_text(void *arg, const struct tool_kek_counts *counts)
{
    const struct tool_census *census = arg;
    FILE *out = census->run->out;
    char id[TOOL_REPORT_ID];
    char size[TOOL_REPORT_SIZE];

    (void)fprintf(out, "%s KEK %s", tool_kek_type(counts->type), tool_report_id(&counts->id, id));
    if (counts->token[0] != '\0') {
        (void)fputs(", key '", out);
        tool_report_text(out, counts->label);
        (void)fputs("' of token '", out);
        tool_report_text(out, counts->token);
        (void)fputc('\'', out);
    }
    (void)fprintf(out, "\n  %" PRIu64 " file%s, %s", counts->files, tool_report_s(counts->files),
                  tool_report_size(counts->bytes, size));
    (void)fprintf(out, "; of these %" PRIu64 " (%s) that no other opens\n", counts->sole_files,
                  tool_report_size(counts->sole_bytes, size));
    if (census->run->options.verify)
        (void)fprintf(out,
                      "  %" PRIu64 " opened, %" PRIu64 " failed, %" PRIu64
                      " for want of the key not tried\n",
                      counts->tried[TOOL_RECIPIENT_OPENS], counts->tried[TOOL_RECIPIENT_FAILS],
                      counts->tried[TOOL_RECIPIENT_NOT_HERE]);
}

static void kek_json(void *arg, const struct tool_kek_counts *counts)
{
    const struct tool_census *census = arg;
    struct env_json *json = &census->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", tool_kek_type(counts->type));
    env_json_hex(json, "kek", counts->id.bytes, counts->id.len);
    if (counts->token[0] != '\0') {
        env_json_text(json, "label", counts->label);
        env_json_text(json, "token", counts->token);
    }
    env_json_number(json, "files", counts->files);
    env_json_number(json, "bytes", counts->bytes);
    env_json_number(json, "sole_files", counts->sole_files);
    env_json_number(json, "sole_bytes", counts->sole_bytes);
    if (census->run->options.verify) {
        env_json_number(json, "opens", counts->tried[TOOL_RECIPIENT_OPENS]);
        env_json_number(json, "fails", counts->tried[TOOL_RECIPIENT_FAILS]);
        env_json_number(json, "not_here", counts->tried[TOOL_RECIPIENT_NOT_HERE]);
    }
    env_json_object_end(json);
}

static void show_json(struct tool_census *census)
{
    struct env_json *json = &census->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    for (size_t i = 0; i < TOOL_CENSUS_KINDS; i++)
        env_json_number(json, tool_census_name((enum tool_census_kind)i), census->kinds[i]);
    env_json_number(json, "bytes", census->bytes);
    if (census->run->options.verify) {
        env_json_number(json, "opened", census->opened);
        env_json_number(json, "failed", census->failed);
        env_json_number(json, "no_key_here", census->no_key_here);
    }
    env_json_array(json, "keks");
    tool_kek_table_each(&census->table, kek_json, census);
    env_json_array_end(json);
    env_json_object_end(json);
}

static void show_text(struct tool_census *census)
{
    FILE *out = census->run->out;
    const uint64_t *kinds = census->kinds;
    char size[TOOL_REPORT_SIZE];

    tool_kek_table_each(&census->table, kek_text, census);
    (void)fprintf(out, "%" PRIu64 " message%s, %" PRIu64 " sealed key%s, %s\n",
                  kinds[TOOL_CENSUS_MESSAGE], tool_report_s(kinds[TOOL_CENSUS_MESSAGE]),
                  kinds[TOOL_CENSUS_SEALED_KEY], tool_report_s(kinds[TOOL_CENSUS_SEALED_KEY]),
                  tool_report_size(census->bytes, size));
    (void)fprintf(out,
                  "%" PRIu64 " not a message, %" PRIu64 " damaged, %" PRIu64
                  " could not be read, %" PRIu64 " skipped\n",
                  kinds[TOOL_CENSUS_OTHER], kinds[TOOL_CENSUS_DAMAGED],
                  kinds[TOOL_CENSUS_UNREADABLE], kinds[TOOL_CENSUS_SKIPPED]);
    if (kinds[TOOL_CENSUS_LEFTOVER] > 0)
        (void)fprintf(out, "%" PRIu64 " left by a broken-off change: run that again\n",
                      kinds[TOOL_CENSUS_LEFTOVER]);
    if (census->run->options.verify)
        (void)fprintf(out,
                      "verified: %" PRIu64 " opened, %" PRIu64 " failed, %" PRIu64
                      " for which no key is here\n",
                      census->opened, census->failed, census->no_key_here);
    else
        (void)fputs("not verified: a header is only a claim (--verify)\n", out);
}

static enum tool_status judge(const struct tool_census *census)
{
    const uint64_t *kinds = census->kinds;

    return kinds[TOOL_CENSUS_DAMAGED] + kinds[TOOL_CENSUS_UNREADABLE] +
                       kinds[TOOL_CENSUS_LEFTOVER] + census->failed + census->no_key_here >
                   0
               ? TOOL_WRONG
               : TOOL_FINE;
}

static enum tool_status run_census(struct tool_run *run)
{
    struct tool_census census = {.run = run};
    enum tool_status status;

    if ((run->options.verify || run->options.labels) && !tool_run_keys(run))
        return TOOL_UNABLE;
    if (run->options.kek != NULL && !find_wanted(run, &census.wanted))
        return TOOL_UNABLE;
    status = tool_tree_run(run, &tool_census_ops, &census);
    if (run->options.labels)
        find_labels(&census);
    if (run->options.json)
        show_json(&census);
    else
        show_text(&census);
    tool_kek_table_clear(&census.table);
    if (census.table.incomplete) {
        tool_complain(run, "out of memory: the counts of the KEKs are not whole");
        return TOOL_UNABLE;
    }
    return tool_worse(status, judge(&census));
}

static const struct tool_option options[] = {
    TOOL_FLAG("verify", verify,
              "unwrap and check each header through every recipient whose key is here"),
    TOOL_TEXT("kek", kek, "REF|LABEL", "count this KEK alone: its reference in hex, or its label"),
    TOOL_FLAG("files", files, "list the files that are counted"),
    TOOL_FLAG("labels", labels, "ask the tokens for the labels of the KEKs"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_census = {
    .name = "census",
    .operands = "PATH...",
    .summary = "Counts which KEKs protect how many files and bytes",
    .tables = tables,
    .needs_operands = true,
    .run = run_census,
};
