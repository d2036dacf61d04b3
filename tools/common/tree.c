/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/report.h"
#include "tools/common/sidecar.h"
#include "tools/common/workers.h"

struct tree {
    struct tool_run *run;
    const struct tool_tree_ops *ops;
    void *arg;
    struct tool_workers *workers;
    struct tool_finding *no_memory; /* used when a finding could not be allocated */
    bool counting;                  /* only determining the total */
    uint64_t files;
    uint64_t bytes;
};

/* ---- items ---- */

static void item_free(struct tool_item *item)
{
    tool_entry_clear(&item->entry);
    free(item->bytes);
    free(item->text);
    free(item->id);
    free(item->context);
    free(item->tenant);
    free(item);
}

struct env_span tool_item_context(const struct tool_item *item, struct env_span configured)
{
    return item->has_context ? (struct env_span){item->context, item->context_len} : configured;
}

void tool_finding_fails(struct tool_finding *finding, unsigned state, ENV_RESULT r)
{
    finding->state = state;
    finding->told = true;
    tool_failure_take(r, &finding->failure);
}

/* ---- the workers' side ---- */

static void *begin(void *arg)
{
    const struct tree *tree = arg;

    return tree->ops->begin != NULL ? tree->ops->begin(tree->arg) : NULL;
}

static void end(void *arg, void *mine)
{
    const struct tree *tree = arg;

    if (tree->ops->end != NULL)
        tree->ops->end(tree->arg, mine);
}

/* Handles items that no command works on. */
static void judge(const struct tree *tree, const struct tool_item *item,
                  struct tool_finding *finding)
{
    const struct tool_tree_ops *ops = tree->ops;

    finding->told = item->kind != TOOL_ITEM_EMPTY;
    switch (item->kind) {
    case TOOL_ITEM_SIDECAR:
        finding->state = ops->sidecar;
        tool_failure_set(
            &finding->failure,
            "left by an interrupted change of the file beside it: run that change again");
        if (ops->judge_sidecar != NULL)
            ops->judge_sidecar(tree->arg, item, finding);
        break;
    case TOOL_ITEM_EMPTY:
        finding->state = ops->skipped;
        tool_failure_set(&finding->failure, "an empty line");
        break;
    default:
        finding->state = item->kind == TOOL_ITEM_OTHER ? ops->skipped : ops->failed;
        tool_failure_set(&finding->failure, "%s", item->entry.what);
        break;
    }
}

static void work(void *arg, void *mine, void *job)
{
    const struct tree *tree = arg;
    struct tool_item *item = job;

    if (tree->ops->begin != NULL && mine == NULL)
        return;
    item->finding = calloc(1, tree->ops->size);
    if (item->finding == NULL)
        return;
    if (item->kind == TOOL_ITEM_FILE || item->kind == TOOL_ITEM_LINE)
        tree->ops->work(tree->arg, mine, item, item->finding);
    else
        judge(tree, item, item->finding);
}

/* ---- reports ---- */

static void tell_text(const struct tree *tree, const struct tool_item *item,
                      const struct tool_finding *finding)
{
    FILE *out = tree->run->out;

    tool_report_text(out, item->entry.path);
    if (item->line > 0)
        (void)fprintf(out, ":%" PRIu64, item->line);
    if (item->id != NULL) {
        (void)fputs(" (id ", out);
        tool_report_text(out, item->id);
        (void)fputc(')', out);
    }
    if (finding->note != NULL)
        (void)fprintf(out, ": %s", finding->note);
    if (finding->failure.text[0] != '\0') {
        (void)fputs(finding->state == tree->ops->skipped ? ": skipped: " : ": ", out);
        tool_report_text(out, finding->failure.text);
    } else {
        tree->ops->text(tree->arg, out, finding);
    }
    (void)fputc('\n', out);
    if (tree->ops->text_below != NULL)
        tree->ops->text_below(tree->arg, out, finding);
}

static void tell_json(const struct tree *tree, const struct tool_item *item,
                      const struct tool_finding *finding)
{
    struct env_json *json = &tree->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", item->line > 0 ? "line" : "file");
    env_json_path(json, "path", item->entry.path);
    if (item->line > 0)
        env_json_number(json, "line", item->line);
    if (item->id != NULL)
        env_json_text(json, "id", item->id);
    env_json_text(json, tree->ops->member, tree->ops->words[finding->state]);
    if (finding->failure.text[0] != '\0') {
        env_json_number(json, "reason", finding->failure.reason);
        env_json_text(json, "error", finding->failure.text);
    }
    tree->ops->json(tree->arg, json, finding);
    env_json_object_end(json);
}

