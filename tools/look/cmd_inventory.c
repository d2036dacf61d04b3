/* SPDX-License-Identifier: Apache-2.0 */
/* envelope inventory: lists every named key in folders and lists. Uses no token without --keks. */
#include "tools/look/cmd_inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "tools/common/report.h"
#include "tools/common/tree.h"
#include "tools/key/key_show.h"
#include "tools/look/inventory_keks.h"

enum kind { KEY, OTHER, BAD };

static const char *const words[] = {[KEY] = "key", [OTHER] = "skipped", [BAD] = "failed"};

struct found {
    struct tool_finding finding;
    struct env_key_file *file;
};

/* A version of a key that was found. Copies of it have the same fingerprint, or one is outdated. */
struct seen {
    char full_name[ENV_NAMED_FULL_NAME];
    uint8_t fingerprint[ENV_FINGERPRINT_LEN];
    uint8_t id[ENV_NAMED_ID_LEN];
};

struct inventory {
    struct tool_run *run;
    struct env_errors errors;
    struct env_crypto *crypto;
    int64_t now;
    void *seen; /* for tsearch */
    uint64_t counts[3];
    uint64_t versions;
    uint64_t differ;
    uint64_t expired;
    struct tool_inventory_keks keks;
    bool incomplete;
};

/* ---- in the workers ---- */

struct worker {
    uint8_t bytes[ENV_KEY_FILE_MAX + 1];
};

static void *begin(void *arg)
{
    (void)arg;
    return malloc(sizeof(struct worker));
}

static void end(void *arg, void *mine)
{
    (void)arg;
    free(mine);
}

/* Reads one byte more than a key file may have. False: it could not be read. */
static bool read_item(const struct tool_item *item, struct worker *worker, struct env_span *out,
                      struct tool_failure *failure)
{
    const char *why = NULL;
    ssize_t n = 1;
    size_t len = 0;
    int fd;

