/* SPDX-License-Identifier: Apache-2.0 */
/* envelope census: reports how much each KEK protects. Reads only headers. */
#include "tools/look/cmd_census.h"

#include <inttypes.h>
#include <string.h>

#include "tools/common/census.h"
#include "tools/common/mechanism.h"
#include "tools/common/report.h"
#include "tools/common/version_label.h"

/* ---- the report ---- */

/* Adds the names of a KEK on a token to the entry with its reference, if there is one. */
static ENV_RESULT take_label(void *arg, struct env_kek *kek)
{
    struct tool_census *census = arg;
    struct tool_kek_counts *counts;
    struct env_kek_info info;

    kek->vtable->describe(kek, &info);
    counts = info.id.len > 0 ? tool_kek_table_find(&census->table, &info.id) : NULL;
    if (counts != NULL && counts->token[0] == '\0') {
        memcpy(counts->label, info.label, sizeof(counts->label));
        memcpy(counts->token, info.token, sizeof(counts->token));
        counts->dates = info.dates;
    }
    return ENV_OK;
}

static void note_newer(void *arg, struct tool_kek_counts *counts)
{
    const struct env_kek_info *info = arg;
    const char *newest = counts->newer[0] != '\0' ? counts->newer : counts->label;

    if (tool_version_is_older(newest, info->label))
        memcpy(counts->newer, info->label, sizeof(counts->newer));
}

/* For a version that is in force, marks the entries of older ones. */
static ENV_RESULT take_newer(void *arg, struct env_kek *kek)
{
    struct tool_census *census = arg;
    struct env_kek_info info;

    kek->vtable->describe(kek, &info);
    if (info.dates.unread || info.dates.first > env_date_today() ||
        (info.dates.last != 0 && info.dates.last < env_date_today()))
        return ENV_OK;
    tool_kek_table_change(&census->table, note_newer, &info);
    return ENV_OK;
}

/* Keys on a token that cannot be used have no labels; that is reported, but is not a failure. */
static void find_labels(struct tool_census *census)
{
    struct env_keyring *keyring = census->run->keys->dek.keyring;
    struct tool_failure failure;
    ENV_RESULT r = keyring->vtable->list(keyring, NULL, take_label, census);

    if (env_ok(r))
        r = keyring->vtable->list(keyring, NULL, take_newer, census);
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
    char dates[ENV_DATES_TEXT];

    (void)fprintf(out, "%s KEK %s", tool_kek_type(counts->type), tool_report_id(&counts->id, id));
    if (counts->token[0] != '\0') {
        (void)fputs(", ", out);
        tool_report_key(out, counts->label, counts->token);
    }
    if (counts->dates.first != 0 || counts->dates.last != 0)
        (void)fprintf(out, ", seals %s", env_dates_text(&counts->dates, dates));
    if (counts->newer[0] != '\0') {
        (void)fputs(", an older version: the newest is ", out);
        tool_report_text(out, counts->newer);
    }
    (void)fprintf(out, "\n  %" PRIu64 " file%s, %s", counts->files, tool_report_s(counts->files),
                  tool_report_size(counts->bytes, size));
    (void)fprintf(out, "; of these %" PRIu64 " (%s) that no other opens\n", counts->sole_files,
                  tool_report_size(counts->sole_bytes, size));
    if (census->run->options.verify) {
        (void)fputs("  ", out);
        tool_kek_tried_print(out, counts);
    }
}

static void kek_json(void *arg, const struct tool_kek_counts *counts)
{
    const struct tool_census *census = arg;
    struct env_json *json = &census->run->json;
    char day[ENV_DATE_TEXT];

    env_json_object(json, NULL);
    env_json_text(json, "type", tool_kek_type(counts->type));
    env_json_hex(json, "kek", counts->id.bytes, counts->id.len);
    if (counts->token[0] != '\0') {
        env_json_text(json, "label", counts->label);
        env_json_text(json, "token", counts->token);
        env_json_text(json, "not_before",
                      counts->dates.first != 0 ? env_date_text(counts->dates.first, day) : NULL);
        env_json_text(json, "not_after",
                      counts->dates.last != 0 ? env_date_text(counts->dates.last, day) : NULL);
    }
    if (counts->newer[0] != '\0')
        env_json_text(json, "newest_version", counts->newer);
    env_json_number(json, "files", counts->files);
    env_json_number(json, "bytes", counts->bytes);
    env_json_number(json, "sole_files", counts->sole_files);
    env_json_number(json, "sole_bytes", counts->sole_bytes);
    if (census->run->options.verify)
        tool_kek_tried_json(json, counts);
    env_json_object_end(json);
}

/* ---- the KEK named by --kek ---- */

static bool is_named(const struct tool_census *census, const struct env_kek_id *id)
{
    return id->len > 0 && tool_kek_table_find(&census->table, id) != NULL;
}

static bool names_wanted(const struct tool_census *census)
{
    return is_named(census, &census->wanted->reference) ||
           is_named(census, &census->wanted->labelled);
}

static void show_wanted(const struct tool_census *census)
{
    FILE *out = census->run->out;
    char id[TOOL_REPORT_ID];

    (void)fputs("no header names the KEK '", out);
    tool_report_text(out, census->wanted->text);
    (void)fputc('\'', out);
    if (census->wanted->labelled.len > 0)
        (void)fprintf(out, " (reference %s)", tool_report_id(&census->wanted->labelled, id));
    (void)fputc('\n', out);
}