static void tell(const struct tree *tree, const struct tool_item *item,
                 const struct tool_finding *finding)
{
    const struct tool_options *options = &tree->run->options;
    bool told = finding->told || options->verbose || (options->json && tree->ops->all_in_json);

    if (finding->silent || !told)
        return;
    if (options->json) {
        tell_json(tree, item, finding);
    } else {
        tool_progress_hide(&tree->run->progress);
        tell_text(tree, item, finding);
    }
}

static void deliver(void *arg, void *job)
{
    const struct tree *tree = arg;
    struct tool_item *item = job;
    struct tool_finding *finding = item->finding != NULL ? item->finding : tree->no_memory;

    tool_progress_add(&tree->run->progress, item->kind == TOOL_ITEM_FILE, item->entry.size);
    tree->ops->add_up(tree->arg, item, finding);
    tell(tree, item, finding);
    if (item->finding != NULL && tree->ops->clear != NULL)
        tree->ops->clear(item->finding);
    free(item->finding);
    item_free(item);
}

static const struct tool_workers_ops workers_ops = {begin, end, work, deliver};

/* ---- trees ---- */

/*
 * It was in the directory and is gone by now: the run that was changing the file beside it has
 * ended.
 */
static bool is_gone(const struct tool_entry *entry)
{
    return entry->found == TOOL_FOUND_FAILURE && !entry->operand &&
           tool_sidecar_kind(entry->name) != TOOL_SIDECAR_NONE;
}

/* An operand that cannot be processed is reported as one that could not be read. */
static enum tool_item_kind kind_of(struct tool_entry *entry)
{
    enum tool_sidecar sidecar = tool_sidecar_kind(entry->name);

    if (entry->found == TOOL_FOUND_FAILURE)
        return TOOL_ITEM_FAILURE;
    if (entry->operand && sidecar != TOOL_SIDECAR_NONE) {
        entry->what = "left by an interrupted change of another file: name that file";
        return TOOL_ITEM_FAILURE;
    }
    if (entry->found == TOOL_FOUND_FILE)
        return sidecar != TOOL_SIDECAR_NONE ? TOOL_ITEM_SIDECAR : TOOL_ITEM_FILE;
    /* the record of an exchange is a link */
    return sidecar == TOOL_SIDECAR_EXCHANGE ? TOOL_ITEM_SIDECAR : TOOL_ITEM_OTHER;
}

static bool take_entry(void *arg, struct tool_entry *entry)
{
    struct tree *tree = arg;
    struct tool_item *item;

    if (is_gone(entry)) {
        tool_entry_clear(entry);
        return true;
    }
    if (tree->counting) {
        tree->files += entry->found == TOOL_FOUND_FILE;
        tree->bytes += entry->size;
        tool_entry_clear(entry);
        return true;
    }
    item = calloc(1, sizeof(*item));
    if (item == NULL) {
        tool_entry_clear(entry);
        return false;
    }
    item->kind = kind_of(entry);
    item->entry = *entry;
    tool_workers_add(tree->workers, item);
    return true;
}

static bool walk_operands(struct tree *tree)
{
    const struct tool_options *options = &tree->run->options;

    for (size_t i = 0; i < options->operand_count; i++) {
        if (!tool_walk(options->operands[i], take_entry, tree))
            return false;
    }
    return true;
}

/* ---- lists ---- */

static void *copy_of(const void *bytes, size_t len)
{
    void *copy = malloc(len > 0 ? len : 1);

    if (copy != NULL)
        memcpy(copy, bytes, len);
    return copy;
}

static bool take_row(struct tool_item *item, const struct tool_row *row)
{
    item->place = (struct tool_row_place){row->message_at, row->message_text_len};
    item->len = row->message_len;
    item->bytes = copy_of(row->message, row->message_len);
    item->has_context = row->has_context;
    item->context_len = row->context_len;
    item->context = copy_of(row->context, row->context_len);
    if (row->has_id)
        item->id = strndup(row->id, row->id_len);
    item->tenant_len = row->tenant_len;
    if (row->has_tenant)
        item->tenant = copy_of(row->tenant, row->tenant_len);
    return item->bytes != NULL && item->context != NULL && (!row->has_id || item->id != NULL) &&
           (!row->has_tenant || item->tenant != NULL);
}

