/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/sidecar.h"
#include "tools/common/report.h"
#include "tools/common/workers.h"

struct tree {
    struct tool_run *run;
    const struct tool_tree_ops *ops;
    void *arg;
    struct tool_workers *workers;
    bool counting; /* only to know how much there is */
    uint64_t files;
    uint64_t bytes;
};

/* ---- items ---- */

static void item_free(struct tool_item *item)
{
    tool_entry_clear(&item->entry);
    free(item->bytes);
    free(item->text);
    free(item);
}

void tool_item_print(FILE *out, const struct tool_item *item)
{
    tool_report_text(out, item->entry.path);
    if (item->line > 0)
        (void)fprintf(out, ":%" PRIu64, item->line);
}

void tool_item_json(struct env_json *json, const struct tool_item *item)
{
    env_json_path(json, "path", item->entry.path);
    if (item->line > 0)
        env_json_number(json, "line", item->line);
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

static void work(void *arg, void *mine, void *job)
{
    const struct tree *tree = arg;

    if (tree->ops->work != NULL)
        tree->ops->work(tree->arg, mine, job);
}

static void deliver(void *arg, void *job)
{
    const struct tree *tree = arg;
    struct tool_item *item = job;

    tool_progress_add(&tree->run->progress, item->kind == TOOL_ITEM_FILE, item->entry.size);
    tree->ops->deliver(tree->arg, item);
    item_free(item);
}

static const struct tool_workers_ops workers_ops = {begin, end, work, deliver};

/* ---- trees ---- */

/* Seen in the directory, and gone by now: who changes the file beside it has ended meanwhile. */
static bool is_gone(const struct tool_entry *entry)
{
    return entry->found == TOOL_FOUND_FAILURE && entry->name != NULL &&
           tool_leftover_kind(entry->name) != TOOL_LEFTOVER_NONE;
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
    item->entry = *entry;
    if (entry->found == TOOL_FOUND_FILE)
        item->kind = tool_leftover_kind(entry->name) != TOOL_LEFTOVER_NONE ? TOOL_ITEM_LEFTOVER
                                                                           : TOOL_ITEM_FILE;
    else
        item->kind = entry->found == TOOL_FOUND_OTHER ? TOOL_ITEM_OTHER : TOOL_ITEM_FAILURE;
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

static bool add_line(const struct tree *tree, const char *name, const struct tool_line *line)
{
    struct tool_item *item = calloc(1, sizeof(*item));

    if (item == NULL)
        return false;
    item->kind = line->state == TOOL_LINE_GOOD    ? TOOL_ITEM_LINE
                 : line->state == TOOL_LINE_EMPTY ? TOOL_ITEM_EMPTY
                 : line->state == TOOL_LINE_BAD   ? TOOL_ITEM_BAD_LINE
                                                  : TOOL_ITEM_FAILURE;
    item->entry.path = strdup(name);
    item->entry.what = line->why;
    item->line = line->number;
    item->len = line->len;
    item->bytes = copy_of(line->bytes, line->len);
    item->text_len = line->text_len;
    item->text = copy_of(line->text, line->text_len);
    if (item->entry.path == NULL || item->bytes == NULL || item->text == NULL) {
        item_free(item);
        return false;
    }
    tool_workers_add(tree->workers, item);
    return true;
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
        .bytes = (const uint8_t *)"",
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

/* Looks at everything once before, when somebody watches. */
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

enum tool_status tool_tree_run(struct tool_run *run, const struct tool_tree_ops *ops, void *arg)
{
    struct tree tree = {.run = run, .ops = ops, .arg = arg};
    unsigned count = run->options.workers > 0 ? run->options.workers : tool_workers_default();
    bool ok;

    begin_progress(&tree);
    tree.workers = tool_workers_new(count, &workers_ops, &tree);
    ok = tree.workers != NULL;
    if (ok) {
        ok = run->options.list ? read_lists(&tree) : walk_operands(&tree);
        tool_workers_finish(tree.workers);
    }
    tool_progress_hide(&run->progress);
    if (!ok)
        tool_complain(run, "out of memory");
    return ok ? TOOL_FINE : TOOL_UNABLE;
}