/* False if it is unclear which KEK was counted: the numbers are then unreliable. */
static bool wanted_is_clear(const struct tool_census *census)
{
    const struct tool_named_kek *wanted = census->wanted;
    char id[TOOL_REPORT_ID];

    if (wanted == NULL)
        return true;
    if (wanted->unasked.text[0] != '\0' && !is_named(census, &wanted->reference)) {
        tool_complain(census->run,
                      "--kek: no header names the reference '%s', and the tokens could not be "
                      "searched for a key of that label (id:%s means only the reference): %s",
                      wanted->text, wanted->text, wanted->unasked.text);
        return false;
    }
    if (!is_named(census, &wanted->labelled) || !is_named(census, &wanted->reference) ||
        env_kek_id_equal(&wanted->labelled, &wanted->reference))
        return true;
    tool_complain(census->run,
                  "--kek: headers name the KEK of the label '%s', which is %s, and another KEK of "
                  "that reference: use pkcs11:object=%s or id:%s",
                  wanted->text, tool_report_id(&wanted->labelled, id), wanted->text, wanted->text);
    return false;
}

/* ---- the summary ---- */

static void show_json(struct tool_census *census)
{
    struct env_json *json = &census->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    for (size_t i = 0; i < TOOL_CENSUS_KINDS; i++)
        env_json_number(json, tool_census_name((enum tool_census_kind)i), census->kinds[i]);
    env_json_number(json, "bytes", census->bytes);
    env_json_number(json, "in_base64", census->base64);
    if (census->run->options.verify) {
        env_json_number(json, "opened", census->opened);
        env_json_number(json, "failed", census->failed);
        env_json_number(json, "no_key_here", census->no_key_here);
    }
    if (census->wanted != NULL)
        env_json_bool(json, "kek_named", names_wanted(census));
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
    if (census->wanted != NULL && !names_wanted(census))
        show_wanted(census);
    (void)fprintf(out, "%" PRIu64 " message%s, %" PRIu64 " sealed key%s, ",
                  kinds[TOOL_CENSUS_MESSAGE], tool_report_s(kinds[TOOL_CENSUS_MESSAGE]),
                  kinds[TOOL_CENSUS_SEALED_KEY], tool_report_s(kinds[TOOL_CENSUS_SEALED_KEY]));
    if (kinds[TOOL_CENSUS_NAMED_KEY] > 0)
        (void)fprintf(out, "%" PRIu64 " named key%s, ", kinds[TOOL_CENSUS_NAMED_KEY],
                      tool_report_s(kinds[TOOL_CENSUS_NAMED_KEY]));
    (void)fprintf(out, "%s\n", tool_report_size(census->bytes, size));
    (void)fprintf(out,
                  "%" PRIu64 " not a message, %" PRIu64 " damaged, %" PRIu64
                  " could not be read, %" PRIu64 " skipped\n",
                  kinds[TOOL_CENSUS_OTHER], kinds[TOOL_CENSUS_DAMAGED],
                  kinds[TOOL_CENSUS_UNREADABLE], kinds[TOOL_CENSUS_SKIPPED]);
    if (census->base64 > 0)
        (void)fprintf(out, "%" PRIu64 " in base64, which rewrap cannot write: decode them first\n",
                      census->base64);
    if (kinds[TOOL_CENSUS_SIDECAR] > 0)
        (void)fprintf(out, "%" PRIu64 " left by an interrupted change: run that change again\n",
                      kinds[TOOL_CENSUS_SIDECAR]);
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

    return kinds[TOOL_CENSUS_DAMAGED] + kinds[TOOL_CENSUS_UNREADABLE] + kinds[TOOL_CENSUS_SIDECAR] +
                       census->failed + census->no_key_here >
                   0
               ? TOOL_WRONG
               : TOOL_FINE;
}

static enum tool_status run_census(struct tool_run *run)
{
    struct tool_census census = {.run = run};
    struct tool_named_kek wanted;
    enum tool_status status;
    bool clear;

    if ((run->options.verify || run->options.labels) && !tool_run_keys(run))
        return TOOL_UNABLE;
    if (run->options.kek != NULL) {
        if (!tool_named_kek_find(run, "--kek", run->options.kek, &wanted))
            return TOOL_UNABLE;
        census.wanted = &wanted;
    }
    status = tool_tree_run(run, &tool_census_ops, &census);
    if (run->options.labels)
        find_labels(&census);
    if (run->options.json)
        show_json(&census);
    else
        show_text(&census);
    clear = wanted_is_clear(&census);
    if (!tool_kek_table_end(&census.table, run) || !clear)
        return TOOL_UNABLE;
    return tool_worse(status, judge(&census));
}

static const struct tool_option options[] = {
    TOOL_FLAG("verify", verify,
              "unwrap and check each header with every recipient whose key is here"),
    TOOL_TEXT("kek", kek, "LABEL|REF",
              "count only this KEK: its label, its reference in hex (or id:HEX), or a URI"),
    TOOL_FLAG("files", files, "list the files that are counted"),
    TOOL_FLAG("labels", labels, "ask the tokens for the labels of the KEKs"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_census = {
    .name = "census",
    .operands = "PATH...",
    .summary = "Counts the files and bytes that each KEK protects",
    .tables = tables,
    .needs_operands = true,
    .run = run_census,
};