    if (item->kind == TOOL_ITEM_LINE) {
        *out = (struct env_span){item->bytes, item->len};
        return true;
    }
    fd = tool_entry_open(&item->entry, O_RDONLY, &why);
    if (fd < 0) {
        tool_failure_set(failure, "%s", why);
        return false;
    }
    while (n > 0 && len < sizeof(worker->bytes)) {
        n = TEMP_FAILURE_RETRY(read(fd, worker->bytes + len, sizeof(worker->bytes) - len));
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        tool_failure_set(failure, "%s", strerrordesc_np(errno));
    (void)close(fd);
    *out = (struct env_span){worker->bytes, len};
    return n >= 0;
}

/* Whether the header is that of a key file. Anything else is ignored. */
static bool is_key_file(struct env_span bytes)
{
    struct env_header *header = NULL;
    size_t len = 0;
    bool is = false;

    if (!env_ok(env_header_length(bytes, &len)) || len > bytes.len)
        return false;
    if (env_ok(env_dek_read_any_header((struct env_span){bytes.data, len}, &header)))
        is = header->content == ENV_CONTENT_NAMED_KEY;
    OPENSSL_free(header);
    return is;
}

/* A file with the name of a key file must be one. */
static bool is_called_so(const struct tool_item *item)
{
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;

    return item->kind == TOOL_ITEM_FILE &&
           env_named_file_name_read(item->entry.name, name, &number);
}

static ENV_RESULT judge_name(const struct inventory *inventory, const struct tool_item *item,
                             const struct env_named_clear *clear)
{
    char name[ENV_NAMED_FILE_NAME];

    env_named_file_name(clear->name, clear->number, name);
    if (item->kind != TOOL_ITEM_FILE || strcmp(name, item->entry.name) == 0)
        return ENV_OK;
    return ENV_RAISE(&inventory->errors, ENV_R_KEY_FILE_BAD, "its contents are %s@%u", clear->name,
                     clear->number);
}

static void work(void *arg, void *mine, const struct tool_item *item, struct tool_finding *finding)
{
    const struct inventory *inventory = arg;
    struct found *found = (struct found *)finding;
    struct env_span bytes;
    ENV_RESULT r = ENV_OK;

    finding->state = OTHER;
    if (!read_item(item, mine, &bytes, &finding->failure)) {
        finding->state = BAD;
        finding->told = true;
        return;
    }
    if (!is_called_so(item) && !is_key_file(bytes))
        return;
    r = env_key_file_parse(&inventory->errors, inventory->crypto, item->entry.path, bytes,
                           &found->file);
    if (env_ok(r))
        r = judge_name(inventory, item, &found->file->clear);
    finding->state = KEY;
    finding->told = true;
    if (!env_ok(r))
        tool_finding_fails(finding, BAD, r);
}

static void clear(struct tool_finding *finding)
{
    env_key_file_free(((struct found *)finding)->file);
}

/* ---- adding up ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->full_name, ((const struct seen *)b)->full_name);
}

/* The first copy of a version, which may be this one; NULL: no memory. */
static const struct seen *first_of(struct inventory *inventory, const struct env_key_file *file)
{
    struct seen *new_one = calloc(1, sizeof(*new_one));
    struct seen **slot;

    if (new_one == NULL)
        return NULL;
    env_named_full_name(file->clear.name, file->clear.number, new_one->full_name);
    memcpy(new_one->fingerprint, file->fingerprint, sizeof(new_one->fingerprint));
    memcpy(new_one->id, file->clear.id, sizeof(new_one->id));
    slot = tsearch(new_one, &inventory->seen, by_name);
    inventory->versions += slot != NULL && *slot == new_one;
    if (slot == NULL || *slot != new_one)
        free(new_one);
    return slot != NULL ? *slot : NULL;
}

static void compare(struct inventory *inventory, struct found *found)
{
    const struct seen *first = first_of(inventory, found->file);

    if (first == NULL) {
        inventory->incomplete = true;
    } else if (memcmp(first->id, found->file->clear.id, sizeof(first->id)) != 0) {
        found->finding.note = "A DIFFERENT KEY from a previous one of this name and version";
        inventory->differ++;
    } else if (memcmp(first->fingerprint, found->file->fingerprint, ENV_FINGERPRINT_LEN) != 0) {
        found->finding.note = "sealed at a different time from a previous copy: one of them is old";
        inventory->differ++;
    }
}

static void add_up(void *arg, const struct tool_item *item, struct tool_finding *finding)
{
    struct inventory *inventory = arg;
    struct found *found = (struct found *)finding;

    inventory->counts[finding->state]++;
    if (finding->state != KEY)
        return;
    compare(inventory, found);
    inventory->expired += tool_key_state(&found->file->clear, inventory->now) == TOOL_KEY_EXPIRED;
    if (inventory->run->options.csv) {
        tool_key_show_csv(stdout, item->entry.path, found->file, inventory->now);
        finding->silent = finding->note == NULL;
    }
}

/* ---- output ---- */

static void show_text(void *arg, FILE *out, const struct tool_finding *finding)
{
    const struct inventory *inventory = arg;
    const struct found *found = (const struct found *)finding;

    if (found->file == NULL) {
        (void)fputs(": not a key file", out);
        return;
    }
    (void)fprintf(out, ": %s@%" PRIu32 ", ", found->file->clear.name, found->file->clear.number);
    tool_key_show_line(out, found->file, inventory->now);
}

static void show_below(void *arg, FILE *out, const struct tool_finding *finding)
{
    const struct found *found = (const struct found *)finding;

    (void)arg;
    if (found->file != NULL && finding->state == KEY)
        tool_key_show_more(out, found->file);
}

static void show_json(void *arg, struct env_json *json, const struct tool_finding *finding)
{
    const struct inventory *inventory = arg;
    const struct found *found = (const struct found *)finding;

    if (finding->note != NULL)
        env_json_text(json, "note", finding->note);
    if (finding->state == KEY)
        tool_key_show_json(json, found->file, inventory->now);
}

static bool has_paths(const struct tool_run *run)
{
    return run->options.operand_count > 0 || run->options.list;
}

static void sum_up(const struct inventory *inventory)
{
    struct env_json *json = &inventory->run->json;

    /* with CSV, only problems are reported as text */
    if (inventory->run->options.csv && inventory->counts[BAD] + inventory->differ == 0)
        return;
    if (!inventory->run->options.json) {
        if (inventory->run->options.keks)
            (void)fprintf(inventory->run->out, "%" PRIu64 " KEK%s, %" PRIu64 " expired\n",
                          inventory->keks.keks, tool_report_s(inventory->keks.keks),
                          inventory->keks.expired);
        if (!has_paths(inventory->run))
            return;
        (void)fprintf(inventory->run->out,
                      "%" PRIu64 " key file%s of %" PRIu64 " version%s, %" PRIu64
                      " that differ from another copy, %" PRIu64 " expired, %" PRIu64 " failed\n",
                      inventory->counts[KEY], tool_report_s(inventory->counts[KEY]),
                      inventory->versions, tool_report_s(inventory->versions), inventory->differ,
                      inventory->expired, inventory->counts[BAD]);
        return;
    }
    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    if (inventory->run->options.keks) {
        env_json_number(json, "keks", inventory->keks.keks);
        env_json_number(json, "keks_expired", inventory->keks.expired);
    }
    env_json_number(json, "key_files", inventory->counts[KEY]);
    env_json_number(json, "versions", inventory->versions);
    env_json_number(json, "differ", inventory->differ);
    env_json_number(json, "expired", inventory->expired);
    env_json_number(json, "skipped", inventory->counts[OTHER]);
    env_json_number(json, "failed", inventory->counts[BAD]);
    env_json_object_end(json);
}

static const struct tool_tree_ops ops = {
    .size = sizeof(struct found),
    .member = "counted_as",
    .words = words,
    .failed = BAD,
    .skipped = OTHER,
    .sidecar = OTHER,
    .begin = begin,
    .end = end,
    .work = work,
    .add_up = add_up,
    .text = show_text,
    .text_below = show_below,
    .json = show_json,
    .clear = clear,
};

static bool options_fit(const struct tool_run *run)
{
    if (run->options.csv && (run->options.json || run->options.quiet || run->options.keks))
        tool_complain(run, "--csv does not go with --json, --quiet and --keks");
    else if (!has_paths(run) && !run->options.keks)
        tool_complain(run, "nothing to look at: PATH... is missing");
    else if (!run->options.keks &&
             (run->options.config != NULL || run->options.provider_section != NULL))
        tool_complain(run, "--config and --provider-section are for --keks");
    else
        return true;
    return false;
}

static enum tool_status run_inventory(struct tool_run *run)
{
    struct inventory inventory = {.run = run, .errors = tool_errors(), .now = env_clock_seconds()};
    enum tool_status status = TOOL_FINE;

