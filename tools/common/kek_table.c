/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/kek_table.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_id(const void *va, const void *vb)
{
    const struct env_kek_id *a = &((const struct tool_kek_counts *)va)->id;
    const struct env_kek_id *b = &((const struct tool_kek_counts *)vb)->id;
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

    if (order != 0)
        return order;
    return (a->len > b->len) - (a->len < b->len);
}

struct tool_kek_counts *tool_kek_table_get(struct tool_kek_table *table,
                                           const struct env_kek_id *id)
{
    struct tool_kek_counts wanted = {.id = *id};
    struct tool_kek_counts *counts;
    struct tool_kek_counts **slot = tsearch(&wanted, &table->root, by_id);

    if (slot != NULL && *slot != &wanted)
        return *slot;
    counts = slot != NULL ? calloc(1, sizeof(*counts)) : NULL;
    if (counts == NULL) {
        if (slot != NULL)
            (void)tdelete(&wanted, &table->root, by_id);
        table->incomplete = true;
        return NULL;
    }
    counts->id = *id;
    *slot = counts;
    return counts;
}

struct tool_kek_counts *tool_kek_table_find(const struct tool_kek_table *table,
                                            const struct env_kek_id *id)
{
    const struct tool_kek_counts wanted = {.id = *id};
    struct tool_kek_counts **slot = tfind(&wanted, &table->root, by_id);

    return slot != NULL ? *slot : NULL;
}

struct each {
    tool_kek_table_fn *take;
    void *arg;
};

static void visit(const void *node, VISIT which, void *varg)
{
    const struct each *each = varg;

    if (which == postorder || which == leaf)
        each->take(each->arg, *(struct tool_kek_counts *const *)node);
}

void tool_kek_table_each(const struct tool_kek_table *table, tool_kek_table_fn *take, void *arg)
{
    struct each each = {take, arg};

    twalk_r(table->root, visit, &each);
}

struct change {
    tool_kek_table_change_fn *take;
    void *arg;
};

static void visit_to_change(const void *node, VISIT which, void *varg)
{
    const struct change *change = varg;

    if (which == postorder || which == leaf)
        change->take(change->arg, *(struct tool_kek_counts *const *)node);
}

void tool_kek_table_change(const struct tool_kek_table *table, tool_kek_table_change_fn *take,
                           void *arg)
{
    struct change change = {take, arg};

    twalk_r(table->root, visit_to_change, &change);
}

void tool_kek_table_clear(struct tool_kek_table *table)
{
    tdestroy(table->root, free);
    table->root = NULL;
}

bool tool_kek_table_end(struct tool_kek_table *table, const struct tool_run *run)
{
    tool_kek_table_clear(table);
    if (table->incomplete)
        tool_complain(run, "out of memory: the counts of the KEKs are incomplete");
    return !table->incomplete;
}

void tool_kek_tried_print(FILE *out, const struct tool_kek_counts *counts)
{
    (void)fprintf(out,
                  "%" PRIu64 " opened, %" PRIu64 " failed, %" PRIu64 " not tried (no key here)\n",
                  counts->tried[TOOL_RECIPIENT_OPENS], counts->tried[TOOL_RECIPIENT_FAILS],
                  counts->tried[TOOL_RECIPIENT_NOT_HERE]);
}

void tool_kek_tried_json(struct env_json *json, const struct tool_kek_counts *counts)
{
    env_json_number(json, "opens", counts->tried[TOOL_RECIPIENT_OPENS]);
    env_json_number(json, "fails", counts->tried[TOOL_RECIPIENT_FAILS]);
    env_json_number(json, "not_here", counts->tried[TOOL_RECIPIENT_NOT_HERE]);
}
