/* SPDX-License-Identifier: Apache-2.0 */
/* The counts for each KEK reference. */
#ifndef ENVELOPE_TOOL_KEK_TABLE_H
#define ENVELOPE_TOOL_KEK_TABLE_H

#include "tools/common/keys.h"
#include "tools/common/recipient.h"
#include "tools/common/run.h"

struct tool_kek_counts {
    struct env_kek_id id;
    enum env_kek_type type; /* of the first mechanism seen with it */
    uint64_t files;         /* files that have it as a recipient */
    uint64_t bytes;
    uint64_t sole_files; /* files with no other recipient */
    uint64_t sole_bytes;
    uint64_t tried[3]; /* by enum tool_recipient_state */
    char label[ENV_KEK_TEXT];
    char token[ENV_KEK_TEXT];
    struct env_dates dates;
    char newer[ENV_KEK_TEXT]; /* the newest version that has begun, if this is older */
};

struct tool_kek_table {
    void *root;      /* for tsearch */
    bool incomplete; /* memory ran out for an entry */
};

/* The entry for a reference, created if necessary. NULL: no memory, and the table is incomplete. */
struct tool_kek_counts *tool_kek_table_get(struct tool_kek_table *table,
                                           const struct env_kek_id *id);

/* NULL if there is none. */
struct tool_kek_counts *tool_kek_table_find(const struct tool_kek_table *table,
                                            const struct env_kek_id *id);

/* All entries, sorted by reference. */
typedef void tool_kek_table_fn(void *arg, const struct tool_kek_counts *counts);
void tool_kek_table_each(const struct tool_kek_table *table, tool_kek_table_fn *take, void *arg);

/* The same for a function that changes the entries, but not their references. */
typedef void tool_kek_table_change_fn(void *arg, struct tool_kek_counts *counts);
void tool_kek_table_change(const struct tool_kek_table *table, tool_kek_table_change_fn *take,
                           void *arg);

void tool_kek_table_clear(struct tool_kek_table *table);

/* The same at the end of a run. False: the counts are incomplete, which was reported. */
bool tool_kek_table_end(struct tool_kek_table *table, const struct tool_run *run);

/* Writes the results of trying a KEK's recipients, as a line or as members of the open object. */
void tool_kek_tried_print(FILE *out, const struct tool_kek_counts *counts);
void tool_kek_tried_json(struct env_json *json, const struct tool_kek_counts *counts);

#endif