    if (!options_fit(run))
        return TOOL_UNABLE;
    if (run->options.keks)
        status = tool_inventory_keks(run, &inventory.keks);
    if (status == TOOL_UNABLE)
        return status;
    inventory.crypto = env_crypto_new(NULL, NULL);
    if (inventory.crypto == NULL || !env_ok(env_crypto_ready(inventory.crypto))) {
        tool_complain(run, "out of memory");
        env_crypto_free(inventory.crypto);
        return TOOL_UNABLE;
    }
    if (run->options.csv) { /* the rows go to standard output */
        tool_run_report_to_stderr(run);
        tool_key_show_csv_head(stdout);
    }
    if (has_paths(run))
        status = tool_worse(status, tool_tree_run(run, &ops, &inventory));
    sum_up(&inventory);
    tdestroy(inventory.seen, free);
    env_crypto_free(inventory.crypto);
    if (inventory.incomplete || fflush(stdout) != 0 || ferror(stdout) != 0) {
        tool_complain(run,
                      inventory.incomplete ? "out of memory" : "the output could not be written");
        return TOOL_UNABLE;
    }
    return tool_worse(status, inventory.counts[BAD] > 0 ? TOOL_WRONG : TOOL_FINE);
}

static const struct tool_option options[] = {
    TOOL_FLAG("csv", csv, "write a table (RFC 4180) instead; problems go to stderr"),
    TOOL_FLAG("keks", keks, "also the KEKs on the configured tokens, with their dates"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_inventory = {
    .name = "inventory",
    .operands = "PATH...",
    .summary = "Lists named keys with owners, uses, ages and KEKs, and the KEKs with --keks",
    .tables = tables,
    .run = run_inventory,
};