static bool add_line(const struct tree *tree, const char *name, const struct tool_line *line)
{
    struct tool_item *item = calloc(1, sizeof(*item));
    bool ok;

    if (item == NULL)
        return false;
    item->kind = line->state == TOOL_LINE_GOOD    ? TOOL_ITEM_LINE
                 : line->state == TOOL_LINE_EMPTY ? TOOL_ITEM_EMPTY
                 : line->state == TOOL_LINE_BAD   ? TOOL_ITEM_BAD_LINE
                                                  : TOOL_ITEM_FAILURE;
    item->entry.path = strdup(name);
    item->entry.what = line->why;
    item->line = line->number;
    item->newline = line->newline;
    item->text_len = line->text_len;
    item->text = copy_of(line->text, line->text_len);
    ok = item->entry.path != NULL && item->text != NULL;
    if (ok && (line->state == TOOL_LINE_GOOD || line->state == TOOL_LINE_EMPTY))
        ok = take_row(item, line->row);
    if (ok)
        tool_workers_add(tree->workers, item);
    else
        item_free(item);
    return ok;
}

static bool read_lines(const struct tree *tree, const char *name, FILE *in)
{
    struct tool_list *list = tool_list_new(in);
    struct tool_line line = {.state = TOOL_LINE_GOOD};
    bool ok = list != NULL;

    while (ok) {
        tool_list_next(list, &line);
        if (line.state == TOOL_LINE_END)
            break;
        ok = add_line(tree, name, &line);
        if (line.state == TOOL_LINE_FAILED)
            break;
    }
    tool_list_free(list);
    return ok;
}

static bool read_list(const struct tree *tree, const char *name)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *in = standard ? stdin : fopen(name, "re");
    const struct tool_line unreadable = {
        .state = TOOL_LINE_FAILED,
        .text = "",
        .why = in == NULL ? strerrordesc_np(errno) : NULL,
    };
    bool ok;

    if (in == NULL)
        return add_line(tree, name, &unreadable);
    ok = read_lines(tree, standard ? "(stdin)" : name, in);
    if (!standard)
        (void)fclose(in);
    return ok;
}

static bool read_lists(const struct tree *tree)
{
    const struct tool_options *options = &tree->run->options;
    bool ok = true;

    if (options->operand_count == 0)
        return read_list(tree, "-");
    for (size_t i = 0; ok && i < options->operand_count; i++)
        ok = read_list(tree, options->operands[i]);
    return ok;
}

/* ---- both ---- */

/* If progress is shown, first determines the total. */
static void begin_progress(struct tree *tree)
{
    const struct tool_options *options = &tree->run->options;
    bool shown = !options->json && !options->quiet && !options->list && tool_progress_wanted();

    tree->counting = true;
    if (shown)
        (void)walk_operands(tree);
    tree->counting = false;
    tool_progress_begin(&tree->run->progress, shown ? stderr : NULL, tree->files, tree->bytes);
}

static bool go_through(struct tree *tree)
{
    const struct tool_options *options = &tree->run->options;
    unsigned count = options->workers > 0 ? options->workers : tool_workers_default();
    bool ok;

    tree->no_memory = calloc(1, tree->ops->size);
    if (tree->no_memory == NULL)
        return false;
    tool_finding_fails(tree->no_memory, tree->ops->failed, ENV_FAIL(ENV_R_NO_MEMORY));
    tree->workers = tool_workers_new(count, &workers_ops, tree);
    ok = tree->workers != NULL;
    if (ok) {
        ok = options->list ? read_lists(tree) : walk_operands(tree);
        tool_workers_finish(tree->workers);
    }
    free(tree->no_memory);
    return ok;
}

enum tool_status tool_tree_run(struct tool_run *run, const struct tool_tree_ops *ops, void *arg)
{
    struct tree tree = {.run = run, .ops = ops, .arg = arg};
    bool ok;

    begin_progress(&tree);
    ok = go_through(&tree);
    tool_progress_hide(&run->progress);
    if (!ok)
        tool_complain(run, "out of memory");
    return ok ? TOOL_FINE : TOOL_UNABLE;
}
